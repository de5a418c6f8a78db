package smtp

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/postmuster/postmuster/internal/message"
)

// patience bounds a test that waits for something that does not come.
const patience = 20 * time.Second

// inbox is a Handler that keeps what it gets.
type inbox struct {
	mu       sync.Mutex
	messages []*message.Message
	answer   func(*message.Message) error
}

func (b *inbox) Receive(_ context.Context, m *message.Message) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.answer != nil {
		if err := b.answer(m); err != nil {
			return err
		}
	}
	b.messages = append(b.messages, m)
	return nil
}

func (b *inbox) all() []*message.Message {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.messages
}

// only returns the single message received.
func (b *inbox) only(t *testing.T) *message.Message {
	t.Helper()
	messages := b.all()
	if len(messages) != 1 {
		t.Fatalf("%d messages were received, want 1", len(messages))
	}
	return messages[0]
}

// A world is a server and what came of it.
type world struct {
	inbox
	addr     net.Addr
	sessions chan *message.Session
	stop     func() error
}

// serve starts a server on loopback that ends with the test.
func serve(t testing.TB, change func(*Config)) *world {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return serveOn(t, l, change)
}

func serveOn(t testing.TB, l net.Listener, change func(*Config)) *world {
	t.Helper()
	w := &world{addr: l.Addr(), sessions: make(chan *message.Session, 100)}
	config := Config{
		Handler: &w.inbox, Domain: "sink.example.com", Now: time.Now, Auth: true,
		Logger:   slog.New(slog.DiscardHandler),
		Sessions: func(s *message.Session) { w.sessions <- s },
	}
	if change != nil {
		change(&config)
	}
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- New(config).Serve(ctx, l) }()
	w.stop = sync.OnceValue(func() error { cancel(); return <-served })
	t.Cleanup(func() {
		if err := w.stop(); err != nil {
			t.Errorf("Serve() = %v", err)
		}
	})
	return w
}

// A client says what it is told to, and no more.
type client struct {
	t    testing.TB
	conn net.Conn
	r    *bufio.Reader
}

func (w *world) dial(t testing.TB) *client {
	t.Helper()
	conn, err := net.Dial(w.addr.Network(), w.addr.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(patience))
	return &client{t: t, conn: conn, r: bufio.NewReader(conn)}
}

// greet dials, and says EHLO.
func (w *world) greet(t testing.TB) *client {
	t.Helper()
	c := w.dial(t)
	c.want("220")
	c.do("EHLO client.example.net", "250")
	return c
}

func (c *client) send(text string) {
	c.t.Helper()
	if _, err := c.conn.Write([]byte(text)); err != nil {
		c.t.Fatalf("send %.40q: %v", text, err)
	}
}

// reply reads a whole reply.
func (c *client) reply() string {
	c.t.Helper()
	var lines []string
	for {
		line, err := c.r.ReadString('\n')
		if err != nil {
			c.t.Fatalf("after %q: %v", lines, err)
		}
		lines = append(lines, strings.TrimSuffix(line, "\r\n"))
		if len(line) < 4 || line[3] != '-' {
			return strings.Join(lines, "\n")
		}
	}
}

// want reads a reply that begins so.
func (c *client) want(prefix string) string {
	c.t.Helper()
	got := c.reply()
	if !strings.HasPrefix(got, prefix) {
		c.t.Fatalf("reply %q, want %s", got, prefix)
	}
	return got
}

func (c *client) do(command, want string) string {
	c.t.Helper()
	c.send(command + "\r\n")
	return c.want(want)
}

// envelope goes as far as the end of the recipients.
func (c *client) envelope() {
	c.t.Helper()
	c.do("MAIL FROM:<a@example.com>", "250")
	c.do("RCPT TO:<b@example.net>", "250")
}

// deliver sends content as it is on the wire, its end included.
func (c *client) deliver(wire, want string) string {
	c.t.Helper()
	c.envelope()
	c.do("DATA", "354")
	c.send(wire)
	return c.want(want)
}

// closed fails unless the server closes the connection now.
func (c *client) closed() {
	c.t.Helper()
	if line, err := c.r.ReadString('\n'); err == nil || line != "" {
		c.t.Errorf("got %q, %v; want the connection closed", line, err)
	}
}

// startTLS asks for TLS and negotiates it.
func (c *client) startTLS() tls.ConnectionState {
	c.t.Helper()
	c.do("STARTTLS", "220")
	return c.handshake()
}

func (c *client) handshake() tls.ConnectionState {
	c.t.Helper()
	conn := tls.Client(c.conn, &tls.Config{InsecureSkipVerify: true, ServerName: "sink.example.com"})
	if err := conn.Handshake(); err != nil {
		c.t.Fatal(err)
	}
	c.conn, c.r = conn, bufio.NewReader(conn)
	return conn.ConnectionState()
}

// dialogue returns the lines without their times.
func dialogue(s *message.Session) string {
	var b strings.Builder
	for _, line := range s.Transcript {
		fmt.Fprintln(&b, line)
	}
	return b.String()
}

// ended returns the next session that Sessions was told of.
func (w *world) ended(t *testing.T) *message.Session {
	t.Helper()
	select {
	case s := <-w.sessions:
		return s
	case <-time.After(patience):
		t.Fatal("no session was reported")
		return nil
	}
}
