// Package dnsbl asks DNS block and allow lists about addresses and domains
// (RFC 5782), and tells a listing from everything that looks like one.
//
// Is 192.0.2.1 on bl.example.net? The name 1.2.0.192.bl.example.net has an A record
// if so, and none if not; of an IPv6 address the 32 nibbles are reversed, a domain
// stands as it is. The A record, always within 127.0.0.0/8, says what for, and a TXT
// record may say why. A list that works has the test entry 127.0.0.2 and not
// 127.0.0.1 (of domains: TEST, and not INVALID).
//
// What an address means differs by list and is data (Zones). Answers that say "you
// may not ask", answers outside 127.0.0.0/8, and whatever a dead list's new owner
// answers to everything are never a listing: they make the answer unknown, with the
// reason. A zone is trusted after its test points have proved it (Prove).
package dnsbl

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
