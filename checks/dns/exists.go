package dns

import (
	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/checks/fact"
	"github.com/postmuster/postmuster/checks/facts"
	"github.com/postmuster/postmuster/internal/dns"
)

var _ = suite.Add(&checks.Check{
	ID:       "domain-exists",
	Title:    "The domain exists in the DNS",
	Why:      "Receivers refuse mail from a domain that does not exist, and nobody can write to it.",
	Fix:      "Look for a typing error; otherwise renew the registration, or add the domain's delegation or records at its parent.",
	Refs:     []string{"RFC 8020", "RFC 5321 §5.1"},
	Category: category, Scope: checks.Domain, Severity: checks.Blocker, Points: 10,
	Needs: []fact.Key{facts.Exists, facts.MX},
	Eval: func(p *checks.Pass) {
		if facts.Exists.Of(p.View) {
			return
		}
		answer := facts.MX.Of(p.View)
		p.Report(checks.Finding{
			Where:    facts.Where(p.Subject.Domain, dns.TypeMX),
			Message:  "the name server says that there is no such domain",
			Evidence: checks.Seen(answer.Question.String(), string(answer.Status())),
		})
	},
})
