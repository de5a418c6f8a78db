package mtasts

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// The codes of issues.
const (
	CodeVersion   Code = "version"
	CodeSyntax    Code = "syntax"
	CodeSpace     Code = "space"
	CodeID        Code = "id"
	CodeMode      Code = "mode"
	CodeMX        Code = "mx"
	CodeMaxAge    Code = "max-age"
	CodeDuplicate Code = "duplicate"
	CodeUnknown   Code = "unknown-field"
	CodeTooLong   Code = "too-long"
	CodeResponse  Code = "response"
)

const (
	maxID     = 32       // RFC 8461 §3.1
	maxName   = 32       // of an extension (RFC 8461 §3.1, §3.2)
	maxRecord = 64 << 10 // a TXT record holds no more
	maxIssues = 100      // more than anyone reads
)

type issues []Issue

func (l *issues) add(code Code, severity Severity, at int, format string, args ...any) {
	if len(*l) >= maxIssues && severity != SeverityError || len(*l) >= 2*maxIssues {
		return // errors have room of their own: they decide
	}
	message := strings.ToValidUTF8(fmt.Sprintf(format, args...), "\uFFFD")
	*l = append(*l, Issue{Code: code, Severity: severity, Message: message, Position: at})
}

func (l issues) failed() bool {
	return slices.ContainsFunc(l, func(i Issue) bool { return i.Severity == SeverityError })
}

// Parse reads the text of a TXT record (RFC 8461 §3.1). Senders must act as if a
// record that is not well-formed were not there, so what the grammar does not
// allow is an error.
func Parse(text string) (Record, []Issue) {
	r := Record{Text: text, Fields: []Field{}}
	var found issues
	if len(text) > maxRecord {
		found.add(CodeTooLong, SeverityError, 0, "the record has %d octets", len(text))
		return r, found
	}
	r.version(&found)
	at := 0
	parts := strings.Split(text, ";")
	for i, part := range parts {
		switch field, ok := readField(part, at, "="); {
		case ok:
			r.Fields = append(r.Fields, field)
		case strings.Trim(part, blanks) != "":
			found.add(CodeSyntax, SeverityError, at, "%.40q is not a field with a value", strings.Trim(part, blanks))
		case i == 0 || i < len(parts)-1:
			found.add(CodeSyntax, SeverityError, at, "there is nothing between two semicolons")
		}
		at += len(part) + 1
	}
	r.read(&found)
	r.Valid = !found.failed()
	return r, found
}

const blanks = " \t" // WSP of RFC 5234

// version demands "v=STSv1;" to begin with: other texts are discarded. The
// grammar allows white space before the semicolon, the text beside it does not
// (erratum 6285).
func (r *Record) version(found *issues) {
	rest, ok := strings.CutPrefix(r.Text, "v="+Version)
	trimmed := strings.TrimLeft(rest, blanks)
	r.Candidate = ok && strings.HasPrefix(trimmed, ";")
	switch {
	case !r.Candidate:
		found.add(CodeVersion, SeverityError, 0, "the record does not begin with v=%s;", Version)
	case trimmed != rest:
		found.add(CodeVersion, SeverityWarning, len(r.Text)-len(rest), "white space before the semicolon: senders that look for v=%s; do not find the record", Version)
	}
}

// read judges the fields. Of fields that are there twice the first one counts
// (RFC 8461 §3.2).
func (r *Record) read(found *issues) {
	seen := map[string]bool{}
	for i, f := range r.Fields {
		if f.spaced {
			found.add(CodeSpace, SeverityError, f.Position, "white space beside the equals sign of %.40s", f.Name)
		}
		if seen[f.Name] {
			found.add(CodeDuplicate, SeverityWarning, f.Position, "%.40s is there twice; the first one counts", f.Name)
			continue
		}
		seen[f.Name] = true
		switch {
		case f.Name == "id":
			r.ID = f.Value
			if f.Value == "" || len(f.Value) > maxID || strings.Trim(f.Value, alphanumeric) != "" {
				found.add(CodeID, SeverityError, f.ValueAt, "the id must be 1 to %d letters and digits", maxID)
			}
		case f.Name == "v" && i == 0:
		case !isExtensionName(f.Name) || !isExtensionValue(f.Value):
			found.add(CodeSyntax, SeverityError, f.Position, "%.40q is not a field that the grammar allows", f.Name+"="+f.Value)
		default:
			found.add(CodeUnknown, SeverityInfo, f.Position, "%.40q is no field that senders know; they ignore it", f.Name)
		}
	}
	if !seen["id"] {
		found.add(CodeID, SeverityError, len(r.Text), "there is no id")
	}
}

const alphanumeric = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

// isExtensionName: sts-ext-name of RFC 8461 §3.1.
func isExtensionName(s string) bool {
	return s != "" && len(s) <= maxName && strings.Trim(s, alphanumeric+"_-.") == "" && strings.IndexByte("_-.", s[0]) < 0
}

// isExtensionValue: sts-ext-value of RFC 8461 §3.1.
func isExtensionValue(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' || s[i] == ';' || s[i] == '=' {
			return false
		}
	}
	return s != ""
}

// readField reads NAME, a separator and VALUE out of text that begins at an
// offset.
func readField(text string, at int, separator string) (Field, bool) {
	name, value, ok := strings.Cut(text, separator)
	trimmed := strings.Trim(name, blanks)
	if !ok || trimmed == "" {
		return Field{}, false
	}
	return Field{
		Name: trimmed, Value: strings.Trim(value, blanks),
		Position: at + len(name) - len(strings.TrimLeft(name, blanks)),
		ValueAt:  at + len(name) + len(separator) + len(value) - len(strings.TrimLeft(value, blanks)),
		indented: strings.TrimLeft(name, blanks) != name,
		spaced:   strings.TrimRight(name, blanks) != name || separator == "=" && strings.TrimLeft(value, blanks) != value,
	}, true
}

// isText: sts-policy-ext-value of RFC 8461 §3.2, printable UTF-8.
func isText(s string) bool {
	return s != "" && utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}
