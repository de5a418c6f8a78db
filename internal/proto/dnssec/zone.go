package dnssec

import (
	"context"
	"fmt"
	"time"

	"github.com/postmuster/postmuster/internal/dns"
)

// Limits on what Inspect looks at. A zone has a handful of each; a hostile one has
// as many keys of one tag as fit an answer, to be digested again and again.
const (
	maxDS         = 32
	maxKeys       = 32
	maxSignatures = 64
)

// A Zone is what a zone and its parent publish for validators.
type Zone struct {
	Name       string // empty when it could not be found out
	Absent     bool   // the name that was asked about does not exist
	Draft      bool   // its records come from a zone file: there is nothing signed to look at
	Signed     bool   // its records have signatures
	DS         []dns.DS
	Keys       []Key
	Signatures []Signature
	NSEC3      []dns.NSEC3PARAM // none: NSEC, or not signed
	Cut        bool             // there were more records than are looked at
	Issues     []Issue
	Gaps       []Gap
	Steps      []Step

	answered   map[dns.Type]bool
	signatures bool
}

// A Signature is an RRSIG record and the owner of what it signs.
type Signature struct {
	dns.RRSIG
	Owner string
}

// A Gap is a part of the zone's records that could not be found out.
type Gap struct {
	Question dns.Question
	Reason   string
}

// Delegated reports whether the parent vouches for the zone, so that validators
// demand signatures.
func (z *Zone) Delegated() bool { return len(z.DS) > 0 }

// Demands reports whether validators insist on signatures: the parent vouches with
// an algorithm and a digest that they know. Else they take the zone for unsigned
// (RFC 4035 §5.2, RFC 9905 §2).
func (z *Zone) Demands() bool {
	for _, ds := range z.DS {
		a, d := standingIn(algorithms, ds.Algorithm), standingIn(digests, ds.DigestType)
		if (a == StandingGood || a == StandingOld) && d == StandingGood {
			return true
		}
	}
	return false
}

// Deaf reports whether the resolver keeps signatures to itself, so that nothing can
// be said of them.
func (z *Zone) Deaf() bool { return z.Delegated() && !z.signatures }

// Known reports whether there was an answer for records of a type.
func (z *Zone) Known(t dns.Type) bool { return z.answered[t] }

// Inspect reads the DNSSEC records of the zone that holds name, and judges them at
// a time. Everything is asked with validation switched off, so that a bogus zone
// can be read too: what is found is what the zone says of itself, and no proof.
//
// Signatures are judged of the zone's SOA and DNSKEY records, and of the records
// of these types at name.
func Inspect(ctx context.Context, r dns.Resolver, name string, at time.Time, types ...dns.Type) *Zone {
	z := &Zone{answered: map[dns.Type]bool{}}
	if !z.find(ctx, r, dns.Canonical(name)) {
		return z
	}
	for _, t := range types {
		if a := z.ask(ctx, r, dns.Canonical(name), t); a != nil {
			z.take(a)
		}
	}
	if z.Draft {
		return z
	}
	if a := z.ask(ctx, r, z.Name, dns.TypeDS); a != nil {
		z.take(a)
	}
	if z.Signed || z.Delegated() {
		for _, t := range []dns.Type{dns.TypeDNSKEY, dns.TypeNSEC3PARAM} {
			if a := z.ask(ctx, r, z.Name, t); a != nil {
				z.take(a)
			}
		}
	}
	if z.Deaf() {
		z.Gaps = append(z.Gaps, Gap{dns.Question{Name: z.Name, Type: dns.TypeRRSIG},
			"the resolver hands out no signatures; name one that knows DNSSEC with --resolver"})
	}
	z.judge(at)
	return z
}

// find asks for the SOA record, which tells where the zone begins: of the name
// itself, or in the authority section (RFC 2308 §2).
func (z *Zone) find(ctx context.Context, r dns.Resolver, name string) bool {
	a := z.ask(ctx, r, name, dns.TypeSOA)
	if a == nil {
		return false
	}
	z.Absent = a.Status() == dns.StatusNXDomain
	for _, section := range [][]dns.Record{a.Records, a.Authority} {
		for _, record := range section {
			if record.Type() == dns.TypeSOA && dns.Within(name, record.Name) {
				z.Name = dns.Canonical(record.Name)
			}
		}
	}
	if z.Name == "" {
		z.Gaps = append(z.Gaps, Gap{a.Question, "the answer does not say in which zone the name is"})
		return false
	}
	if z.Name != name {
		// Not every resolver puts the signature into the authority section.
		if a = z.ask(ctx, r, z.Name, dns.TypeSOA); a == nil {
			return true
		}
	}
	z.take(a)
	return true
}

func (z *Zone) ask(ctx context.Context, r dns.Resolver, name string, t dns.Type) *dns.Answer {
	q := dns.Question{Name: name, Type: t, WantDNSSEC: true, CheckingDisabled: true}
	a, err := r.Resolve(ctx, q)
	server, outcome := describe(a, err)
	z.Steps = append(z.Steps, Step{Question: q, Server: server, Outcome: outcome})
	if err != nil {
		z.Gaps = append(z.Gaps, Gap{q, outcome})
		return nil
	}
	z.answered[t] = true
	z.Draft = z.Draft || a.FromZoneFile()
	return a
}

// take keeps the records of an answer that are the zone's, and the parent's about it.
func (z *Zone) take(a *dns.Answer) {
	for _, section := range [][]dns.Record{a.Records, a.Authority} {
		for _, record := range section {
			z.keep(record)
		}
	}
}

func (z *Zone) keep(record dns.Record) {
	switch d := record.Data.(type) {
	case dns.RRSIG:
		z.signatures = true
		// What others signed, such as the parent its DS record, is their matter.
		if dns.EqualNames(d.Signer, z.Name) {
			z.Signed = true
			z.Signatures = keepUpTo(z, maxSignatures, z.Signatures, Signature{RRSIG: d, Owner: dns.Canonical(record.Name)})
		}
	case dns.DS:
		if dns.EqualNames(record.Name, z.Name) {
			z.DS = keepUpTo(z, maxDS, z.DS, d)
		}
	case dns.DNSKEY:
		if dns.EqualNames(record.Name, z.Name) {
			z.Keys = keepUpTo(z, maxKeys, z.Keys, newKey(d))
		}
	case dns.NSEC3PARAM:
		if dns.EqualNames(record.Name, z.Name) {
			z.NSEC3 = keepUpTo(z, maxKeys, z.NSEC3, d)
		}
	}
}

func keepUpTo[T any](z *Zone, most int, list []T, item T) []T {
	if len(list) == most {
		z.Cut = true
		return list
	}
	return append(list, item)
}

// Describe returns "SOA by key 12345 (ED25519), 2026-11-01T00:00:00Z to 2026-11-15T00:00:00Z".
func (s Signature) Describe() string {
	return fmt.Sprintf("%s by key %d (%s), %s to %s", s.Covered, s.KeyTag, AlgorithmName(s.Algorithm),
		date(s.Inception), date(s.Expiration))
}

func date(seconds int64) string { return time.Unix(seconds, 0).UTC().Format(time.RFC3339) }
