package linkcheck

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/postmuster/postmuster/internal/message"
	"github.com/postmuster/postmuster/internal/sink/egress"
)

// A web is some hosts behind addresses of documentation, in truth on loopback.
type web struct {
	names   map[string]string // host to address
	servers map[string]string // address with port to that of the server
	roots   *httptest.Server  // whose certificate is trusted

	mu    sync.Mutex
	asked []string // METHOD host/path
}

// newWeb serves host.example.com, in plain and over TLS, and more.example.net.
func newWeb(t *testing.T, handler http.HandlerFunc) *web {
	t.Helper()
	w := &web{names: map[string]string{"example.com": "192.0.2.1", "more.example.net": "192.0.2.2", "private.example.com": "10.0.0.1", "local.example.com": "127.0.0.1"}}
	noted := http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.mu.Lock()
		w.asked = append(w.asked, r.Method+" "+r.Host+r.URL.String())
		w.mu.Unlock()
		handler(rw, r)
	})
	plain, secure := httptest.NewServer(noted), httptest.NewUnstartedServer(noted)
	secure.Config.ErrorLog = log.New(io.Discard, "", 0) // clients that refuse its certificate
	secure.StartTLS()
	t.Cleanup(plain.Close)
	t.Cleanup(secure.Close)
	w.roots = secure
	w.servers = map[string]string{
		"192.0.2.1:80": plain.Listener.Addr().String(), "192.0.2.2:80": plain.Listener.Addr().String(),
		"192.0.2.1:443": secure.Listener.Addr().String(), "192.0.2.2:443": secure.Listener.Addr().String(),
	}
	return w
}

func (w *web) checker() *Checker {
	return New(Config{
		Now: time.Now, Version: "1.2.3", Roots: w.roots.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs,
		Dialer: &egress.Public{
			Resolve: func(_ context.Context, host string) ([]netip.Addr, error) {
				if host == "silent.example.com" {
					return nil, &net.DNSError{Err: "i/o timeout", Name: host, IsTimeout: true}
				}
				ip, err := netip.ParseAddr(w.names[host])
				if err != nil {
					return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
				}
				return []netip.Addr{ip}, nil
			},
			Allow: netip.MustParsePrefix("192.0.2.0/24").Contains,
			Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
				if address == "192.0.2.2:443" {
					return nil, errors.New("connection refused")
				}
				return (&net.Dialer{}).DialContext(ctx, network, w.servers[address])
			},
		},
	})
}

// ask asks for the links of an HTML message and returns the answers by address.
func ask(t *testing.T, c *Checker, follow bool, urls ...string) map[string]Answer {
	t.Helper()
	r, err := c.Check(t.Context(), "id", newsletter(urls...), follow)
	if err != nil {
		t.Fatal(err)
	}
	answers := map[string]Answer{}
	for _, a := range r.Answers {
		answers[a.URL] = a
	}
	return answers
}

func newsletter(urls ...string) *message.Tree {
	var b strings.Builder
	b.WriteString("Content-Type: text/html; charset=utf-8\r\n\r\n")
	for _, u := range urls {
		fmt.Fprintf(&b, "<a href=\"%s\">link</a>\r\n", u)
	}
	return message.Parse([]byte(b.String()))
}

func handle(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/", "/page":
	case "/get-only":
		if r.Method == http.MethodHead {
			w.WriteHeader(http.StatusMethodNotAllowed)
		}
		fmt.Fprint(w, "page")
	case "/moved":
		http.Redirect(w, r, "http://more.example.net/page", http.StatusFound)
	case "/to-private":
		http.Redirect(w, r, "http://private.example.com/", http.StatusFound)
	case "/to-port":
		http.Redirect(w, r, "http://more.example.net:8080/", http.StatusFound)
	case "/to-file":
		http.Redirect(w, r, "file:///etc/passwd", http.StatusFound)
	case "/round":
		http.Redirect(w, r, "/round", http.StatusFound)
	case "/members":
		w.WriteHeader(http.StatusForbidden)
	case "/down":
		w.WriteHeader(http.StatusServiceUnavailable)
	case "/gone":
		w.WriteHeader(http.StatusGone)
	default:
		http.NotFound(w, r)
	}
}

