package e2e

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"testing"
)

// A lossy network stands between a browser and the sink.
type lossy struct {
	url string

	mu      sync.Mutex
	refused bool
	cut     []context.CancelFunc // the streams of events that are open
}

func newLossy(t *testing.T, s *sink) *lossy {
	target, err := url.Parse(s.url)
	if err != nil {
		t.Fatal(err)
	}
	n := &lossy{}
	proxy := &httputil.ReverseProxy{FlushInterval: -1, Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		if r.In.Header.Get("Origin") == n.url {
			r.Out.Header.Set("Origin", s.url) // the sink answers its own pages only
		}
	}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/api/postmuster/v1/events" {
			ctx := n.admit(r.Context())
			if ctx == nil {
				http.Error(w, "not now", http.StatusServiceUnavailable)
				return
			}
			r = r.WithContext(ctx)
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	t.Cleanup(func() { n.refuseEvents(true) })
	n.url = server.URL
	return n
}

// refuseEvents cuts all streams of events and refuses new ones, or takes them again.
func (n *lossy) refuseEvents(refuse bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.refused = refuse
	for _, cut := range n.cut {
		cut()
	}
	n.cut = nil
}

// admit returns the context of a new stream; nil when it is refused.
func (n *lossy) admit(ctx context.Context) context.Context {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.refused {
		return nil
	}
	ctx, cut := context.WithCancel(ctx)
	n.cut = append(n.cut, cut)
	return ctx
}
