package cmd

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/smtp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// A startedSink is a `postmuster sink` that runs beside the test.
type startedSink struct {
	t     *testing.T
	smtp  string
	url   string
	ready map[string]string // what the READY line says
	err   *watched
	end   func() outcome // waits for the end
	stop  func() outcome // and brings it about
}

// watched is standard error, of which each line is seen as it is written.
type watched struct {
	mu    sync.Mutex
	text  strings.Builder
	lines chan string
}

func newWatched() *watched { return &watched{lines: make(chan string, 1000)} }

func (w *watched) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	before := strings.Count(w.text.String(), "\n")
	w.text.Write(p)
	lines := strings.Split(w.text.String(), "\n")
	for _, line := range lines[before : len(lines)-1] {
		w.lines <- line
	}
	return len(p), nil
}

func (w *watched) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}

// sink starts a sink on free ports that asks the world's name server.
func (l *lab) sink(args ...string) *startedSink {
	l.t.Helper()
	if l.resolver == "" {
		l.zone("")
	}
	s := l.startSink(slices.Concat([]string{"sink", "--smtp", freeAddr, "--http", freeAddr, "--resolver", l.resolver, "--no-blocklists"}, args)...)
	s.smtp, s.url = s.ready["smtp"], "http://"+s.ready["http"]
	return s
}

// startSink runs a command line beside the test, and returns once it says that
// it is ready.
func (l *lab) startSink(args ...string) *startedSink {
	l.t.Helper()
	env := *l.Env
	env.Now = time.Now
	var out bytes.Buffer
	s := &startedSink{t: l.t, err: newWatched()}
	env.Out, env.Err = &out, s.err
	ctx, cancel := context.WithCancel(context.WithoutCancel(l.t.Context()))
	code := make(chan int, 1)
	ended := make(chan struct{})
	go func() {
		code <- Run(ctx, &env, args)
		close(ended)
	}()
	s.end = sync.OnceValue(func() outcome { return outcome{code: <-code, out: out.String(), err: s.err.String()} })
	s.stop = func() outcome {
		cancel()
		return s.end()
	}
	l.t.Cleanup(func() { s.stop() })
	s.ready = s.awaitReady(ended)
	return s
}

func (s *startedSink) awaitReady(ended <-chan struct{}) map[string]string {
	s.t.Helper()
	for {
		select {
		case line := <-s.err.lines:
			if words, ok := strings.CutPrefix(line, "READY"); ok {
				said := map[string]string{}
				for _, word := range strings.Fields(words) {
					key, value, _ := strings.Cut(word, "=")
					said[key] = value
				}
				return said
			}
		case <-ended:
			s.t.Fatalf("the sink ended before it was ready:\n%s", s.stop())
		}
	}
}

// send sends a message.
func (s *startedSink) send(to, content string) {
	s.t.Helper()
	content = strings.ReplaceAll(content, "\n", "\r\n")
	if err := smtp.SendMail(s.smtp, nil, "ann@example.com", []string{to}, []byte(content)); err != nil {
		s.t.Fatal(err)
	}
}

// get asks the sink's API or page for something, and returns the answer.
func (s *startedSink) get(path string) string {
	s.t.Helper()
	res, err := http.Get(s.url + path)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return string(body)
}

// wait waits by the API for a message.
func (s *startedSink) wait(body string) {
	s.t.Helper()
	res, err := http.Post(s.url+"/api/postmuster/v1/wait", "application/json", strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(res.Body)
		s.t.Fatalf("wait for %s: %s\n%s", body, res.Status, text)
	}
}

func TestSinkReceivesScoresAndShows(t *testing.T) {
	l := testEnv(t)
	s := l.sink("--json")
	s.send("bob@example.net", note)
	s.wait(`{"subject":"lunch"}`)
	page := s.get("/")
	if !strings.Contains(page, "lunch") {
		t.Errorf("the page does not show the message:\n%s", page)
	}
	var list struct {
		Messages []struct {
			From string
			Rcpt []string
		}
	}
	if err := json.Unmarshal([]byte(s.get("/api/postmuster/v1/messages?min_seq=1")), &list); err != nil {
		t.Fatal(err)
	}
	if len(list.Messages) != 1 || list.Messages[0].From != "ann@example.com" || !slices.Equal(list.Messages[0].Rcpt, []string{"bob@example.net"}) {
		t.Errorf("the API lists %+v, want the message from ann to bob", list.Messages)
	}
	s.wait(`{"to":"bob@example.net","query":"score:>=0"}`)
	got := s.stop()
	l.wantCode(got, exitMet)
	if r := reports(t, got.out); len(r) != 1 || r[0].Subject.MessageID == "" {
		t.Errorf("want one report on standard output:\n%s", got)
	}
	if !strings.HasSuffix(got.err, "postmuster sink: 1 message received, 1 scored\n") {
		t.Errorf("no sum at the end:\n%s", got.err)
	}
}
