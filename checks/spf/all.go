package spf

import (
	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/checks/fact"
	"github.com/postmuster/postmuster/checks/facts"
	"github.com/postmuster/postmuster/internal/proto/spf"
)

var _ = suite.Add(&checks.Check{
	ID:       "spf-pass-all",
	Title:    "The SPF record does not authorise the whole Internet",
	Why:      "With +all any host may send in the domain's name and pass SPF, so the record protects nothing, and filters take it for a sign of spam.",
	Fix:      "End the record in ~all or -all, and name the hosts that do send.",
	Refs:     []string{"RFC 7208 §5.1", "RFC 7208 §8.3"},
	Category: category, Scope: checks.Domain, Severity: checks.High, Points: 10,
	Needs: []fact.Key{facts.SPFTree},
	Eval: func(p *checks.Pass) {
		tree := facts.SPFTree.Of(p.View)
		if noPolicy(p, tree) {
			return
		}
		for _, n := range policyNodes(tree) {
			if all := n.Record.All(); all != nil && all.Qualifier == spf.QualifierPass {
				p.Report(checks.Finding{Where: where(n.Domain), Message: "the all mechanism gives pass to every client", Evidence: seen(n)})
			}
		}
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "spf-all-missing",
	Title:    "The SPF record says what it means for hosts that it does not name",
	Why:      "Without an all mechanism or a redirect, and with ?all, a forged message gets neutral: the same as with no record.",
	Fix:      "End the record in ~all, or in -all once every sender is listed.",
	Refs:     []string{"RFC 7208 §4.7", "RFC 7208 §5.1"},
	Category: category, Scope: checks.Domain, Severity: checks.Medium, Points: 5,
	Needs: []fact.Key{facts.SPFTree},
	Eval: func(p *checks.Pass) {
		tree := facts.SPFTree.Of(p.View)
		if noPolicy(p, tree) {
			return
		}
		for _, n := range policyNodes(tree) {
			all := n.Record.All()
			switch {
			case all == nil && n.Record.Redirect() == nil:
				p.Report(checks.Finding{Where: where(n.Domain), Message: "there is neither an all mechanism nor a redirect", Evidence: seen(n)})
			case all != nil && all.Qualifier == spf.QualifierNeutral:
				p.Report(checks.Finding{Where: where(n.Domain), Message: "the all mechanism gives neutral", Evidence: seen(n)})
			}
		}
	},
})

// policyNodes returns the domain's own policy and those that it redirects to:
// what stands in an include decides nothing beyond a match.
func policyNodes(tree *spf.Node) []*spf.Node {
	nodes := []*spf.Node{tree}
	for n := tree; n != nil; {
		var next *spf.Node
		for _, b := range n.Terms {
			if b.Term.Kind == spf.KindRedirect && b.State != spf.StateIgnored && b.Node != nil && b.Node.Record != nil {
				next = b.Node
			}
		}
		if n = next; n != nil {
			nodes = append(nodes, n)
		}
	}
	return nodes
}
