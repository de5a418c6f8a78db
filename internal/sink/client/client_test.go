package client

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/postmuster/postmuster/internal/message"
	"github.com/postmuster/postmuster/internal/sink/api"
	"github.com/postmuster/postmuster/internal/sink/store"
)

// served is a client of a handler.
func served(t *testing.T, handler http.Handler) *Client {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return &Client{URL: server.URL + "/", HTTP: server.Client()}
}

// sink is a client of the API over a store in memory.
func sink(t *testing.T) (*Client, *store.Store) {
	t.Helper()
	logger := slog.New(slog.DiscardHandler)
	s, err := store.Open(store.Config{Now: time.Now, Logger: logger})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	a, err := api.New(api.Config{Store: s, Now: time.Now, Logger: logger})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	a.Register(mux)
	return served(t, mux), s
}

const welcome = "From: Shop <shop@example.com>\r\nTo: bob@example.net\r\nSubject: Welcome\r\n\r\n" +
	"Your code is 493021.\r\nhttps://shop.example.com/confirm?t=1\r\n"

func receive(t *testing.T, s *store.Store, to, raw string) string {
	t.Helper()
	r, err := s.Add(t.Context(), &message.Message{
		Raw: []byte(raw), Origin: message.OriginSMTP,
		Envelope: &message.Envelope{MailFrom: "shop@example.com", Rcpt: []message.Rcpt{{To: to}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return r.ID
}

func TestAMessageIsReadAsItCame(t *testing.T) {
	c, s := sink(t)
	id := receive(t, s, "bob@example.net", welcome)
	outcome, err := c.Wait(t.Context(), api.Condition{To: "bob@example.net", Subject: "welcome"}, api.Span{Timeout: "10s"})
	if err != nil || !outcome.Met || len(outcome.Messages) != 1 || outcome.Messages[0].ID != id {
		t.Fatalf("Wait = %+v, %v, want the message", outcome, err)
	}
	if m, err := c.Message(t.Context(), id); err != nil || m.Subject != "Welcome" || m.Envelope.Rcpt[0].To != "bob@example.net" {
		t.Errorf("Message = %+v, %v", m, err)
	}
	if raw, err := c.Raw(t.Context(), id); err != nil || string(raw) != welcome {
		t.Errorf("Raw = %q, %v, want the bytes that were received", raw, err)
	}
	if links, err := c.Links(t.Context(), id); err != nil || len(links) != 1 || links[0].URL != "https://shop.example.com/confirm?t=1" {
		t.Errorf("Links = %+v, %v", links, err)
	}
	if codes, err := c.Codes(t.Context(), id); err != nil || len(codes) == 0 || codes[0].Code != "493021" {
		t.Errorf("Codes = %+v, %v", codes, err)
	}
	if _, err := c.Report(t.Context(), id); !errors.Is(err, ErrPending) {
		t.Errorf("Report before it is made = %v, want ErrPending", err)
	}
	if err := s.SetReport(t.Context(), id, &store.Report{JSON: []byte(`{"schema":1,"score":{"value":83}}`)}); err != nil {
		t.Fatal(err)
	}
	if r, err := c.Report(t.Context(), id); err != nil || r.Score.Value != 83 {
		t.Errorf("Report = %+v, %v, want the score 83", r, err)
	}
}

func TestWhatDidNotComeIsExplained(t *testing.T) {
	c, s := sink(t)
	receive(t, s, "carol@example.net", strings.ReplaceAll(welcome, "bob@", "carol@"))
	two := 2
	conditions := []api.Condition{{Name: "Bob is welcomed", To: "bob@example.net", Exact: &two}, {Subject: "welcome"}}
	_, err := c.Expect(t.Context(), conditions, api.Span{Timeout: "0s"})
	unmet, ok := errors.AsType[*api.Unmet](err)
	if !ok || len(unmet.Outcomes) != 2 || unmet.Outcomes[0].Met || !unmet.Outcomes[1].Met {
		t.Fatalf("Expect = %v, want that one of the two did not come", err)
	}
	if got := unmet.Outcomes[0].Condition.Name; got != "Bob is welcomed" || !strings.HasPrefix(unmet.Detail, "Bob is welcomed: exactly 2 expected") {
		t.Errorf("its name is %q, told as %q", got, unmet.Detail)
	}
	want := `exactly 2 expected, 0 matched; 1 other message arrived:
  shop@example.com to carol@example.net: "Welcome"
      to:"bob@example.net": it has "carol@example.net"`
	if got := Explain(unmet.Outcomes[0]); got != want {
		t.Errorf("Explain:\n%s\nwant\n%s", got, want)
	}
	conditions[0].To = "carol@example.net"
	one := 1
	conditions[0].Exact = &one
	if outcomes, err := c.Expect(t.Context(), conditions, api.Span{Timeout: "10s"}); err != nil || len(outcomes) != 2 || !outcomes[0].Met {
		t.Errorf("Expect = %+v, %v, want both met", outcomes, err)
	}
}

func TestARefusalSaysWhatAndWhere(t *testing.T) {
	c, _ := sink(t)
	_, err := c.Expect(t.Context(), []api.Condition{{Subject: "x"}, {Query: "form:x"}}, api.Span{})
	refused, ok := errors.AsType[*StatusError](err)
	if !ok || refused.Status != http.StatusUnprocessableEntity || len(refused.Places) != 1 || refused.Places[0].Location != "body.expect[1].query" {
		t.Errorf("Expect = %+v, want 422 and the place of the search", err)
	}
	if _, err := c.Message(t.Context(), "none"); err == nil || !strings.HasPrefix(err.Error(), "404 Not Found: ") {
		t.Errorf("Message of an unknown ID = %v, want 404", err)
	}
}

func TestTheTokenIsSent(t *testing.T) {
	c := served(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer s3cret" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		json.NewEncoder(w).Encode(map[string]any{"links": []any{}})
	}))
	if _, err := c.Links(t.Context(), "x"); err == nil || !strings.HasPrefix(err.Error(), "401 Unauthorized") {
		t.Errorf("without a token: %v, want 401", err)
	}
	c.Token = "s3cret"
	if _, err := c.Links(t.Context(), "x"); err != nil {
		t.Error(err)
	}
}

// Something else may listen at the address.
func TestOtherServers(t *testing.T) {
	tests := []struct {
		name, body, want string
		status           int
	}{
		{"a page", "<html>", "404 Not Found: no answer of a sink's API", 404},
		{"JSON of others", `{"error":"x"}`, "500 Internal Server Error: no answer of a sink's API", 500},
		{"417 without outcomes", `{"detail":"no"}`, "417 Expectation Failed: no", 417},
		{"a page with 200", "<html>", "read the answer of ", 200},
		{"JSON that is cut off", `{"links":[`, "read the answer of ", 200},
	}
	for _, tt := range tests {
		c := served(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(tt.status)
			w.Write([]byte(tt.body))
		}))
		if _, err := c.Links(t.Context(), "x"); err == nil || !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %s", tt.name, err, tt.want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := served(t, http.NotFoundHandler()).Links(ctx, "x"); !errors.Is(err, context.Canceled) {
		t.Errorf("after its context ended: %v, want context.Canceled", err)
	}
}

