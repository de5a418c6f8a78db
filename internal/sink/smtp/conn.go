package smtp

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/postmuster/postmuster/internal/message"
	"github.com/postmuster/postmuster/internal/sink/fault"
)

const (
	// maxCommandLine bounds a command or SASL response. RFC 4954 §4.3 asks for
	// 12288 octets, more than any other extension.
	maxCommandLine = 16 << 10
	// maxUnsent is how many bytes of replies wait for a pause of the client.
	maxUnsent = 16 << 10
	// interruptedWrite is how long a client that is shown out may take to
	// read why.
	interruptedWrite = 300 * time.Millisecond
)

// Reasons to end a connection that do not come from the connection itself.
const (
	stopNone int32 = iota
	stopEvicted
	stopShutdown
)

// A conn is all that is known of one client's connection.
type conn struct {
	running  *running
	accepted net.Conn // as it was accepted; closes everything
	stream   net.Conn // accepted, or TLS on it
	tls      *message.TLSState
	in       input
	feed     []byte // what go-smtp reads next
	chunk    int64  // bytes of a BDAT chunk that go-smtp reads before the next line

	partial []byte // of a reply line that go-smtp is writing
	out     []byte // replies not sent yet
	replied int    // the code of the last reply

	session
	transcript transcript
	id         uint64         // for Faults
	wrong      fault.Decision // what is to go wrong with the reply to come
	broken     bool           // nothing more can be read or said
	until      time.Time      // for commands, see Timeouts.Session

	stop      atomic.Int32
	idleSince atomic.Int64 // in Unix nanoseconds; 0 while it does something
}

func newConn(r *running, accepted net.Conn) *conn {
	c := &conn{running: r, accepted: accepted, stream: accepted, id: r.Faults.NewConnection()}
	c.transcript.now, c.transcript.began = r.Now, r.Now()
	c.until = c.transcript.began.Add(r.Timeouts.Session)
	c.direct = addrPort(accepted.RemoteAddr())
	c.peer, c.local = c.direct, addrPort(accepted.LocalAddr())
	return c
}

func addrPort(a net.Addr) netip.AddrPort {
	tcp, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.AddrPort{} // a unix socket has none
	}
	ap := tcp.AddrPort()
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
}

// interrupt ends the connection from outside: its own goroutine finds the
// deadline passed, and says why.
func (c *conn) interrupt(reason int32) {
	c.stop.Store(reason)
	c.accepted.SetReadDeadline(time.Unix(1, 0))
	c.accepted.SetWriteDeadline(time.Now().Add(interruptedWrite))
}

// fill reads more input before the deadline, after the client was told
// everything that it may wait for.
func (c *conn) fill(deadline time.Time) error {
	if err := c.await(deadline); err != nil {
		return err
	}
	return c.in.fill(c.stream)
}

// read is fill without a buffer between.
func (c *conn) read(p []byte, deadline time.Time) (int, error) {
	if err := c.await(deadline); err != nil {
		return 0, err
	}
	return c.stream.Read(p)
}

func (c *conn) await(deadline time.Time) error {
	if err := c.flush(); err != nil {
		return err
	}
	// The network has a clock of its own.
	c.stream.SetReadDeadline(time.Now().Add(deadline.Sub(c.running.Now())))
	if c.stop.Load() != stopNone {
		return os.ErrDeadlineExceeded
	}
	return nil
}

func (c *conn) flush() error {
	if len(c.out) == 0 {
		return nil
	}
	defer c.said()
	if isSlow(c.wrong) {
		return c.flushSlowly()
	}
	return c.send(c.out)
}

// said empties the buffer of replies, and gives it back if it is large.
func (c *conn) said() {
	c.out = c.out[:0]
	if cap(c.out) > tinyBuffer {
		c.out = nil
	}
}

func (c *conn) send(p []byte) error {
	c.stream.SetWriteDeadline(time.Now().Add(c.running.Timeouts.Write))
	if c.stop.Load() != stopNone {
		c.stream.SetWriteDeadline(time.Now().Add(interruptedWrite))
	}
	_, err := c.stream.Write(p)
	return err
}

// reply answers in go-smtp's place.
func (c *conn) reply(line string) {
	c.transcript.server(line)
	c.replied = replyCode(line)
	c.out = append(append(c.out, line...), "\r\n"...)
}

// line returns the next command line with its line end. It is valid until more
// is read.
func (c *conn) line() ([]byte, error) {
	if line := c.in.line(); line != nil {
		return line, nil
	}
	c.in.rest()
	c.idleSince.Store(c.running.Now().UnixNano())
	defer c.idleSince.Store(0)
	deadline := c.running.Now().Add(c.running.Timeouts.Command)
	if deadline.After(c.until) {
		deadline = c.until
	}
	for {
		if c.in.len() >= maxCommandLine {
			return nil, errLongCommand
		}
		if err := c.fill(deadline); err != nil {
			return nil, err
		}
		if line := c.in.line(); line != nil {
			return line, nil
		}
	}
}

var errLongCommand = errors.New("command line too long")

// fail notes why the connection can't go on, and tells the client if it listens.
func (c *conn) fail(err error) {
	c.failed = c.failed || !c.between(err)
	switch {
	case c.stop.Load() == stopEvicted:
		c.reply("421 4.3.2 idle while others wait, closing connection")
	case c.stop.Load() == stopShutdown:
		c.reply("421 4.3.2 shutting down") // RFC 5321 §3.8
	case errors.Is(err, os.ErrDeadlineExceeded):
		c.reply("421 4.4.2 timeout, closing connection")
	case errors.Is(err, errNoProxy):
		c.transcript.note(err.Error())
		if !c.running.ImplicitTLS {
			c.reply("421 4.7.0 a PROXY header is needed, closing connection")
		}
	case errors.Is(err, errLongCommand):
		c.reply("500 5.5.2 line too long, closing connection")
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		c.transcript.note("closed by the client")
	default:
		c.transcript.note(err.Error())
	}
	c.broken = true
}

// between tells whether a connection ended between transactions, after a message:
// many programs leave without QUIT, or keep a connection that they may need again.
func (c *conn) between(err error) bool {
	over := errors.Is(err, io.EOF) || errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, syscall.ECONNRESET)
	return over && c.taken > 0 && !c.begun && c.in.len() == 0 && c.replied/100 == 2 && c.verb != "STARTTLS"
}

// end closes the connection for good.
func (c *conn) end() {
	c.flush()
	if c.stop.Load() == stopNone {
		c.stream.Close() // tells the end of TLS, and may wait for that
	}
	c.accepted.Close()
	c.running.forget(c)
	if c.running.Sessions != nil && (c.failed || c.taken == 0) {
		c.running.Sessions(c.describe())
	}
}
