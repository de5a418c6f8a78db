package sink_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/postmuster/postmuster/internal/sink"
	"github.com/postmuster/postmuster/internal/sink/api"
	"github.com/postmuster/postmuster/internal/sink/client"
	"github.com/postmuster/postmuster/internal/sink/store"
)

// A site is a sink below /mail of https://mail.example.com, as its users reach it.
type site struct {
	t    *testing.T
	sink *sink.Sink
	http *http.Client
}

const siteURL = "http://mail.example.com/mail"

// newSite puts a reverse proxy in front of a sink. The proxy passes on the name
// that it was asked for, and takes the prefix away or leaves it there.
func newSite(t *testing.T, stripped bool, change func(*sink.Config)) *site {
	t.Helper()
	c := config()
	c.Prefix, c.Hosts = "/mail", []string{"mail.example.com"}
	if change != nil {
		change(&c)
	}
	s, _ := start(t, c)
	target := &url.URL{Scheme: "http", Host: s.Addrs().HTTP}
	var proxy http.Handler = &httputil.ReverseProxy{FlushInterval: -1, Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		r.Out.Host = r.In.Host
	}}
	if stripped {
		proxy = http.StripPrefix("/mail", proxy)
	}
	mux := http.NewServeMux() // with another application beside the sink
	mux.Handle("/mail", proxy)
	mux.Handle("/mail/", proxy)
	front := httptest.NewServer(mux)
	t.Cleanup(front.Close)
	return &site{t: t, sink: s, http: &http.Client{
		Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, front.Listener.Addr().String())
		}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

func (s *site) do(method, path string, header http.Header) (*http.Response, string) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, "http://mail.example.com"+path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header = header
	res, err := s.http.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return res, string(body)
}

func (s *site) send(subject string) {
	s.t.Helper()
	dial(s.t, s.sink.Addrs().SMTP).send("Subject: "+subject, "Content-Type: text/html", "", "<p>hello</p>")
}

var address = regexp.MustCompile(`(href|src|action|data-go)="(/[^"#]*)`)

func TestPageBelowAPrefix(t *testing.T) {
	everything, err := store.ParseSearch("smaller:1M")
	if err != nil {
		t.Fatal(err)
	}
	for name, stripped := range map[string]bool{"the proxy keeps it": false, "the proxy takes it away": true} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, stripped, func(c *sink.Config) {
				c.Relays = []api.Relay{{Addr: "192.0.2.1:25"}}
				c.Store.Tags = []store.TagRule{{Tag: "keep", Search: everything}}
			})
			s.send("hello")
			found, err := (&client.Client{URL: siteURL, HTTP: s.http}).Wait(t.Context(), api.Condition{Subject: "hello"}, api.Span{Timeout: "20s"})
			if err != nil {
				t.Fatal(err)
			}
			id := found.Messages[0].ID
			for _, path := range []string{"/mail/", "/mail/messages/" + id, "/mail/messages/" + id + "/mime", "/mail/messages/" + id + "/raw", "/mail/messages/" + id + "/send-on", "/mail/compose", "/mail/sessions", "/mail/delete", "/mail/compare?a=" + id, "/mail/nothing-here"} {
				s.follow(path)
			}
			if _, list := s.do("GET", "/mail/api/v1/messages", nil); !strings.Contains(list, `"Subject":"hello"`) {
				t.Errorf("Mailpit's list says %s", list)
			}
			if _, list := s.do("GET", "/mail/", nil); !strings.Contains(list, `data-go="/mail/?q=tag%3Akeep"`) {
				t.Error("the tag in the list leads elsewhere")
			}
			s.wantServer()
			s.wantEvent()

			res, _ := s.do("POST", "/mail/messages/"+id+"/read", http.Header{"Origin": {"http://mail.example.com"}, "Sec-Fetch-Site": {"same-origin"}})
			if got, want := res.Header.Get("Location"), "/mail/messages/"+id; res.StatusCode != http.StatusSeeOther || got != want {
				t.Errorf("a form of the page: status %d, to %q, want 303 to %q", res.StatusCode, got, want)
			}
			if res, _ := s.do("POST", "/mail/messages/"+id+"/read", http.Header{"Origin": {"http://evil.example.org"}, "Sec-Fetch-Site": {"cross-site"}}); res.StatusCode != http.StatusForbidden {
				t.Errorf("a form of another site: status %d, want 403", res.StatusCode)
			}
		})
	}
}

