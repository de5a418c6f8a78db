package authres

import (
	"fmt"
	"strings"
)

// Severity says what an issue means to readers.
type Severity string

// The severities.
const (
	SeverityError   Severity = "error"   // this part of the field says nothing
	SeverityWarning Severity = "warning" // strict readers drop this, or the whole field
	SeverityInfo    Severity = "info"    // worth knowing
)

// An Issue is an oddity of a field.
type Issue struct {
	Code     Code     `json:"code"`
	Severity Severity `json:"severity"`
	Message  string   `json:"message"`
	Position int      `json:"position"` // octet offset in the value
}

// A Code names an issue, for programs.
type Code string

// The codes.
const (
	CodeTooLong      Code = "too-long"      // more than MaxSize: the rest is not read
	CodeTooMany      Code = "too-many"      // more results, properties or comments than are kept
	CodeCharacter    Code = "character"     // a control character, or no UTF-8
	CodeInstance     Code = "instance"      // an ARC field without its i=
	CodeAuthServID   Code = "authserv-id"   // missing, or not a value
	CodeVersion      Code = "version"       // not version 1
	CodeNoResults    Code = "no-results"    // neither a result nor "none"
	CodeNone         Code = "none"          // "none" beside results
	CodeEmpty        Code = "empty"         // nothing between two semicolons, or after the last
	CodeSyntax       Code = "syntax"        // text that is no part of a field
	CodeMethod       Code = "method"        // unknown or obsolete
	CodeValue        Code = "value"         // a result that the method does not have
	CodeProperty     Code = "property"      // no ptype, a property twice, or an empty one
	CodePropertyName Code = "property-name" // unknown to the registry
	CodeReason       Code = "reason"        // twice, or not before the properties
	CodeComment      Code = "comment"       // without its end, or nested too deep
	CodeQuotes       Code = "quotes"        // without their end, or needed
)

func (p *parser) issue(code Code, severity Severity, at int, format string, args ...any) {
	if len(p.issues) >= maxIssues && severity != SeverityError || len(p.issues) >= 2*maxIssues {
		return
	}
	message := strings.ToValidUTF8(fmt.Sprintf(format, args...), "\uFFFD")
	p.issues = append(p.issues, Issue{Code: code, Severity: severity, Message: message, Position: at})
}
