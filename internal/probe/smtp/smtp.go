// Package smtp holds real SMTP sessions: connect, banner, EHLO, STARTTLS, EHLO
// again, QUIT; never MAIL. Everything that was said is kept, with its time.
//
// TLS is taken as a sending server takes it (RFC 7435): a certificate that does
// not verify does not end the session; the session says why it would not.
// Every step has its own deadline, and what a peer may send has an end.
package smtp

import (
	"cmp"
	"context"
	"crypto/x509"
	"net"
	"time"

	"github.com/postmuster/postmuster/internal/smtp"
)

// A Config says how sessions are held.
type Config struct {
	// HELO is the name that we give, and should be one that leads back to us
	// (RFC 5321 §4.1.4).
	HELO string
	// Dial opens the connection; network is "tcp". The address is the target's,
	// so a demo may lead it elsewhere.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Roots are whom a chain should lead to; the system's when nil.
	Roots *x509.CertPool
	// Now is the clock of certificates and transcripts.
	Now func() time.Time
	// Timeouts that are zero take their default.
	Timeouts Timeouts
}

// Timeouts bound each step of a session, and the whole.
type Timeouts struct {
	Connect time.Duration
	Banner  time.Duration // covers greet pauses
	Reply   time.Duration // to EHLO and STARTTLS
	TLS     time.Duration // the handshake
	QUIT    time.Duration // what the answer to QUIT is worth
	Session time.Duration
}

// The default timeouts. RFC 5321 §4.5.3.2 grants a delivering client minutes;
// who only looks can give up sooner, and say so. postscreen's greet pause is 6
// seconds, and 15 to 30 are seen.
const (
	DefaultConnect = 10 * time.Second
	DefaultBanner  = 40 * time.Second
	DefaultReply   = 20 * time.Second
	DefaultTLS     = 15 * time.Second
	DefaultQUIT    = 2 * time.Second
	DefaultSession = 75 * time.Second
)

// A Prober is a smtp.Prober that talks to real servers.
type Prober struct{ config Config }

// New returns a prober. It has no dialer and no clock of its own: a nil Dial or
// Now panics at the first session.
func New(c Config) *Prober {
	c.Timeouts = c.Timeouts.orDefault()
	return &Prober{config: c}
}

func (t Timeouts) orDefault() Timeouts {
	return Timeouts{
		Connect: cmp.Or(t.Connect, DefaultConnect),
		Banner:  cmp.Or(t.Banner, DefaultBanner),
		Reply:   cmp.Or(t.Reply, DefaultReply),
		TLS:     cmp.Or(t.TLS, DefaultTLS),
		QUIT:    cmp.Or(t.QUIT, DefaultQUIT),
		Session: cmp.Or(t.Session, DefaultSession),
	}
}

// Probe holds one session.
func (p *Prober) Probe(ctx context.Context, t smtp.Target) *smtp.Session {
	ctx, cancel := context.WithTimeout(ctx, p.config.Timeouts.Session)
	defer cancel()
	s := &smtp.Session{Target: t, HELO: p.config.HELO, At: p.config.Now().UTC()}
	d := &dialogue{config: &p.config, session: s, left: maxSession}
	f := d.run(ctx)
	s.Result, s.Step = smtp.ResultOK, smtp.StepQUIT
	if f != nil {
		s.Result, s.Step, s.Reason = f.result, f.step, f.reason
	}
	s.Elapsed = d.elapsed()
	return s
}
