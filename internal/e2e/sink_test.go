package e2e

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/smtp"
	"strings"
	"testing"
	"time"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/internal/report"
	whole "github.com/postmuster/postmuster/internal/sink"
	"github.com/postmuster/postmuster/internal/sink/store"
	"github.com/postmuster/postmuster/internal/verdict"
)

// A sink is a whole one, but for the scorer: tests say themselves what was found out.
type sink struct {
	t     *testing.T
	store *store.Store
	smtp  string
	url   string
}

func newSink(t *testing.T) *sink { return newSinkWith(t, whole.Config{}) }

func newSinkWith(t *testing.T, c whole.Config) *sink {
	t.Helper()
	c.SMTP, c.HTTP = "127.0.0.1:0", "127.0.0.1:0"
	c.Version, c.Hostname, c.Now, c.Logger = "test", "mx.example.test", time.Now, slog.New(slog.DiscardHandler)
	s, err := whole.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() {
		_, err := s.Run(ctx)
		ended <- err
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return &sink{t: t, store: s.Store(), smtp: s.Addrs().SMTP, url: s.URL()}
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
		Score: score, Results: results, Opinions: opinions,
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
	if err := s.store.WaitCommitted(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
}
