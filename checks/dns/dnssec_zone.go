package dns

import (
	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/checks/fact"
	"github.com/postmuster/postmuster/checks/facts"
	"github.com/postmuster/postmuster/internal/dns"
	"github.com/postmuster/postmuster/internal/proto/dnssec"
)

var zoneNeeds = []fact.Key{facts.SignedZone}

var _ = suite.Add(&checks.Check{
	ID:       "dnssec-ds-missing",
	Title:    "The parent of a signed zone has a DS record for it",
	Why:      "Signatures that no parent vouches for protect nothing: to validators the domain is unsigned, and DANE does not work.",
	Fix:      "Give the zone's DS record to the registrar.",
	Refs:     []string{"RFC 4035 §2.4", "RFC 4035 §5.2"},
	Category: dnssecCategory, Scope: checks.Domain, Severity: checks.Low, Points: 1,
	Needs: zoneNeeds,
	Eval: func(p *checks.Pass) {
		eachKnown(p, []dns.Type{dns.TypeDS}, func(z *dnssec.Zone) {
			if !z.Signed {
				p.Skipf("the domain is not signed")
			}
			reportIssues(p, z.Find(dnssec.CodeDSMissing))
		})
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "dnssec-ds-match",
	Title:    "Every DS record at the parent is about a key of the zone",
	Why:      "A DS record that is about no key was left behind by a change of keys or of provider. While another fits all is well; when it is the last, the domain is gone.",
	Fix:      "Remove the DS record at the registrar; where no other fits, add the one of a key that the zone has now.",
	Refs:     []string{"RFC 4035 §5.2", "RFC 6781 §4.1"},
	Category: dnssecCategory, Scope: checks.Domain, Severity: checks.Low, Points: 1,
	Needs: zoneNeeds,
	Eval: func(p *checks.Pass) {
		judgeZone(p, []dns.Type{dns.TypeDNSKEY}, dnssec.CodeDSStale, dnssec.CodeDSNone, dnssec.CodeNoKeys)
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "dnssec-signature-expiry",
	Title:    "The zone's signatures are renewed in time",
	Why:      "When a signature ends before a new one is there, validating resolvers refuse the domain, and its mail is lost until somebody notices.",
	Fix:      "Find out why the zone was not signed again, and sign it; watch the signatures' end.",
	Refs:     []string{"RFC 4034 §3.1.5", "RFC 6781 §4.4.2"},
	Category: dnssecCategory, Scope: checks.Domain, Severity: checks.High, Points: 5,
	Needs: zoneNeeds,
	Eval: func(p *checks.Pass) {
		judgeSignatures(p, dnssec.CodeExpiring, dnssec.CodeExpired, dnssec.CodeNotYetValid)
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "dnssec-signed-completely",
	Title:    "Every algorithm of the zone's keys signs all of the zone",
	Why:      "A validator that knows only one of the algorithms cannot follow, and some refuse the zone.",
	Fix:      "Sign the whole zone with each algorithm, or remove the keys of the one that is not used.",
	Refs:     []string{"RFC 4035 §2.2", "RFC 6781 §4.1.4"},
	Category: dnssecCategory, Scope: checks.Domain, Severity: checks.Medium, Points: 2,
	Needs: zoneNeeds,
	Eval: func(p *checks.Pass) {
		judgeSignatures(p, dnssec.CodeIncomplete, dnssec.CodeNotSigned, dnssec.CodeDSUnsigned)
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "dnssec-algorithm",
	Title:    "The zone is signed with algorithms that validators accept",
	Why:      "SHA-1, DSA and GOST must not be used: validators treat what is signed with them as unsigned, and DANE does not work.",
	Fix:      "Change to algorithm 13 (ECDSAP256SHA256) or 15 (ED25519), as an algorithm rollover.",
	Refs:     []string{"RFC 9904", "RFC 9905 §2", "RFC 9906", "RFC 6781 §4.1.4"},
	Category: dnssecCategory, Scope: checks.Domain, Severity: checks.Medium, Points: 3,
	Needs: zoneNeeds,
	Eval:  func(p *checks.Pass) { judgeZone(p, []dns.Type{dns.TypeDNSKEY}, dnssec.CodeAlgorithm) },
})

var _ = suite.Add(&checks.Check{
	ID:       "dnssec-digest",
	Title:    "The DS records at the parent use digests that validators accept",
	Why:      "SHA-1 and GOST must not be used: where there is no other DS record, validators may treat the domain as unsigned.",
	Fix:      "Replace the DS record at the registrar by one with digest type 2 (SHA-256).",
	Refs:     []string{"RFC 9904", "RFC 9905 §2", "RFC 9906", "RFC 4509 §3"},
	Category: dnssecCategory, Scope: checks.Domain, Severity: checks.Low, Points: 1,
	Needs: zoneNeeds,
	Eval:  func(p *checks.Pass) { judgeZone(p, nil, dnssec.CodeDigest) },
})

var _ = suite.Add(&checks.Check{
	ID:       "dnssec-key-size",
	Title:    "The zone's keys are long enough, and whole",
	Why:      "RSA keys of less than 2048 bits are within reach of an attacker with means; shorter than 1024, or damaged, validators refuse them.",
	Fix:      "Change to keys of algorithm 13 (ECDSAP256SHA256), or to RSA keys of 2048 bits.",
	Refs:     []string{"RFC 6781 §3.4.2", "RFC 3110 §2"},
	Category: dnssecCategory, Scope: checks.Domain, Severity: checks.Low, Points: 1,
	Needs: zoneNeeds,
	Eval: func(p *checks.Pass) {
		judgeZone(p, []dns.Type{dns.TypeDNSKEY}, dnssec.CodeKeyWeak, dnssec.CodeKeyBroken)
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "dnssec-nsec3-iterations",
	Title:    "Names are hashed once where NSEC3 is used",
	Why:      "More iterations protect nothing and cost every resolver work: validators may treat such a zone as unsigned, or refuse it.",
	Fix:      "Set NSEC3PARAM to 1 0 0 - (no iterations, no salt), or use NSEC.",
	Refs:     []string{"RFC 9276 §3.1", "RFC 9276 §3.2"},
	Category: dnssecCategory, Scope: checks.Domain, Severity: checks.Medium, Points: 2,
	Needs: zoneNeeds,
	Eval: func(p *checks.Pass) {
		judgeZone(p, []dns.Type{dns.TypeNSEC3PARAM}, dnssec.CodeNSEC3Iterations)
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "dnssec-nsec3-salt",
	Title:    "Names are hashed without salt where NSEC3 is used",
	Why:      "A salt protects nothing here, since every name is hashed with its zone's already.",
	Fix:      "Set NSEC3PARAM to 1 0 0 - (no iterations, no salt), or use NSEC.",
	Refs:     []string{"RFC 9276 §3.1"},
	Category: dnssecCategory, Scope: checks.Domain, Severity: checks.Info,
	Needs: zoneNeeds,
	Eval: func(p *checks.Pass) {
		judgeZone(p, []dns.Type{dns.TypeNSEC3PARAM}, dnssec.CodeNSEC3Salt)
	},
})