func TestWhatCameBack(t *testing.T) {
	w := newWeb(t, handle)
	tests := []struct {
		url, reason string
		state       State
		status      int
	}{
		{"http://example.com/page", "", Works, 200},
		{"https://example.com/page#part", "", Works, 200},
		{"https://EXAMPLE.com:443/", "", Works, 200},
		{"http://example.com/get-only", "", Works, 200},
		{"http://example.com/moved", "", Works, 200},
		{"http://example.com/none", "it answers 404 Not Found", Broken, 404},
		{"http://example.com/gone", "it answers 410 Gone", Broken, 410},
		{"http://none.example.com/", "its host none.example.com does not exist, or has no address", Broken, 0},
		{"http://example.com/members", "it answers 403 Forbidden: a program may be turned away where a reader is not", Unknown, 403},
		{"http://example.com/down", "it answers 503 Service Unavailable: its server fails at the moment", Unknown, 503},
		{"http://example.com/round", "it leads on more than 5 times", Unknown, 302},
		{"http://silent.example.com/", "the address of silent.example.com could not be found out", Unknown, 0},
		{"https://more.example.net/", "connection refused", Unknown, 0},
		{"http://private.example.com/", "its host is 10.0.0.1: not an address of the public internet", NotAsked, 0},
		{"http://local.example.com/", "its host is 127.0.0.1: not an address of the public internet", NotAsked, 0},
		{"http://127.0.0.1/", "its host is 127.0.0.1: not an address of the public internet", NotAsked, 0},
		{"http://[::1]/", "its host is ::1: not an address of the public internet", NotAsked, 0},
		{"http://2130706433/", "its host 2130706433 does not exist, or has no address", Broken, 0},
		{"http://example.com/to-private", "it leads on to an address that is not asked for: its host is 10.0.0.1: not an address of the public internet", NotAsked, 302},
		{"http://example.com/to-port", "it leads on to an address that is not asked for: it is for port 8080; 80 and 443 are asked for", NotAsked, 302},
		{"http://example.com/to-file", "it leads on to an address that is not asked for: it is of the scheme file", NotAsked, 302},
		{"http://example.com:25/", "it is for port 25; 80 and 443 are asked for", NotAsked, 0},
		{"http://ann:secret@example.com/", "it holds a name or a password", NotAsked, 0},
		{"http://%zz/", "it is not an address that can be asked for", NotAsked, 0},
	}
	var urls []string
	for _, test := range tests {
		urls = append(urls, test.url)
	}
	answers := ask(t, w.checker(), true, urls...)
	for _, test := range tests {
		a, ok := answers[test.url]
		if !ok || a.State != test.state || a.Reason != test.reason || a.Status != test.status {
			t.Errorf("%s: %s (%s), status %d; want %s (%s), status %d", test.url, a.State, a.Reason, a.Status, test.state, test.reason, test.status)
		}
	}
	if a := answers["http://example.com/get-only"]; a.Method != http.MethodGet {
		t.Errorf("where HEAD is refused %s was sent", a.Method)
	}
	if a := answers["http://example.com/moved"]; len(a.Hops) != 1 || a.Hops[0] != (Hop{"http://example.com/moved", 302}) || a.End != "http://more.example.net/page" {
		t.Errorf("the way to the page is %+v, its end %s", a.Hops, a.End)
	}
	for _, asked := range w.asked {
		if _, host, _ := strings.Cut(asked, " "); !strings.HasPrefix(host, "example.com") && !strings.HasPrefix(strings.ToLower(host), "example.com:443/") && host != "more.example.net/page" {
			t.Errorf("asked for %s", asked)
		}
	}
}

