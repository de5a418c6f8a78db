package mtasts

import (
	"slices"
	"strconv"
	"strings"
)

const (
	maxMaxAge = 31557600 // RFC 8461 §3.2: a year
	weekOfAge = 7 * 24 * 3600
)

// ParsePolicy reads the body of a policy document (RFC 8461 §3.2). Lines end in
// LF or CRLF. What can be read although the grammar does not allow it is a
// warning: some senders read it, and others refuse the policy.
func ParsePolicy(body []byte) (Policy, []Issue) {
	p := Policy{Text: string(body), Fields: []Field{}}
	var found issues
	if len(body) > MaxPolicySize {
		found.add(CodeTooLong, SeverityError, 0, "the policy has %d octets, senders read at most %d", len(body), MaxPolicySize)
		return p, found
	}
	at := 0
	for line := range strings.SplitAfterSeq(p.Text, "\n") {
		text := strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r")
		switch field, ok := readField(text, at, ":"); {
		case ok:
			p.Fields = append(p.Fields, field)
		case strings.Trim(text, blanks) != "":
			found.add(CodeSyntax, SeverityError, at, "%.40q is not a field with a value", text)
		case line != "":
			found.add(CodeSpace, SeverityWarning, at, "an empty line")
		}
		at += len(line)
	}
	p.read(&found)
	p.Valid = !found.failed()
	return p, found
}

func (p *Policy) read(found *issues) {
	if strings.HasPrefix(p.Text, "\uFEFF") {
		found.add(CodeSyntax, SeverityError, 0, "the policy begins with a byte order mark, which becomes a part of the first field's name")
	}
	seen := map[string]Field{}
	for _, f := range p.Fields {
		if f.indented || f.spaced {
			found.add(CodeSpace, SeverityWarning, f.Position, "white space before %.40s or its colon", f.Name)
		}
		if _, twice := seen[f.Name]; twice && f.Name != "mx" {
			found.add(CodeDuplicate, SeverityWarning, f.Position, "%.40s is there twice; the first one counts", f.Name)
			continue
		}
		seen[f.Name] = f
		p.field(f, found)
	}
	for _, name := range []string{"version", "mode", "max_age"} {
		if _, ok := seen[name]; !ok {
			found.add(CodeSyntax, SeverityError, len(p.Text), "there is no %s", name)
		}
	}
	if _, ok := seen["mx"]; !ok && p.Mode != ModeNone {
		found.add(CodeMX, SeverityError, len(p.Text), "there is no mx: no host would be valid")
	}
	if p.Mode != ModeNone && p.MaxAge > 0 && p.MaxAge < weekOfAge {
		found.add(CodeMaxAge, SeverityWarning, seen["max_age"].ValueAt, "max_age is shorter than a week: senders forget the policy soon, and an attacker waits (RFC 8461 §3.2)")
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
		if !isExtensionName(f.Name) || !isText(f.Value) {
			found.add(CodeSyntax, SeverityWarning, f.Position, "%.40q is not a field that the grammar allows", f.Name+": "+f.Value)
			return
		}
		found.add(CodeUnknown, SeverityInfo, f.Position, "%.40q is no field that senders know; they ignore it", f.Name)
	}
}

func (p *Policy) maxAge(f Field, found *issues) {
	const mostDigits = 10 // RFC 8461 §3.2
	n, err := strconv.ParseUint(f.Value, 10, 64)
	if err != nil || len(f.Value) > mostDigits || n > maxMaxAge {
		found.add(CodeMaxAge, SeverityError, f.ValueAt, "max_age %.40q is not a number of seconds up to %d", f.Value, maxMaxAge)
		return
	}
	p.MaxAge = int(n)
	if n == 0 {
		found.add(CodeMaxAge, SeverityWarning, f.ValueAt, "max_age is 0: senders forget the policy at once")
	}
}

func (p *Policy) mx(f Field, found *issues) {
	m := MX{Pattern: f.Value, Position: f.ValueAt, Valid: validPattern(f.Value)}
	p.MX = append(p.MX, m)
	switch {
	case !m.Valid && strings.ContainsFunc(f.Value, func(r rune) bool { return r > '~' }):
		found.add(CodeMX, SeverityError, f.ValueAt, "%.60q must be written in A-labels (RFC 8461 §3.2)", f.Value)
	case !m.Valid:
		found.add(CodeMX, SeverityError, f.ValueAt, "%.60q is not a host name, or *. and one", f.Value)
	case !strings.Contains(strings.TrimPrefix(f.Value, "*."), "."):
		found.add(CodeMX, SeverityWarning, f.ValueAt, "%.60q is not a full name: no MX host is likely to match it", f.Value)
	}
}

// validPattern: ["*."] Domain (RFC 8461 §3.2, RFC 5321 §4.1.2).
func validPattern(pattern string) bool {
	name := strings.TrimPrefix(pattern, "*.")
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 || strings.Trim(label, alphanumeric+"-") != "" || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
	}
	return len(name) <= 253
}
