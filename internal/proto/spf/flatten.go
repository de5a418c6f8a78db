package spf

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Flat is a policy written with addresses instead of names.
type Flat struct {
	Records []FlatRecord `json:"records"`        // the first is the domain's own
	Lookups int          `json:"lookups"`        // that it still costs
	Kept    []string     `json:"kept,omitempty"` // terms that cannot be written as addresses
}

// A FlatRecord is a TXT record to publish.
type FlatRecord struct {
	Name    string   `json:"name"`
	Text    string   `json:"text"`
	Strings []string `json:"strings"` // Text in strings of at most 255 octets (RFC 7208 §3.3)
}

// Flatten writes the policy of a tree with addresses instead of names, in as
// many records as RFC 7208 §3.4 wants. Terms that depend on the client stay as
// they are, and so does an include whose record says more than whom it
// authorises. It is an error if a part of the tree is broken or unknown, as
// addresses would be lost.
func Flatten(n *Node) (*Flat, error) {
	if n.State != StateOK {
		return nil, fmt.Errorf("flatten %s: %s", n.Domain, n.Reason)
	}
	f := &flattener{taken: map[string]bool{}}
	if err := f.node(n); err != nil {
		return nil, err
	}
	n.Walk(func(n *Node, _ *Branch) { f.taken[strings.ToLower(n.Domain)] = true })
	return f.publish(n.Domain), nil
}

// A flattener collects pieces: terms that stay, and runs of networks that share
// a qualifier. The order of pieces is the order of evaluation.
type flattener struct {
	pieces  []piece
	tail    []string // all, redirect and the modifiers
	lookups int
	kept    []string
	taken   map[string]bool // domains that the tree uses

	redirected bool // the terms of a redirect's target were taken over
}

type piece struct {
	qualifier Qualifier
	term      string    // a term that stays, or
	networks  []Network // networks
}

// node adds the terms of the domain itself, or of the target of its redirect.
func (f *flattener) node(n *Node) error {
	for _, b := range n.Terms {
		if err := f.branch(n, b); err != nil {
			return err
		}
	}
	return nil
}

func (f *flattener) branch(n *Node, b *Branch) error {
	if b.State != StateIgnored && (b.Term.Kind == KindExp || b.Term.Kind == KindModifier) {
		f.tail = append(f.tail, b.Term.String())
		return nil
	}
	switch b.State {
	case StateIgnored:
		return nil
	case StateOK, StateMacro, StateRepeated:
	case StateNone: // an a, mx or exists of a name that cannot be
		if b.Term.Kind == KindInclude || b.Term.Kind == KindRedirect {
			return fmt.Errorf("flatten %s of %s: %s", b.Term.Text, n.Domain, b.Reason)
		}
	default:
		return fmt.Errorf("flatten %s of %s: %s", b.Term.Text, n.Domain, b.Reason)
	}
	if err := b.Node.intact(); err != nil {
		return err
	}
	switch kind := b.Term.Kind; {
	case kind == KindAll:
		f.tail = append(f.tail, b.Term.String())
	case kind == KindRedirect && b.State != StateMacro && b.Node.full().bare:
		f.redirected = true
		return f.node(b.Node.full())
	case kind == KindRedirect:
		f.tail = append(f.tail, b.Term.String())
		f.keep(b)
	case kind == KindInclude && b.State != StateMacro && b.Node.full().simple:
		f.add(b.Term.Qualifier, b.Node.Networks())
	case kind == KindIP4 || kind == KindIP6 || (kind == KindA || kind == KindMX) && b.State != StateMacro:
		f.add(b.Term.Qualifier, b.Networks)
	default:
		f.pieces = append(f.pieces, piece{term: b.Term.String()})
		f.keep(b)
	}
	return nil
}

func (f *flattener) keep(b *Branch) {
	f.kept = append(f.kept, b.Term.Text)
	f.lookups += b.Lookups
}

// add appends networks to the last run, if that has the same qualifier.
func (f *flattener) add(q Qualifier, networks []Network) {
	if len(networks) == 0 {
		return
	}
	if last := len(f.pieces) - 1; last >= 0 && f.pieces[last].term == "" && f.pieces[last].qualifier == q {
		f.pieces[last].networks = append(f.pieces[last].networks, networks...)
		return
	}
	f.pieces = append(f.pieces, piece{qualifier: q, networks: slices.Clone(networks)})
}

// full returns the node itself, or the one that it repeats.
func (n *Node) full() *Node {
	if n != nil && n.repeated != nil {
		return n.repeated
	}
	return n
}

