package tlsrpt

import (
	"fmt"
	"strings"
)

// The codes of issues.
const (
	CodeVersion      Code = "version"
	CodeSyntax       Code = "syntax"
	CodeSpace        Code = "space"
	CodeNoRUA        Code = "no-rua"
	CodeURI          Code = "uri"
	CodeDuplicate    Code = "duplicate"
	CodeUnknownField Code = "unknown-field"
	CodeTooLong      Code = "too-long"
	CodeTooMany      Code = "too-many"
)

const (
	// maxRecord is how much of a text is read: no record needs more, and a TXT
	// record holds no more than 64 KB.
	maxRecord = 64 << 10
	// maxDestinations is how many are kept; RFC 8460 sets no limit.
	maxDestinations = 100
	maxName         = 32  // of an extension (RFC 8460 §3)
	maxIssues       = 100 // more than anyone reads
)

const blanks = " \t" // WSP of RFC 5234

// Parse reads the text of a TXT record. It keeps what was written, and says of
// every oddity where it stands. What can be read although the grammar does not
// allow it is a warning: some senders read it, and others do not.
func Parse(text string) (Record, []Issue) {
	p := parser{record: Record{Text: text, Tags: []Tag{}, RUA: []URI{}}}
	if len(text) > maxRecord {
		p.issue(CodeTooLong, SeverityError, 0, fmt.Sprintf("the record has %d octets", len(text)))
		return p.record, p.issues
	}
	p.version()
	p.tags(text)
	p.judge()
	p.record.Valid = !p.failed
	return p.record, p.issues
}

type parser struct {
	record Record
	issues []Issue
	failed bool
}

func (p *parser) issue(code Code, severity Severity, at int, message string) {
	p.failed = p.failed || severity == SeverityError
	if len(p.issues) >= maxIssues && severity != SeverityError || len(p.issues) >= 2*maxIssues {
		return // errors have room of their own: they decide
	}
	p.issues = append(p.issues, Issue{Code: code, Severity: severity, Message: strings.ToValidUTF8(message, "\uFFFD"), Position: at})
}

// version demands "v=TLSRPTv1;" to begin with: other texts are discarded. The
// grammar allows white space before the semicolon, the text beside it does not.
func (p *parser) version() {
	rest, ok := strings.CutPrefix(p.record.Text, "v="+Version)
	trimmed := strings.TrimLeft(rest, blanks)
	p.record.Candidate = ok && strings.HasPrefix(trimmed, ";")
	switch {
	case !p.record.Candidate:
		p.issue(CodeVersion, SeverityError, 0, "the record does not begin with v="+Version+";")
	case trimmed != rest:
		p.issue(CodeVersion, SeverityWarning, len(p.record.Text)-len(rest), "white space before the semicolon: senders that look for v="+Version+"; do not find the record")
	}
}

// tags splits the text at semicolons; one at the end is allowed (RFC 8460 §3).
func (p *parser) tags(text string) {
	at := 0
	parts := strings.Split(text, ";")
	for i, part := range parts {
		trimmed := strings.TrimLeft(part, blanks)
		start := at + len(part) - len(trimmed)
		trimmed = strings.TrimRight(trimmed, blanks)
		at += len(part) + 1
		name, value, found := strings.Cut(trimmed, "=")
		switch {
		case trimmed == "" && i > 0 && i == len(parts)-1:
		case trimmed == "":
			p.issue(CodeSyntax, SeverityWarning, start, "there is nothing between two semicolons")
		case !found || strings.Trim(name, blanks) == "":
			p.issue(CodeSyntax, SeverityError, start, fmt.Sprintf("%.40q is not a tag with a value", trimmed))
		default:
			tag := Tag{Name: strings.TrimRight(name, blanks), Value: strings.TrimLeft(value, blanks), Position: start}
			tag.ValueAt = start + len(trimmed) - len(tag.Value)
			if tag.Name != name || tag.Value != value {
				p.issue(CodeSpace, SeverityWarning, start, fmt.Sprintf("white space beside the equals sign of %.40s", tag.Name))
			}
			p.record.Tags = append(p.record.Tags, tag)
		}
	}
}

// judge reads the tags. The grammar lets rua be there more than once, and says
// nothing about what that means.
func (p *parser) judge() {
	seen := map[string]bool{}
	for i, tag := range p.record.Tags {
		if seen[tag.Name] {
			p.issue(CodeDuplicate, SeverityWarning, tag.Position, fmt.Sprintf("%.40s is there twice: some senders see one of the two", tag.Name))
		}
		seen[tag.Name] = true
		switch {
		case tag.Name == "v" && i == 0:
		case tag.Name == "rua":
			p.destinations(tag)
		case !isExtension(tag):
			p.issue(CodeSyntax, SeverityWarning, tag.Position, fmt.Sprintf("%.40q is not a tag that the grammar allows", tag.Name+"="+tag.Value))
		default:
			p.issue(CodeUnknownField, SeverityInfo, tag.Position, fmt.Sprintf("%.40q is no tag that senders know; they ignore it", tag.Name))
		}
	}
	if !seen["rua"] {
		p.issue(CodeNoRUA, SeverityError, len(p.record.Text), "there is no rua: senders have nowhere to report to")
	}
}

const alphanumeric = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

// isExtension: tlsrpt-extension of RFC 8460 §3.
func isExtension(t Tag) bool {
	for i := range len(t.Value) {
		if t.Value[i] <= ' ' || t.Value[i] > '~' || t.Value[i] == '=' {
			return false
		}
	}
	return t.Value != "" && len(t.Name) <= maxName && strings.Trim(t.Name, alphanumeric+"_-.") == "" && strings.IndexByte("_-.", t.Name[0]) < 0
}

func (p *parser) destinations(tag Tag) {
	at := tag.ValueAt
	usable := false
	for part := range strings.SplitSeq(tag.Value, ",") {
		trimmed := strings.TrimLeft(part, blanks)
		u := parseURI(strings.TrimRight(trimmed, blanks), at+len(part)-len(trimmed))
		at += len(part) + 1
		usable = usable || u.Valid
		if len(p.record.RUA) >= maxDestinations {
			p.issue(CodeTooMany, SeverityWarning, u.Position, fmt.Sprintf("more than %d destinations; the rest is left out", maxDestinations))
			break
		}
		switch {
		case !u.Valid:
			p.issue(CodeURI, SeverityWarning, u.Position, fmt.Sprintf("%.60q is neither a mailto: nor an https: URI that reports can be sent to", u.Text))
		case strings.Contains(u.Text, "!"):
			p.issue(CodeURI, SeverityWarning, u.Position+strings.IndexByte(u.Text, '!'), "an exclamation mark must be written as %21 (RFC 8460 §3)")
		}
		p.record.RUA = append(p.record.RUA, u)
	}
	if !usable {
		p.issue(CodeNoRUA, SeverityError, tag.ValueAt, "rua names no destination that senders can use")
	}
}
