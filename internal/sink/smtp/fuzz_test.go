package smtp

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/postmuster/postmuster/internal/message"
	"github.com/postmuster/postmuster/internal/sink/fault"
)

// slowContent is RFC 5321 §4.5.2 said as plainly as possible.
func slowContent(wire []byte) (raw []byte, rest []byte, done bool) {
	for begin := true; len(wire) > 0; {
		if begin && bytes.HasPrefix(wire, []byte(".\r\n")) {
			return raw, wire[3:], true
		}
		if begin && wire[0] == '.' && len(wire) > 1 && !strings.ContainsRune("\r\n", rune(wire[1])) {
			wire = wire[1:]
		}
		end := bytes.Index(wire, crlfDot[:2])
		if begin = end >= 0; !begin {
			return append(raw, wire...), nil, false
		}
		raw, wire = append(raw, wire[:end+2]...), wire[end+2:]
	}
	return raw, nil, false
}

func FuzzContent(f *testing.F) {
	f.Add([]byte("a\r\n..b\r\n.\rc\r\n.\nd\r\n.e\r\n\r\n.\r\nQUIT\r\n"), 3)
	f.Add([]byte(".\r\n"), 1)
	f.Add([]byte("\r\r\n.\r.\r\n.\r\n"), 2)
	f.Fuzz(func(t *testing.T, wire []byte, size int) {
		want, rest, done := slowContent(wire)
		read := &content{max: 1 << 20, lineBegin: true}
		var pending []byte
		for left := wire; len(left) > 0; {
			n := min(max(size, 1), len(left))
			pending, left = append(pending, left[:n]...), left[n:]
			pending = pending[read.take(pending):]
		}
		if read.done != done {
			t.Fatalf("%q: done %v, want %v", wire, read.done, done)
		}
		raw := read.kept.take()
		if done && (!bytes.Equal(raw, want) || !bytes.Equal(pending, rest)) {
			t.Errorf("%q: %q and %q, want %q and %q", wire, raw, pending, want, rest)
		}
	})
}

// FuzzSession says anything at all to a server, and expects that it ends, and
// that a message that follows a quiet end of commands is kept.
func FuzzSession(f *testing.F) {
	f.Add("EHLO a\r\nMAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.net>\r\nDATA\r\nx\r\n.\r\nQUIT\r\n", true, false)
	f.Add("EHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<b>\r\nBDAT 3\r\nabcBDAT 0 LAST\r\nBDAT 5\r\nRSET\r\n", false, false)
	f.Add("STARTTLS\r\nAUTH LOGIN\r\n\r\n\r\nBDAT 99999999999 LAST\r\n", true, false)
	f.Add("LHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<b>\r\nRCPT TO:<b>\r\nDATA\r\n.\r\nMAIL FROM:<>\r\nRCPT TO:<c>\r\nBDAT 1 LAST\r\nx", true, true)
	f.Fuzz(func(t *testing.T, say string, faulty, lmtp bool) {
		near, far := net.Pipe()
		l := &oneConn{conns: make(chan net.Conn, 1)}
		l.conns <- near
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{}, 1)
		config := Config{
			Domain: "sink.example.com", Now: time.Now, Logger: slog.New(slog.DiscardHandler), Auth: true, MaxMessageBytes: 1 << 20, LMTP: lmtp,
			Handler:  handlerFunc(func(context.Context, *message.Message) error { return &Reply{Code: 450, Text: "no"} }),
			Sessions: func(*message.Session) { ended <- struct{}{} },
		}
		if faulty {
			config.Faults, config.Sleep = fault.NewInjector(time.Now), new(waits).sleep
			config.Faults.Set(everythingWrong)
		}
		s := New(config)
		served := make(chan error, 1)
		go func() { served <- s.Serve(ctx, l) }()
		go io.Copy(io.Discard, far)
		io.WriteString(far, say)
		far.Close()
		<-ended
		cancel()
		if err := <-served; err != nil {
			t.Errorf("Serve() = %v", err)
		}
	})
}

// everythingWrong makes some of each fault.
const everythingWrong = `rules:
  - {name: a, on: any, every: 7, reply: 451}
  - {name: b, on: [data, body], every: 3, reply: 250 yes}
  - {name: c, on: any, every: 11, drop: instead}
  - {name: d, on: any, every: 13, drop: after}
  - {name: e, on: any, every: 2, tarpit: 1s, slow: {line: 1s, bytes: 1}}
  - {name: f, on: any, every: 17, drop: before}
  - {name: g, on: any, every: 19, reply: "421 4.3.2 a\nb"}
`

// oneConn is a listener with one connection.
type oneConn struct{ conns chan net.Conn }

func (l *oneConn) Accept() (net.Conn, error) {
	if c, ok := <-l.conns; ok {
		return c, nil
	}
	return nil, net.ErrClosed
}

func (l *oneConn) Close() error {
	defer func() { recover() }() // closed before
	close(l.conns)
	return nil
}

func (l *oneConn) Addr() net.Addr { return nil }
