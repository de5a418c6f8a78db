package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/smtp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/internal/report"
	"github.com/postmuster/postmuster/internal/sink/httpd"
	sinksmtp "github.com/postmuster/postmuster/internal/sink/smtp"
	"github.com/postmuster/postmuster/internal/sink/store"
	"github.com/postmuster/postmuster/internal/sink/web"
	"github.com/postmuster/postmuster/internal/verdict"
)

// A sink is a whole one: SMTP in front, the page behind, guarded.
type sink struct {
	t     *testing.T
	store *store.Store
	smtp  string
	url   string

	streams streams
}

func newSink(t *testing.T) *sink { return newSinkWith(t, web.Config{}) }

func newSinkWith(t *testing.T, c web.Config) *sink {
	t.Helper()
	quiet := slog.New(slog.DiscardHandler)
	s, err := store.Open(store.Config{Now: time.Now, Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	mail := sinksmtp.New(sinksmtp.Config{Handler: s, Domain: "mx.example.test", Now: time.Now, Logger: quiet})
	c.Store, c.SMTPAddr, c.Version, c.Now, c.Logger = s, listener.Addr().String(), "test", time.Now, quiet
	mux := http.NewServeMux()
	web.New(c).Register(mux)
	up := &sink{t: t, store: s, smtp: listener.Addr().String()}
	mux.HandleFunc("GET /api/postmuster/v1/events", up.events)
	server, err := httpd.Listen(t.Context(), "127.0.0.1:0", httpd.Config{Handler: mux, Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	run(t, func(ctx context.Context) error { return mail.Serve(ctx, listener) })
	run(t, server.Serve)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	up.url = "http://" + server.Addr().String()
	return up
}

// run runs a server until the test's end.
func run(t *testing.T, serve func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- serve(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// streams are the open streams of events.
type streams struct {
	sync.Mutex
	refused bool
	cut     []context.CancelFunc
}

// refuseEvents cuts all streams of events and refuses new ones, or takes them again.
func (s *sink) refuseEvents(refuse bool) {
	s.streams.Lock()
	defer s.streams.Unlock()
	s.streams.refused = refuse
	for _, cut := range s.streams.cut {
		cut()
	}
	s.streams.cut = nil
}

// admit returns the context of a new stream; nil when it is refused.
func (s *sink) admit(ctx context.Context) context.Context {
	s.streams.Lock()
	defer s.streams.Unlock()
	if s.streams.refused {
		return nil
	}
	ctx, cut := context.WithCancel(ctx)
	s.streams.cut = append(s.streams.cut, cut)
	return ctx
}

// events tells a page what happens, in the words of the sink's API.
func (s *sink) events(w http.ResponseWriter, r *http.Request) {
	ctx := s.admit(r.Context())
	if ctx == nil {
		http.Error(w, "not now", http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	control := http.NewResponseController(w)
	subscription := s.store.Subscribe(r.Header.Get("Last-Event-ID"))
	text := "retry: 100\n\n"
	for {
		if _, err := w.Write([]byte(text)); err != nil || control.Flush() != nil {
			return
		}
		e, err := subscription.Next(ctx)
		if err != nil {
			return
		}
		id, subject := "", ""
		if e.Record != nil {
			id, subject = e.Record.ID, e.Record.Subject
		}
		text = fmt.Sprintf("id: %s\nevent: %s\ndata: {\"message\":{\"id\":%q,\"subject\":%q}}\n\n", e.ID, e.Kind, id, subject)
	}
}

// send sends a message over SMTP and returns its ID.
func (s *sink) send(from, to, content string) string {
	s.t.Helper()
	content = strings.ReplaceAll(content, "\n", "\r\n")
	if err := smtp.SendMail(s.smtp, nil, from, []string{to}, []byte(content)); err != nil {
		s.t.Fatal(err)
	}
	page, err := s.store.List(s.t.Context(), store.Query{Limit: 1, MinSeq: s.seq()})
	if err != nil || len(page.Records) == 0 {
		s.t.Fatal("the message is not in the store:", err)
	}
	return page.Records[0].ID
}

func (s *sink) seq() uint64 {
	stats, err := s.store.Stats(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	return stats.Seq
}

// score gives a message a report with some findings.
func (s *sink) score(id string, score verdict.Score, results ...report.Result) {
	s.t.Helper()
	r := report.Report{
		Schema: report.Schema, Subject: report.Subject{Kind: checks.Message, MessageID: id}, Profile: "transactional",
		Score: score, Results: results,
	}
	text, err := json.Marshal(r)
	if err != nil {
		s.t.Fatal(err)
	}
	var failed []string
	for _, result := range results {
		if result.Outcome == checks.OutcomeFail {
			failed = append(failed, result.Check)
		}
	}
	stored := &store.Report{JSON: text, Failed: failed, Score: store.Score{Value: score.Value, Low: score.Low, High: score.High, Grade: score.Grade}}
	if err := s.store.SetReport(s.t.Context(), id, stored); err != nil {
		s.t.Fatal(err)
	}
}
