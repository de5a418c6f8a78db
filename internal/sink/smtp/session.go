package smtp

import (
	"errors"
	"io"
	"net/netip"
	"slices"

	gosmtp "github.com/emersion/go-smtp"

	"github.com/postmuster/postmuster/internal/message"
	"github.com/postmuster/postmuster/internal/sink/fault"
)

// session is what the commands of a connection have established.
type session struct {
	direct      netip.AddrPort // whose connection it is
	peer, local netip.AddrPort // the client, and where it wanted to; the same but for proxies

	verb     string // of the command being answered; EHLO for HELO and LHLO too
	lastLine bool   // the last line of a reply was its last
	given    greeting
	greeting greeting
	path     path // of the MAIL or RCPT being answered

	authMechanism, authIdentity string
	spokeEarly                  []string

	envelope message.Envelope
	size     int      // of the lines it was given with
	begun    bool     // by MAIL
	names    []string // of the recipients, as go-smtp calls them

	chunkSize int64
	chunkPace pace

	taken  int  // messages
	failed bool // something was refused or broke since the last message
}

// A greeting is what HELO, EHLO or LHLO said.
type greeting struct {
	name  string
	esmtp bool
}

func (c *conn) early(before string) {
	if !slices.Contains(c.spokeEarly, before) {
		c.spokeEarly = append(c.spokeEarly, before)
	}
}

// describe returns the session as it is now.
func (c *conn) describe() *message.Session {
	return &message.Session{
		Peer: c.peer, Local: c.local,
		HELO: c.greeting.name, ESMTP: c.greeting.esmtp, LMTP: c.running.LMTP,
		TLS: c.tls, AuthMechanism: c.authMechanism, AuthIdentity: c.authIdentity,
		SpokeEarly: slices.Clone(c.spokeEarly),
		ReceivedAt: c.running.Now(),
		Transcript: c.transcript.lines(), TranscriptCut: c.transcript.cut,
	}
}

// A transaction is what go-smtp calls a session.
type transaction struct{ conn *conn }

func (r *running) newSession(c *gosmtp.Conn) (gosmtp.Session, error) {
	t := transaction{c.Conn().(*leg).conn}
	if r.Auth {
		return authTransaction{t}, nil
	}
	return t, nil
}

// Reset forgets the envelope.
func (t transaction) Reset() { t.conn.forgetEnvelope() }

func (c *conn) forgetEnvelope() {
	c.envelope, c.size, c.begun, c.names = message.Envelope{}, 0, false, nil
}

// maxEnvelope bounds the lines of an envelope together, in bytes: enough for
// DefaultMaxRecipients with all parameters of DSN.
const maxEnvelope = 512 << 10

// Logout does nothing: the connection's end is seen by leg.Close.
func (t transaction) Logout() error { return nil }

// Mail begins an envelope. Its path and parameters are those of the line, not
// those that go-smtp made of them.
func (t transaction) Mail(string, *gosmtp.MailOptions) error {
	c := t.conn
	if c.begun { // go-smtp would keep the recipients of before
		return &gosmtp.SMTPError{Code: 503, EnhancedCode: gosmtp.EnhancedCode{5, 5, 1}, Message: "nested MAIL"} // RFC 5321 §4.1.4
	}
	c.begun = true
	c.envelope = message.Envelope{MailFrom: c.path.mailbox, Params: c.path.params}
	return nil
}

// Rcpt adds a recipient.
func (t transaction) Rcpt(name string, _ *gosmtp.RcptOptions) error {
	c := t.conn
	if c.size += c.path.size; c.size > maxEnvelope {
		return &gosmtp.SMTPError{Code: 452, EnhancedCode: gosmtp.EnhancedCode{4, 5, 3}, Message: "too many recipients"} // RFC 5321 §4.5.3.1.10
	}
	c.names = append(c.names, name)
	c.envelope.Rcpt = append(c.envelope.Rcpt, message.Rcpt{To: c.path.mailbox, Params: c.path.params})
	return nil
}

// Data receives a message. For BDAT it runs in a goroutine of its own, and may
// use the connection only after r has ended well: then the connection's own
// goroutine waits for it.
func (t transaction) Data(r io.Reader) error {
	read, chunked, err := t.read(r)
	if err != nil {
		return err
	}
	return t.conn.receive(read, chunked)
}

// LMTPData is Data over LMTP. It always runs in a goroutine of its own.
func (t transaction) LMTPData(r io.Reader, status gosmtp.StatusCollector) error {
	read, chunked, err := t.read(r)
	if err != nil {
		return err
	}
	t.conn.receiveEach(read, chunked, status)
	return nil
}

func (t transaction) read(r io.Reader) (read *content, chunked bool, err error) {
	c := t.conn
	if chunks, ok := r.(*io.PipeReader); ok {
		read, err = c.running.readChunks(chunks)
		return read, true, err
	}
	if c.broken { // by a fault, at the 354
		return nil, false, io.ErrUnexpectedEOF
	}
	if c.in.len() > 0 {
		c.early("DATA") // RFC 2920 §3.1: it must wait for the 354
	}
	read, err = c.readContent()
	c.feed = []byte(".\r\n") // ends what go-smtp takes for the content
	return read, false, err
}

// receive hands a message to the handler, unless a fault is in the way.
func (c *conn) receive(read *content, chunked bool) error {
	defer read.forget()
	if refuses(c.decide(fault.Body)) {
		return errFault
	}
	envelope := c.envelope
	return c.deliver(read, &envelope, chunked)
}

// errFault is never sent: a fault takes its place.
var errFault = errors.New("refused on purpose")

func (c *conn) deliver(read *content, envelope *message.Envelope, chunked bool) error {
	s := c.describe()
	s.UnstuffedDots, s.Chunked = read.unstuffed, chunked
	m := &message.Message{Raw: read.kept.take(), Origin: message.OriginSMTP, Envelope: envelope, Session: s}
	err := c.running.Handler.Receive(c.running.ctx, m)
	if reply := (*Reply)(nil); errors.As(err, &reply) {
		if err = reply.err(); reply.Code/100 != 2 {
			return err
		}
	} else if err != nil {
		c.running.Logger.Error("message not taken", "peer", c.peer, "error", err)
		return &gosmtp.SMTPError{Code: 451, EnhancedCode: gosmtp.EnhancedCode{4, 3, 0}, Message: "could not take the message, try again later"}
	}
	c.taken++
	c.failed = false
	c.until = c.running.Now().Add(c.running.Timeouts.Session)
	c.transcript.forget()
	if c.wrong.Drop != "" {
		for _, mark := range c.wrong.Marks { // the session is told of, too
			c.transcript.fault(mark)
		}
	}
	return err
}
