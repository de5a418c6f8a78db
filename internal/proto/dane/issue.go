package dane

// Severity says what an issue does to the host's mail.
type Severity string

// The severities of issues.
const (
	SeverityError   Severity = "error"   // not a record, or one that fails where one has to match
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
	CodeUnusable   Code = "unusable"   // senders ignore the record (RFC 7672 §3.1.3, RFC 7671 §4.1)
	CodeDuplicate  Code = "duplicate"  // a record twice
	CodeAgility    Code = "agility"    // a digest is published for some of the records only (RFC 7671 §9)
	CodeParameters Code = "parameters" // works, but 3 1 1 or 2 1 1 is advised (RFC 7672 §3.1)
	CodeRollover   Code = "rollover"   // nothing stands ready for the next certificate (RFC 7671 §8)
	CodeMismatch   Code = "mismatch"   // the record does not authenticate the chain
)
