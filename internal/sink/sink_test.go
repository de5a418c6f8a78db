package sink_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/textproto"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/postmuster/postmuster/internal/message"
	"github.com/postmuster/postmuster/internal/report"
	"github.com/postmuster/postmuster/internal/sink"
	"github.com/postmuster/postmuster/internal/sink/httpd"
	"github.com/postmuster/postmuster/internal/sink/store"
)

const freeAddr = "127.0.0.1:0"

func config() sink.Config {
	return sink.Config{
		SMTP: freeAddr, HTTP: freeAddr, Hostname: "sink.example.test", Now: time.Now, Logger: slog.New(slog.DiscardHandler),
	}
}

// start runs a sink until the test ends, or until the returned function is called.
func start(t *testing.T, c sink.Config) (*sink.Sink, func() sink.Summary) {
	t.Helper()
	s, err := sink.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	sum := make(chan sink.Summary, 1)
	go func() {
		got, err := s.Run(ctx)
		if err != nil {
			t.Errorf("the sink ended with %v", err)
		}
		sum <- got
		close(sum)
	}()
	stop := func() sink.Summary {
		cancel()
		return <-sum
	}
	t.Cleanup(func() { stop() })
	return s, stop
}

// A talk is an SMTP session.
type talk struct {
	t *testing.T
	*textproto.Conn
}

