package session

import (
	"crypto/tls"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/checks/facts"
)

var _ = suite.Add(&checks.Check{
	ID:       "smtp-no-tls",
	Title:    "The client uses TLS where it is offered",
	Why:      "Gmail asks for TLS of everybody and refuses bulk mail without it; the message crosses the Internet in clear.",
	Fix:      "Turn opportunistic TLS on for outgoing mail.",
	Refs:     []string{"RFC 3207", "https://support.google.com/mail/answer/81126"},
	Category: category, Scope: checks.Message, Severity: checks.High, Points: 10,
	Needs: outside,
	Eval: func(p *checks.Pass) {
		if s := facts.Wire.Of(p.View); s.TLS == nil {
			report(p, "smtp:STARTTLS", "the message was sent without TLS", "client", facts.Client.Of(p.View).Addr.String())
		}
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "smtp-tls-old",
	Title:    "The client uses TLS 1.2 or newer",
	Why:      "TLS 1.0 and 1.1 are deprecated: servers that turned them off get the message in clear or not at all.",
	Fix:      "Bring the mail server's TLS library up to date, or allow it TLS 1.2 and 1.3.",
	Refs:     []string{"RFC 8996 §4", "RFC 8996 §5"},
	Category: category, Scope: checks.Message, Severity: checks.Medium, Points: 6,
	Needs: outside,
	Eval: func(p *checks.Pass) {
		s := facts.Wire.Of(p.View)
		switch {
		case s.TLS == nil:
			p.Skipf("the message was sent without TLS")
		case s.TLS.Version < tls.VersionTLS12:
			report(p, "smtp:STARTTLS", "the client speaks "+tls.VersionName(s.TLS.Version), "client", facts.Client.Of(p.View).Addr.String())
		}
	},
})
