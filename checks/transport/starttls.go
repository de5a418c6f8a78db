package transport

import (
	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/checks/fact"
	"github.com/postmuster/postmuster/checks/facts"
	"github.com/postmuster/postmuster/internal/smtp"
)

var _ = suite.Add(&checks.Check{
	ID:       "starttls-offered",
	Title:    "Every mail server offers STARTTLS",
	Why:      "Mail to the server crosses the Internet in clear, senders that demand TLS return it, and MTA-STS and DANE cannot work.",
	Fix:      "Give the server a certificate and turn STARTTLS on. Behind a firewall that rewrites SMTP, turn that inspection off.",
	Refs:     []string{"RFC 3207", "RFC 8461 §4.2", "RFC 7672 §2.2"},
	Category: category, Scope: checks.Domain, Severity: checks.High, Points: 8,
	Needs: []fact.Key{facts.Sessions},
	Eval: func(p *checks.Pass) {
		eachGreeted(p, func(s facts.Session) {
			if !offersSTARTTLS(s) {
				p.Report(finding(s, "the reply to EHLO does not offer STARTTLS", lines(s.EHLO)))
			}
		})
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "starttls-works",
	Title:    "STARTTLS works where it is offered",
	Why:      "Senders that try it fail; some fall back to clear text, others keep the mail until it is too old.",
	Fix:      "Look at the server's TLS configuration: its certificate and key files, its versions and ciphers.",
	Refs:     []string{"RFC 3207 §4"},
	Category: category, Scope: checks.Domain, Severity: checks.High, Points: 10,
	Needs: []fact.Key{facts.Sessions},
	Eval: func(p *checks.Pass) {
		offered := false
		eachGreeted(p, func(s facts.Session) {
			if !offersSTARTTLS(s) {
				return
			}
			offered = true
			switch {
			case s.TLS != nil && s.TLS.Version != 0:
			case s.STARTTLS != nil && s.STARTTLS.Code >= 500:
				p.Report(finding(s, "STARTTLS is offered and then refused", lines(s.STARTTLS)))
			case s.Result == smtp.ResultTLSFailed:
				p.Report(finding(s, "the TLS handshake fails: "+s.TLS.Alert, s.Reason))
			case s.Result == smtp.ResultOK:
				// STARTTLS was not asked; nothing to judge
			default:
				p.Unknownf(where(s), "%s", s.Reason)
			}
		})
		if !offered {
			p.Skipf("no mail server offers STARTTLS")
		}
	},
})

func offersSTARTTLS(s facts.Session) bool {
	_, offered := smtp.Extensions(s.EHLO)["STARTTLS"]
	return offered
}
