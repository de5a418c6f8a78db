package transport

import (
	"crypto/tls"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/checks/fact"
	"github.com/postmuster/postmuster/checks/facts"
)

var _ = suite.Add(&checks.Check{
	ID:       "tls-version",
	Title:    "Every mail server speaks TLS 1.2 or newer",
	Why:      "TLS 1.0 and 1.1 are forbidden; current software refuses them, and the mail goes in clear or not at all.",
	Fix:      "Update the server's TLS library, and allow TLS 1.2 and 1.3.",
	Refs:     []string{"RFC 8996", "RFC 9325 §3.1.1"},
	Category: category, Scope: checks.Domain, Severity: checks.Medium, Points: 5,
	Needs: []fact.Key{facts.Sessions},
	Eval: func(p *checks.Pass) {
		eachHandshake(p, func(s facts.Session) {
			if s.TLS.Version < tls.VersionTLS12 {
				p.Report(finding(s, "the best that both sides speak is "+tls.VersionName(s.TLS.Version), tls.CipherSuiteName(s.TLS.Cipher)))
			}
		})
	},
})
