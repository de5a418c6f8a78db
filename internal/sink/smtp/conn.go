package smtp

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"sync/atomic"
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
	c.failed, c.broken = true, true
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

// A leg is a connection as go-smtp sees it: from the banner to QUIT, or to
// STARTTLS, after which the next leg begins. It is used by one goroutine.
type leg struct {
	conn    *conn
	mute    bool // the client is not shown the banner: it has seen one
	resumed bool // it is shown another banner
	begun   bool
	over    bool // nothing more is read
	next    *leg
	closed  bool
}

// Read hands out one command line at a time.
func (l *leg) Read(p []byte) (int, error) {
	c := l.conn
	for len(c.feed) == 0 {
		if l.over || c.broken {
			return 0, io.EOF
		}
		if c.chunk > 0 {
			return c.readChunk(p)
		}
		if err := l.command(); err != nil {
			c.fail(err)
		}
	}
	n := copy(p, c.feed)
	c.feed = c.feed[n:]
	return n, nil
}

// Write takes replies. They are sent when the client has nothing more to say,
// so that a long reply, or those to a pipelined group, are one packet.
func (l *leg) Write(p []byte) (int, error) {
	c := l.conn
	if !l.begun {
		l.begun = true
		if err := l.begin(); err != nil {
			c.fail(err)
		}
	}
	c.partial = append(c.partial, p...)
	for {
		line, rest, ok := bytes.Cut(c.partial, []byte("\r\n"))
		if !ok {
			break
		}
		l.replyLine(string(line))
		c.partial = c.partial[:copy(c.partial, rest)]
	}
	if len(c.out) > maxUnsent {
		if err := c.flush(); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}

// replyLine passes on one line of a reply of go-smtp's.
func (l *leg) replyLine(line string) {
	c := l.conn
	if l.over || c.broken {
		return // nobody listens any more
	}
	if l.mute {
		l.mute = false
		return
	}
	first := c.lastLine
	c.lastLine = len(line) < 4 || line[3] != '-'
	if !c.faultyReply(line) {
		c.reply(line)
		if c.replied >= 400 {
			c.failed = true
		}
		if c.verb == "EHLO" && c.replied == 250 {
			c.greeted(first, c.lastLine)
		}
	}
	if c.lastLine && c.wrong.Drop == fault.DropAfter {
		c.drop()
	}
}

// begin is what comes before the banner.
func (l *leg) begin() error {
	c := l.conn
	if l.mute || l.resumed {
		return nil
	}
	c.transcript.note("connected")
	if err := c.proxy(); err != nil {
		return err
	}
	wrong := c.decide(fault.Connect)
	if refuses(wrong) && wrong.Reply == nil {
		c.drop()
		return nil
	}
	if c.running.ImplicitTLS {
		if err := c.implicitTLS(); err != nil || c.broken {
			return err
		}
		c.wrong = wrong
	}
	c.hold() // a pause in which no client may speak
	if refuses(wrong) {
		c.say(wrong.Reply)
		c.broken = true // what could be said yet?
		return nil
	}
	if spokeEarly(c.accepted) && c.tls == nil {
		c.early("banner")
	}
	return nil
}

// Close ends the connection, unless another leg goes on with it.
func (l *leg) Close() error {
	if l.closed {
		return nil
	}
	l.closed, l.over = true, true
	if l.next == nil || !l.conn.running.again.pass(l.next) {
		l.conn.end()
	}
	return nil
}

func (l *leg) LocalAddr() net.Addr              { return l.conn.accepted.LocalAddr() }
func (l *leg) RemoteAddr() net.Addr             { return l.conn.accepted.RemoteAddr() }
func (l *leg) SetDeadline(time.Time) error      { return nil } // deadlines are ours
func (l *leg) SetReadDeadline(time.Time) error  { return nil }
func (l *leg) SetWriteDeadline(time.Time) error { return nil }

// implicitTLS begins a connection that is TLS from its first byte. A reply has
// no place before it: a fault that has one drops the connection.
func (c *conn) implicitTLS() error {
	if refuses(c.decide(fault.StartTLS)) || c.wrong.Drop == fault.DropInstead {
		c.drop()
		return nil
	}
	if err := c.handshake(); err != nil {
		return err
	}
	c.tls.Implicit = true
	if c.wrong.Drop == fault.DropAfter {
		c.drop()
	}
	return nil
}

// handshake puts TLS on the stream.
func (c *conn) handshake() error {
	c.hold() // TLS from the first byte has no reply to hold up
	config := c.running.TLS
	switch c.wrong.TLS {
	case fault.TLSHandshake, fault.TLSDrop:
		return c.breakTLS(c.wrong.TLS)
	case fault.TLSCertificate:
		var err error
		if config, err = c.running.expired(); err != nil {
			return err
		}
	}
	t := tls.Server(c.stream, config)
	c.accepted.SetDeadline(time.Now().Add(c.running.Timeouts.TLS))
	if c.stop.Load() != stopNone {
		return os.ErrDeadlineExceeded
	}
	if err := t.HandshakeContext(c.running.ctx); err != nil {
		c.out = c.out[:0]
		return err
	}
	c.stream = t
	s := t.ConnectionState()
	c.tls = &message.TLSState{Version: s.Version, Cipher: s.CipherSuite, ServerName: s.ServerName}
	c.transcript.note(tls.VersionName(s.Version) + " " + tls.CipherSuiteName(s.CipherSuite))
	return nil
}
