package spf

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/postmuster/postmuster/internal/dns"
)

// Bounds of a tree. They are far beyond what works (ten terms that ask the DNS),
// so that a broken policy can still be shown whole.
const (
	maxAnalysed = 200  // terms that ask the DNS
	maxBranches = 5000 // terms in all; a record may hold thousands of networks
)

// Analyse walks the policy of a domain without a client. Every term that could
// be evaluated is counted, as if nothing matched; so the counts are the worst
// that a sender can meet.
func Analyse(ctx context.Context, r dns.Resolver, domain string) *Node {
	domain = aLabels(strings.TrimSuffix(domain, "."))
	a := &analysis{resolver: r, root: domain, nodes: map[string]*Node{}}
	return a.node(ctx, domain)
}

type analysis struct {
	resolver dns.Resolver
	root     string
	nodes    map[string]*Node // finished, by canonical domain
	path     []string         // canonical domains from the root to here
	asked    int              // terms that asked the DNS
	branches int
}

// node analyses the policy of a domain.
func (a *analysis) node(ctx context.Context, domain string) *Node {
	key := dns.Canonical(domain)
	if slices.Contains(a.path, key) {
		return &Node{Domain: domain, State: StateLoop, Reason: domain + " led here"}
	}
	if n := a.nodes[key]; n != nil {
		return &Node{Domain: domain, State: StateRepeated, Reason: n.Reason, repeated: n, void: n.void, Err: n.Err, Lookups: n.Lookups,
			VoidLookups: n.VoidLookups, VoidLookups4: n.VoidLookups4, VoidLookups6: n.VoidLookups6}
	}
	a.path = append(a.path, key)
	n := a.fetch(ctx, domain)
	if n.Record != nil {
		a.terms(ctx, n)
	}
	a.path = a.path[:len(a.path)-1]
	a.nodes[key] = n
	return n
}

// fetch finds the policies of a domain.
func (a *analysis) fetch(ctx context.Context, domain string) *Node {
	n := &Node{Domain: domain, State: StateNone}
	if !isFQDN(domain) {
		n.Reason = fmt.Sprintf("%q is not a domain that can have a policy", domain)
		return n
	}
	answer, err := a.ask(ctx, questionName(domain), dns.TypeTXT)
	if err != nil {
		n.State, n.Reason, n.Err = StateUnknown, "the policy could not be looked up: "+reasonOf(err), err
		return n
	}
	for _, r := range answer.Matching() {
		if txt, ok := r.Data.(dns.TXT); ok && IsRecord(txt.Text()) {
			n.Records, n.Strings = append(n.Records, txt.Text()), txt.Strings
		}
	}
	if len(answer.Matching()) == 0 {
		n.void = []Query{{Question: answer.Question, Answer: answer}}
	}
	switch len(n.Records) {
	case 0:
		n.Reason = domain + " publishes no policy"
	case 1:
		n.State = StateOK
		n.Record = Parse(n.Records[0])
		if !n.Record.Valid() {
			n.State, n.Reason = StatePermError, n.Record.Issues[0].Message
		}
	default:
		n.State, n.Reason = StatePermError, fmt.Sprintf("%s publishes %d policies", domain, len(n.Records))
	}
	return n
}

// ask asks a question; a name that cannot be asked for has no records.
func (a *analysis) ask(ctx context.Context, name string, qtype dns.Type) (*dns.Answer, error) {
	q := dns.Question{Name: name, Type: qtype}
	answer, err := a.resolver.Resolve(ctx, q)
	if dns.IsBadName(err) {
		return &dns.Answer{Question: q, Rcode: dns.RcodeNXDomain}, nil
	}
	return answer, err
}

// reasonOf says what came instead of an answer.
func reasonOf(err error) string {
	if e, ok := errors.AsType[*dns.Error](err); ok {
		return e.Reason()
	}
	return err.Error()
}

