package web

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// A slowWriter notes what is taken of the page while a client reads.
type slowWriter struct {
	*httptest.ResponseRecorder
	page        *Page
	slots, held bool
}

func (w *slowWriter) Write(p []byte) (int, error) {
	w.slots = w.slots || len(w.page.views) > 0
	w.held = w.held || w.page.isSending()
	return w.ResponseRecorder.Write(p)
}

// isSending reports whether a large message is held.
func (p *Page) isSending() bool {
	over, cancel := context.WithCancel(context.Background())
	cancel()
	if p.sending.Take(over, sentBytes) != nil {
		return true
	}
	p.sending.Leave(sentBytes)
	return false
}

// A few clients that read slowly, with a token that reads, are not to keep the page
// from all others.
func TestWhoReadsSlowlyKeepsNobodyWaiting(t *testing.T) {
	s := newSite(t)
	large := s.receive("Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/html\n\n<p>x</p>\n--b\nContent-Type: application/pdf\n\n" +
		strings.Repeat("xxxxxxxxx\n", 200_000) + "\n--b--\n")
	small := s.receive("Content-Type: text/html\n\n<p>x</p>\n")
	page := New(Config{Store: s.store, Now: time.Now, Logger: slog.New(slog.DiscardHandler)})
	mux := http.NewServeMux()
	page.Register(mux)
	for path, held := range map[string]bool{
		large: false, large + "/raw": false, large + "/frame": false, large + "/parts/1.2": true, small + "/parts/1": false, large + "/parts/none": false,
	} {
		w := &slowWriter{ResponseRecorder: httptest.NewRecorder(), page: page}
		mux.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/messages/"+path, nil))
		if w.Body.Len() == 0 || w.slots || w.held != held {
			t.Errorf("%s: %d, %d bytes, of which the slot is taken: %v, the message held: %v", path, w.Code, w.Body.Len(), w.slots, w.held)
		}
		if len(page.views) > 0 || page.isSending() {
			t.Fatalf("%s still takes something", path)
		}
	}
}
