package mtasts

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// The codes of issues.
const (
	CodeVersion   Code = "version"
	CodeSyntax    Code = "syntax"
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
	maxMaxAge = 31557600 // RFC 8461 §3.2: a year
	weekOfAge = 7 * 24 * 3600
	maxMX     = 1000 // patterns read; no domain has so many hosts
	maxRecord = 64 << 10
)

type issues []Issue

func (l *issues) add(code Code, severity Severity, at int, format string, args ...any) {
	*l = append(*l, Issue{Code: code, Severity: severity, Message: fmt.Sprintf(format, args...), Position: at})
}

func (l issues) failed() bool {
	return slices.ContainsFunc(l, func(i Issue) bool { return i.Severity == SeverityError })
}

// Parse reads the text of a TXT record (RFC 8461 §3.1).
func Parse(text string) (Record, []Issue) {
	r := Record{Text: text, Fields: []Field{}}
	var found issues
	if len(text) > maxRecord {
		found.add(CodeTooLong, SeverityError, 0, "the record has %d octets", len(text))
		return r, found
	}
	at := 0
	parts := strings.Split(text, ";")
	for i, part := range parts {
		if strings.TrimSpace(part) == "" && i == len(parts)-1 {
			break // a semicolon at the end is allowed
		}
		if field, ok := readField(part, at, "="); ok {
			r.Fields = append(r.Fields, field)
		} else {
			found.add(CodeSyntax, SeverityError, at, "%.40q is not a field with a value", strings.TrimSpace(part))
		}
		at += len(part) + 1
	}
	r.Candidate = strings.HasPrefix(text, "v="+Version) && len(r.Fields) > 0 && r.Fields[0].Name == "v" && r.Fields[0].Value == Version
	if !r.Candidate {
		found.add(CodeVersion, SeverityError, 0, "the record does not begin with v=%s;", Version)
	}
	r.id(&found)
	r.Valid = !found.failed()
	return r, found
}

func (r *Record) id(found *issues) {
	ids := 0
	for _, f := range r.Fields {
		if f.Name != "id" {
			continue
		}
		ids++
		r.ID = f.Value
		if f.Value == "" || len(f.Value) > maxID || strings.Trim(f.Value, alphanumeric) != "" {
			found.add(CodeID, SeverityError, f.ValueAt, "the id must be 1 to %d letters and digits", maxID)
		}
	}
	if ids != 1 {
		found.add(CodeID, SeverityError, len(r.Text), "there must be one id, there are %d", ids)
	}
}

const alphanumeric = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

// readField reads NAME, a separator and VALUE out of text that begins at an
// offset.
func readField(text string, at int, separator string) (Field, bool) {
	name, value, ok := strings.Cut(text, separator)
	trimmed := strings.Trim(name, " \t")
	if !ok || trimmed == "" {
		return Field{}, false
	}
	return Field{
		Name: trimmed, Value: strings.Trim(value, " \t"),
		Position: at + len(name) - len(strings.TrimLeft(name, " \t")),
		ValueAt:  at + len(name) + len(separator) + len(value) - len(strings.TrimLeft(value, " \t")),
	}, true
}

// ParsePolicy reads the body of a policy document (RFC 8461 §3.2). Lines end in
// LF or CRLF.
func ParsePolicy(body []byte) (Policy, []Issue) {
	p := Policy{Text: string(body), Fields: []Field{}}
	var found issues
	if len(body) > MaxPolicySize {
		found.add(CodeTooLong, SeverityError, 0, "the policy has %d octets, senders read at most %d", len(body), MaxPolicySize)
		return p, found
	}
	at := 0
	for _, line := range strings.SplitAfter(p.Text, "\n") {
		text := strings.TrimRight(line, "\r\n")
		if field, ok := readField(text, at, ":"); ok {
			p.Fields = append(p.Fields, field)
		} else if strings.TrimSpace(text) != "" {
			found.add(CodeSyntax, SeverityError, at, "%.40q is not a field with a value", text)
		}
		at += len(line)
	}
	p.read(&found)
	p.Valid = !found.failed()
	return p, found
}

func (p *Policy) read(found *issues) {
	seen := map[string]bool{}
	for _, f := range p.Fields {
		if seen[f.Name] && f.Name != "mx" {
			found.add(CodeDuplicate, SeverityWarning, f.Position, "%.40s is there twice; the first one counts", f.Name)
			continue
		}
		seen[f.Name] = true
		p.field(f, found)
	}
	for _, name := range []string{"version", "mode", "max_age"} {
		if !seen[name] {
			found.add(CodeSyntax, SeverityError, len(p.Text), "there is no %s", name)
		}
	}
	if !seen["mx"] && p.Mode != ModeNone {
		found.add(CodeMX, SeverityError, len(p.Text), "there is no mx: no host would be valid")
	}
}

func (p *Policy) field(f Field, found *issues) {
	switch f.Name {
	case "version":
		if f.Value != Version {
			found.add(CodeVersion, SeverityError, f.ValueAt, "the version is %.40q, not %s", f.Value, Version)
		}
	case "mode":
		p.Mode = Mode(f.Value)
		if !slices.Contains([]Mode{ModeEnforce, ModeTesting, ModeNone}, p.Mode) {
			found.add(CodeMode, SeverityError, f.ValueAt, "the mode %.40q is not enforce, testing or none", f.Value)
		}
	case "max_age":
		p.maxAge(f, found)
	case "mx":
		p.mx(f, found)
	default:
		found.add(CodeUnknown, SeverityInfo, f.Position, "%.40q is no field that senders know; they ignore it", f.Name)
	}
}

func (p *Policy) maxAge(f Field, found *issues) {
	n, err := strconv.ParseUint(f.Value, 10, 32)
	if err != nil || n > maxMaxAge || strings.HasPrefix(f.Value, "+") {
		found.add(CodeMaxAge, SeverityError, f.ValueAt, "max_age %.40q is not a number of seconds up to %d", f.Value, maxMaxAge)
		return
	}
	p.MaxAge = int(n)
	if p.MaxAge < weekOfAge && p.Mode != ModeNone {
		found.add(CodeMaxAge, SeverityWarning, f.ValueAt, "max_age is shorter than a week: senders forget the policy soon, and an attacker waits")
	}
}

func (p *Policy) mx(f Field, found *issues) {
	if len(p.MX) >= maxMX {
		return
	}
	m := MX{Pattern: f.Value, Position: f.ValueAt, Valid: validPattern(f.Value)}
	p.MX = append(p.MX, m)
	if !m.Valid {
		found.add(CodeMX, SeverityError, f.ValueAt, "%.60q is not a host name, or *. and one", f.Value)
	}
}

func validPattern(pattern string) bool {
	name := strings.TrimPrefix(pattern, "*.")
	labels := strings.Split(name, ".")
	for _, label := range labels {
		if label == "" || len(label) > 63 || strings.Trim(label, alphanumeric+"-") != "" || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
	}
	return len(labels) > 1 && len(name) <= 253
}

// Match returns the first pattern that an MX host matches.
func (p Policy) Match(host string) (MX, bool) {
	for _, m := range p.MX {
		if m.Matches(host) {
			return m, true
		}
	}
	return MX{}, false
}

// Matches reports whether an MX host matches the pattern. A wildcard stands
// for exactly one label (RFC 8461 §4.1).
func (m MX) Matches(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	pattern := strings.ToLower(m.Pattern)
	if !m.Valid || host == "" {
		return false
	}
	if name, wild := strings.CutPrefix(pattern, "*."); wild {
		label, rest, ok := strings.Cut(host, ".")
		return ok && label != "" && rest == name
	}
	return host == pattern
}