func TestDescribe(t *testing.T) {
	tests := []struct {
		condition api.Condition
		want      string
	}{
		{api.Condition{}, "any message"},
		{api.Condition{To: "a@example.com", Subject: `the "x"`, Query: "larger:1M"}, `a message to "a@example.com", subject "the \"x\"", matching "larger:1M"`},
	}
	for _, tt := range tests {
		if got := Describe(tt.condition); got != tt.want {
			t.Errorf("Describe(%+v) = %s, want %s", tt.condition, got, tt.want)
		}
	}
}

// What a message says is made printable, and there may be a great deal of it.
func TestExplainIsSafeToPrint(t *testing.T) {
	o := api.Outcome{Expected: "none", Count: 30}
	for range 30 {
		o.Messages = append(o.Messages, api.Summary{From: "a@example.com\x1b[2J", To: []string{"b@example.net"}, Subject: "x\ny"})
	}
	got := Explain(o)
	if strings.ContainsAny(got, "\x1b") || strings.Count(got, "\n") != 21 || !strings.HasSuffix(got, "… and 10 more") {
		t.Errorf("Explain:\n%q", got)
	}
	if got := Explain(api.Outcome{Expected: "at least 1"}); got != "at least 1 expected, 0 matched; nothing else arrived" {
		t.Errorf("Explain of nothing: %s", got)
	}
}
