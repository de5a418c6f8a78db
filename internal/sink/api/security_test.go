package api

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/postmuster/postmuster/internal/sink/fault"
	"github.com/postmuster/postmuster/internal/sink/httpd"
	"github.com/postmuster/postmuster/internal/sink/store"
)

// behind serves the API of a sink once more, behind a guard of its own.
func (s *sink) behind(change func(*httpd.Config)) (url string) {
	mux := http.NewServeMux()
	s.api.Register(mux)
	c := httpd.Config{Handler: mux, Logger: slog.New(slog.DiscardHandler)}
	change(&c)
	server, err := httpd.Listen(s.t.Context(), "127.0.0.1:0", c)
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- server.Serve(ctx) }()
	s.t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			s.t.Error(err)
		}
	})
	return "http://" + server.Addr().String()
}

// request is a request to a route, for the message id.
func request(t *testing.T, url, pattern, id string, body io.Reader) *http.Request {
	t.Helper()
	method, path, _ := strings.Cut(pattern, " ")
	path = strings.NewReplacer("{id}", id, "{path}", "1", "{name}", id+".html", "{tag}", "x").Replace(path)
	req, err := http.NewRequestWithContext(t.Context(), method, url+path, body)
	if err != nil {
		t.Fatal(err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return req
}

func send(t *testing.T, req *http.Request) (status int, body []byte) {
	t.Helper()
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err = io.ReadAll(res.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", req.Method, req.URL.Path, err)
	}
	return res.StatusCode, body
}

func TestEveryRouteAsksForTheToken(t *testing.T) {
	s := newSink(t, nil)
	s.add(simple("x"))
	url := s.behind(func(c *httpd.Config) { c.Token = "right" })
	for _, pattern := range s.routes() {
		want := http.StatusUnauthorized
		if strings.HasSuffix(pattern, " /livez") || strings.HasSuffix(pattern, " /readyz") {
			want = http.StatusOK
		}
		for _, field := range []string{"", "Bearer wrong", "Bearer ", "Basic d3Jvbmc6d3Jvbmc=", "right"} {
			req := request(t, url, pattern, "latest", nil)
			if field != "" {
				req.Header.Set("Authorization", field)
			}
			if got, _ := send(t, req); got != want {
				t.Errorf("%s with Authorization %q answers %d, want %d", pattern, field, got, want)
			}
		}
	}
}

// Pages of other sites, or of a name that was made to lead here, learn nothing
// and change nothing: not by a form, not by a script, not by EventSource.
func TestEveryRouteIsClosedToOtherSites(t *testing.T) {
	s := newSink(t, nil)
	s.add(simple("secret"))
	as := map[string]struct {
		field, value string
		want         int
	}{
		"DNS rebinding":           {"Host", "rebound.example.net", 421},
		"a script elsewhere":      {"Origin", "https://evil.example.net", 403},
		"a sandboxed frame":       {"Origin", "null", 403},
		"another port of ours":    {"Sec-Fetch-Site", "same-site", 403},
		"an image or EventSource": {"Sec-Fetch-Site", "cross-site", 403},
	}
	for _, pattern := range s.routes() {
		for name, from := range as {
			req := request(t, s.url, pattern, "latest", nil)
			req.Header.Set(from.field, from.value)
			if from.field == "Host" {
				req.Host = from.value
			}
			if got, body := send(t, req); got != from.want || bytes.Contains(body, []byte("secret")) {
				t.Errorf("%s from %s answers %d, want %d", pattern, name, got, from.want)
			}
		}
	}
	var list listPage
	s.want(200, "GET", prefix+"/messages", nil, &list)
	if len(list.Messages) != 1 || list.Messages[0].Read {
		t.Errorf("something was changed: %+v", list.Messages)
	}
}

// forever is a body of JSON that does not end.
type forever struct {
	mu   sync.Mutex
	sent int64
}

func (f *forever) Read(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range p {
		p[i] = 'a'
	}
	if f.sent == 0 {
		copy(p, `{"to":"`)
	}
	f.sent += int64(len(p))
	return len(p), nil
}

func TestNoRouteReadsWithoutEnd(t *testing.T) {
	const largest = 1 << 20 // message
	s := newSink(t, func(c *Config) { c.MaxMessageBytes, c.Faults = largest, fault.NewInjector(time.Now) })
	s.add(simple("x"))
	// What is on its way is lost with the connection: buffers of both sides.
	const most = 4*largest + 16<<20
	for _, pattern := range s.routes() {
		method, _, _ := strings.Cut(pattern, " ")
		if method == "GET" {
			continue
		}
		body := &forever{}
		req := request(t, s.url, pattern, "latest", body)
		switch {
		case pattern == "POST "+prefix+"/messages":
			req.Header.Set("Content-Type", "message/rfc822")
		case strings.HasSuffix(pattern, "/faults"):
			req.Header.Set("Content-Type", "application/yaml")
		}
		res, err := http.DefaultClient.Do(req)
		body.mu.Lock()
		sent := body.sent
		body.mu.Unlock()
		if sent > most {
			t.Errorf("%s took %d bytes", pattern, sent)
		}
		if err != nil {
			continue // cut off while it was sending
		}
		// DELETE passes a body over.
		if res.StatusCode < 400 && method != "DELETE" {
			t.Errorf("%s answers %d to a body without end", pattern, res.StatusCode)
		}
		res.Body.Close()
	}
	s.want(200, "GET", "/livez", nil, nil)
}

// A body that was compressed is not taken for what is in it, so it cannot be a bomb.
func TestBodiesAreNotUncompressed(t *testing.T) {
	s := newSink(t, nil)
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	fmt.Fprintf(z, `{"subject":%q}`, strings.Repeat("a", 300))
	z.Close()
	res, body := s.do("POST", prefix+"/wait", b.String(), "Content-Encoding: gzip")
	wantProblem(t, res, body, 400)
}

// canary notes who calls.
func canary(t *testing.T) (addr string, calls func() int) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			n++
			conn.Close()
		}
	}()
	stop := sync.OnceFunc(func() { l.Close(); <-done })
	t.Cleanup(stop)
	return l.Addr().String(), func() int { stop(); return n }
}

