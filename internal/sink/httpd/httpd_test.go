package httpd

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
)

const secret = "the only page behind the guard"

// serve starts a server on loopback, behind which every path answers secret.
func serve(t *testing.T, change func(*Config)) (addr string) {
	t.Helper()
	c := Config{
		Logger: slog.New(slog.DiscardHandler),
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if _, err := io.Copy(io.Discard, r.Body); err != nil {
				w.WriteHeader(http.StatusRequestEntityTooLarge)
				return
			}
			io.WriteString(w, secret)
		}),
	}
	if change != nil {
		change(&c)
	}
	s, err := Listen(t.Context(), "127.0.0.1:0", c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- s.Serve(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Serve() = %v", err)
		}
	})
	return s.Addr().String()
}

// ask sends a request as it is written and returns the status and the body.
func ask(t *testing.T, addr, request string) (int, string) {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, strings.ReplaceAll(request, "\n", "\r\n")); err != nil {
		t.Fatal(err)
	}
	return answer(t, conn)
}

func answer(t *testing.T, conn net.Conn) (int, string) {
	t.Helper()
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if values := res.Header.Values("Access-Control-Allow-Origin"); len(values) > 0 {
		t.Errorf("the answer allows other origins to read it: %q", values)
	}
	return res.StatusCode, string(body)
}

func TestWhoMayAsk(t *testing.T) {
	addr := serve(t, func(c *Config) { c.Hosts = []string{"sink.example.com"} })
	ours := "Origin: http://" + addr + "\n"
	tests := []struct {
		name, method, host, fields string
		want                       int
	}{
		{"a program", "GET", addr, "", 200},
		{"localhost, through a forwarded port", "GET", "localhost:9000", "", 200},
		{"IPv6 loopback", "GET", "[::1]:8025", "", 200},
		{"a configured name", "GET", "Sink.Example.COM.", "", 200},
		{"DNS rebinding", "GET", "rebound.example.net:8025", "", 421},
		{"DNS rebinding by a name that begins like ours", "GET", "localhost.example.net", "", 421},
		{"a name that ends like ours", "GET", "evilsink.example.com", "", 421},
		{"an address that is not ours", "GET", "192.0.2.1:8025", "", 421},
		{"a name of this machine that is a command in a shell", "GET", "a';id;'.localhost:8025", "", 421},
		{"a port that is one", "GET", "localhost:8025';id;'", "", 421},
		{"a zone that is one", "GET", "[::1%';id;']:8025", "", 421},
		{"a name of this machine", "GET", "my_app-1.localhost:8025", "", 200},
		{"no Host", "GET", "", "", 421},
		{"our page reads", "GET", addr, "Sec-Fetch-Site: same-origin\n", 200},
		{"our page writes", "POST", addr, ours + "Sec-Fetch-Site: same-origin\n", 200},
		{"our page writes from an old browser", "DELETE", addr, ours, 200},
		{"the address bar", "GET", addr, "Sec-Fetch-Site: none\n", 200},
		{"a link followed to us", "GET", addr, "Sec-Fetch-Site: cross-site\nSec-Fetch-Mode: navigate\nSec-Fetch-Dest: document\n", 200},
		{"another site reads a stream", "GET", addr, "Origin: https://evil.example.net\nSec-Fetch-Site: cross-site\nSec-Fetch-Mode: cors\n", 403},
		{"another site reads, in an old browser", "GET", addr, "Origin: https://evil.example.net\n", 403},
		{"another site's image", "GET", addr, "Sec-Fetch-Site: cross-site\nSec-Fetch-Mode: no-cors\nSec-Fetch-Dest: image\n", 403},
		{"another site's frame", "GET", addr, "Sec-Fetch-Site: cross-site\nSec-Fetch-Mode: navigate\nSec-Fetch-Dest: iframe\n", 403},
		{"another site's form", "POST", addr, "Origin: https://evil.example.net\nSec-Fetch-Site: cross-site\nSec-Fetch-Mode: navigate\nSec-Fetch-Dest: document\n", 403},
		{"another port of this machine", "GET", addr, "Origin: http://127.0.0.1:3000\nSec-Fetch-Site: same-site\n", 403},
		{"another port, without an Origin", "GET", addr, "Sec-Fetch-Site: same-site\n", 403},
		{"an opaque origin", "GET", addr, "Origin: null\n", 403},
		{"a WebSocket of another site", "GET", addr, "Origin: https://evil.example.net\nUpgrade: websocket\nConnection: Upgrade\n", 403},
		{"two origins", "POST", addr, ours + "Origin: https://evil.example.net\n", 403},
		{"two sites", "GET", addr, "Sec-Fetch-Site: same-origin\nSec-Fetch-Site: cross-site\n", 403},
		{"an origin with our host in its name", "POST", addr, "Origin: http://" + addr + ".example.net\n", 403},
		{"an origin with our host as its user", "POST", addr, "Origin: http://" + addr + "@example.net\n", 403},
		{"a preflight", "OPTIONS", addr, "Origin: https://evil.example.net\nAccess-Control-Request-Method: DELETE\n", 403},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			request := fmt.Sprintf("%s / HTTP/1.1\nHost: %s\n%sContent-Length: 0\n\n", test.method, test.host, test.fields)
			got, body := ask(t, addr, request)
			if got != test.want || strings.Contains(body, secret) != (test.want == 200) {
				t.Errorf("got %d %q, want %d", got, body, test.want)
			}
		})
	}
}