func dial(t *testing.T, addr string) talk {
	t.Helper()
	network := "tcp"
	if path, ok := strings.CutPrefix(addr, "unix:"); ok {
		network, addr = "unix", path
	}
	c, err := textproto.Dial(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return talk{t, c}
}

// say sends lines, and returns the reply to the last of them.
func (c talk) say(lines ...string) string {
	c.t.Helper()
	for _, line := range lines {
		if err := c.PrintfLine("%s", line); err != nil {
			c.t.Fatal(err)
		}
	}
	code, text, err := c.ReadResponse(0)
	if err != nil && code == 0 {
		c.t.Fatal(err)
	}
	return text
}

// send sends a message of these lines, and returns what its end was answered.
func (c talk) send(lines ...string) string {
	c.t.Helper()
	c.ReadResponse(220)
	c.say("EHLO client.example.com")
	c.say("MAIL FROM:<ann@example.com>")
	c.say("RCPT TO:<bob@example.net>")
	c.say("DATA")
	return c.say(append(lines, ".")...)
}

func get(t *testing.T, url string) string {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestAClientIsToldTheNameOfItsMessage(t *testing.T) {
	s, _ := start(t, config())
	reply := dial(t, s.Addrs().SMTP).send("Subject: lunch", "", "at noon")
	_, id, ok := strings.Cut(reply, "queued as ")
	if !ok {
		t.Fatalf("the reply is %q", reply)
	}
	if raw := get(t, s.URL()+"/api/postmuster/v1/messages/"+id+"/raw"); raw != "Subject: lunch\r\n\r\nat noon\r\n" {
		t.Errorf("under that name there is %q", raw)
	}
}

func TestWhatTheStoreCannotKeepIsRefusedForGood(t *testing.T) {
	c := config()
	c.Store.MaxBytes = 10_000
	s, _ := start(t, c)
	if reply := dial(t, s.Addrs().SMTP).send("Subject: large", "", strings.Repeat("x", 20_000)); !strings.HasPrefix(reply, "5.3.4 ") {
		t.Errorf("a message larger than everything that may be kept is answered %q", reply)
	}
}

func TestFailedSessionsAreKeptWithTheirReason(t *testing.T) {
	c := config()
	c.Store.Dir = t.TempDir()
	s, stop := start(t, c)
	client := dial(t, s.Addrs().SMTP)
	client.ReadResponse(220)
	client.say("EHLO lost.example.com")
	client.say("RCPT TO:<bob@example.net>")
	client.say("QUIT")
	stop() // everything that was going on is kept
	kept, err := store.Open(store.Config{Dir: c.Store.Dir, Now: time.Now, Logger: c.Logger})
	if err != nil {
		t.Fatal(err)
	}
	defer kept.Close()
	if err := kept.WaitCommitted(t.Context()); err != nil {
		t.Fatal(err)
	}
	sessions, err := kept.FailedSessions(t.Context(), 0, 10)
	if err != nil || len(sessions) != 1 || !strings.HasPrefix(sessions[0].Reason, "502 ") || sessions[0].Session.HELO != "lost.example.com" {
		t.Errorf("kept are %+v, %v; want one, with the refusal", sessions, err)
	}
}

func TestASocketThatWasLeftBehindIsTakenOver(t *testing.T) {
	c := config()
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	c.SMTP = "unix:" + path
	if _, err := sink.Open(t.Context(), c); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("with somebody behind the socket: %v, want that it is in use", err)
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	l.Close()
	s, _ := start(t, c)
	if reply := dial(t, s.Addrs().SMTP).send("Subject: lunch", "", "at noon"); !strings.Contains(reply, "queued as ") {
		t.Errorf("the reply is %q", reply)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	c.SMTP = "unix:" + file
	if _, err := sink.Open(t.Context(), c); err == nil {
		t.Error("a file was taken for a socket")
	}
	if text, err := os.ReadFile(file); string(text) != "precious" {
		t.Errorf("the file is %q, %v", text, err)
	}
}

func TestOthersReachASinkOnlyIfThatIsSaid(t *testing.T) {
	for _, change := range []func(*sink.Config){
		func(c *sink.Config) { c.SMTP = "0.0.0.0:0" },
		func(c *sink.Config) { c.SMTPS = "0.0.0.0:0" },
		func(c *sink.Config) { c.LMTP = ":0" },
		func(c *sink.Config) { c.HTTP = "[::]:0" },
	} {
		c := config()
		change(&c)
		_, err := sink.Open(t.Context(), c)
		if listen, ok := errors.AsType[*sink.ListenError](err); !ok || !errors.Is(err, httpd.ErrOpen) {
			t.Errorf("%+v: %v, want a refusal", listen, err)
		}
		c.Token = "s3cret"
		s, err := sink.Open(t.Context(), c)
		if err != nil {
			t.Errorf("with a token: %v", err)
			continue
		}
		if host, _, err := net.SplitHostPort(s.Addrs().HTTP); err != nil || host != "127.0.0.1" {
			t.Errorf("a client of this machine would be told %s", s.Addrs().HTTP)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestAPartThatFailsEndsTheSink(t *testing.T) {
	broken := errors.New("broken pipe")
	c := config()
	c.Score = func(context.Context, *message.Message) *report.Report { return &report.Report{} }
	c.Report = func(*report.Report) error { return broken }
	s, err := sink.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() {
		_, err := s.Run(t.Context())
		ended <- err
	}()
	dial(t, s.Addrs().SMTP).send("Subject: lunch", "", "at noon")
	if err := <-ended; !errors.Is(err, broken) {
		t.Errorf("it ended with %v, want %v", err, broken)
	}
}

func TestScoresAreAwaited(t *testing.T) {
	release := make(chan struct{})
	c := config()
	c.Score = func(context.Context, *message.Message) *report.Report {
		<-release
		return &report.Report{}
	}
	s, stop := start(t, c)
	dial(t, s.Addrs().SMTP).send("Subject: lunch", "", "at noon")
	if err := s.AwaitScores(t.Context(), time.Millisecond); err != nil {
		t.Errorf("what takes too long is no error: %v", err)
	}
	close(release)
	if err := s.AwaitScores(t.Context(), time.Minute); err != nil {
		t.Error(err)
	}
	if sum := stop(); sum.Received != 1 || sum.Scored != 1 || sum.Unscored != 0 {
		t.Errorf("the sum is %+v, want one message that is scored", sum)
	}
}

func TestAnAddressWithoutAPageIsShownAsOne(t *testing.T) {
	s, _ := start(t, config())
	for _, path := range []string{"/elsewhere", "/messages/none/score", "/assets/0/page.js"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+s.Addrs().HTTP+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Accept", "text/html")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil || res.StatusCode != http.StatusNotFound || !strings.Contains(string(body), "Go to the inbox") {
			t.Errorf("%s: %d %q (%v), want 404 and a way to the inbox", path, res.StatusCode, body, err)
		}
	}
}
