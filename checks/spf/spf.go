// Package spf checks the SPF policy that a domain publishes (RFC 7208).
package spf

import (
	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/checks/facts"
	"github.com/postmuster/postmuster/internal/dns"
	"github.com/postmuster/postmuster/internal/proto/spf"
)

const category = "spf"

var suite checks.Suite

// Checks returns the checks of this package.
func Checks() checks.Suite { return suite }

// where is the place of the domain's own policy.
func where(domain string) string { return facts.Where(domain, dns.TypeTXT) }

// seen is the text of a policy as evidence.
func seen(n *spf.Node) []checks.Evidence {
	if len(n.Records) == 0 {
		return checks.Seen(dns.Absolute(n.Domain)+" TXT", "no SPF record")
	}
	return checks.Seen(dns.Absolute(n.Domain)+" TXT", n.Records...)
}

// noPolicy skips a check that judges what a policy says, where there is none or
// more than one: other checks ask for exactly one.
func noPolicy(p *checks.Pass, tree *spf.Node) bool {
	if tree.Record == nil {
		p.Skipf("there is not exactly one SPF record")
	}
	return tree.Record == nil
}

// unknownBelow notes every part of the policy that could not be found out.
func unknownBelow(p *checks.Pass, tree *spf.Node) {
	tree.Walk(func(n *spf.Node, b *spf.Branch) {
		if b.State == spf.StateUnknown && b.Node == nil {
			p.Unknownf(where(n.Domain), "%s: %s", b.Term.Text, b.Reason)
		}
		if b.Node != nil && b.Node.State == spf.StateUnknown {
			p.Unknownf(where(b.Node.Domain), "%s", b.Node.Reason)
		}
	})
}
