package api

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/postmuster/postmuster/internal/sink/egress"
	"github.com/postmuster/postmuster/internal/sink/linkcheck"
)

// isHeld reports whether anything is held.
func (a *API) isHeld() bool {
	over, cancel := context.WithCancel(context.Background())
	cancel()
	if a.holding.Take(over, heldBytes) != nil {
		return true
	}
	a.holding.Leave(heldBytes)
	return false
}

// A heldWriter notes whether something was held when the answer was written.
type heldWriter struct {
	*httptest.ResponseRecorder
	api  *API
	held bool
	last bool // the same of the last piece of it
}

func (w *heldWriter) Write(p []byte) (int, error) {
	w.last = w.api.isHeld()
	w.held = w.held || w.last
	return w.ResponseRecorder.Write(p)
}

// What a large message takes counts until the answer is sent, and no longer.
func TestLargeMessagesAreHeldUntilTheyAreSent(t *testing.T) {
	s := newSink(t, nil)
	mux := http.NewServeMux()
	s.api.Register(mux)
	large := s.add("Subject: large\n\n" + strings.Repeat("xxxxxxxxx\n", 200_000))
	for _, path := range []string{
		prefix + "/messages/ID/raw", prefix + "/messages/ID", prefix + "/messages/ID/parts", prefix + "/messages/ID/parts/1", prefix + "/messages/ID/links",
		"/api/v1/message/ID", "/api/v1/message/ID/raw", "/api/v1/message/ID/part/1", "/view/ID.txt",
		"/api/v2/messages", "/api/v1/messages/ID/download",
	} {
		w := &heldWriter{ResponseRecorder: httptest.NewRecorder(), api: s.api}
		mux.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", strings.ReplaceAll(path, "ID", large.ID), nil))
		if w.Code != http.StatusOK || !w.held {
			t.Errorf("%s: %d, held %v", path, w.Code, w.held)
		}
		if s.api.isHeld() {
			t.Fatalf("%s still holds something", path)
		}
	}
	small := s.add(simple("small"))
	w := &heldWriter{ResponseRecorder: httptest.NewRecorder(), api: s.api}
	mux.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", prefix+"/messages/"+small.ID+"/raw", nil))
	if w.Code != http.StatusOK || w.held {
		t.Errorf("a small message: %d, held %v", w.Code, w.held)
	}
}

// An export may take hours, of which one message takes seconds.
func TestAnExportHoldsOneMessageAtATime(t *testing.T) {
	s := newSink(t, nil)
	mux := http.NewServeMux()
	s.api.Register(mux)
	s.add("Subject: large\n\n" + strings.Repeat("xxxxxxxxx\n", 200_000))
	s.add(simple("small"))
	w := &heldWriter{ResponseRecorder: httptest.NewRecorder(), api: s.api}
	mux.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", prefix+"/export?format=mbox", nil))
	if w.Code != http.StatusOK || !w.held || w.last {
		t.Errorf("%d, the large message is held: %v, and behind it: %v", w.Code, w.held, w.last)
	}
}

// Asking for links takes minutes, for which no message is needed.
func TestNoMessageIsHeldWhileLinksAreAskedFor(t *testing.T) {
	asked, held := false, false
	var s *sink
	s = newSink(t, func(c *Config) {
		c.Links = linkcheck.New(linkcheck.Config{Now: time.Now, Dialer: &egress.Public{Resolve: func(context.Context, string) ([]netip.Addr, error) {
			asked, held = true, s.api.isHeld()
			return nil, nil
		}}})
	})
	r := s.add(withLinks("http://example.com/") + strings.Repeat("xxxxxxxxx\n", 200_000))
	s.want(200, "POST", prefix+"/messages/"+r.ID+"/link-check", nil, nil)
	if !asked || held {
		t.Errorf("asked: %v, with a message held: %v", asked, held)
	}
}
