// Package dnsbl asks DNS block and allow lists about addresses and domains
// (RFC 5782), and tells a listing from everything that looks like one.
//
// Lists answer with addresses. What an address means differs by list and is
// data (Zones). Answers that say "you may not ask", answers outside
// 127.0.0.0/8, and whatever a dead list's new owner answers to everything are
// never a listing: they make the answer unknown, with the reason. A zone is
// trusted after its test points have proved it (Prove).
package dnsbl

import (
	"context"
	"net/netip"

	"github.com/postmuster/postmuster/internal/dns"
)

// Kind is what a zone can be asked about.
type Kind string

// The kinds of subjects.
const (
	KindIPv4   Kind = "ipv4"
	KindIPv6   Kind = "ipv6"
	KindDomain Kind = "domain"
)

// Effect hints at what a listing means for mail.
type Effect string

// The effects, worst first.
const (
	EffectBlock Effect = "block" // receivers refuse or junk mail for it
	EffectInfo  Effect = "info"  // few receivers act on it alone
	EffectAllow Effect = "allow" // speaks for the subject
	// EffectError marks a code that is no listing: the query was refused.
	EffectError Effect = "error"
)

// A Subject is what is asked about: an address or a domain.
type Subject struct {
	Addr   netip.Addr `json:"addr,omitzero"`
	Domain string     `json:"domain,omitempty"`
}

// ParseSubject reads an IP address or a domain name.
func ParseSubject(s string) (Subject, error) { return Subject{}, nil }

// Kind returns the kind of the subject.
func (s Subject) Kind() Kind { return "" }

// QueryName returns the name to ask in zone (RFC 5782 §2.1, §2.4, §3).
func (s Subject) QueryName(zone string) string { return "" }

// State is what is known about a listing.
type State string

// The states of a listing.
const (
	StateListed    State = "listed"
	StateNotListed State = "not listed"
	StateUnknown   State = "unknown"
	StateNotAsked  State = "not applicable" // the zone does not list subjects of this kind
)

// Cause says why a state is unknown.
type Cause string

// The causes.
const (
	CauseBlocked Cause = "blocked query" // the list refuses this resolver, or wants a key
	CauseBroken  Cause = "zone broken"   // the answer cannot come from a working list
	CauseDNS     Cause = "dns error"
	CauseDead    Cause = "dead zone" // on the deny list
)

// A Match is one address that a zone answered, and its meaning.
type Match struct {
	Code    netip.Addr `json:"code"`
	Meaning string     `json:"meaning"`
	Effect  Effect     `json:"effect"`
}

// A Query is a question that was asked, and what came back. A zone's key is
// not shown in it.
type Query struct {
	Name    string   `json:"name"`
	Type    string   `json:"type"`
	Rcode   string   `json:"rcode,omitempty"` // empty when no answer came
	Answers []string `json:"answers"`
	MS      int64    `json:"ms"`
	Error   string   `json:"error,omitempty"`
}

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
func Check(ctx context.Context, r dns.Resolver, z Zone, s Subject) Listing { return Listing{} }

// A Proof is the outcome of asking for a zone's test points.
type Proof struct {
	Zone    string  `json:"zone"`
	Kind    Kind    `json:"kind"`
	Usable  bool    `json:"usable"`
	Cause   Cause   `json:"cause,omitempty"` // when not usable
	Reason  string  `json:"reason,omitempty"`
	Queries []Query `json:"queries"`

	Err error `json:"-"` // an *dns.Error
}

// Prove asks for the entries that every working list has and has not (RFC 5782
// §5), to learn whether a zone can be used for subjects of a kind.
func Prove(ctx context.Context, r dns.Resolver, z Zone, k Kind) Proof { return Proof{} }
