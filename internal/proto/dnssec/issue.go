package dnssec

import "github.com/postmuster/postmuster/internal/dns"

// Severity says what an issue does to the zone.
type Severity string

// The severities of issues.
const (
	SeverityError   Severity = "error"   // validators refuse the zone, or take it for unsigned
	SeverityWarning Severity = "warning" // some do, or soon will
	SeverityInfo    Severity = "info"    // worth knowing
)

// An Issue is something wrong with the records of a zone.
type Issue struct {
	Severity Severity
	Code     Code
	Message  string
	Owner    string   // of the record
	Type     dns.Type // of the record
	Record   string   // the record, in short
}

// A Code names the rule that an issue is about.
type Code string

// Issues of the chain from the parent.
const (
	CodeDSMissing   Code = "ds-missing"   // signed, but the parent vouches for nothing
	CodeNoKeys      Code = "no-keys"      // DS records, and no DNSKEY (RFC 4035 §5.2)
	CodeDSNone      Code = "ds-none"      // no DS record leads to a key
	CodeDSStale     Code = "ds-stale"     // one DS record leads to no key, another does
	CodeDSUnsigned  Code = "ds-unsigned"  // the keys are not signed by one that a DS record names (RFC 4035 §5.2)
	CodeDigest      Code = "digest"       // a digest that must not be used (RFC 9904)
	CodeNotSigned   Code = "not-signed"   // a set of records without any signature (RFC 4035 §2.2)
	CodeAlgorithm   Code = "algorithm"    // one that must not be used (RFC 9905, RFC 9906)
	CodeAlgorithmUp Code = "algorithm-up" // one that is not recommended, or hardly known
	CodeIncomplete  Code = "incomplete"   // an algorithm of the keys has not signed everything (RFC 4035 §2.2)
	CodeKeyWeak     Code = "key-weak"     // an RSA key of too few bits
	CodeKeyBroken   Code = "key-broken"   // a key that cannot be used
)

// Issues of signatures and of negative answers.
const (
	CodeExpired         Code = "expired"
	CodeExpiring        Code = "expiring"
	CodeNotYetValid     Code = "not-yet-valid"
	CodeNSEC3Iterations Code = "nsec3-iterations" // RFC 9276 §3.1: 0
	CodeNSEC3Salt       Code = "nsec3-salt"       // RFC 9276 §3.1: none
)
