package smtp

import (
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"time"

	"github.com/postmuster/postmuster/internal/message"
	"github.com/postmuster/postmuster/internal/sink/fault"
)

// startTLS answers STARTTLS and begins the next leg: the client must say
// everything again (RFC 3207 §4.2).
func (l *leg) startTLS() error {
	c := l.conn
	if c.running.TLS == nil {
		return nil // go-smtp refuses it
	}
	c.feed = nil
	if c.tls != nil {
		c.reply("503 5.5.1 TLS is already running")
		return nil
	}
	if c.in.len() > 0 {
		// It came before TLS, from whomever: it must not be taken for what
		// came inside (CVE-2011-0411).
		c.early("STARTTLS")
		c.in.skip(c.in.len())
	}
	if c.wrong.Drop == fault.DropInstead {
		c.drop()
		return nil
	}
	c.reply("220 2.0.0 ready to start TLS")
	if err := c.flush(); err != nil {
		return err
	}
	if c.wrong.Drop == fault.DropAfter {
		c.drop()
		return nil
	}
	if err := c.handshake(); err != nil {
		return err
	}
	c.greeting = greeting{}
	c.forgetEnvelope()
	c.authMechanism, c.authIdentity = "", ""
	l.over = true
	l.next = &leg{conn: c, mute: true}
	return nil
}

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

var errTLSBroken = errors.New("TLS was broken on purpose")

// handshakeFailure is a fatal alert (RFC 8446 §6).
var handshakeFailure = []byte{21, 3, 3, 0, 2, 2, 40}

// breakTLS reads the client's first record, and gives a bad answer or none.
func (c *conn) breakTLS(how fault.TLS) error {
	c.accepted.SetDeadline(time.Now().Add(c.running.Timeouts.TLS))
	var header [5]byte
	if _, err := io.ReadFull(c.stream, header[:]); err != nil {
		return err
	}
	io.CopyN(io.Discard, c.stream, int64(binary.BigEndian.Uint16(header[3:])))
	if how == fault.TLSHandshake {
		c.stream.Write(handshakeFailure)
	}
	return errTLSBroken
}

// expired returns a TLS configuration whose certificate nobody may accept.
func (r *running) expired() (*tls.Config, error) {
	long := 2 * selfSignedFor
	certificate, err := SelfSigned([]string{"expired.invalid"}, r.Now().Add(-long))
	return &tls.Config{Certificates: []tls.Certificate{certificate}}, err
}