// spellings of a path that a prefix comparison takes for another one, as Mailpit's
// check of WebSocket origins did with /%61pi/events.
var spellings = []string{
	"/api/v1/messages", "/%61pi/v1/messages", "//api/v1/messages", "/./api/v1/messages", "/x/../api/v1/messages", "/api%2fv1%2fmessages",
	"/API/v1/messages", "/api/v1/messages;x", "/api/v1/messages?x=/livez", "/livez/../api/v1/messages", "/%2e%2e/livez", "/livez/", "/readyz%00", "*",
	"http://evil.example.net/api/v1/messages", "http://localhost/livez/../api/v1/messages",
}

func TestNoSpellingOfThePathEscapesTheGuard(t *testing.T) {
	addr := serve(t, func(c *Config) { c.Token = "right" })
	for _, path := range spellings {
		for what, fields := range map[string]string{
			"another origin": "Host: " + addr + "\nOrigin: https://evil.example.net\nAuthorization: Bearer right\n",
			"another host":   "Host: evil.example.net\nAuthorization: Bearer right\n",
			"no token":       "Host: " + addr + "\n",
		} {
			if path == "http://localhost/livez/../api/v1/messages" && what == "another host" {
				continue // the host of the request line counts (RFC 9112 §3.2.2), and it is ours
			}
			status, body := ask(t, addr, "GET "+path+" HTTP/1.1\n"+fields+"\n")
			if strings.Contains(body, secret) || status < 400 {
				t.Errorf("GET %s with %s was answered %d %q", path, what, status, body)
			}
		}
	}
}

func TestToken(t *testing.T) {
	addr := serve(t, func(c *Config) { c.Token = "s3cret%;x" })
	tests := []struct {
		name, target, fields string
		want                 int
	}{
		{"none", "/", "", 401},
		{"wrong", "/", "Authorization: Bearer s3cret\n", 401},
		{"bearer", "/", "Authorization: bearer s3cret%;x\n", 200},
		{"basic", "/", "Authorization: Basic YW55Ym9keTpzM2NyZXQlO3g=\n", 200},
		{"cookie", "/", "Cookie: postmuster-token=s3cret%25%3Bx\n", 200},
		{"wrong cookie", "/", "Cookie: postmuster-token=x\n", 401},
		{"probe of life", "/livez", "", 200},
		{"wrong in the address", "/?token=x", "", 401},
		{"in the address", "/?token=s3cret%25%3Bx", "", 303},
		{"in the address of a write", "/?token=s3cret%25%3Bx", "Content-Length: 0\n", 401},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			method := "GET"
			if strings.Contains(test.fields, "Content-Length") {
				method = "POST"
			}
			if got, body := ask(t, addr, method+" "+test.target+" HTTP/1.1\nHost: localhost\n"+test.fields+"\n"); got != test.want {
				t.Errorf("got %d %q, want %d", got, body, test.want)
			}
		})
	}
}

