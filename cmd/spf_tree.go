package cmd

import (
	"context"
	"fmt"
	"math/big"
	"net/netip"
	"strings"

	"github.com/spf13/cobra"

	"github.com/postmuster/postmuster/internal/proto/spf"
)

func newSPFTree(env *Env) *cobra.Command {
	var f protocolFlags
	c := &cobra.Command{
		Use:   "tree DOMAIN",
		Short: "Draw a policy's includes, with what they cost and whom they authorise",
		Long: `Draw the SPF policy of a domain: its terms, its includes, theirs, and beside each
how many of the ten lookups it takes (RFC 7208 §4.6.4). Then whom the policy
authorises, what each include contributes, and what looks wrong.

The counts are the worst case: that of a client which nothing matches.

Exit codes: 0 the policy can be used; 1 there is none, receivers answer
permerror, or a limit is passed; 2 usage; 3 a part could not be found out.`,
		Example: `  postmuster spf tree example.com
  postmuster spf tree --format json example.com
  postmuster spf tree --zone example.com.zone example.com   # before it is published`,
		Args: oneArgument("a domain"),
		RunE: func(cmd *cobra.Command, args []string) error {
			domain, err := parseName(args[0])
			if err != nil {
				return err
			}
			return f.run(cmd.Context(), env, func(ctx context.Context, n *network) (answer, error) {
				t := newSPFTreeReport(spf.Analyse(ctx, n.DNS, domain))
				return answer{value: t, text: t.write, code: t.code()}, nil
			})
		},
	}
	f.register(c)
	return c
}

// addressCount is a number of addresses. That of IPv6 is a text: it does not fit
// into the numbers of JSON.
type addressCount struct {
	IPv4 uint64 `json:"ipv4"`
	IPv6 string `json:"ipv6"`

	four, six *big.Int
}

func countAddresses(networks []spf.Network) addressCount {
	four, six := spf.Count(networks)
	return addressCount{IPv4: four.Uint64(), IPv6: six.String(), four: four, six: six}
}

func (c addressCount) String() string {
	var texts []string
	if c.four.Sign() > 0 {
		texts = append(texts, plural(int(c.IPv4), "IPv4 address", "IPv4 addresses"))
	}
	if c.six.Sign() > 0 {
		texts = append(texts, approximately(c.six)+" IPv6")
	}
	if len(texts) == 0 {
		return "no address"
	}
	return strings.Join(texts, ", ")
}

// approximately writes a number that may have 38 digits.
func approximately(n *big.Int) string {
	const exact = 1_000_000
	if n.Cmp(big.NewInt(exact)) < 0 {
		return n.String()
	}
	return fmt.Sprintf("2^%d", n.BitLen()-1)
}

// spfContribution is what one include or redirect of the domain's own record
// brings: one service's share.
type spfContribution struct {
	Term     string         `json:"term"`
	Domain   string         `json:"domain"`
	State    spf.State      `json:"state"`
	Lookups  int            `json:"lookups"`
	Count    addressCount   `json:"addresses"`
	Networks []netip.Prefix `json:"networks"`
}

// spfReserved is a network that can send no mail on the Internet.
type spfReserved struct {
	spf.Network
	Purpose string `json:"purpose"`
}

// spfTreeReport is the tree, and what is read from it.
type spfTreeReport struct {
	Domain       string            `json:"domain"`
	State        spf.State         `json:"state"`
	Reason       string            `json:"reason"`
	Record       string            `json:"record"`
	Lookups      int               `json:"lookups"`
	LookupLimit  int               `json:"lookup_limit"`
	Void         int               `json:"void_lookups"`
	Void4        int               `json:"void_lookups_ipv4"`
	Void6        int               `json:"void_lookups_ipv6"`
	VoidLimit    int               `json:"void_lookup_limit"`
	Count        addressCount      `json:"addresses"`
	Networks     []netip.Prefix    `json:"networks"`
	Contributors []spfContribution `json:"contributors"`
	Overlaps     []spf.Overlap     `json:"overlaps"`
	Reserved     []spfReserved     `json:"reserved"`
	Wide         []spf.Network     `json:"wide"`
	Issues       []issue           `json:"issues"` // of the domain's own record
	Problems     []spfProblem      `json:"problems"`
	Tree         *spf.Node         `json:"tree"`
}

// spfProblem is a part of the tree that receivers cannot evaluate, or that we
// could not.
type spfProblem struct {
	Domain string    `json:"domain"`
	Term   string    `json:"term"`
	State  spf.State `json:"state"`
	Reason string    `json:"reason"`

	broken bool // receivers answer permerror
}