// terms analyses the terms of a node's record and adds up what they cost.
func (a *analysis) terms(ctx context.Context, n *Node) {
	all := n.Record.All()
	for i := range n.Record.Terms {
		if a.branches++; a.branches > maxBranches {
			n.State, n.Reason = StateNotAsked, fmt.Sprintf("the tree has more than %d terms", maxBranches)
			break
		}
		t := n.Record.Terms[i]
		b := &Branch{Term: t, State: StateOK}
		n.Terms = append(n.Terms, b)
		switch {
		case !t.Valid:
			b.State, b.Reason = StatePermError, n.Record.issueAt(t)
		case all != nil && t.Kind.Mechanism() && t.Position > all.Position:
			b.State, b.Reason = StateIgnored, "stands after "+all.Text
		case all != nil && t.Kind == KindRedirect:
			b.State, b.Reason = StateIgnored, "stands beside "+all.Text
		default:
			a.branch(ctx, n, b)
		}
		n.add(b)
	}
	n.simple, n.bare = n.isSimple(), n.isBare()
}

// issueAt returns the message of the issue with a term.
func (r *Record) issueAt(t Term) string {
	for _, issue := range r.Issues {
		if t.Position <= issue.Position && issue.Position < t.Position+len(t.Text) {
			return issue.Message
		}
	}
	return ""
}

// maxCount bounds the counts: a policy that includes two others, each of which
// includes two, costs more than any integer holds.
const maxCount = 1 << 20

// add counts a branch in its node.
func (n *Node) add(b *Branch) {
	b.Void = b.Void4 && b.Void6
	below := b.Node
	if below == nil {
		below = &Node{}
	}
	b.Lookups = min(b.Lookups+below.Lookups, maxCount)
	n.Lookups = min(n.Lookups+b.Lookups, maxCount)
	n.VoidLookups = min(n.VoidLookups+below.VoidLookups+count(b.Void), maxCount)
	n.VoidLookups4 = min(n.VoidLookups4+below.VoidLookups4+count(b.Void4), maxCount)
	n.VoidLookups6 = min(n.VoidLookups6+below.VoidLookups6+count(b.Void6), maxCount)
}

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}

// branch analyses a term that is evaluated.
func (a *analysis) branch(ctx context.Context, n *Node, b *Branch) {
	t := &b.Term
	switch {
	case t.Kind == KindAll && t.Qualifier == QualifierPass:
		b.authorise(n, everyIPv4)
		b.authorise(n, everyIPv6)
	case t.Kind == KindIP4 || t.Kind == KindIP6:
		b.authorise(n, t.Prefix)
	case t.Kind == KindExp:
		if a.target(n, b) {
			a.exp(ctx, b)
		}
	case t.Kind.Queries():
		b.Lookups = 1
		if a.asked++; a.asked > maxAnalysed {
			b.State, b.Reason = StateNotAsked, fmt.Sprintf("the tree has more than %d terms that ask the DNS", maxAnalysed)
			return
		}
		a.question(ctx, n, b)
	}
}

func (b *Branch) authorise(n *Node, p netip.Prefix) {
	b.Networks = append(b.Networks, Network{Prefix: p.Masked(), Domain: n.Domain, Term: b.Term.Text, Position: b.Term.Position})
}

// question analyses a term that asks the DNS.
func (a *analysis) question(ctx context.Context, n *Node, b *Branch) {
	if !a.target(n, b) {
		return
	}
	switch b.Term.Kind {
	case KindInclude, KindRedirect:
		b.Node = a.node(ctx, b.Target)
		b.VoidQueries = b.Node.void
		b.Void4, b.Void6 = b.Node.void != nil, b.Node.void != nil
		b.State, b.Reason, b.Err = b.Node.State, b.Node.Reason, b.Node.Err
	case KindA:
		b.Void4, b.Void6 = a.addresses(ctx, n, b, questionName(b.Target))
	case KindMX:
		a.mx(ctx, n, b)
	case KindExists:
		a.exists(ctx, b)
	case KindPTR:
		b.State, b.Reason = StateMacro, "depends on the client's name"
	}
}

