package spf

import (
	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/checks/fact"
	"github.com/postmuster/postmuster/checks/facts"
	"github.com/postmuster/postmuster/internal/dns"
	"github.com/postmuster/postmuster/internal/proto/spf"
)

var _ = suite.Add(&checks.Check{
	ID:       "spf-include-missing",
	Title:    "Every include and redirect leads to an SPF record that can be read",
	Why:      "An include or redirect of a domain without a usable SPF record is a permerror: receivers treat no mail as authorised.",
	Fix:      "Take the term out, or ask the service for the name that it publishes today.",
	Refs:     []string{"RFC 7208 §5.2", "RFC 7208 §6.1"},
	Category: category, Scope: checks.Domain, Severity: checks.High, Points: 12,
	Needs: []fact.Key{facts.SPFTree},
	Eval: func(p *checks.Pass) {
		tree := facts.SPFTree.Of(p.View)
		if noPolicy(p, tree) {
			return
		}
		unknownBelow(p, tree)
		tree.Walk(func(n *spf.Node, b *spf.Branch) {
			if b.Node == nil || b.State == spf.StateIgnored || n.State == spf.StateIgnored {
				return
			}
			if state := b.Node.State; state == spf.StateNone || state == spf.StatePermError {
				evidence := append(checks.Seen(dns.Absolute(n.Domain)+" TXT", b.Term.Text), seen(b.Node)...)
				p.Report(checks.Finding{Where: where(b.Node.Domain), Message: b.Term.Text + ": " + b.Node.Reason, Evidence: evidence})
			}
		})
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "spf-loop",
	Title:    "No include or redirect leads back to where it came from",
	Why:      "A loop uses up the ten lookups and ends in permerror.",
	Fix:      "Take out the include or redirect that leads back.",
	Refs:     []string{"RFC 7208 §4.6.4", "RFC 7208 §5.2"},
	Category: category, Scope: checks.Domain, Severity: checks.High, Points: 12,
	Needs: []fact.Key{facts.SPFTree},
	Eval: func(p *checks.Pass) {
		tree := facts.SPFTree.Of(p.View)
		if noPolicy(p, tree) {
			return
		}
		unknownBelow(p, tree)
		tree.Walk(func(n *spf.Node, b *spf.Branch) {
			if b.State == spf.StateLoop || b.Node != nil && b.Node.State == spf.StateLoop {
				p.Report(checks.Finding{Where: where(n.Domain), Message: b.Term.Text + " leads back to a domain that led here", Evidence: seen(n)})
			}
		})
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "spf-ptr",
	Title:    "The SPF policy does not use ptr",
	Why:      "The mechanism is slow and unreliable, should not be published, and some large receivers skip it or fail on it.",
	Fix:      "Name the hosts with a, ip4 or ip6 instead.",
	Refs:     []string{"RFC 7208 §5.5"},
	Category: category, Scope: checks.Domain, Severity: checks.Medium, Points: 4,
	Needs: []fact.Key{facts.SPFTree},
	Eval: func(p *checks.Pass) {
		tree := facts.SPFTree.Of(p.View)
		if noPolicy(p, tree) {
			return
		}
		unknownBelow(p, tree)
		tree.Walk(func(n *spf.Node, b *spf.Branch) {
			if b.Term.Kind == spf.KindPTR {
				p.Report(checks.Finding{Where: where(n.Domain), Message: "the term " + b.Term.Text + " is used", Evidence: seen(n)})
			}
		})
	},
})
