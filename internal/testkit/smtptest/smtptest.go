// Package smtptest is SMTP servers for tests and the demo, on loopback: Serve
// plays a script to one client and checks what the client says; Listen is a
// well-behaved mail exchanger that keeps what it receives.
//
// A script has one step a line:
//
//	S: 220 mx.example.com ESMTP    send a line
//	C: EHLO probe.example.net      read a line, which must be this one
//	STARTTLS                       hold the TLS handshake; the rest is inside TLS
//	PAUSE                          say nothing until the client speaks or hangs up
//	SILENCE                        say nothing, whatever the client says, until it hangs up
//	CLOSE                          close the connection
//	RESET                          reset the connection
//	DRIP 220 mx.example.com        send a line, a byte at a time
//	FLOOD                          send a line without an end
//	FLOOD 250-more                 send this line without an end
//	ALERT                          answer the client's TLS hello with an alert
//	RAW \x15\x03                   send bytes, written as in a Go string
//
// The connection is closed when the script ends.
package smtptest

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	// A script is over after this, whatever its client does.
	scriptTimeout = 10 * time.Second
	// The time between two bytes of a DRIP.
	dripInterval = 10 * time.Millisecond
)

// TB is what a fake needs of a testing.TB. The demo's binary does without
// package testing.
type TB interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
	Cleanup(func())
}

// Serve plays script to the one client that the returned address expects, and
// fails the test if nobody comes, if somebody comes twice, or if the client
// says anything else. STARTTLS shows a self-signed certificate.
func Serve(t TB, script string) netip.AddrPort {
	t.Helper()
	return ServeTLS(t, nil, script)
}

// ServeTLS is Serve with a TLS configuration for STARTTLS. A handshake that
// fails fails the test.
func ServeTLS(t TB, config *tls.Config, script string) netip.AddrPort {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("listen: %v", err)
	}
	var playing sync.WaitGroup
	playing.Go(func() { accept(t, listener, &playing, config, script) })
	t.Cleanup(func() {
		listener.Close()
		playing.Wait()
	})
	return listener.Addr().(*net.TCPAddr).AddrPort()
}

func accept(t TB, listener net.Listener, playing *sync.WaitGroup, config *tls.Config, script string) {
	conn, err := listener.Accept()
	if err != nil {
		t.Errorf("nobody connected to hear the script %.40q", script)
		return
	}
	playing.Go(func() {
		defer time.AfterFunc(scriptTimeout, func() { conn.Close() }).Stop()
		defer conn.Close()
		p := &player{conn: conn, in: bufio.NewReader(conn), tls: config}
		if err := p.play(script); err != nil {
			t.Errorf("script %.40q: %v", script, err)
		}
	})
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		conn.Close()
		t.Errorf("a second client came to hear the script %.40q", script)
	}
}

// A player plays one script to one client.
type player struct {
	conn net.Conn
	in   *bufio.Reader
	tls  *tls.Config
}

func (p *player) play(script string) error {
	for i, step := range strings.Split(strings.TrimSuffix(script, "\n"), "\n") {
		done, err := p.step(strings.TrimSpace(step))
		if err != nil {
			return fmt.Errorf("line %d: %w", i+1, err)
		}
		if done {
			return nil
		}
	}
	p.hangUp()
	return nil
}

// step plays one line. Whether a client hears all that is sent is its own
// business, so only what it says can be an error.
func (p *player) step(step string) (done bool, err error) {
	verb, rest, _ := strings.Cut(step, " ")
	switch verb {
	case "S:":
		io.WriteString(p.conn, rest+"\r\n")
	case "C:":
		return false, p.expect(rest)
	case "STARTTLS":
		return false, p.startTLS()
	case "PAUSE":
		p.in.Peek(1)
	case "SILENCE":
		io.Copy(io.Discard, p.in)
		return true, nil
	case "CLOSE":
		p.hangUp()
		return true, nil
	case "RESET":
		p.reset()
		return true, nil
	case "DRIP":
		p.drip(rest + "\r\n")
	case "FLOOD":
		p.flood(rest)
		return true, nil
	case "ALERT":
		return false, p.alert()
	case "RAW":
		return false, p.raw(rest)
	case "":
	default:
		return true, fmt.Errorf("%q is not a step", step)
	}
	return false, nil
}

func (p *player) expect(want string) error {
	got, err := p.in.ReadString('\n')
	if err != nil {
		return fmt.Errorf("got %q (%w), want %q", got, err, want)
	}
	if got != want+"\r\n" {
		return fmt.Errorf("got %q, want %q", got, want+"\r\n")
	}
	return nil
}

// startTLS holds the handshake.
func (p *player) startTLS() error {
	if p.tls == nil {
		p.tls = &tls.Config{Certificates: []tls.Certificate{SelfSigned(Leaf{Names: []string{"mx.example.com"}})}}
	}
	conn := tls.Server(&peeked{p.conn, p.in}, p.tls)
	if err := conn.Handshake(); err != nil {
		return fmt.Errorf("TLS handshake: %w", err)
	}
	p.conn, p.in = conn, bufio.NewReader(conn)
	return nil
}

// peeked is a connection of which a reader has already read ahead.
type peeked struct {
	net.Conn
	in io.Reader
}

func (p *peeked) Read(b []byte) (int, error) { return p.in.Read(b) }

// hangUp closes the connection so that the client still hears what was said: a
// close with the client's bytes unread would reset it.
func (p *player) hangUp() {
	if half, ok := p.conn.(interface{ CloseWrite() error }); ok {
		half.CloseWrite()
		io.Copy(io.Discard, p.in)
	}
	p.conn.Close()
}

func (p *player) reset() {
	if c, ok := p.conn.(*net.TCPConn); ok {
		c.SetLinger(0)
	}
	p.conn.Close()
}

func (p *player) drip(text string) {
	tick := time.NewTicker(dripInterval)
	defer tick.Stop()
	for i := range len(text) {
		if _, err := p.conn.Write([]byte{text[i]}); err != nil {
			return
		}
		<-tick.C
	}
}

func (p *player) flood(line string) {
	chunk := strings.Repeat("x", 4096)
	if line != "" {
		chunk = strings.Repeat(line+"\r\n", 100)
	}
	for {
		if _, err := io.WriteString(p.conn, chunk); err != nil {
			return
		}
	}
}

// alert reads one record, the client's hello, and answers handshake_failure
// (RFC 8446 §6).
func (p *player) alert() error {
	var header [5]byte
	if _, err := io.ReadFull(p.in, header[:]); err != nil {
		return fmt.Errorf("read TLS hello: %w", err)
	}
	if header[0] != 0x16 {
		return errors.New("the client did not begin a TLS handshake")
	}
	length := int64(header[3])<<8 | int64(header[4])
	if _, err := io.CopyN(io.Discard, p.in, length); err != nil {
		return fmt.Errorf("read TLS hello: %w", err)
	}
	p.conn.Write([]byte{0x15, 0x03, 0x03, 0x00, 0x02, 2, 40})
	return nil
}

func (p *player) raw(quoted string) error {
	text, err := strconv.Unquote(`"` + quoted + `"`)
	if err != nil {
		return fmt.Errorf("unquote %s: %w", quoted, err)
	}
	io.WriteString(p.conn, text)
	return nil
}
