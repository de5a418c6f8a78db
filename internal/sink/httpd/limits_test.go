package httpd

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// endless is a body of so many bytes that is never in memory as a whole.
type endless struct {
	size int64
	read atomic.Int64
}

func (e *endless) Read(p []byte) (int, error) {
	n := min(int64(len(p)), e.size-e.read.Load())
	if n == 0 {
		return 0, io.EOF
	}
	e.read.Add(n)
	return int(n), nil
}

func TestABodyOfAGigabyteIsRefused(t *testing.T) {
	addr := serve(t, nil)
	const size = 1 << 30
	for what, length := range map[string]int64{"announced": size, "chunked": -1} {
		t.Run(what, func(t *testing.T) {
			body := &endless{size: size}
			req, err := http.NewRequestWithContext(t.Context(), "POST", "http://"+addr+"/", body)
			if err != nil {
				t.Fatal(err)
			}
			req.ContentLength = length
			req.Header.Set("Expect", "100-continue") // as curl does
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			if res.StatusCode != http.StatusRequestEntityTooLarge {
				t.Errorf("status %d, want 413", res.StatusCode)
			}
			if read := body.read.Load(); read > 2*DefaultMaxBody {
				t.Errorf("%d bytes were taken before the refusal", read)
			}
		})
	}
}

// A handler that gives up on a body, and closes it, leaves bytes on the
// connection that may look like a request.
func TestTheRestOfABodyIsNoRequest(t *testing.T) {
	const request = "GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"
	seen := make(chan string, 10)
	addr := serve(t, func(c *Config) {
		c.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			select {
			case seen <- r.URL.Path:
			default:
			}
			io.CopyN(io.Discard, r.Body, int64(len(request)))
			r.Body.Close()
			w.WriteHeader(http.StatusRequestEntityTooLarge)
		})
	})
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	smuggled := strings.Repeat(request, 20_000)
	go fmt.Fprintf(conn, "POST /first HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s", len(smuggled), smuggled)
	if status, _ := answer(t, conn); status != http.StatusRequestEntityTooLarge {
		t.Errorf("status %d", status)
	}
	io.Copy(io.Discard, conn)
	if path := <-seen; path != "/first" || len(seen) > 0 {
		t.Errorf("%s was answered, and %d more", path, len(seen))
	}
}

func TestAHugeHeaderIsRefused(t *testing.T) {
	addr := serve(t, nil)
	status, _ := ask(t, addr, "GET / HTTP/1.1\nHost: localhost\nX: "+strings.Repeat("x", 2*maxHeaderBytes)+"\n\n")
	if status != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("status %d, want 431", status)
	}
}

func TestIdleConnectionsKeepNobodyOut(t *testing.T) {
	const limit = 16
	addr := serve(t, func(c *Config) { c.MaxConnections = limit })
	for i := range 20 * limit {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if i%2 == 0 { // some have begun a request that they never end
			io.WriteString(conn, "GET / HT")
		}
	}
	if status, body := ask(t, addr, "GET / HTTP/1.1\nHost: localhost\n\n"); status != 200 || body != secret {
		t.Errorf("after %d idle connections: %d %q", 20*limit, status, body)
	}
}

func TestConnectionsAtWorkAreNotClosedForNewOnes(t *testing.T) {
	const limit = 4
	at := make(chan struct{}, limit)
	release := make(chan struct{})
	addr := serve(t, func(c *Config) {
		c.MaxConnections = limit
		c.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			at <- struct{}{}
			select {
			case <-release:
			case <-r.Context().Done():
			}
			io.WriteString(w, secret)
		})
	})
	var conns []net.Conn
	for range limit {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		io.WriteString(conn, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
		<-at
		conns = append(conns, conn)
	}
	extra, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer extra.Close()
	if n, err := extra.Read(make([]byte, 1)); err == nil {
		t.Errorf("a connection beyond the limit got %d bytes", n)
	}
	close(release)
	for _, conn := range conns {
		if status, body := answer(t, conn); status != 200 || body != secret {
			t.Errorf("a connection at work got %d %q", status, body)
		}
	}
}

// slowly serves one connection inside a bubble, whose clock is not ours to wait for.
func slowly(t *testing.T, handler http.HandlerFunc, client func(conn net.Conn)) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		l := &oneConn{conns: make(chan net.Conn, 1)}
		l.conns <- theirs
		s, err := New(l, Config{Logger: discard, Handler: handler})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- s.Serve(ctx) }()
		client(ours)
		ours.Close()
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestOneByteAMinute(t *testing.T) {
	for what, first := range map[string]string{
		"header": "GET / HTTP/1.1\r\nHost: localhost\r\nX: ",
		"body":   "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n",
	} {
		t.Run(what, func(t *testing.T) {
			slowly(t, func(w http.ResponseWriter, r *http.Request) {
				if _, err := io.Copy(io.Discard, r.Body); err != nil {
					w.WriteHeader(http.StatusRequestTimeout)
				}
			}, func(conn net.Conn) {
				begun := time.Now()
				go io.Copy(io.Discard, conn)
				io.WriteString(conn, first)
				for {
					if _, err := io.WriteString(conn, "x"); err != nil {
						break
					}
					time.Sleep(time.Minute)
				}
				if took := time.Since(begun); took > 3*time.Minute {
					t.Errorf("the connection was held for %s", took)
				}
			})
		})
	}
}

func TestAClientThatStopsReadingIsLeft(t *testing.T) {
	slowly(t, func(w http.ResponseWriter, r *http.Request) {
		begun := time.Now()
		big := make([]byte, 4<<20)
		if _, err := w.Write(big); err == nil {
			t.Error("4 MB were written to a client that reads nothing")
		}
		if took := time.Since(begun); took > 2*writeTimeout {
			t.Errorf("it took %s to notice", took)
		}
	}, func(conn net.Conn) {
		io.WriteString(conn, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
		time.Sleep(10 * time.Minute)
	})
}

func TestALongPollIsNotCutOff(t *testing.T) {
	slowly(t, func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		select {
		case <-r.Context().Done():
			t.Error("the request ended while its handler waited")
		case <-time.After(time.Hour):
			io.WriteString(w, secret)
		}
	}, func(conn net.Conn) {
		io.WriteString(conn, "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}")
		if status, body := answer(t, conn); status != 200 || body != secret {
			t.Errorf("got %d %q", status, body)
		}
		io.WriteString(conn, fmt.Sprintf("GET / HTTP/1.1\r\nHost: %s\r\n\r\n", "evil.example.net"))
		if status, _ := answer(t, conn); status != http.StatusMisdirectedRequest {
			t.Errorf("the next request on the connection got %d", status)
		}
	})
}
