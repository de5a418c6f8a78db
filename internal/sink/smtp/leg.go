package smtp

import (
	"bytes"
	"io"
	"net"
	"time"

	"github.com/postmuster/postmuster/internal/sink/fault"
)

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
