package tlsrpt

// Severity says what an issue does.
type Severity string

// The severities.
const (
	SeverityError   Severity = "error"   // senders act as if there were nothing
	SeverityWarning Severity = "warning" // it works, or works somewhere, but should be mended
	SeverityInfo    Severity = "info"    // worth knowing
)

// An Issue is something to know about a place in a text.
type Issue struct {
	Code     Code     `json:"code"`
	Severity Severity `json:"severity"`
	Message  string   `json:"message"`
	Position int      `json:"position"` // octet offset in the text
}

// A Code names the rule that an issue is about.
type Code string
