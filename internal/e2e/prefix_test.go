package e2e

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	whole "github.com/postmuster/postmuster/internal/sink"
)

// belowPrefix puts a proxy in front of a sink that leads nothing but /mail/ to it,
// and returns the page's address there.
func belowPrefix(t *testing.T, s *sink) string {
	t.Helper()
	target, err := url.Parse(strings.TrimSuffix(s.url, "/mail"))
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{FlushInterval: -1, Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		r.Out.Host = r.In.Host
	}}
	mux := http.NewServeMux()
	mux.Handle("/mail/", proxy)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	t.Cleanup(server.CloseClientConnections) // first: the stream of events would keep Close waiting
	return server.URL + "/mail"
}

func TestPageBelowAPrefix(t *testing.T) {
	s, b := newSinkWith(t, whole.Config{Prefix: "/mail"}), newTab(t)
	page := belowPrefix(t, s)
	b.open(page + "/")
	id := s.send("robot@example.com", "team@example.net", plainMessage(1))
	b.sees("Nightly build 1") // the events came
	b.press("j")
	b.wait("location.pathname === '/mail/messages/" + id + "' && document.querySelector('article')")
	b.wait("!document.getElementById('m-" + id + "').classList.contains('new')")
	b.press("u")
	b.wait("document.getElementById('m-" + id + "').classList.contains('new')")
	b.press("7")
	b.wait("location.pathname === '/mail/messages/" + id + "/transcript'")
	b.do(chromedp.NavigateBack())
	b.wait("document.querySelector('.side.text')")
	b.press("k", chromedp.KeyModifiers(chromedp.ModifierCtrl))
	b.press("nightly\r")
	b.wait("location.pathname + location.search === '/mail/?q=nightly'")
	b.ready()
	b.press("j")
	b.wait("document.querySelector('article')")
	b.press("d")
	b.sees("Nothing found")
}
