// Package transport checks how a domain's mail servers answer: whether they can
// be reached, what they say, and what their TLS is worth. And it checks what the
// domain has senders demand of that TLS, by MTA-STS and DANE, and report by TLS-RPT.
//
// A server that was silent, or asked us to come back later, is not called broken.
package transport

import (
	"fmt"
	"strings"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/checks/facts"
	"github.com/postmuster/postmuster/internal/smtp"
)

const category = "transport"

var suite checks.Suite

// Checks returns the checks of this package.
func Checks() checks.Suite { return suite }

func where(s facts.Session) string { return "smtp:" + s.Target.String() }

// finding is a finding about a session, with what was said.
func finding(s facts.Session, message string, evidence ...string) checks.Finding {
	return checks.Finding{Where: where(s), Message: message, Evidence: checks.Seen(s.Target.String(), evidence...)}
}

// noSessions skips a check where there is no mail server to talk to.
func noSessions(p *checks.Pass) bool {
	if len(facts.Sessions.Of(p.View)) > 0 {
		return false
	}
	p.Skipf("there is no mail server to talk to")
	return true
}

// greeted reports whether the session came to a reply to EHLO. Where it did not
// for a reason that says nothing about the server, that is noted; what else kept
// it from there is the matter of other checks.
func greeted(p *checks.Pass, s facts.Session) bool {
	if s.EHLO != nil && s.EHLO.Code == 250 {
		return true
	}
	if !s.Result.Conclusive() {
		p.Unknownf(where(s), "%s", s.Reason)
	}
	return false
}

// eachGreeted calls f for every session that came to a reply to EHLO; without
// any the check is skipped.
func eachGreeted(p *checks.Pass, f func(facts.Session)) {
	if noSessions(p) {
		return
	}
	some := false
	for _, s := range facts.Sessions.Of(p.View) {
		if greeted(p, s) {
			some = true
			f(s)
		}
	}
	if !some {
		p.Skipf("no mail server answered EHLO")
	}
}

// handshaken reports whether a TLS handshake was completed; silence is noted.
func handshaken(p *checks.Pass, s facts.Session) bool {
	if s.TLS != nil && s.TLS.Version != 0 {
		return true
	}
	if !s.Result.Conclusive() {
		p.Unknownf(where(s), "%s", s.Reason)
	}
	return false
}

// eachHandshake calls f for every session with TLS; without any the check is
// skipped.
func eachHandshake(p *checks.Pass, f func(facts.Session)) {
	if noSessions(p) {
		return
	}
	some := false
	for _, s := range facts.Sessions.Of(p.View) {
		if handshaken(p, s) {
			some = true
			f(s)
		}
	}
	if !some {
		p.Skipf("no mail server completed a TLS handshake")
	}
}

func lines(r *smtp.Reply) string { return strings.ReplaceAll(r.String(), "\n", " / ") }

// status is the first line of an HTTP response, for evidence.
func status(code int) string { return fmt.Sprintf("status %d", code) }
