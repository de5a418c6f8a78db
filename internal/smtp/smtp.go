// Package smtp holds the words of an SMTP session as a client sees it: whom it
// asked, how far it came, what was said, and the Prober that holds one.
//
// It knows no network. internal/probe/smtp talks to real servers; recordings
// and tests hold sessions as values.
package smtp

import (
	"context"
	"crypto/x509"
	"fmt"
	"net/netip"
	"strings"
	"time"
)

// A Prober holds one session with one address: connect, banner, EHLO, STARTTLS,
// EHLO again, QUIT. It always returns a session; what went wrong is in it.
// Implementations are safe for concurrent use; a session may be shared and must
// not be modified.
type Prober interface {
	Probe(ctx context.Context, t Target) *Session
}

// A Target is a host to talk to. It is comparable.
type Target struct {
	Host string         // the MX's name, without the final dot: SNI and the name that the certificate should hold
	Addr netip.AddrPort // one of its addresses
}

// String returns "mx.example.com[192.0.2.1]:25", as a finding's place shows it.
func (t Target) String() string {
	return fmt.Sprintf("%s[%s]:%d", t.Host, t.Addr.Addr(), t.Addr.Port())
}

// Result is how a session ended.
type Result string

// The ways in which a session ends. Each stays apart up to the report.
const (
	ResultOK          Result = "ok"           // it came as far as it was meant to
	ResultRefused     Result = "refused"      // the connection was refused (RST)
	ResultUnreachable Result = "unreachable"  // no route, host or network unreachable
	ResultTimeout     Result = "timeout"      // a deadline passed at Session.Step
	ResultTempFail    Result = "4xx"          // a 4yz reply at Session.Step: greylisting, rate limit
	ResultPermFail    Result = "5xx"          // a 5yz reply at Session.Step
	ResultClosed      Result = "closed"       // the peer closed the connection early, or reset it
	ResultNotSMTP     Result = "not smtp"     // what came is not an SMTP reply (RFC 5321 §4.2)
	ResultTLSFailed   Result = "tls failed"   // the TLS handshake failed: an alert, no common version
	ResultLimit       Result = "limit"        // the peer sent more than a line or a session may hold
	ResultCanceled    Result = "canceled"     // the caller gave up
	ResultNotRecorded Result = "not recorded" // a replay does not hold it
)

// Conclusive reports whether the result says something about the peer, rather
// than about the moment or about our network: a timeout, a 4yz reply or an
// unreachable network may be different in an hour, or from elsewhere.
func (r Result) Conclusive() bool {
	switch r {
	case ResultOK, ResultRefused, ResultPermFail, ResultNotSMTP, ResultTLSFailed, ResultLimit:
		return true
	default:
		return false
	}
}

// Step is a stage of a session.
type Step string

// The stages in their order.
const (
	StepConnect  Step = "connect"
	StepBanner   Step = "banner"
	StepEHLO     Step = "EHLO"
	StepSTARTTLS Step = "STARTTLS"
	StepTLS      Step = "TLS handshake"
	StepEHLOTLS  Step = "EHLO after STARTTLS"
	StepQUIT     Step = "QUIT"
)

// A Session is what was said with one address.
type Session struct {
	Target Target
	HELO   string // the name that we gave

	Result Result
	Step   Step   // where it ended; StepQUIT when Result is ok
	Reason string // for a reader: "connect: connection refused", "banner: 421 4.7.0 try later"

	Banner     *Reply        // nil when none came
	BannerWait time.Duration // from the connection to the banner's first line: a greet pause shows here
	EHLO       *Reply        // to EHLO, before TLS, also when HELO was said after it; nil when none came
	STARTTLS   *Reply        // the answer to STARTTLS; nil when it was not offered or not asked
	TLS        *TLS          // nil when no handshake was begun
	EHLOTLS    *Reply        // after TLS

	Transcript []Line
	At         time.Time // when it began
	Elapsed    time.Duration
}

// Extensions returns what the EHLO reply offers: the upper-case keyword and its
// parameters (RFC 5321 §4.1.1.1). It is empty for a nil reply and for a refusal.
func Extensions(ehlo *Reply) map[string]string {
	extensions := map[string]string{}
	if ehlo == nil || ehlo.Code/100 != 2 || len(ehlo.Lines) == 0 {
		return extensions
	}
	for _, line := range ehlo.Lines[1:] { // the first line is the greeting
		keyword, params, _ := strings.Cut(line, " ")
		extensions[strings.ToUpper(keyword)] = params
	}
	return extensions
}

// A Reply is one, possibly multi-line, reply (RFC 5321 §4.2).
type Reply struct {
	Code  int      // 220
	Lines []string // the text of each line, after the code and its separator
}

// String returns the reply as it was on the wire, lines separated by "\n".
func (r *Reply) String() string {
	var b strings.Builder
	for i, line := range r.Lines {
		separator := "-"
		if i == len(r.Lines)-1 {
			separator = " "
		}
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "%d%s%s", r.Code, separator, line)
	}
	return b.String()
}

// TLS is the state of a TLS handshake, also of one whose certificate would not
// verify: SMTP's TLS is opportunistic (RFC 7435).
type TLS struct {
	Version uint16 // as crypto/tls numbers it; 0 when the handshake failed
	Cipher  uint16 // as crypto/tls numbers it
	Alert   string // why the handshake failed; empty when it did not

	// Chain is what the peer presented, leaf first.
	Chain []*x509.Certificate
	// ChainError says why the chain does not lead to a root of the system's,
	// at the time of the session; empty when it does. The name is another matter.
	ChainError string
	// NameError says why the leaf does not hold Target.Host; empty when it does.
	NameError string
}

// Direction of a line in a transcript.
type Direction string

// The directions; RFC 5321 writes its examples so.
const (
	FromServer Direction = "S"
	FromClient Direction = "C"
	Note       Direction = "*" // what happened beside the dialogue: "connected", "TLS 1.3 …"
	Fault      Direction = "!" // what we did wrong on purpose: "fault greylisting: reply 451 4.7.1 …"
)

// A Line is one line of a transcript.
type Line struct {
	At   time.Duration // since the session began
	From Direction
	Text string // without the line end; cut at the line limit
}

// String returns "S: 220 mx.example.com ESMTP".
func (l Line) String() string { return string(l.From) + ": " + l.Text }