func TestNotFollowed(t *testing.T) {
	w := newWeb(t, handle)
	a := ask(t, w.checker(), false, "http://example.com/moved")["http://example.com/moved"]
	if a.State != Unknown || a.Status != 302 || !strings.Contains(a.Reason, "http://more.example.net/page") || len(w.asked) != 1 {
		t.Errorf("%+v after %q, want that it leads on", a, w.asked)
	}
}

// The certificate of the test's server is for example.com, and not trusted elsewhere.
func TestCertificates(t *testing.T) {
	w := newWeb(t, handle)
	w.names["other.test"] = "192.0.2.1"
	if a := ask(t, w.checker(), true, "https://other.test/")["https://other.test/"]; a.State != Broken || !strings.Contains(a.Reason, "readers get a warning: ") {
		t.Errorf("with a certificate for another name: %+v", a)
	}
	c := w.checker()
	c.client.Transport.(*http.Transport).TLSClientConfig.RootCAs = nil
	if a := ask(t, c, true, "https://example.com/")["https://example.com/"]; a.State != Unknown {
		t.Errorf("of an authority that we do not know: %+v; readers may know it", a)
	}
}

func TestWhatIsSent(t *testing.T) {
	var header http.Header
	w := newWeb(t, func(rw http.ResponseWriter, r *http.Request) {
		header = r.Header
		http.SetCookie(rw, &http.Cookie{Name: "a", Value: "b"})
		if r.URL.Path == "/first" {
			http.Redirect(rw, r, "/second", http.StatusFound)
		}
	})
	ask(t, w.checker(), true, "http://example.com/first?token=1")
	if header.Get("User-Agent") != "postmuster/1.2.3 (link check)" || header.Get("Referer") != "" || header.Get("Cookie") != "" {
		t.Errorf("sent with %v", header)
	}
}

func TestABodyIsNotRead(t *testing.T) {
	ended := make(chan struct{})
	w := newWeb(t, func(rw http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodHead {
			rw.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		defer close(ended)
		for piece := make([]byte, 1<<20); ; { // for ever
			if _, err := rw.Write(piece); err != nil {
				return
			}
		}
	})
	if a := ask(t, w.checker(), true, "http://example.com/")["http://example.com/"]; a.State != Works {
		t.Errorf("%+v", a)
	}
	<-ended
}

func TestAnEndlessHeaderIsNotRead(t *testing.T) {
	w := newWeb(t, func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("X-Long", strings.Repeat("x", 2*maxHeader))
	})
	if a := ask(t, w.checker(), true, "http://example.com/")["http://example.com/"]; a.State != Unknown || a.Status != 0 {
		t.Errorf("%+v", a)
	}
}

func TestTooManyLinks(t *testing.T) {
	var urls []string
	for i := range MaxLinks + 7 {
		urls = append(urls, fmt.Sprintf("http://example.com/page?%d", i), fmt.Sprintf("http://example.com/page?%d", i))
	}
	w := newWeb(t, handle)
	r, err := w.checker().Check(t.Context(), "id", newsletter(urls...), true)
	if err != nil || len(r.Answers) != MaxLinks || r.More != 7 || len(w.asked) != MaxLinks || r.Count(Works) != MaxLinks {
		t.Errorf("%d answers, %d more, after %d requests: %v", len(r.Answers), r.More, len(w.asked), err)
	}
}

func TestALongAddressIsNotAskedFor(t *testing.T) {
	w := newWeb(t, handle)
	r, err := w.checker().Check(t.Context(), "id", newsletter("http://example.com/page?"+strings.Repeat("x", maxURL)), true)
	if err != nil || r.Answers[0].State != NotAsked || len(r.Answers[0].URL) > maxURL+1 || len(w.asked) > 0 {
		t.Errorf("%d bytes are kept of an address that is %s, after %d requests: %v", len(r.Answers[0].URL), r.Answers[0].State, len(w.asked), err)
	}
}

