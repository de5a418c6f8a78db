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

func (c addressCount) empty() bool { return c.four.Sign() == 0 && c.six.Sign() == 0 }

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

// spfReach says how much of what a policy authorises its networks tell.
type spfReach struct {
	Complete bool     `json:"complete"` // nothing of it had to be left unknown
	Dynamic  []string `json:"dynamic"`  // terms that admit clients by more than their address: exists, ptr
}

func spfReachOf(n *spf.Node) spfReach {
	dynamic, unknown := n.Beyond()
	r := spfReach{Complete: len(unknown) == 0 && !spfUnknown(n.State), Dynamic: []string{}}
	for _, b := range dynamic {
		r.Dynamic = append(r.Dynamic, b.Term.Text)
	}
	return r
}

// describe says a count of addresses, and what it leaves out.
func (r spfReach) describe(c addressCount) string {
	var texts []string
	switch {
	case r.Complete:
		texts = append(texts, c.String())
	case c.empty():
		texts = append(texts, "unknown addresses")
	default:
		texts = append(texts, "at least "+c.String())
	}
	if len(r.Dynamic) > 0 {
		texts = append(texts, "and whom "+strings.Join(r.Dynamic, ", ")+" admits")
	}
	return strings.Join(texts, ", ")
}

// spfContribution is what one include or redirect of the domain's own record
// brings: one service's share.
type spfContribution struct {
	Term    string       `json:"term"`
	Domain  string       `json:"domain"`
	State   spf.State    `json:"state"`
	Lookups int          `json:"lookups"`
	Count   addressCount `json:"addresses"`
	spfReach
	Networks []netip.Prefix `json:"networks"`
}

// spfReserved is a network that can send no mail on the Internet.
type spfReserved struct {
	spf.Network
	Purpose string `json:"purpose"`
}

// spfTreeReport is the tree, and what is read from it.
type spfTreeReport struct {
	Domain      string       `json:"domain"`
	State       spf.State    `json:"state"`
	Reason      string       `json:"reason"`
	Record      string       `json:"record"`
	Lookups     int          `json:"lookups"`
	LookupLimit int          `json:"lookup_limit"`
	Void        int          `json:"void_lookups"`
	Void4       int          `json:"void_lookups_ipv4"`
	Void6       int          `json:"void_lookups_ipv6"`
	VoidLimit   int          `json:"void_lookup_limit"`
	Count       addressCount `json:"addresses"`
	spfReach
	Networks     []netip.Prefix    `json:"networks"`
	Contributors []spfContribution `json:"contributors"`
	Overlaps     []spf.Overlap     `json:"overlaps"`
	Reserved     []spfReserved     `json:"reserved"`
	Wide         []spf.Network     `json:"wide"`
	Issues       []issue           `json:"issues"` // of the domain's own record
	Problems     []spfProblem      `json:"problems"`
	Tree         *spf.Node         `json:"tree"`

	partial bool // an include could not be followed, so that the counts may be higher
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
		spfReach: spfReachOf(n),
		Domain:   n.Domain, State: n.State, Reason: n.Reason, Lookups: n.Lookups, LookupLimit: spf.LookupLimit,
		Void: n.VoidLookups, Void4: n.VoidLookups4, Void6: n.VoidLookups6, VoidLimit: spf.VoidLookupLimit,
		Count: countAddresses(networks), Networks: present(spf.Union(networks)), Overlaps: present(spf.Overlaps(networks)),
		Contributors: []spfContribution{}, Reserved: []spfReserved{}, Wide: []spf.Network{}, Issues: []issue{}, Problems: []spfProblem{}, Tree: n,
	}
	if n.Record != nil {
		t.Record, t.Issues = n.Record.Text, spfIssues(spf.LintTXT(n.Strings))
	}
	for _, network := range networks {
		if purpose, reserved := spf.Reserved(network.Prefix); reserved {
			t.Reserved = append(t.Reserved, spfReserved{network, purpose})
		} else if spf.Wide(network.Prefix) {
			t.Wide = append(t.Wide, network)
		}
	}
	t.contributions(n)
	n.Walk(t.problem)
	return t
}

// contributions lists what the includes of the domain's own record bring.
func (t *spfTreeReport) contributions(n *spf.Node) {
	for _, b := range n.Terms {
		if b.Node == nil {
			continue
		}
		own := b.Node.Networks()
		t.Contributors = append(t.Contributors, spfContribution{
			spfReach: spfReachOf(b.Node), Term: b.Term.Text, Domain: b.Node.Domain, State: b.State, Lookups: b.Lookups,
			Count: countAddresses(own), Networks: present(spf.Union(own)),
		})
	}
}

// problem notes what is broken or unknown about a branch.
func (t *spfTreeReport) problem(n *spf.Node, b *spf.Branch) {
	if spfBroken(b) || spfUnknown(b.State) {
		t.Problems = append(t.Problems, spfProblem{n.Domain, b.Term.Text, b.State, b.Reason, spfBroken(b)})
	}
	leads := b.Term.Kind == spf.KindInclude || b.Term.Kind == spf.KindRedirect
	t.partial = t.partial || leads && (spfUnknown(b.State) || b.State == spf.StateMacro)
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
