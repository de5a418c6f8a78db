package auth

import (
	"fmt"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/checks/fact"
	"github.com/postmuster/postmuster/checks/facts"
	"github.com/postmuster/postmuster/internal/dns"
	"github.com/postmuster/postmuster/internal/message"
)

var _ = suite.Add(&checks.Check{
	ID:       "auth-results-forged",
	Title:    "The message brings no Authentication-Results in the name of its receiver",
	Why:      "Only the receiver writes results in its own name. One that arrives from outside is a forgery: receivers remove it, filters count it, and readers who see it are misled.",
	Fix:      "Have the sending system remove these fields, or write them in its own name.",
	Refs:     []string{"RFC 8601 §5", "RFC 8601 §7.1"},
	Category: category, Scope: checks.Message, Severity: checks.Medium, Points: 5,
	Needs: []fact.Key{facts.BroughtResults},
	Eval: func(p *checks.Pass) {
		brought := facts.BroughtResults.Of(p.View)
		if len(brought.Fields) == 0 {
			p.Skipf("there is no Authentication-Results field")
			return
		}
		for _, f := range brought.Fields {
			if receiver := receiverOf(brought.Rcpt, f.Results.AuthServID); receiver != "" {
				p.Report(checks.Finding{
					Where: f.Where(), Message: fmt.Sprintf("the field is in the name of %.80s, which belongs to the receiver %s", f.Results.AuthServID, receiver),
					Evidence: facts.SeenFields(f.Field),
				})
			}
		}
	},
})

// receiverOf returns the domain of the recipient in whose name a host speaks;
// empty when it speaks for none.
func receiverOf(rcpt []message.Rcpt, host string) string {
	for _, r := range rcpt {
		if domain := facts.DomainOf(r.To); domain != "" && host != "" && dns.Within(host, domain) {
			return domain
		}
	}
	return ""
}