func TestReadToken(t *testing.T) {
	addr := serve(t, func(c *Config) {
		c.Token, c.ReadToken = "all", "look"
		c.Reads = func(r *http.Request) bool { return r.Method == http.MethodPost && r.URL.Path == "/wait" }
		c.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprintf(w, "read only: %v", ReadOnly(r)) })
	})
	for _, tt := range []struct {
		name, method, path, token string
		want                      int
		body                      string
	}{
		{"everything reads", "GET", "/", "all", 200, "read only: false"},
		{"everything changes", "DELETE", "/", "all", 200, "read only: false"},
		{"it reads", "GET", "/", "look", 200, "read only: true"},
		{"it waits", "POST", "/wait", "look", 200, "read only: true"},
		{"it deletes", "DELETE", "/", "look", 403, "may read, and change nothing"},
		{"it sends", "POST", "/send", "look", 403, "may read, and change nothing"},
		{"it changes where it may wait", "PUT", "/wait", "look", 403, "may read, and change nothing"},
		{"it changes tags", "PATCH", "/", "look", 403, "may read, and change nothing"},
		{"a method of nobody", "FROB", "/", "look", 403, "may read, and change nothing"},
		{"neither", "GET", "/", "loo", 401, "asks for a token"},
		{"nothing", "GET", "/", "", 401, "asks for a token"},
	} {
		request := tt.method + " " + tt.path + " HTTP/1.1\nHost: " + addr + "\nAuthorization: Bearer " + tt.token + "\nContent-Length: 0\nConnection: close\n\n"
		if got, body := ask(t, addr, request); got != tt.want || !strings.Contains(body, tt.body) {
			t.Errorf("%s: %d %q, want %d %q", tt.name, got, body, tt.want, tt.body)
		}
	}
	if got, _ := ask(t, addr, "GET /list?token=look HTTP/1.1\nHost: "+addr+"\n\n"); got != http.StatusSeeOther {
		t.Errorf("in the address: %d, want a cookie and %d", got, http.StatusSeeOther)
	}
}

func TestTokenInTheAddressNeverLeadsElsewhere(t *testing.T) {
	addr := serve(t, func(c *Config) { c.Token = "right" })
	for _, path := range []string{"//evil.example.net/x", `/\evil.example.net/x`, "///evil.example.net", "/%2f/evil.example.net"} {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(conn, "GET %s?token=right&a=1 HTTP/1.1\r\nHost: localhost\r\n\r\n", path)
		res, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		conn.Close()
		to := res.Header.Get("Location")
		if !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") || strings.HasPrefix(to, `/\`) || strings.Contains(to, "token") {
			t.Errorf("GET %s leads to %q", path, to)
		}
		if c := res.Header.Get("Set-Cookie"); !strings.Contains(c, "HttpOnly") || !strings.Contains(c, "SameSite=Strict") {
			t.Errorf("the cookie is %q", c)
		}
	}
}