// intact reports what keeps a policy below from being evaluated.
func (n *Node) intact() error {
	if n == nil || n.State == StateRepeated {
		return nil // shown, and judged, elsewhere
	}
	if n.State != StateOK {
		return fmt.Errorf("flatten %s: %s", n.Domain, n.Reason)
	}
	for _, b := range n.Terms {
		if b.Term.Kind == KindExp {
			continue // no address is lost without it
		}
		switch b.State {
		case StateUnknown, StatePermError, StateNotAsked, StateLoop:
			return fmt.Errorf("flatten %s of %s: %s", b.Term.Text, n.Domain, b.Reason)
		}
		if err := b.Node.intact(); err != nil {
			return err
		}
	}
	return nil
}

// isSimple reports whether all that an include can tell of a record is whether
// the client is in one of its networks.
func (n *Node) isSimple() bool {
	if n.State != StateOK {
		return false
	}
	for _, b := range n.Terms {
		switch kind := b.Term.Kind; {
		case b.State == StateIgnored || kind == KindExp || kind == KindModifier:
		case kind == KindAll:
			if b.Term.Qualifier == QualifierPass {
				return false
			}
		case kind == KindPTR || kind == KindExists || b.State == StateMacro:
			return false
		case kind != KindRedirect && b.Term.Qualifier != QualifierPass:
			return false
		case b.Node != nil && !b.Node.full().simple:
			return false
		}
	}
	return true
}

// isBare reports whether a record can be written in place of a redirect to it:
// nothing in it depends on whose record it is.
func (n *Node) isBare() bool {
	if n.State != StateOK {
		return false
	}
	for _, b := range n.Terms {
		switch kind := b.Term.Kind; {
		case b.State == StateIgnored:
		case kind == KindPTR || kind == KindExists || kind == KindExp || b.State == StateMacro:
			return false
		case kind == KindInclude && !b.Node.full().simple:
			return false
		case kind == KindRedirect && !b.Node.full().bare:
			return false
		}
	}
	return true
}

// publish writes the pieces: in one record if it fits, otherwise with the
// networks in records of their own.
func (f *flattener) publish(domain string) *Flat {
	flat := &Flat{Lookups: f.lookups, Kept: f.kept}
	if f.redirected { // a redirect disables exp, and the target has none (RFC 7208 §6.2)
		f.tail = slices.DeleteFunc(f.tail, func(term string) bool { return strings.HasPrefix(term, "exp=") })
	}
	var terms []string
	for _, p := range f.pieces {
		terms = append(terms, p.terms()...)
	}
	text := recordText(append(terms, f.tail...))
	if len(text) <= maxRecord {
		flat.Records = []FlatRecord{newFlatRecord(domain, text)}
		return flat
	}
	var below []FlatRecord
	terms = nil
	for _, p := range f.pieces {
		if p.term != "" {
			terms = append(terms, p.term)
			continue
		}
		for _, text := range pack(piece{QualifierPass, "", p.networks}.terms()) {
			name := f.name(domain)
			below = append(below, newFlatRecord(name, text))
			terms = append(terms, p.qualifier.prefix()+"include:"+name)
			flat.Lookups++
		}
	}
	flat.Records = append([]FlatRecord{newFlatRecord(domain, recordText(append(terms, f.tail...)))}, below...)
	return flat
}

// name returns a name for the next record below a domain that is not in use.
func (f *flattener) name(domain string) string {
	for i := 1; ; i++ {
		name := "_spf" + strconv.Itoa(i) + "." + domain
		if key := strings.ToLower(name); !f.taken[key] {
			f.taken[key] = true
			return name
		}
	}
}

// prefix is the qualifier as it is usually written.
func (q Qualifier) prefix() string {
	if q == QualifierPass {
		return ""
	}
	return string(q)
}

// terms writes a piece: the term itself, or a term for each network.
func (p piece) terms() []string {
	if p.term != "" {
		return []string{p.term}
	}
	var terms []string
	for _, prefix := range Union(p.networks) {
		t := Term{Valid: true, Qualifier: p.qualifier, Kind: KindIP4, Prefix: prefix}
		if prefix.Addr().Is6() {
			t.Kind = KindIP6
		}
		terms = append(terms, t.String())
	}
	return terms
}

func recordText(terms []string) string { return strings.Join(append([]string{version}, terms...), " ") }

// pack fills records with terms. They end in -all, which an include reads as
// "not here".
func pack(terms []string) []string {
	const end = " -all"
	var records []string
	text := version
	for _, term := range terms {
		if len(text)+1+len(term)+len(end) > maxRecord {
			records = append(records, text+end)
			text = version
		}
		text += " " + term
	}
	return append(records, text+end)
}

// newFlatRecord cuts a record into strings, after a space where there is one.
func newFlatRecord(name, text string) FlatRecord {
	r := FlatRecord{Name: name, Text: text}
	for len(text) > maxString {
		cut := strings.LastIndexByte(text[:maxString], ' ') + 1
		if cut == 0 {
			cut = maxString
		}
		r.Strings = append(r.Strings, text[:cut])
		text = text[cut:]
	}
	r.Strings = append(r.Strings, text)
	return r
}
