package web

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/postmuster/postmuster/internal/sink/egress"
	"github.com/postmuster/postmuster/internal/sink/linkcheck"
)

const withLinks = "Content-Type: text/html\n\n<a href='https://none.example.com/a'>Track it</a><a href='https://10.0.0.1/'>Router</a><a href='https://silent.example.com/'>Shop</a>\n"

func (s *site) post(path string) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(s.t.Context(), http.MethodPost, path, nil)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	s.mux.ServeHTTP(w, r)
	return w
}

// noHosts finds out that a name does not exist, or nothing at all.
func noHosts(_ context.Context, host string) ([]netip.Addr, error) {
	return nil, &net.DNSError{Name: host, IsNotFound: host == "none.example.com", IsTimeout: host != "none.example.com"}
}

func TestLinksAreAskedForWhenAReaderWantsIt(t *testing.T) {
	s := newSiteWith(t, func(c *Config) {
		c.Links = linkcheck.New(linkcheck.Config{Now: time.Now, Dialer: &egress.Public{Resolve: noHosts}})
	})
	id := s.receive(withLinks)
	before := s.get("/messages/" + id + "/links").Body.String()
	for _, want := range []string{"Nobody asked yet where these lead", "Ask where they lead", "Track it", "https://none.example.com/a"} {
		if !strings.Contains(before, want) {
			t.Errorf("%q is not on the page at first", want)
		}
	}
	w := s.post("/messages/" + id + "/links")
	if got := w.Header().Get("Location"); w.Code != http.StatusSeeOther || got != "/messages/"+id+"/links" {
		t.Fatalf("asking answers %d and leads to %q", w.Code, got)
	}
	after := s.get("/messages/" + id + "/links").Body.String()
	for _, want := range []string{
		"1 broken, 1 could not be found out, 1 not asked for.", "Its host none.example.com does not exist", "not an address of the public internet",
		"The address of silent.example.com could not be found out", "Ask again", `<span class="badge none">1 broken</span>`,
	} {
		if !strings.Contains(after, want) {
			t.Errorf("%q is not on the page behind it", want)
		}
	}
	if strings.Index(after, "none.example.com/a") > strings.Index(after, "silent.example.com/") {
		t.Error("what is broken does not come first")
	}
}

func TestLinksOfWhichNothingIsKnownHaveNoBadge(t *testing.T) {
	s := newSiteWith(t, func(c *Config) {
		c.Links = linkcheck.New(linkcheck.Config{Now: time.Now, Dialer: &egress.Public{Resolve: noHosts}})
	})
	id := s.receive("Content-Type: text/html\n\n<a href='https://10.0.0.1/'>Router</a>\n")
	s.post("/messages/" + id + "/links")
	if body := s.get("/messages/" + id + "/links").Body.String(); !strings.Contains(body, "1 not asked for.") || strings.Contains(body, "0 work") {
		t.Errorf("the page says that none work, of links that nobody asked for:\n%s", body)
	}
}

func TestLinksAreNotAskedForUnlessAllowed(t *testing.T) {
	s := newSite(t)
	id := s.receive(withLinks)
	if body := s.get("/messages/" + id + "/links").Body.String(); !strings.Contains(body, "--check-links") || strings.Contains(body, "Ask where they lead") {
		t.Errorf("the page offers what is not allowed, or does not say what allows it:\n%s", body)
	}
	if w := s.post("/messages/" + id + "/links"); w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), "--check-links") {
		t.Errorf("asking answers %d", w.Code)
	}
}
