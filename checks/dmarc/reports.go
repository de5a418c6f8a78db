package dmarc

import (
	"slices"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/checks/fact"
	"github.com/postmuster/postmuster/checks/facts"
	"github.com/postmuster/postmuster/internal/dns"
	"github.com/postmuster/postmuster/internal/proto/dmarc"
)

var _ = suite.Add(&checks.Check{
	ID:       "dmarc-rua-missing",
	Title:    "Aggregate reports are asked for",
	Why:      "Without reports nobody sees which real mail fails, and a stricter policy is a leap in the dark.",
	Fix:      "Add rua=mailto: with an address that somebody, or some service, reads.",
	Refs:     []string{"RFC 9989 §4.7", "RFC 9990"},
	Category: category, Scope: checks.Domain, Severity: checks.Low, Points: 2,
	Needs: []fact.Key{facts.DMARC},
	Eval: func(p *checks.Pass) {
		if d, ok := found(p); ok && len(d.Record.RUA) == 0 {
			p.Report(checks.Finding{Where: where(d.RecordDomain), Message: "the record has no rua tag", Evidence: seen(d)})
		}
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "dmarc-rua-invalid",
	Title:    "Every report address is a URI that receivers can use",
	Why:      "Receivers ignore what is no URI, and are bound to support mailto only: the reports are lost.",
	Fix:      "Write every address as mailto:name@domain, with commas between them.",
	Refs:     []string{"RFC 9989 §4.7", "RFC 9990 §3"},
	Category: category, Scope: checks.Domain, Severity: checks.Medium, Points: 4,
	Needs: []fact.Key{facts.DMARC},
	Eval: func(p *checks.Pass) {
		if d, ok := found(p); ok {
			issueFindings(p, d, func(i dmarc.Issue) bool {
				return slices.Contains([]dmarc.Code{dmarc.CodeURI, dmarc.CodeURIScheme}, i.Code)
			})
		}
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "dmarc-rua-unauthorized",
	Title:    "Every foreign report address has agreed to take the reports",
	Why:      "Receivers must not send reports to another organisation that has not said that it takes them: the reports are lost.",
	Fix:      "Have the owner of the address publish the record shown, or use an address in the domain.",
	Refs:     []string{"RFC 9990 §4"},
	Category: category, Scope: checks.Domain, Severity: checks.Medium, Points: 5,
	Needs: []fact.Key{facts.DMARC, facts.DMARCReports},
	Eval: func(p *checks.Pass) {
		d, ok := found(p)
		if !ok {
			return
		}
		for _, dest := range facts.DMARCReports.Of(p.View) {
			switch dest.Authorization {
			case dmarc.AuthUnknown:
				p.Unknownf(facts.Where(dest.Name, dns.TypeTXT), "%s", dest.Reason)
			case dmarc.AuthNotGiven:
				p.Report(checks.Finding{
					Where: facts.Where(dest.Name, dns.TypeTXT), Message: dest.URI.Text + " may not be sent reports: " + dest.Reason,
					Evidence: seen(d), Record: dns.Absolute(dest.Name) + ` TXT "v=DMARC1"`,
				})
			}
		}
	},
})
