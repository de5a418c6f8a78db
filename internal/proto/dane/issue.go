package dane

import (
	"crypto/x509"
	"time"

	"github.com/postmuster/postmuster/internal/dns"
)

// Severity says what an issue does to the host's mail.
type Severity string

// The severities of issues.
const (
	SeverityError   Severity = "error"   // not a record, or mail is not delivered
	SeverityWarning Severity = "warning" // senders ignore it, or it will break
	SeverityInfo    Severity = "info"    // worth knowing
)

// An Issue is something odd about a record or about a set of records.
type Issue struct {
	Severity Severity `json:"severity"`
	Code     Code     `json:"code"`
	Message  string   `json:"message"`
	Position int      `json:"position"` // byte offset in the text that was parsed; for Advise, index of the record
}

// A Code names the rule that an issue is about.
type Code string

// Issues of a text, of records, and of a chain.
const (
	CodeSyntax     Code = "syntax"     // not "U S M HEX"
	CodeTooMany    Code = "too-many"   // more than MaxRecords
	CodeUnusable   Code = "unusable"   // senders ignore the record (RFC 7672 §3.1.3, RFC 7671 §9)
	CodeDuplicate  Code = "duplicate"  // a record twice
	CodeAgility    Code = "agility"    // a digest is published for some records only (RFC 7671 §9)
	CodeParameters Code = "parameters" // works, but 3 1 1 or 2 1 1 is advised (RFC 7672 §3.1)
	CodeRollover   Code = "rollover"   // nothing stands ready for the next certificate (RFC 7671 §8)
	CodeMismatch   Code = "mismatch"   // the record does not authenticate the chain
)

// An Entry is a record and where it was written.
type Entry struct {
	Record   dns.TLSA
	Position int // byte offset in the text
}

// Parse reads "U S M HEX"; white space inside HEX is allowed (RFC 6698 §2.2).
// The record is good only if no issue is an error.
func Parse(text string) (dns.TLSA, []Issue) { return dns.TLSA{}, nil }

// ParseList reads records separated by commas. Entries holds those that parsed.
func ParseList(text string) ([]Entry, []Issue) { return nil, nil }

// CheckText is ParseList and Check in one, for a command line: the issues say
// per record why it does not authenticate the chain. The chain satisfies the
// records if no issue is an error.
func CheckText(text string, chain []*x509.Certificate, hosts []string, at time.Time) (Result, []Issue) {
	return Result{}, nil
}

// Scheme is how a host's records prepare for its next certificate (RFC 7671 §8).
type Scheme string

// The schemes.
const (
	SchemeNone       Scheme = "none"              // one DANE-EE record: a new key breaks mail until the DNS has caught up
	SchemeCurrentNew Scheme = "current + next"    // two or more 3 x x: this key and the next
	SchemeCurrentTA  Scheme = "current + issuer"  // 3 x x and 2 x x: this key, or any certificate of the issuer
	SchemeTA         Scheme = "issuer"            // 2 x x only: any certificate of the issuer
	SchemeUnusable   Scheme = "no usable records" // nothing to roll over
)

// SchemeOf recognises the scheme of a set of records.
func SchemeOf(records []dns.TLSA) Scheme { return SchemeUnusable }

// Advise judges a host's records without a chain: what senders ignore, what
// breaks at the next certificate, what is advised instead.
func Advise(records []dns.TLSA) []Issue { return nil }
