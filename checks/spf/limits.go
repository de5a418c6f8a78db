package spf

import (
	"fmt"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/checks/fact"
	"github.com/postmuster/postmuster/checks/facts"
	"github.com/postmuster/postmuster/internal/dns"
	"github.com/postmuster/postmuster/internal/proto/spf"
)

var _ = suite.Add(&checks.Check{
	ID:       "spf-lookup-limit",
	Title:    "The SPF record needs at most 10 DNS lookups",
	Why:      "Receivers stop after ten terms that ask the DNS, counted through all includes, and return permerror: mail that a later term authorises is not.",
	Fix:      "Take out the includes of services that no longer send, and a and mx terms whose addresses an ip4 or ip6 can hold.",
	Refs:     []string{"RFC 7208 §4.6.4"},
	Category: category, Scope: checks.Domain, Severity: checks.High, Points: 12,
	Needs: []fact.Key{facts.SPFTree},
	Eval: func(p *checks.Pass) {
		tree := facts.SPFTree.Of(p.View)
		if noPolicy(p, tree) {
			return
		}
		unknownBelow(p, tree)
		if tree.Lookups <= spf.LookupLimit {
			return
		}
		evidence := seen(tree)
		for _, b := range tree.Terms {
			if b.Lookups > 0 && b.State != spf.StateIgnored {
				evidence = append(evidence, checks.Evidence{Source: b.Term.Text, Text: fmt.Sprintf("lookups: %d", b.Lookups)})
			}
		}
		p.Report(checks.Finding{
			Where:    where(p.Subject.Domain),
			Message:  fmt.Sprintf("the record needs %d DNS lookups, %d are allowed", tree.Lookups, spf.LookupLimit),
			Evidence: evidence,
		})
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "spf-void-limit",
	Title:    "At most two terms of the SPF record find nothing in the DNS",
	Why:      "Receivers should return permerror at the third term whose question finds nothing.",
	Fix:      "Take out the terms that name hosts or domains that are gone.",
	Refs:     []string{"RFC 7208 §4.6.4"},
	Category: category, Scope: checks.Domain, Severity: checks.High, Points: 8,
	Needs: []fact.Key{facts.SPFTree},
	Eval: func(p *checks.Pass) {
		tree := facts.SPFTree.Of(p.View)
		if noPolicy(p, tree) {
			return
		}
		unknownBelow(p, tree)
		if tree.VoidLookups <= spf.VoidLookupLimit {
			return
		}
		var evidence []checks.Evidence
		tree.Walk(func(n *spf.Node, b *spf.Branch) {
			if b.Void {
				evidence = append(evidence, checks.Evidence{Source: dns.Absolute(n.Domain) + " TXT", Text: b.Term.Text + " finds nothing"})
			}
		})
		p.Report(checks.Finding{
			Where:    where(p.Subject.Domain),
			Message:  fmt.Sprintf("%d terms find nothing, %d may", tree.VoidLookups, spf.VoidLookupLimit),
			Evidence: evidence,
		})
	},
})
