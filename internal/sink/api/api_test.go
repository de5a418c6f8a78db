package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/postmuster/postmuster/internal/message"
	"github.com/postmuster/postmuster/internal/sink/httpd"
	"github.com/postmuster/postmuster/internal/sink/store"
	"github.com/postmuster/postmuster/internal/smtp"
)

// sink is an API over a store in memory, behind the guard, on loopback.
type sink struct {
	t     testing.TB
	api   *API
	store *store.Store
	url   string
}

func newSink(t testing.TB, change func(*Config)) *sink {
	t.Helper()
	logger := slog.New(slog.DiscardHandler)
	s, err := store.Open(store.Config{Now: time.Now, Logger: logger})
	if err != nil {
		t.Fatal(err)
	}
	c := Config{
		Store: s, Now: time.Now, Logger: logger, Version: "1.2.3",
		Resolve: func(context.Context, string) ([]netip.Addr, error) {
			return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
		},
	}
	if change != nil {
		change(&c)
	}
	a, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	a.Register(mux)
	server, err := httpd.Listen(t.Context(), "127.0.0.1:0", httpd.Config{Handler: mux, Logger: logger})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 2)
	go func() { done <- server.Serve(ctx) }()
	go func() { done <- a.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		for range 2 {
			if err := <-done; err != nil {
				t.Errorf("the server ended with %v", err)
			}
		}
		s.Close()
	})
	return &sink{t: t, api: a, store: s, url: "http://" + server.Addr().String()}
}

// add receives a message as the SMTP server would.
func (s *sink) add(raw string, change ...func(*message.Message)) store.Receipt {
	s.t.Helper()
	r, err := s.store.Add(s.t.Context(), s.received(raw, change...))
	if err != nil {
		s.t.Fatal(err)
	}
	return r
}

func (s *sink) received(raw string, change ...func(*message.Message)) *message.Message {
	m := &message.Message{
		Raw: []byte(crlf(raw)), Origin: message.OriginSMTP,
		Envelope: &message.Envelope{MailFrom: "bounce@example.com", Rcpt: []message.Rcpt{{To: "bob@example.net"}}},
		Session: &message.Session{
			Peer: netip.MustParseAddrPort("127.0.0.1:40000"), Local: netip.MustParseAddrPort("127.0.0.1:1025"), HELO: "client.example.com", ESMTP: true,
			ReceivedAt: time.Now(), Transcript: []smtp.Line{{From: smtp.FromServer, Text: "220 sink.example.com ESMTP"}, {At: time.Millisecond, From: smtp.FromClient, Text: "EHLO client.example.com"}},
		},
	}
	for _, f := range change {
		f(m)
	}
	return m
}

func to(addresses ...string) func(*message.Message) {
	return func(m *message.Message) {
		m.Envelope.Rcpt = nil
		for _, a := range addresses {
			m.Envelope.Rcpt = append(m.Envelope.Rcpt, message.Rcpt{To: a})
		}
	}
}

func crlf(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }

// simple is a message that is like most.
func simple(subject string) string {
	return "From: Ann <ann@example.com>\nTo: bob@example.net\nSubject: " + subject + "\nMessage-ID: <1@example.com>\nDate: Wed, 25 Nov 2026 10:00:00 +0000\n\nHello, Bob.\n"
}

// do sends a request and returns the answer with its body read.
func (s *sink) do(method, path string, body any, fields ...string) (*http.Response, []byte) {
	s.t.Helper()
	var r io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		r = strings.NewReader(b)
	default:
		text, err := json.Marshal(b)
		if err != nil {
			s.t.Fatal(err)
		}
		r = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, r)
	if err != nil {
		s.t.Fatal(err)
	}
	if r != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for _, f := range fields {
		name, value, _ := strings.Cut(f, ": ")
		req.Header.Set(name, value)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return res, text
}

// want sends a request, asserts the status and reads the answer into out.
func (s *sink) want(status int, method, path string, body, out any, fields ...string) *http.Response {
	s.t.Helper()
	res, text := s.do(method, path, body, fields...)
	if res.StatusCode != status {
		s.t.Fatalf("%s %s = %d, want %d: %s", method, path, res.StatusCode, status, text)
	}
	if out != nil {
		if err := json.Unmarshal(text, out); err != nil {
			s.t.Fatalf("%s %s is not what was meant: %v: %s", method, path, err, text)
		}
	}
	return res
}

// listPage is what lists are read into.
type listPage struct {
	Messages []Summary
	Total    int
	Next     string
	Seq      uint64
}

func subjects(list []Summary) string {
	var out []string
	for _, m := range list {
		out = append(out, m.Subject)
	}
	return fmt.Sprint(out)
}