// follow reads a page, and whatever it leads to of ours.
func (s *site) follow(path string) {
	s.t.Helper()
	_, page := s.do("GET", path, http.Header{"Accept": {"text/html"}})
	found := address.FindAllStringSubmatch(page, -1)
	if len(found) < 5 {
		s.t.Errorf("%s leads to %d places: %.200s", path, len(found), page)
	}
	for _, m := range found {
		to := strings.ReplaceAll(m[2], "&amp;", "&")
		if !strings.HasPrefix(to, "/mail/") {
			s.t.Errorf("%s leads to %s", path, to)
		} else if m[1] == "action" {
			continue // is not asked with GET
		} else if res, _ := s.do("GET", to, nil); res.StatusCode != http.StatusOK {
			s.t.Errorf("%s leads to %s: status %d", path, to, res.StatusCode)
		}
	}
}

// wantServer sees that the document of the API says where the API is.
func (s *site) wantServer() {
	s.t.Helper()
	_, text := s.do("GET", "/mail/openapi.json", nil)
	var doc struct{ Servers []struct{ URL string } }
	if err := json.Unmarshal([]byte(text), &doc); err != nil || len(doc.Servers) != 1 || doc.Servers[0].URL != "/mail" {
		s.t.Errorf("the servers of the document are %+v, %v", doc.Servers, err)
	}
}

// wantEvent sees that events come through while they happen.
func (s *site) wantEvent() {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), "GET", siteURL+"/api/postmuster/v1/events", nil)
	if err != nil {
		s.t.Fatal(err)
	}
	res, err := s.http.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	s.send("an event")
	for lines := bufio.NewScanner(res.Body); lines.Scan(); {
		if strings.Contains(lines.Text(), "an event") {
			return
		}
	}
	s.t.Error("the stream ended without the event")
}

func TestPrefixAlone(t *testing.T) {
	s := newSite(t, false, nil)
	res, _ := s.do("GET", "/mail?q=is:unread", nil)
	if got, want := res.Header.Get("Location"), "/mail/?q=is%3Aunread"; got != want && got != "/mail/?q=is:unread" {
		t.Errorf("the prefix alone leads to %q, want %q", got, want)
	}
	if want := "http://" + s.sink.Addrs().HTTP + "/mail"; s.sink.URL() != want {
		t.Errorf("the sink says that it is at %s, want %s", s.sink.URL(), want)
	}
	beside, err := http.Get("http://" + s.sink.Addrs().HTTP + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	beside.Body.Close()
	if beside.StatusCode != http.StatusOK {
		t.Errorf("a probe beside the proxy gets status %d", beside.StatusCode)
	}
}

func TestTokenBelowAPrefix(t *testing.T) {
	s := newSite(t, true, func(c *sink.Config) { c.Token = "secret" })
	if res, _ := s.do("GET", "/mail/", nil); res.StatusCode != http.StatusUnauthorized {
		t.Errorf("without a token: status %d", res.StatusCode)
	}
	res, _ := s.do("GET", "/mail/messages?token=secret", nil)
	if got := res.Header.Get("Location"); got != "/mail/messages" {
		t.Errorf("the token in the address leads to %q", got)
	}
	cookies := res.Cookies()
	if len(cookies) != 1 || cookies[0].Path != "/mail/" {
		t.Fatalf("the cookies are %v; other applications of the host must not get the token", cookies)
	}
	if res, _ := s.do("GET", "/mail/", http.Header{"Cookie": {cookies[0].Name + "=" + cookies[0].Value}}); res.StatusCode != http.StatusOK {
		t.Errorf("with the cookie: status %d", res.StatusCode)
	}
}
