package cmd

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/postmuster/postmuster/internal/proto/spf"
)

func (t *spfTreeReport) write(p *page) {
	p.labels = 11
	p.line("%s", t.Domain)
	if t.State != spf.StateOK {
		p.field(string(t.State), "%s", t.Reason)
		for _, text := range t.Tree.Records {
			p.field("record", "%s", text)
		}
		p.issues(t.Issues, t.Record)
		return
	}
	p.para(0, "%s", t.Record)
	p.tree(spfBranches(t.Tree))
	p.blank()
	p.field("lookups", "%s", t.atLeast(fmt.Sprintf("%d of at most %d", t.Lookups, t.LookupLimit)))
	p.field("void", "%s", t.voids())
	p.field("limit", "%s", t.limits())
	for _, problem := range t.Problems {
		p.field(string(problem.State), "%s in the record of %s: %s", problem.Term, problem.Domain, problem.Reason)
	}
	t.writeAddresses(p)
	t.writeOddities(p)
}

// atLeast says of a count that what could not be followed may add to it.
func (t *spfTreeReport) atLeast(count string) string {
	if t.partial {
		return "at least " + count
	}
	return count
}

func (t *spfTreeReport) voids() string {
	text := t.atLeast(fmt.Sprintf("%d of at most %d find nothing", t.Void, t.VoidLimit))
	if t.Void4 != t.Void || t.Void6 != t.Void {
		text += fmt.Sprintf("; %d for IPv4 clients, %d for IPv6 clients", t.Void4, t.Void6)
	}
	return text
}

// networksShown is how many networks a reader is shown; the JSON has all.
const networksShown = 24

func joinNetworks(networks []netip.Prefix) string {
	texts := make([]string, 0, networksShown)
	for _, n := range networks[:min(len(networks), networksShown)] {
		texts = append(texts, shortPrefix(n))
	}
	if more := len(networks) - networksShown; more > 0 {
		texts = append(texts, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(texts, ", ")
}

// shortPrefix leaves out the length of a single address.
func shortPrefix(p netip.Prefix) string {
	if p.IsSingleIP() {
		return p.Addr().String()
	}
	return p.String()
}

func (t *spfTreeReport) writeAddresses(p *page) {
	p.blank()
	p.para(0, "Authorised: %s", t.describe(t.Count))
	if len(t.Networks) > 0 {
		p.para(2, "%s", joinNetworks(t.Networks))
	}
	if len(t.Contributors) == 0 {
		return
	}
	p.head("What each include contributes")
	for _, c := range t.Contributors {
		p.para(2, "%s: %s, %s", c.Domain, plural(c.Lookups, "lookup", "lookups"), c.describe(c.Count))
		if len(c.Networks) > 0 {
			p.para(4, "%s", joinNetworks(c.Networks))
		}
	}
}

func (t *spfTreeReport) writeOddities(p *page) {
	if len(t.Overlaps)+len(t.Reserved)+len(t.Wide) > 0 {
		p.head("Networks to look at")
	}
	for _, o := range t.Overlaps {
		if o.Inner.Prefix == o.Outer.Prefix {
			p.para(2, "%s is authorised twice: %s, %s", shortPrefix(o.Inner.Prefix), spfPlace(o.Outer), spfPlace(o.Inner))
			continue
		}
		p.para(2, "%s (%s) lies within %s (%s)", shortPrefix(o.Inner.Prefix), spfPlace(o.Inner), shortPrefix(o.Outer.Prefix), spfPlace(o.Outer))
	}
	for _, r := range t.Reserved {
		p.para(2, "%s (%s) sends no mail on the Internet: %s", shortPrefix(r.Prefix), spfPlace(r.Network), r.Purpose)
	}
	for _, w := range t.Wide {
		p.para(2, "%s (%s) is more than one organisation holds", w.Prefix, spfPlace(w))
	}
	if len(t.Issues) > 0 {
		p.head("About the record itself")
		p.issues(t.Issues, t.Record)
	}
}

// spfPlace says whose network it is; the term too where it is another text.
func spfPlace(n spf.Network) string {
	if strings.HasSuffix(n.Term, n.Prefix.String()) || strings.HasSuffix(n.Term, shortPrefix(n.Prefix)) {
		return n.Domain
	}
	return n.Term + " of " + n.Domain
}

func spfBranches(n *spf.Node) []leaf {
	leaves := make([]leaf, 0, len(n.Terms))
	for _, b := range n.Terms {
		l := leaf{text: b.Term.Text, side: spfBranchSide(b)}
		if b.Node != nil && b.State != spf.StateRepeated {
			if b.Node.Record != nil {
				l.notes = append(l.notes, b.Node.Record.Text)
			}
			l.below = spfBranches(b.Node)
		}
		leaves = append(leaves, l)
	}
	return leaves
}

// spfBranchSide is what stands beside a term: its lookups, and what it leads to.
func spfBranchSide(b *spf.Branch) string {
	var texts []string
	if b.Lookups > 0 {
		texts = append(texts, plural(b.Lookups, "lookup", "lookups"))
	}
	if b.State != spf.StateOK {
		texts = append(texts, strings.TrimSuffix(string(b.State)+": "+b.Reason, ": "))
	}
	if b.Void || b.Void4 || b.Void6 {
		texts = append(texts, spfVoid(b))
	}
	if len(b.Hosts) > 0 {
		texts = append(texts, strings.Join(b.Hosts, " "))
	}
	if b.Node == nil && len(b.Networks) > 0 && b.Term.Kind != spf.KindIP4 && b.Term.Kind != spf.KindIP6 {
		prefixes := make([]netip.Prefix, 0, len(b.Networks))
		for _, n := range b.Networks {
			prefixes = append(prefixes, n.Prefix)
		}
		texts = append(texts, joinNetworks(prefixes))
	}
	return strings.Join(texts, "; ")
}

func spfVoid(b *spf.Branch) string {
	switch {
	case b.Void:
		return "finds nothing"
	case b.Void4:
		return "finds nothing for IPv4 clients"
	default:
		return "finds nothing for IPv6 clients"
	}
}
