package dnsbl

import (
	"context"
	"net/netip"
	"slices"

	"github.com/postmuster/postmuster/internal/dns"
)

// A Listing is what a zone says about a subject.
type Listing struct {
	Zone    string   `json:"zone"`
	Subject string   `json:"subject"`
	State   State    `json:"state"`
	Cause   Cause    `json:"cause,omitempty"`  // when the state is unknown
	Reason  string   `json:"reason,omitempty"` // explains an unknown state
	Effect  Effect   `json:"effect,omitempty"` // the worst among the matches
	Matches []Match  `json:"matches,omitempty"`
	TXT     []string `json:"txt,omitempty"` // the list's own words
	Queries []Query  `json:"queries"`

	Err error `json:"-"` // an *dns.Error
}

// Check asks a zone about a subject. It trusts the zone: see Prove.
func Check(ctx context.Context, r dns.Resolver, z Zone, s Subject) Listing {
	l := Listing{Zone: z.Name, Subject: s.String(), Queries: []Query{}}
	if !z.Lists(s.Kind()) {
		l.State = StateNotAsked
		return l
	}
	if cause, reason := z.refused(); cause != "" {
		l.unknown(cause, reason)
		return l
	}
	a := asker{resolver: r, zone: z}
	entry := s.entry()
	got := a.addresses(ctx, entry)
	l.judge(z, got)
	if l.State == StateListed {
		l.TXT = a.texts(ctx, entry)
	}
	l.Queries = append(l.Queries, a.queries...)
	return l
}

// entry returns the labels that stand before the zone.
func (s Subject) entry() string {
	if s.Addr.IsValid() {
		return dns.ReversedLabels(s.Addr)
	}
	return dns.Canonical(s.Domain)
}

func (l *Listing) unknown(cause Cause, reason string) {
	l.State, l.Cause, l.Reason = StateUnknown, cause, reason
}

func (l *Listing) judge(z Zone, got found) {
	switch {
	case dns.IsBadName(got.err): // too long a name to be listed under
		l.State = StateNotListed
	case got.err != nil:
		l.Err = got.err
		l.unknown(CauseDNS, reasonOf(got.err))
	case len(got.addrs) == 0:
		l.State = StateNotListed
	default:
		if cause, reason := z.distrust(got.addrs); cause != "" {
			l.unknown(cause, reason)
			return
		}
		l.State = StateListed
		l.match(z, got.addrs)
	}
}

// match fills in the meanings, in the order of the addresses, so that the same
// listing is written the same however the answer was shuffled.
func (l *Listing) match(z Zone, addrs []netip.Addr) {
	sorted := slices.Clone(addrs)
	slices.SortFunc(sorted, netip.Addr.Compare)
	for _, a := range slices.Compact(sorted) {
		l.Matches = append(l.Matches, z.meanings(a)...)
	}
	l.Effect = slices.MinFunc(l.Matches, func(x, y Match) int {
		return slices.Index(worstFirst, x.Effect) - slices.Index(worstFirst, y.Effect)
	}).Effect
}

var worstFirst = []Effect{EffectBlock, EffectInfo, EffectAllow}
