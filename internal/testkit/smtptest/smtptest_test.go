package smtptest

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
	"net/smtp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A witness is a TB that keeps what it is told.
type witness struct {
	mu       sync.Mutex
	errors   []string
	cleanups []func()
}

func (w *witness) Helper()                   {}
func (w *witness) Fatalf(f string, a ...any) { w.Errorf(f, a...) }
func (w *witness) Cleanup(f func())          { w.cleanups = append(w.cleanups, f) }

func (w *witness) Errorf(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.errors = append(w.errors, fmt.Sprintf(format, args...))
}

func (w *witness) end() string {
	for _, f := range slices.Backward(w.cleanups) {
		f()
	}
	return strings.Join(w.errors, "\n")
}

func dial(t *testing.T, addr netip.AddrPort) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", addr.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

func TestAScriptComplains(t *testing.T) {
	const script = "S: 220 mx\nC: QUIT\nS: 221 bye\n"
	tests := []struct {
		name, script string
		clients      []string // what each says
		want         string
	}{
		{"about nothing when all is said", script, []string{"QUIT\r\n"}, ""},
		{"about another line", script, []string{"NOOP\r\n"}, `line 2: got "NOOP\r\n", want "QUIT\r\n"`},
		{"about a bare LF", script, []string{"QUIT\n"}, `want "QUIT\r\n"`},
		{"about silence", script, []string{""}, `line 2: got "" (EOF), want "QUIT"`},
		{"about a client that does not come", script, nil, "nobody connected"},
		{"about a second client", script, []string{"QUIT\r\n", ""}, "a second client came"},
		{"about a step that it does not know", "JUMP", []string{""}, `line 1: "JUMP" is not a step`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := &witness{}
			addr := Serve(w, test.script)
			for _, text := range test.clients {
				conn := dial(t, addr)
				fmt.Fprint(conn, text)
				conn.(*net.TCPConn).CloseWrite()
				conn.Read(make([]byte, 1)) // until the server has taken it
				defer conn.Close()
			}
			got := w.end()
			if !strings.Contains(got, test.want) || (test.want == "") != (got == "") {
				t.Errorf("complained %q, want %q", got, test.want)
			}
		})
	}
}

func listen(t *testing.T, c Config) *Server {
	t.Helper()
	server, err := Listen(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	return server
}

func TestAMessageIsKept(t *testing.T) {
	ca := NewCA()
	server := listen(t, Config{
		Hostname: "mx.example.com",
		TLS:      &tls.Config{Certificates: []tls.Certificate{ca.Issue(Leaf{Names: []string{"mx.example.com"}})}},
	})
	client, err := smtp.NewClient(dial(t, server.Addr()), "mx.example.com")
	if err != nil {
		t.Fatal(err)
	}
	steps := []func() error{
		func() error { return client.Hello("client.example.net") },
		func() error { return client.StartTLS(&tls.Config{ServerName: "mx.example.com", RootCAs: ca.Pool()}) },
		func() error { return client.Mail("a@example.net") },
		func() error { return client.Rcpt("b@example.com") },
		func() error { return client.Rcpt("c@example.com") },
		func() error {
			w, err := client.Data()
			if err != nil {
				return err
			}
			fmt.Fprint(w, "Subject: hello\r\n\r\n.a dot\r\n")
			return w.Close()
		},
		client.Quit,
	}
	for i, step := range steps {
		if err := step(); err != nil {
			t.Fatalf("step %d: %v", i, err)
		}
	}
	want := []Message{{
		HELO: "client.example.net",
		TLS:  true,
		From: "a@example.net",
		To:   []string{"b@example.com", "c@example.com"},
		Data: []byte("Subject: hello\r\n\r\n.a dot\r\n"),
	}}
	if diff := cmp.Diff(want, server.Messages()); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
	if n := server.Sessions(); n != 1 {
		t.Errorf("%d sessions, want 1", n)
	}
}

func TestRepliesAreReplaced(t *testing.T) {
	server := listen(t, Config{Hostname: "mx.example.com", Replies: map[string]string{"RCPT": "450 4.2.0 greylisted"}})
	client, err := smtp.NewClient(dial(t, server.Addr()), "mx.example.com")
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Mail("a@example.net"); err != nil {
		t.Fatal(err)
	}
	if err := client.Rcpt("b@example.com"); err == nil || !strings.Contains(err.Error(), "greylisted") {
		t.Errorf("RCPT: %v, want the reply that was set", err)
	}
}

func TestNoServerBeyondLoopback(t *testing.T) {
	if _, err := Listen(Config{Addr: netip.MustParseAddrPort("192.0.2.1:25")}); err == nil {
		t.Error("listens on 192.0.2.1")
	}
}