func newSPFTreeReport(n *spf.Node) *spfTreeReport {
	networks := n.Networks()
	t := &spfTreeReport{
		Domain: n.Domain, State: n.State, Reason: n.Reason, Lookups: n.Lookups, LookupLimit: spf.LookupLimit,
		Void: n.VoidLookups, Void4: n.VoidLookups4, Void6: n.VoidLookups6, VoidLimit: spf.VoidLookupLimit,
		Count: countAddresses(networks), Networks: present(spf.Union(networks)), Overlaps: present(spf.Overlaps(networks)),
		Contributors: []spfContribution{}, Reserved: []spfReserved{}, Wide: []spf.Network{}, Issues: []issue{}, Problems: []spfProblem{}, Tree: n,
	}
	if n.Record != nil {
		t.Record, t.Issues = n.Record.Text, spfIssues(n.Record.Lint())
	}
	for _, network := range networks {
		if purpose, reserved := spf.Reserved(network.Prefix); reserved {
			t.Reserved = append(t.Reserved, spfReserved{network, purpose})
		} else if spf.Wide(network.Prefix) {
			t.Wide = append(t.Wide, network)
		}
	}
	for _, b := range n.Terms {
		if b.Node != nil {
			own := b.Node.Networks()
			t.Contributors = append(t.Contributors, spfContribution{
				Term: b.Term.Text, Domain: b.Node.Domain, State: b.State, Lookups: b.Lookups,
				Count: countAddresses(own), Networks: present(spf.Union(own)),
			})
		}
	}
	n.Walk(func(n *spf.Node, b *spf.Branch) {
		if spfBroken(b) || spfUnknown(b.State) {
			t.Problems = append(t.Problems, spfProblem{n.Domain, b.Term.Text, b.State, b.Reason, spfBroken(b)})
		}
	})
	return t
}

// present is a list that JSON shows as one also where it is empty.
func present[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// spfBroken reports whether receivers answer permerror when they come to a
// branch.
func spfBroken(b *spf.Branch) bool {
	leads := b.Term.Kind == spf.KindInclude || b.Term.Kind == spf.KindRedirect
	return b.State == spf.StatePermError || b.State == spf.StateLoop || b.State == spf.StateNone && leads
}

// spfUnknown reports whether we could not find out where a branch leads.
func spfUnknown(s spf.State) bool { return s == spf.StateUnknown || s == spf.StateNotAsked }

// limits says which limit of RFC 7208 §4.6.4 the policy passes; it is empty if
// it keeps to them.
func (t *spfTreeReport) limits() string {
	switch {
	case t.Lookups > t.LookupLimit:
		return "more lookups than allowed: receivers answer permerror"
	case t.Void > t.VoidLimit:
		return "more lookups that find nothing than allowed: receivers answer permerror"
	case max(t.Void4, t.Void6) > t.VoidLimit:
		return "more lookups that find nothing than allowed for clients of one address family: receivers answer permerror to those"
	}
	return ""
}

func (t *spfTreeReport) code() int {
	unknown := t.State == spf.StateUnknown
	for _, p := range t.Problems {
		if p.broken {
			return exitNotMet
		}
		unknown = true
	}
	switch {
	case t.limits() != "":
		return exitNotMet
	case unknown:
		return exitUndecided
	case t.State != spf.StateOK || !usable(t.Issues):
		return exitNotMet
	}
	return exitMet
}

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
	p.field("lookups", "%d of at most %d", t.Lookups, t.LookupLimit)
	p.field("void", "%s", t.voids())
	p.field("limit", "%s", t.limits())
	for _, problem := range t.Problems {
		p.field(string(problem.State), "%s in the record of %s: %s", problem.Term, problem.Domain, problem.Reason)
	}
	t.writeAddresses(p)
	t.writeOddities(p)
}

func (t *spfTreeReport) voids() string {
	text := fmt.Sprintf("%d of at most %d find nothing", t.Void, t.VoidLimit)
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
	p.head("Authorised: %s", t.Count)
	if len(t.Networks) > 0 {
		p.para(2, "%s", joinNetworks(t.Networks))
	}
	if len(t.Contributors) == 0 {
		return
	}
	p.head("What each include contributes")
	for _, c := range t.Contributors {
		p.para(2, "%s: %s, %s", c.Domain, plural(c.Lookups, "lookup", "lookups"), c.Count)
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