// luring is a message that names an address in every way there is.
func luring(addr string) string {
	url := "http://" + addr + "/x"
	return "From: a@example.com\nSubject: fetch me\nList-Unsubscribe: <" + url + ">\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\n" +
		"BIMI-Location: v=BIMI1; l=" + url + "\nX-Image-URL: " + url + "\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=m\n\n" +
		"--m\nContent-Type: text/html\n\n<link rel=stylesheet href=" + url + "><style>@import url(" + url + ");</style><base href=" + url + ">" +
		"<img src=" + url + "><img src=cid:x><script src=" + url + "></script><a href=" + url + ">x</a><svg><image href=" + url + "/></svg>" +
		"<meta http-equiv=refresh content='0;url=" + url + "'><form action=" + url + "></form>\n" +
		"--m\nContent-Type: message/external-body; access-type=URL; URL=\"" + url + "\"\n\nContent-Type: image/png\n\n" +
		"--m\nContent-Type: image/png; name=\"" + url + "\"\nContent-ID: <x>\nContent-Location: " + url + "\n\nx\n" +
		"--m\nContent-Type: application/xml\n\n<!DOCTYPE x [<!ENTITY e SYSTEM \"" + url + "\">]><x>&e;</x>\n--m--\n"
}

func TestNothingIsFetchedBecauseOfAMessage(t *testing.T) {
	addr, calls := canary(t)
	s := newSink(t, nil)
	r := s.add(luring(addr))
	s.want(200, "GET", prefix+"/messages?min_seq="+fmt.Sprint(r.Seq), nil, nil)
	for _, pattern := range s.routes() {
		if strings.HasPrefix(pattern, "GET ") && !strings.HasSuffix(pattern, "/events") {
			send(t, request(t, s.url, pattern, r.ID, nil))
			send(t, request(t, s.url, pattern+"?follow=true&query=http", r.ID, nil))
		}
	}
	s.do("POST", prefix+"/messages/"+r.ID+"/relay", map[string]any{"host": addr, "to": []string{"bob@example.net"}})
	s.do("POST", "/api/v1/messages/"+r.ID+"/release", map[string]any{"host": "127.0.0.1", "port": addr[strings.IndexByte(addr, ':')+1:], "email": "bob@example.net"})
	if n := calls(); n != 0 {
		t.Errorf("%d connections were made because of a message", n)
	}
}

// bomb is a small message of very many parts, one inside another.
func bomb() string {
	var b strings.Builder
	b.WriteString("From: a@example.com\nSubject: bomb\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b0\n\n")
	for i := range 3000 {
		fmt.Fprintf(&b, "--b%d\nContent-Type: multipart/mixed; boundary=b%d\n\n", i, i+1)
	}
	b.WriteString(strings.Repeat("--b1\nContent-Type: text/html\n\n<img src=cid:x>\n", 5000))
	return b.String()
}

