package bimi

// Severity says what an issue does to the logo.
type Severity string

// The severities of issues.
const (
	SeverityError   Severity = "error"   // receivers show no logo
	SeverityWarning Severity = "warning" // some receivers show no logo, or will not for long
	SeverityInfo    Severity = "info"    // worth knowing
)

// An Issue is something odd about a record, an indicator or a certificate.
type Issue struct {
	Severity Severity `json:"severity"`
	Code     Code     `json:"code"`
	Message  string   `json:"message"`
	Position int      `json:"position"` // byte offset in the record or (decompressed) SVG; index of the certificate
}

// A Code names the rule that an issue is about.
type Code string

func worst(issues []Issue) Severity {
	severity := SeverityInfo
	for _, issue := range issues {
		switch {
		case issue.Severity == SeverityError:
			return SeverityError
		case issue.Severity == SeverityWarning:
			severity = SeverityWarning
		}
	}
	return severity
}

// Usable reports whether no issue is an error.
func Usable(issues []Issue) bool { return worst(issues) != SeverityError }
