package spf

// A Node is a domain in a policy, and what its record leads to.
type Node struct {
	Domain  string    `json:"domain"`
	State   State     `json:"state"`
	Reason  string    `json:"reason,omitempty"`  // the state in words
	Records []string  `json:"records,omitempty"` // every policy published at the domain
	Record  *Record   `json:"-"`                 // the only one; nil otherwise
	Strings []string  `json:"-"`                 // of that record, as published
	Terms   []*Branch `json:"terms,omitempty"`   // in the order written

	Lookups int `json:"lookups"` // terms that ask the DNS, here and below
	// VoidLookups counts the terms, here and below, that find nothing for any
	// client. VoidLookups4 and VoidLookups6 add those that find nothing for
	// clients of one family only: an MX host without an AAAA record.
	VoidLookups  int `json:"void_lookups"`
	VoidLookups4 int `json:"void_lookups_ipv4"`
	VoidLookups6 int `json:"void_lookups_ipv6"`

	// Err is what could not be found out; a *dns.Error.
	Err error `json:"-"`

	void     []Query // the question for the policy, if the domain has no TXT records
	repeated *Node   // with StateRepeated: where it is shown in full
	simple   bool    // see isSimple
	bare     bool    // see isBare
}

// A Branch is a term of a node's record, and what it leads to.
type Branch struct {
	Term    Term   `json:"term"`
	Target  string `json:"target,omitempty"` // the name asked; empty if it depends on the client
	State   State  `json:"state"`
	Reason  string `json:"reason,omitempty"`
	Lookups int    `json:"lookups"` // of the ten: 1 and what is below
	Void    bool   `json:"void,omitempty"`
	Void4   bool   `json:"void_ipv4,omitempty"` // for IPv4 clients
	Void6   bool   `json:"void_ipv6,omitempty"`

	VoidQueries []Query `json:"void_queries,omitempty"` // what found nothing

	Hosts    []string  `json:"hosts,omitempty"`    // of mx, by preference
	Networks []Network `json:"networks,omitempty"` // the term's own: ip4, ip6, a, mx
	Node     *Node     `json:"node,omitempty"`     // of include and redirect

	Err error `json:"-"`
}

// State says what is known about a node or a branch.
type State string

// The states of nodes and branches.
const (
	StateOK        State = "ok"
	StateNone      State = "none"      // no policy there; no explanation there
	StatePermError State = "permerror" // syntax, two records, too many MX hosts
	StateUnknown   State = "unknown"   // the DNS could not be asked: Err
	StateLoop      State = "loop"      // includes or redirects to a domain that led here
	StateRepeated  State = "repeated"  // shown in full elsewhere in the tree, counted again
	StateMacro     State = "macro"     // depends on the client or the sender: not asked, not void
	StateIgnored   State = "ignored"   // after all, or redirect beside all: never evaluated
	StateNotAsked  State = "not asked" // the analysis reached its own limit
)

// Walk calls visit for every branch of the tree, parents first, with the node
// whose record holds it.
func (n *Node) Walk(visit func(*Node, *Branch)) {
	for _, b := range n.Terms {
		visit(n, b)
		if b.Node != nil {
			b.Node.Walk(visit)
		}
	}
}

// Networks returns what the policy authorises: the networks of terms that give
// pass, here and below. It is what one include contributes when called on its
// node. Terms that give fail before are not subtracted.
func (n *Node) Networks() []Network {
	var networks []Network
	n.passing(map[*Node]bool{}, func(b *Branch) { networks = append(networks, b.Networks...) })
	return networks
}

// Beyond returns the terms, here and below, that authorise clients which Networks
// cannot tell: dynamic are those that depend on the client, such as exists and
// ptr; unknown those that could not be looked up.
func (n *Node) Beyond() (dynamic, unknown []*Branch) {
	n.passing(map[*Node]bool{}, func(b *Branch) {
		switch {
		case b.State == StateUnknown || b.State == StateNotAsked:
			unknown = append(unknown, b)
		case b.State == StateMacro, b.Term.Kind == KindExists && b.State == StateOK && !b.Void:
			dynamic = append(dynamic, b)
		}
	})
	return dynamic, unknown
}

// passing visits the terms that can lead to pass, here and below, those of a
// repeated node once.
func (n *Node) passing(seen map[*Node]bool, visit func(*Branch)) {
	if n.repeated != nil {
		n = n.repeated
	}
	if seen[n] {
		return
	}
	seen[n] = true
	for _, b := range n.Terms {
		mechanism := b.Term.Kind.Mechanism()
		if b.State == StateIgnored || mechanism && b.Term.Qualifier != QualifierPass || !mechanism && b.Term.Kind != KindRedirect {
			continue
		}
		visit(b)
		if b.Node != nil {
			b.Node.passing(seen, visit)
		}
	}
}