// target expands the domain-spec if only the policy's own domains stand in it.
func (a *analysis) target(n *Node, b *Branch) bool {
	m := b.Term.Domain
	if m.Text == "" {
		b.Target = n.Domain
		return true
	}
	if strings.Trim(m.Letters(), "do") != "" {
		b.State, b.Reason = StateMacro, "depends on the client or the sender"
		return false
	}
	name, ok := m.expand(func(letter byte) string {
		if letter == 'o' {
			return a.root
		}
		return n.Domain
	})
	b.Target = fitName(name)
	if !ok || !askable(b.Target) {
		b.State, b.Reason = StateNone, "not a name that can be asked for"
		return false
	}
	return true
}

// addresses adds the networks of a host, and reports what finds nothing.
func (a *analysis) addresses(ctx context.Context, n *Node, b *Branch, name string) (void4, void6 bool) {
	for _, f := range []struct {
		qtype dns.Type
		bits  int
		void  *bool
	}{{dns.TypeA, b.Term.Bits4, &void4}, {dns.TypeAAAA, b.Term.Bits6, &void6}} {
		answer, err := a.ask(ctx, name, f.qtype)
		if err != nil {
			b.unknown("the addresses of "+name, err)
			continue
		}
		*f.void = b.void(answer)
		for _, addr := range answer.Addrs() {
			b.authorise(n, netip.PrefixFrom(addr, f.bits))
		}
	}
	return void4, void6
}

// void notes an answer without records.
func (b *Branch) void(answer *dns.Answer) bool {
	if len(answer.Matching()) > 0 {
		return false
	}
	b.VoidQueries = append(b.VoidQueries, Query{Question: answer.Question, Answer: answer})
	return true
}

func (b *Branch) unknown(what string, err error) {
	b.State, b.Reason, b.Err = StateUnknown, what+" could not be looked up: "+reasonOf(err), err
}

// mx adds the networks of a domain's MX hosts.
func (a *analysis) mx(ctx context.Context, n *Node, b *Branch) {
	answer, err := a.ask(ctx, questionName(b.Target), dns.TypeMX)
	if err != nil {
		b.unknown("the MX records", err)
		return
	}
	mxs := answer.MXs()
	slices.SortStableFunc(mxs, func(x, y dns.MX) int { return cmp.Compare(x.Preference, y.Preference) })
	for _, mx := range mxs {
		if mx.Host != "." && mx.Host != "" {
			b.Hosts = append(b.Hosts, mx.Host)
		}
	}
	switch {
	case len(mxs) == 0:
		void := b.void(answer)
		b.Void4, b.Void6 = void, void
	case len(mxs) > MXLimit:
		b.State, b.Reason = StatePermError, fmt.Sprintf("%s has %d MX hosts, more than %d", b.Target, len(mxs), MXLimit)
		return
	}
	for _, host := range b.Hosts {
		void4, void6 := a.addresses(ctx, n, b, host)
		b.Void4, b.Void6 = b.Void4 || void4, b.Void6 || void6
	}
}

func (a *analysis) exists(ctx context.Context, b *Branch) {
	answer, err := a.ask(ctx, questionName(b.Target), dns.TypeA)
	if err != nil {
		b.unknown("the address", err)
		return
	}
	void := b.void(answer)
	b.Void4, b.Void6 = void, void
}

// exp looks whether there is one explanation to use (RFC 7208 §6.2). It counts
// towards no limit.
func (a *analysis) exp(ctx context.Context, b *Branch) {
	answer, err := a.ask(ctx, questionName(b.Target), dns.TypeTXT)
	if err != nil {
		b.unknown("the explanation", err)
		return
	}
	texts := answer.TXTs()
	if len(texts) != 1 {
		b.State, b.Reason = StateNone, fmt.Sprintf("%d TXT records where one explanation should be", len(texts))
		return
	}
	if _, _, syntax := parseMacroString(texts[0], inExplanation); syntax != nil {
		b.State, b.Reason = StateNone, "the explanation is invalid: "+syntax.message
	}
}
