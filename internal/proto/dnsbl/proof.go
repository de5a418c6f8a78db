package dnsbl

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"github.com/postmuster/postmuster/internal/dns"
)

// The test entries of RFC 5782 §5. Those of IPv6 lists are the mapped form of
// the IPv4 ones, which dns.ReversedLabels would turn back into IPv4.
const (
	listedV4, missingV4         = "2.0.0.127", "1.0.0.127"
	listedV6, missingV6         = "2.0.0.0" + mappedLoopback, "1.0.0.0" + mappedLoopback
	listedDomain, missingDomain = "TEST", "INVALID"

	mappedLoopback = ".0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0"
)

// entryNames are the test entries as people write them.
var entryNames = map[string]string{
	listedV4: "127.0.0.2", missingV4: "127.0.0.1", listedV6: "::ffff:7f00:2", missingV6: "::ffff:7f00:1",
}

func entryName(entry string) string {
	if name, ok := entryNames[entry]; ok {
		return name
	}
	return entry
}

// testEntries returns the labels of the entry that must be there and of the one
// that must not.
func (z Zone) testEntries(k Kind) (listed, missing string) {
	switch k {
	case KindIPv4:
		return listedV4, missingV4
	case KindIPv6:
		return listedV6, missingV6
	}
	listed, missing = listedDomain, missingDomain
	if z.TestDomain != "" {
		listed = z.TestDomain
	}
	if z.MissingDomain != "" {
		missing = z.MissingDomain
	}
	return listed, missing
}

// A Proof is the outcome of asking for a zone's test points.
type Proof struct {
	Zone    string  `json:"zone"`
	Kind    Kind    `json:"kind"`
	Usable  bool    `json:"usable"`
	Cause   Cause   `json:"cause,omitempty"`  // when not usable
	Reason  string  `json:"reason,omitempty"` // explains why it is not
	Queries []Query `json:"queries"`

	Err error `json:"-"` // an *dns.Error
}

// Prove asks for the entries that every working list has and has not (RFC 5782
// §5), to learn whether a zone can be used for subjects of a kind.
func Prove(ctx context.Context, r dns.Resolver, z Zone, k Kind) Proof {
	p := Proof{Zone: z.Name, Kind: k, Queries: []Query{}}
	if cause, reason := z.refused(); cause != "" {
		p.Cause, p.Reason = cause, reason
		return p
	}
	a := asker{resolver: r, zone: z}
	listed, missing := z.testEntries(k)
	if z.NoTestPoint || p.has(z, a.addresses(ctx, listed), listed) {
		p.Usable = p.lacks(z, a.addresses(ctx, missing), missing)
	}
	p.Queries = append(p.Queries, a.queries...)
	return p
}

// has reports whether the entry that must be there is.
func (p *Proof) has(z Zone, got found, entry string) bool {
	if !p.credible(z, got, entry) {
		return false
	}
	if len(got.addrs) == 0 {
		p.Cause = CauseBroken
		p.Reason = "its test entry " + entryName(entry) + " is missing (RFC 5782 §5)"
		return false
	}
	return true
}

// lacks reports whether the entry that must be missing is.
func (p *Proof) lacks(z Zone, got found, entry string) bool {
	if !p.credible(z, got, entry) {
		return false
	}
	if len(got.addrs) > 0 {
		p.Cause = CauseBroken
		p.Reason = fmt.Sprintf("it lists %s, which no list may (RFC 5782 §5): it answers %s to everything", entryName(entry), join(got.addrs))
		return false
	}
	return true
}

// credible reports whether an answer can come from a list that lets us ask.
func (p *Proof) credible(z Zone, got found, entry string) bool {
	if got.err != nil {
		p.Cause, p.Err = CauseDNS, got.err
		p.Reason = fmt.Sprintf("asking for its test entry %s: %s", entryName(entry), reasonOf(got.err))
		return false
	}
	p.Cause, p.Reason = z.distrust(got.addrs)
	return p.Cause == ""
}

// refused says why a zone is not asked at all.
func (z Zone) refused() (Cause, string) {
	if dead, is := IsDead(z.Name); is {
		return CauseDead, "the list is not asked any more: " + dead.Reason
	}
	if z.NeedsKey && z.key == "" {
		return CauseBlocked, "the list answers only with a customer's key"
	}
	return "", ""
}

// distrust says why addresses are no answer of a list about a subject. An answer
// that mixes a listing with a refusal is a refusal.
func (z Zone) distrust(addrs []netip.Addr) (Cause, string) {
	for _, a := range addrs {
		if !loopback.Contains(a) {
			return CauseBroken, fmt.Sprintf("it answered %s, which is outside of 127.0.0.0/8 (RFC 5782 §2.1): the list is gone, or the resolver rewrites answers", a)
		}
	}
	for _, a := range addrs {
		for _, m := range z.meanings(a) {
			if m.Effect == EffectError {
				return CauseBlocked, fmt.Sprintf("it answered %s: %s", a, m.Meaning)
			}
		}
	}
	return "", ""
}

var loopback = netip.MustParsePrefix("127.0.0.0/8")

func join(addrs []netip.Addr) string {
	texts := make([]string, len(addrs))
	for i, a := range addrs {
		texts[i] = a.String()
	}
	return strings.Join(texts, ", ")
}

// reasonOf returns what came back in place of an answer: "SERVFAIL", "timeout".
func reasonOf(err error) string {
	var e *dns.Error
	if errors.As(err, &e) {
		return e.Reason()
	}
	return err.Error()
}
