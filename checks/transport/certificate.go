package transport

import (
	"crypto/x509"
	"fmt"
	"strings"
	"time"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/checks/fact"
	"github.com/postmuster/postmuster/checks/facts"
)

// SMTP's TLS is opportunistic (RFC 7435): without MTA-STS or DANE no sender
// refuses a certificate, so none of these checks is high.

// eachLeaf calls f for every session in which a certificate was presented.
func eachLeaf(p *checks.Pass, f func(facts.Session, *x509.Certificate)) {
	eachHandshake(p, func(s facts.Session) {
		if len(s.TLS.Chain) > 0 {
			f(s, s.TLS.Chain[0])
		}
	})
}

var _ = suite.Add(&checks.Check{
	ID:       "tls-certificate-name",
	Title:    "Every mail server's certificate holds the name in the MX record",
	Why:      "Senders that verify, by MTA-STS or by their own policy, do not deliver to a server that cannot prove its name.",
	Fix:      "Get a certificate with the MX host's name among its DNS names.",
	Refs:     []string{"RFC 8461 §4.1", "RFC 9525"},
	Category: category, Scope: checks.Domain, Severity: checks.Medium, Points: 4,
	Needs: []fact.Key{facts.Sessions},
	Eval: func(p *checks.Pass) {
		eachLeaf(p, func(s facts.Session, leaf *x509.Certificate) {
			if s.TLS.NameError != "" {
				p.Report(finding(s, "the certificate does not hold the name "+s.Target.Host, describe(leaf), s.TLS.NameError))
			}
		})
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "tls-certificate-chain",
	Title:    "Every mail server's certificate leads to a public root",
	Why:      "Senders that verify, by MTA-STS or by their own policy, do not deliver; a missing intermediate is the usual cause.",
	Fix:      "Serve the whole chain, leaf first, from a public authority. With DANE and without MTA-STS a private chain is enough.",
	Refs:     []string{"RFC 8461 §4.2"},
	Category: category, Scope: checks.Domain, Severity: checks.Low, Points: 3,
	Needs: []fact.Key{facts.Sessions, facts.Now},
	Eval: func(p *checks.Pass) {
		now := facts.Now.Of(p.View)
		eachLeaf(p, func(s facts.Session, leaf *x509.Certificate) {
			if s.TLS.ChainError != "" && valid(leaf, now) { // tls-certificate-dates tells of the other case
				p.Report(finding(s, "the certificate does not lead to a public root", describe(leaf), s.TLS.ChainError))
			}
		})
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "tls-certificate-dates",
	Title:    "Every mail server's certificate is in its time",
	Why:      "Senders that verify, by MTA-STS or by their own policy, do not deliver to a server whose certificate has expired.",
	Fix:      "Renew the certificate, and have the mail server read the new one: a renewal without a reload is the usual cause.",
	Refs:     []string{"RFC 5280 §4.1.2.5", "RFC 8461 §4.2"},
	Category: category, Scope: checks.Domain, Severity: checks.Medium, Points: 6,
	Needs: []fact.Key{facts.Sessions, facts.Now},
	Eval: func(p *checks.Pass) {
		now := facts.Now.Of(p.View)
		eachLeaf(p, func(s facts.Session, leaf *x509.Certificate) {
			switch {
			case now.After(leaf.NotAfter):
				p.Report(finding(s, "the certificate has expired on "+day(leaf.NotAfter), describe(leaf)))
			case now.Before(leaf.NotBefore):
				p.Report(finding(s, "the certificate is not valid before "+day(leaf.NotBefore), describe(leaf)))
			}
		})
	},
})

// lookAhead is how long before its end a certificate should have been renewed;
// most are renewed automatically with a month to spare.
const lookAhead = 14 * 24 * time.Hour

var _ = suite.Add(&checks.Check{
	ID:       "tls-certificate-expiring",
	Title:    "No mail server's certificate ends within 14 days",
	Why:      "An automatic renewal would have happened by now: it probably fails.",
	Fix:      "Run the renewal by hand and read its messages.",
	Refs:     []string{"RFC 5280 §4.1.2.5"},
	Category: category, Scope: checks.Domain, Severity: checks.Low, Points: 2,
	Needs: []fact.Key{facts.Sessions, facts.Now},
	Eval: func(p *checks.Pass) {
		now := facts.Now.Of(p.View)
		ahead := lookAhead
		if p.Options.LookAhead > 0 {
			ahead = p.Options.LookAhead
		}
		eachLeaf(p, func(s facts.Session, leaf *x509.Certificate) {
			if valid(leaf, now) && !valid(leaf, now.Add(ahead)) {
				p.Report(finding(s, "the certificate ends on "+day(leaf.NotAfter), describe(leaf)))
			}
		})
	},
})

func valid(c *x509.Certificate, at time.Time) bool {
	return !at.Before(c.NotBefore) && !at.After(c.NotAfter)
}

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }

func describe(c *x509.Certificate) string {
	names := strings.Join(c.DNSNames, ", ")
	if names == "" {
		names = "no DNS name, subject " + c.Subject.String()
	}
	return fmt.Sprintf("certificate for %s, valid from %s to %s", names, day(c.NotBefore), day(c.NotAfter))
}