func TestAnOpenAddressMustBeMeant(t *testing.T) {
	c := Config{Logger: slog.New(slog.DiscardHandler), Handler: http.NotFoundHandler()}
	if _, err := Listen(t.Context(), "0.0.0.0:0", c); !errors.Is(err, ErrOpen) {
		t.Errorf("Listen on all addresses without a token = %v, want %v", err, ErrOpen)
	}
	for what, c := range map[string]Config{
		"a token":  {Logger: c.Logger, Handler: c.Handler, Token: "x"},
		"insecure": {Logger: c.Logger, Handler: c.Handler, Insecure: true},
	} {
		s, err := Listen(t.Context(), "0.0.0.0:0", c)
		if err != nil {
			t.Fatalf("Listen on all addresses with %s = %v", what, err)
		}
		s.listener.Close()
	}
}

func TestHostsOfAnOpenAddress(t *testing.T) {
	all := netip.IPv4Unspecified()
	for host, want := range map[string]bool{"192.0.2.7:8025": true, "[2001:db8::1]:80": true, "localhost": true, "rebound.example.net": false} {
		if got := hostAllowed(host, all, nil); got != want {
			t.Errorf("hostAllowed(%q) on all addresses = %v, want %v", host, got, want)
		}
	}
	if !hostAllowed("192.0.2.7:8025", netip.MustParseAddr("192.0.2.7"), nil) {
		t.Error("the address that we listen on is not allowed as Host")
	}
}

func TestAPortInUseIsSaid(t *testing.T) {
	addr := serve(t, nil)
	_, err := Listen(t.Context(), addr, Config{Logger: slog.New(slog.DiscardHandler), Handler: http.NotFoundHandler()})
	if err == nil || !strings.Contains(err.Error(), addr) || !strings.Contains(err.Error(), "in use") {
		t.Errorf("Listen on a used port = %v", err)
	}
}

func TestWhatIsNotThereIsAProblem(t *testing.T) {
	addr := serve(t, func(c *Config) {
		mux := http.NewServeMux()
		mux.HandleFunc("GET /there", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, secret) })
		mux.HandleFunc("GET /tree/", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "not here", http.StatusNotFound) })
		c.Handler = mux
	})
	checkAnswers(t, addr, []answered{
		{"a route", "GET /there", 200, secret},
		{"no route", "GET /elsewhere", 404, `"status":404`},
		{"another method", "PUT /there", 405, `"status":405`},
		{"a path that is written in another way", "GET /x/../there", 307, ""},
		{"a path without its slash", "GET /tree", 307, ""},
		{"a route that finds nothing", "GET /tree/x", 404, "not here"},
		{"no path", "OPTIONS *", 400, ""},
	}, "text/html")
}

func TestABrowserIsShownThatNothingIsThere(t *testing.T) {
	const shown = "<p>nothing here</p>"
	addr := serve(t, func(c *Config) {
		mux := http.NewServeMux()
		mux.HandleFunc("GET /there", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, secret) })
		c.Handler = mux
		c.Missing = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusNotFound)
			io.WriteString(w, shown)
		})
	})
	checkAnswers(t, addr, []answered{
		{"a route", "GET /there", 200, secret},
		{"no route", "GET /elsewhere", 404, shown},
		{"the API", "GET /api/elsewhere", 404, `"status":404`},
		{"a change", "POST /elsewhere", 404, `"status":404`},
		{"another method", "PUT /there", 405, `"status":405`},
	}, "text/html,application/xhtml+xml,*/*;q=0.8")
	checkAnswers(t, addr, []answered{{"a program", "GET /elsewhere", 404, `"status":404`}}, "*/*")
}

// answered is what is said to a request line.
type answered struct {
	name, line string
	status     int
	body       string
}

func checkAnswers(t *testing.T, addr string, tests []answered, accept string) {
	t.Helper()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			status, body := ask(t, addr, tt.line+" HTTP/1.1\nHost: "+addr+"\nAccept: "+accept+"\nConnection: close\n\n")
			if status != tt.status || !strings.Contains(body, tt.body) {
				t.Errorf("%d %q, want %d %q", status, body, tt.status, tt.body)
			}
		})
	}
}