func TestAMessageThatIsABombStaysSmall(t *testing.T) {
	s := newSink(t, nil)
	raw := bomb()
	r := s.add(raw)
	s.want(200, "GET", prefix+"/messages?min_seq="+fmt.Sprint(r.Seq), nil, nil)
	for _, pattern := range s.routes() {
		if !strings.HasPrefix(pattern, "GET ") || strings.HasSuffix(pattern, "/events") {
			continue
		}
		status, body := send(t, request(t, s.url, pattern, r.ID, nil))
		if status >= 500 && status != http.StatusNotImplemented || len(body) > 5*len(raw) {
			t.Errorf("%s answers %d with %d bytes for a message of %d", pattern, status, len(body), len(raw))
		}
	}
}

// An image may be named very often, and is sent a bounded number of times.
func TestImagesAreNotMultiplied(t *testing.T) {
	s := newSink(t, nil)
	r := s.add("From: a@example.com\nMIME-Version: 1.0\nContent-Type: multipart/related; boundary=m\n\n--m\nContent-Type: text/html\n\n" +
		strings.Repeat("<img src=cid:x>", 10_000) + "\n--m\nContent-Type: image/png\nContent-ID: <x>\n\n" + strings.Repeat("x", 1<<20) + "\n--m--\n")
	if _, body := s.do("GET", "/view/"+r.ID+".html", nil); len(body) > 2*maxInlined {
		t.Errorf("a message of 1 MB becomes a page of %d MB", len(body)>>20)
	}
}

func TestManyReadersAtOnce(t *testing.T) {
	s := newSink(t, nil)
	r := s.add(luring("127.0.0.1:9"))
	s.want(200, "GET", prefix+"/messages?min_seq="+fmt.Sprint(r.Seq), nil, nil)
	if err := s.store.SetReport(t.Context(), r.ID, &store.Report{JSON: []byte(`{"schema":1}`)}); err != nil {
		t.Fatal(err)
	}
	if err := s.store.WaitCommitted(t.Context()); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for _, pattern := range s.routes() {
		if !strings.HasPrefix(pattern, "GET ") || strings.HasSuffix(pattern, "/events") {
			continue
		}
		for range 4 {
			req := request(t, s.url, pattern, r.ID, nil)
			wg.Go(func() {
				res, err := http.DefaultClient.Do(req)
				if err != nil {
					t.Error(err)
					return
				}
				defer res.Body.Close()
				if _, err := io.Copy(io.Discard, res.Body); err != nil || res.StatusCode >= 500 && res.StatusCode != http.StatusNotImplemented {
					t.Errorf("%s: %d, %v", pattern, res.StatusCode, err)
				}
			})
		}
	}
	wg.Wait()
}

// What a message calls a file never becomes a header field of the answer, nor a path.
func TestNamesOfFilesCannotInject(t *testing.T) {
	s := newSink(t, nil)
	safe := regexp.MustCompile(`^attachment; filename\*?="?[^"/\\\r\n]+"?$`)
	for _, name := range []string{"../../etc/cron.d/x", `..\..\x.exe`, "a\"; filename=\"b.html", "x\r\n X: y", "=?utf-8?q?a=0D=0ASet-Cookie:_x?=", "CON", ".", "%2e%2e%2fx", "\u202egnp.exe"} {
		r := s.add("From: a@example.com\nMIME-Version: 1.0\nContent-ID: <../../" + strings.ReplaceAll(name, "\r\n", "") + ">\nContent-Type: text/html; name=\"" + name + "\"\nContent-Disposition: inline; filename=\"" + name + "\"\n\n<script>alert(1)</script>\n")
		for _, path := range []string{prefix + "/messages/" + r.ID + "/parts/1", "/api/v1/message/" + r.ID + "/part/1", "/api/v1/message/" + r.ID + "/part/1/x.html"} {
			res, _ := s.do("GET", path, nil)
			h := res.Header
			if d := h.Get("Content-Disposition"); !safe.MatchString(d) || h.Get("Set-Cookie") != "" || h.Get("X") != "" {
				t.Errorf("%q becomes %q", name, h)
			}
			if h.Get("Content-Type") != "application/octet-stream" || h.Get("X-Content-Type-Options") != "nosniff" || !strings.HasPrefix(h.Get("Content-Security-Policy"), "sandbox;") {
				t.Errorf("a page of %q is served as %q", name, h)
			}
		}
	}
}
