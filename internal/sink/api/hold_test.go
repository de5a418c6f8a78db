package api

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
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
}

func (w *heldWriter) Write(p []byte) (int, error) {
	w.held = w.held || w.api.isHeld()
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
