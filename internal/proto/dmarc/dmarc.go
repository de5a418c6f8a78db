// Package dmarc reads DMARC records and evaluates messages by RFC 9989: the DNS
// tree walk, the organizational domain, policy discovery, alignment and, by
// RFC 9990, whether an external destination may receive reports.
//
//	_dmarc.example.com. TXT "v=DMARC1; p=reject; rua=mailto:dmarc@example.com"
//
// A message passes if SPF or DKIM passes for a domain that is aligned with that of
// the From field: the same, or, if relaxed, of the same organization. Where it fails,
// the policy is that of the author domain's record (p), else of its organization's
// (sp for subdomains, np for those that do not exist). The organizational domain is
// found by asking for records from the name up to the root, in at most eight
// queries; before RFC 9989 it was one label below a public suffix.
//
// Receivers of 2026 are a mixture: many still follow RFC 7489 with the public
// suffix list. So every answer also tells what such a receiver would conclude,
// and whether that differs.
//
// A question that DNS did not answer is never taken for the absence of a
// record: results are then temperror or unknown.
package dmarc

// Version is the value of the v tag, to the letter (RFC 9989 §4.7).
const Version = "DMARC1"

// Policy is what a domain owner asks to happen to mail that fails.
type Policy string

// The policies of RFC 9989 §4.7, mildest first.
const (
	PolicyNone       Policy = "none"
	PolicyQuarantine Policy = "quarantine"
	PolicyReject     Policy = "reject"
)

// Testing returns the policy one step lower, as t=y asks (RFC 9989 §4.7).
func (p Policy) Testing() Policy {
	switch p {
	case PolicyReject:
		return PolicyQuarantine
	case PolicyQuarantine:
		return PolicyNone
	default:
		return p
	}
}

// Source is the tag that a policy was taken from.
type Source string

// The tags that hold a policy.
const (
	SourceP  Source = "p"
	SourceSP Source = "sp"
	SourceNP Source = "np"
)

// Mode is how closely an authenticated domain must match the author domain.
type Mode string

// The modes of adkim and aspf.
const (
	ModeRelaxed Mode = "r"
	ModeStrict  Mode = "s"
)

// PSD is the value of the psd tag.
type PSD string

// The values of the psd tag.
const (
	PSDYes     PSD = "y" // a public suffix domain
	PSDNo      PSD = "n" // an organizational domain
	PSDUnknown PSD = "u" // the default: the walk decides
)

// Result is a DMARC result as Authentication-Results writes it (RFC 8601 §2.7).
type Result string

// The results of an evaluation.
const (
	ResultPass      Result = "pass"
	ResultFail      Result = "fail"
	ResultNone      Result = "none"      // no record applies
	ResultPermError Result = "permerror" // the record that applies is unusable: DMARC is not applied
	ResultTempError Result = "temperror" // could not be found out
)
