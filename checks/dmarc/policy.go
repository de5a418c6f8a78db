package dmarc

import (
	"strings"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/checks/fact"
	"github.com/postmuster/postmuster/checks/facts"
	"github.com/postmuster/postmuster/internal/proto/dmarc"
)

var _ = suite.Add(&checks.Check{
	ID:       "dmarc-policy-none",
	Title:    "The DMARC policy asks receivers to act on forged mail",
	Why:      "With p=none forged mail in the domain's name is delivered like any other. Mailbox providers accept the policy, so real mail suffers nothing.",
	Fix:      "Read the aggregate reports until every real sender passes, then move to p=quarantine. Domains whose users write to mailing lists should stop there (RFC 9989 §7.4).",
	Refs:     []string{"RFC 9989 §4.7", "RFC 9989 §7.4"},
	Category: category, Scope: checks.Domain, Severity: checks.Low, Points: 2,
	Needs: []fact.Key{facts.DMARC},
	Eval: func(p *checks.Pass) {
		if d, ok := found(p); ok && d.Policy == dmarc.PolicyNone {
			p.Report(checks.Finding{
				Where: where(d.RecordDomain), Message: "the policy for the domain is none (" + string(d.PolicySource) + ")", Evidence: seen(d),
			})
		}
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "dmarc-testing",
	Title:    "The DMARC policy is in force",
	Why:      "t=y asks receivers to apply a policy one step milder than the one that is written.",
	Fix:      "Remove t=y once the reports show that every real sender passes.",
	Refs:     []string{"RFC 9989 §4.7"},
	Category: category, Scope: checks.Domain, Severity: checks.Low, Points: 1,
	Needs: []fact.Key{facts.DMARC},
	Eval: func(p *checks.Pass) {
		if d, ok := found(p); ok && d.Record.Testing {
			p.Report(checks.Finding{
				Where: where(d.RecordDomain), Message: "t=y makes the policy " + string(d.EffectivePolicy) + " instead of " + string(d.Policy), Evidence: seen(d),
			})
		}
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "dmarc-subdomain-weaker",
	Title:    "Subdomains are protected like the domain",
	Why:      "Forgers use a subdomain, existing or invented, for which the policy is weaker than for the domain itself.",
	Fix:      "Remove sp and np, so that p counts for all, or make them as strict as p.",
	Refs:     []string{"RFC 9989 §4.7"},
	Category: category, Scope: checks.Domain, Severity: checks.Medium, Points: 4,
	Needs: []fact.Key{facts.DMARC},
	Eval: func(p *checks.Pass) {
		if d, ok := found(p); ok {
			issueFindings(p, d, func(i dmarc.Issue) bool { return i.Code == dmarc.CodePolicyWeaker })
		}
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "dmarc-psl-differs",
	Title:    "Old and new receivers find the same DMARC policy",
	Why:      "Receivers that still follow RFC 7489 find the organizational domain by the public suffix list, those that follow RFC 9989 by a tree walk; here they come to different ends.",
	Fix:      "Publish a DMARC record at the domain itself, or psd=n in the record of the domain that should be the organizational domain.",
	Refs:     []string{"RFC 9989 §4.10.2", "RFC 7489 §3.2"},
	Category: category, Scope: checks.Domain, Severity: checks.Info,
	Needs: []fact.Key{facts.DMARC},
	Eval: func(p *checks.Pass) {
		d := facts.DMARC.Of(p.View)
		if d.PSL.Differs {
			p.Report(checks.Finding{
				Where:   where(p.Subject.Domain),
				Message: "receivers that follow RFC 7489 come to another " + strings.Join(d.PSL.Differences, " and "),
				Evidence: []checks.Evidence{
					{Source: "RFC 9989, tree walk", Text: "organizational domain " + d.OrgDomain + ", policy " + orNone(string(d.Policy))},
					{Source: "RFC 7489, public suffix list", Text: "organizational domain " + d.PSL.OrgDomain + ", policy " + orNone(string(d.PSL.Policy))},
				},
			})
		}
	},
})

func orNone(s string) string {
	if s == "" {
		return "not found"
	}
	return s
}
