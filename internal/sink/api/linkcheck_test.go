package api

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postmuster/postmuster/internal/sink/egress"
	"github.com/postmuster/postmuster/internal/sink/linkcheck"
)

// webOf asks a server on loopback for all that is asked of example.com.
func webOf(t *testing.T) *linkcheck.Checker {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/moved":
			http.Redirect(w, r, "/", http.StatusFound)
		case "/lost":
			http.Redirect(w, r, "http://gone.example.com/", http.StatusFound)
		case "/none":
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(server.Close)
	return linkcheck.New(linkcheck.Config{Now: time.Now, Dialer: &egress.Public{
		Resolve: func(_ context.Context, host string) ([]netip.Addr, error) {
			if host != "example.com" {
				return nil, &net.DNSError{Name: host, IsNotFound: true}
			}
			return []netip.Addr{netip.MustParseAddr("192.0.2.1")}, nil
		},
		Allow: netip.MustParsePrefix("192.0.2.0/24").Contains,
		Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, server.Listener.Addr().String())
		},
	}})
}

func withLinks(urls ...string) string {
	return strings.Replace(simple("links"), "Hello, Bob.", strings.Join(urls, "\n"), 1)
}

func TestLinkCheck(t *testing.T) {
	s := newSink(t, func(c *Config) { c.Links = webOf(t) })
	r := s.add(withLinks("http://example.com/moved", "http://example.com/none", "http://10.0.0.1/", "http://gone.example.com/"))
	var got LinkCheck
	s.want(200, "POST", prefix+"/messages/"+r.ID+"/link-check", nil, &got)
	want := []LinkAnswer{
		{
			URL: "http://example.com/moved", Kind: "link", Part: "1", State: "works", Status: 200, Method: "HEAD",
			Hops: []LinkHop{{"http://example.com/moved", 302}}, End: "http://example.com/",
		},
		{URL: "http://example.com/none", Kind: "link", Part: "1", State: "broken", Reason: "it answers 404 Not Found", Status: 404, Method: "GET", Hops: []LinkHop{}},
		{URL: "http://10.0.0.1/", Kind: "link", Part: "1", State: "not asked", Reason: "its host is 10.0.0.1: not an address of the public internet", Hops: []LinkHop{}},
		{
			URL: "http://gone.example.com/", Kind: "link", Part: "1", State: "broken",
			Reason: "its host gone.example.com does not exist, or has no address", Hops: []LinkHop{},
		},
	}
	if diff := cmp.Diff(want, got.Links); diff != "" {
		t.Errorf("links (-want +got):\n%s", diff)
	}
	if got.Count != (LinkCheckSums{Works: 1, Broken: 2, NotAsked: 1}) {
		t.Errorf("counted %+v", got.Count)
	}
	s.want(200, "POST", prefix+"/messages/"+r.ID+"/link-check?follow=false", nil, &got)
	if a := got.Links[0]; a.State != "unknown" || a.Status != 302 {
		t.Errorf("without following: %+v", a)
	}
}

// As Mailpit has it, a link that leads on to nowhere has no status.
func TestMailpitLinkThatLeadsNowhere(t *testing.T) {
	s := newSink(t, func(c *Config) { c.Links = webOf(t) })
	r := s.add(withLinks("http://example.com/lost"))
	var got mailpitLinks
	s.want(200, "GET", "/api/v1/message/"+r.ID+"/link-check?follow=true", nil, &got)
	want := mailpitLinks{1, []mailpitLink{{"http://example.com/lost", 0, "its host gone.example.com does not exist, or has no address"}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("followed (-want +got):\n%s", diff)
	}
	s.want(200, "GET", "/api/v1/message/"+r.ID+"/link-check", nil, &got)
	want = mailpitLinks{0, []mailpitLink{{"http://example.com/lost", 302, "Found"}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("not followed (-want +got):\n%s", diff)
	}
}

func TestLinksAreNotAskedForUnlessAllowed(t *testing.T) {
	s := newSink(t, nil)
	r := s.add(withLinks("http://example.com/"))
	for method, path := range map[string]string{"POST": prefix + "/messages/" + r.ID + "/link-check", "GET": "/api/v1/message/" + r.ID + "/link-check"} {
		if res, text := s.do(method, path, nil); res.StatusCode != 403 || !strings.Contains(string(text), "--check-links") {
			t.Errorf("%s %s = %d %s, want 403 and what allows it", method, path, res.StatusCode, text)
		}
	}
}

// A page of another site must not make us ask, though Mailpit's method is GET.
func TestOtherSitesDoNotMakeUsAsk(t *testing.T) {
	asked := false
	s := newSink(t, func(c *Config) {
		c.Links = linkcheck.New(linkcheck.Config{Now: time.Now, Dialer: &egress.Public{Resolve: func(context.Context, string) ([]netip.Addr, error) {
			asked = true
			return nil, nil
		}}})
	})
	r := s.add(withLinks("http://example.com/"))
	for _, site := range []string{"cross-site", "same-site", "none"} {
		s.want(403, "GET", "/api/v1/message/"+r.ID+"/link-check", nil, nil, "Sec-Fetch-Site: "+site, "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document")
	}
	s.want(403, "POST", prefix+"/messages/"+r.ID+"/link-check", nil, nil, "Sec-Fetch-Site: cross-site")
	if asked {
		t.Error("asked")
	}
}