// What a server says is quoted, and may be long.
func TestAReasonIsShort(t *testing.T) {
	w := newWeb(t, func(rw http.ResponseWriter, _ *http.Request) {
		conn, _, err := rw.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		fmt.Fprintf(conn, "HTTP/1.1 %s\r\n\r\n", strings.Repeat("\u00e9", 10_000))
	})
	a := ask(t, w.checker(), true, "http://example.com/")["http://example.com/"]
	if a.State != Unknown || a.Reason == "" || len(a.Reason) > maxReason+len("…") {
		t.Errorf("%s, for a reason of %d bytes", a.State, len(a.Reason))
	}
}

// A link for which no time is left is not said to be slow.
func TestWhenTheTimeIsOver(t *testing.T) {
	w := newWeb(t, handle)
	over, cancel := context.WithDeadline(t.Context(), time.Unix(0, 0))
	defer cancel()
	a := w.checker().ask(over, Target{URL: "http://example.com/page"}, true)
	if want := "the links in front of it took 1m0s"; a.State != NotAsked || a.Reason != want || len(w.asked) > 0 {
		t.Errorf("%s (%s) after %q, want %s (%s)", a.State, a.Reason, w.asked, NotAsked, want)
	}
}

func TestTargets(t *testing.T) {
	tree := message.Parse([]byte("Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\n\r\nhttps://example.com/a\r\n--b\r\n" +
		"Content-Type: text/html\r\n\r\n<a href='https://example.com/a'>A</a><a href='mailto:x@example.com'><a href='#b'><a href='/c'>" +
		"<img src='https://example.com/a'><img src='HTTPS://example.com/i.png'><img src='cid:x'>"))
	got := fmt.Sprintf("%+v", Targets(tree))
	if want := "[{URL:https://example.com/a Kind:link Text:A Part:1.1} {URL:HTTPS://example.com/i.png Kind:image Text: Part:1.2}]"; got != want {
		t.Errorf("targets\n%s, want\n%s", got, want)
	}
}

func TestOff(t *testing.T) {
	var c *Checker
	if _, err := c.Check(t.Context(), "id", newsletter("http://example.com/"), true); !errors.Is(err, ErrOff) {
		t.Errorf("without permission: %v", err)
	}
	if c.Last("id") != nil {
		t.Error("there are answers")
	}
}

func TestLastAnswersAreKept(t *testing.T) {
	c := newWeb(t, handle).checker()
	for i := range kept + 1 {
		if _, err := c.Check(t.Context(), fmt.Sprint(i), newsletter(), true); err != nil {
			t.Fatal(err)
		}
	}
	if c.Last("0") != nil || c.Last("1") == nil || c.Last(fmt.Sprint(kept)) == nil || len(c.results) != kept {
		t.Errorf("%d answers are kept, want the last %d", len(c.results), kept)
	}
}

func TestWhoLeavesIsNotWaitedFor(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	w := newWeb(t, func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	})
	c := w.checker()
	if _, err := c.Check(ctx, "id", newsletter("http://example.com/"), true); !errors.Is(err, context.Canceled) || c.Last("id") != nil {
		t.Errorf("Check = %v", err)
	}
}

func FuzzTargets(f *testing.F) {
	f.Add("http://example.com:80/", "http://a@[::1]/")
	f.Fuzz(func(t *testing.T, a, b string) {
		dial := func(_ context.Context, _, address string) (net.Conn, error) {
			t.Errorf("connects to %s", address)
			return nil, errors.New("never")
		}
		none := func(context.Context, string) ([]netip.Addr, error) { return nil, errors.New("no DNS here") }
		c := New(Config{Now: time.Now, Dialer: &egress.Public{Resolve: none, Dial: dial, Allow: func(netip.Addr) bool { return false }}})
		for u, answer := range ask(t, c, true, a, b) {
			if answer.State != NotAsked && answer.State != Unknown {
				t.Errorf("%q is %s", u, answer.State)
			}
		}
	})
}
