package dmarc

// Severity says what an issue does to a record.
type Severity string

// The severities.
const (
	SeverityError   Severity = "error"   // the record, or the tag, is not used as meant
	SeverityWarning Severity = "warning" // it works, or works somewhere, but should be mended
	SeverityInfo    Severity = "info"    // worth knowing
)

// An Issue is something to know about a place in a record.
type Issue struct {
	Code     Code     `json:"code"`
	Severity Severity `json:"severity"`
	Message  string   `json:"message"`
	Position int      `json:"position"` // octet offset in the record's text
	Tag      string   `json:"tag,omitempty"`
}

// A Code names the rule that an issue is about.
type Code string

// Issues that leave no DMARC record (RFC 9989 §4.7: the text is ignored).
const (
	CodeNotDMARC     Code = "not-dmarc"     // nothing of the kind
	CodeVersion      Code = "version"       // v is not exactly DMARC1
	CodeVersionFirst Code = "version-first" // v is not the first tag
	CodeLeadingSpace Code = "leading-space" // white space or a quote before v
	CodeTooLong      Code = "too-long"      // more than a TXT record can hold
)

// Issues of the list of tags.
const (
	CodeSyntax       Code = "syntax"        // not NAME=VALUE
	CodeCharacter    Code = "character"     // a character that no value may hold
	CodeEmptyTag     Code = "empty-tag"     // two semicolons in a row
	CodeDuplicateTag Code = "duplicate-tag" // receivers disagree about which one counts
	CodeUnknownTag   Code = "unknown-tag"   // ignored
	CodeRemovedTag   Code = "removed-tag"   // pct, rf, ri: ignored since RFC 9989
	CodeLetterCase   Code = "letter-case"   // an unusual case, which some receivers do not accept
)

// Issues of values.
const (
	CodePolicyMissing Code = "policy-missing" // no p
	CodePolicyInvalid Code = "policy-invalid" // p, sp or np is not none, quarantine or reject
	CodePolicyWeaker  Code = "policy-weaker"  // sp or np is weaker than p
	CodePolicyOrder   Code = "policy-order"   // p is not next to v, as RFC 7489 §6.4 wants it
	CodeValue         Code = "value"          // not a value of this tag: the default counts
	CodeFOWithoutRUF  Code = "fo-without-ruf" // fo is ignored
	CodeTesting       Code = "testing"        // t=y lowers the policy
	CodePSD           Code = "psd"            // psd=y or psd=n: rarely meant
)

// Issues of report addresses.
const (
	CodeURI       Code = "uri"        // not a URI: ignored
	CodeURIScheme Code = "uri-scheme" // not mailto, the only scheme that receivers must support
	CodeURISize   Code = "uri-size"   // a !size suffix, obsolete
	CodeURICount  Code = "uri-count"  // more than two
	CodeNoRUA     Code = "no-rua"     // nobody will send aggregate reports
)

// maxIssues is how many issues are kept of one record: more than anyone reads,
// while 64 KB of semicolons would make tens of thousands. Errors have as much
// room again, for without its error a record would pass for a valid one.
const maxIssues = 100

func (p *parser) issue(code Code, severity Severity, tag string, position int, message string) {
	if len(p.issues) >= maxIssues && severity != SeverityError || len(p.issues) >= 2*maxIssues {
		return
	}
	p.issues = append(p.issues, Issue{Code: code, Severity: severity, Message: message, Position: position, Tag: tag})
}
