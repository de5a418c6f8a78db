// Package dane judges the TLSA records of mail hosts (RFC 6698, RFC 7671,
// RFC 7672): whether the certificates that a host presented satisfy them, which
// record is about which certificate, and what the records of a host should be.
//
//	_25._tcp.mx.example.com. TLSA 3 1 1 8d02536c…
//
// The numbers say whose certificate is meant (usage 3: the host's own, whatever its
// names and dates; 2: an issuer's, above a chain with the right name), which part of
// it (selector 0: all, 1: the public key) and how it is written (matching type 0: as
// it is, 1: SHA-256, 2: SHA-512). One record that matches is enough, so that old and
// new stand side by side in a rollover. A sender that finds usable records delivers
// over TLS to a host that matches one, or not at all.
//
// Trust comes from the records alone, never from the system's roots. Whether
// the records themselves can be trusted is DNSSEC's business, and the caller's.
package dane

import (
	"crypto/x509"
	"strconv"
	"time"

	"github.com/postmuster/postmuster/internal/dns"
)

// Certificate usages (RFC 7671 §2.1, RFC 7218).
const (
	UsagePKIXTA uint8 = 0 // unusable for SMTP (RFC 7672 §3.1.3)
	UsagePKIXEE uint8 = 1 // unusable for SMTP (RFC 7672 §3.1.3)
	UsageDANETA uint8 = 2 // the record names an issuer
	UsageDANEEE uint8 = 3 // the record names the host's own certificate or key
)

// Selectors (RFC 7671 §2.2).
const (
	SelectorCert uint8 = 0 // the whole certificate
	SelectorSPKI uint8 = 1 // its public key
)

// Matching types (RFC 7671 §2.3).
const (
	MatchFull   uint8 = 0
	MatchSHA256 uint8 = 1
	MatchSHA512 uint8 = 2
)

// SMTPPort is the port of mail between domains (RFC 7672 §2.2.3).
const SMTPPort = 25

// Limits on what Check and ParseList look at. A host has a handful of each.
const (
	MaxRecords      = 64
	MaxCertificates = 32
)

// Name returns the name that holds the TLSA records of a host's port:
// "_25._tcp.mx.example.com" (RFC 6698 §3).
func Name(host string, port int) string {
	return "_" + strconv.Itoa(port) + "._tcp." + dns.Canonical(host)
}

// Verdict is what the records say about the certificates that were presented.
type Verdict string

// The verdicts.
const (
	VerdictValid   Verdict = "valid"   // a usable record authenticates the host
	VerdictInvalid Verdict = "invalid" // there are usable records, and none does: mail is not delivered (RFC 7672 §2.2)
	// VerdictNoUsable: senders must use TLS, but authenticate nobody (RFC 7672 §2.2).
	VerdictNoUsable Verdict = "no usable records"
)

// NotPresented stands for the index of a certificate that is not in the chain.
const NotPresented = -1

// A Match is what one record says about the chain.
type Match struct {
	Record dns.TLSA
	Usable bool // senders look at the record (RFC 7672 §3.1)
	// Superseded: senders that heed digest agility ignore the record, because
	// another of its usage and selector has a stronger digest (RFC 7671 §9).
	Superseded bool
	// Certificate is the index in the chain of the certificate that the record
	// describes, or NotPresented. A DANE-TA record may describe one that is not
	// presented and authenticate the host all the same (2 0 0, 2 1 0).
	Certificate int
	Valid       bool   // the record, by itself, authenticates the host
	Reason      string // why it is not usable, or does not; empty when Valid
}

// A Result is what all records together say.
type Result struct {
	Verdict Verdict
	Matches []Match // one a record, in their order
}

// Check asks whether a chain, leaf first, satisfies a host's TLSA records at a
// time. The hosts are the names by which the certificate may go: the TLSA base
// domain (the MX host) and the next-hop domains (RFC 7672 §3.2.2). Only
// DANE-TA records look at the names, the dates and the path.
//
// Certificates after the first MaxCertificates are not looked at.
func Check(chain []*x509.Certificate, hosts []string, records []dns.TLSA, at time.Time) Result {
	p := newPresented(chain, hosts, at)
	r := Result{Verdict: VerdictNoUsable}
	for i, record := range records {
		if i >= MaxRecords {
			r.Matches = append(r.Matches, Match{Record: record, Certificate: NotPresented,
				Reason: "there are more than " + strconv.Itoa(MaxRecords) + " records"})
			continue
		}
		r.Matches = append(r.Matches, p.match(record))
	}
	supersede(r.Matches)
	for _, m := range r.Matches {
		switch {
		case !m.Usable || m.Superseded:
		case m.Valid:
			r.Verdict = VerdictValid
			return r
		default:
			r.Verdict = VerdictInvalid
		}
	}
	return r
}

// supersede marks the records that digest agility leaves out: of the usable
// ones of a usage and a selector, those with another digest than the strongest.
// Records without a digest are not concerned (RFC 7671 §9).
func supersede(matches []Match) {
	strongest := map[[2]uint8]uint8{}
	for _, m := range matches {
		if m.Usable && m.Record.MatchingType != MatchFull {
			group := [2]uint8{m.Record.Usage, m.Record.Selector}
			strongest[group] = max(strongest[group], m.Record.MatchingType) // SHA-512 is 2, SHA-256 is 1
		}
	}
	for i := range matches {
		m := &matches[i]
		group := [2]uint8{m.Record.Usage, m.Record.Selector}
		m.Superseded = m.Usable && m.Record.MatchingType != MatchFull && m.Record.MatchingType < strongest[group]
	}
}
