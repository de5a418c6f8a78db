package dkim

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// A Tag is one tag=value of a tag-list (RFC 6376 §3.2). Positions are octet
// offsets into the list's text, so that what was written is never lost.
type Tag struct {
	Name  string `json:"name"`
	Value string `json:"value"` // without the white space around it; inside it stays

	Start      int `json:"start"` // the name's first octet
	Equals     int `json:"-"`     // the "="
	ValueStart int `json:"-"`     // the value's first octet
	End        int `json:"end"`   // the semicolon, or the text's end
}

// maxIssues is how many issues of one text are listed; a text of nothing but
// faults would otherwise make a report of any size.
const maxIssues = 50

// issueList collects the issues of one text.
type issueList []Issue

// add lists an issue. Behind maxIssues others an error still takes the place of
// a remark: whether the text is valid depends on it.
func (l *issueList) add(code Code, severity Severity, position int, format string, args ...any) {
	if len(*l) >= maxIssues {
		if severity != SeverityError || !l.drop() {
			return
		}
	}
	*l = append(*l, Issue{Code: code, Severity: severity, Message: fmt.Sprintf(format, args...), Position: position})
}

// drop removes the last issue that is no error, if there is one.
func (l *issueList) drop() bool {
	for i := len(*l) - 1; i >= 0; i-- {
		if (*l)[i].Severity != SeverityError {
			*l = slices.Delete(*l, i, i+1)
			return true
		}
	}
	return false
}

// ParseTagList splits text into its tags, in the order written. It reads as
// much as it can; an issue of severity error makes the whole list invalid.
// When a name is used twice the first one is kept.
func ParseTagList(text string) ([]Tag, []Issue) {
	var tags []Tag
	var issues issueList
	seen := make(map[string]bool, 12)
	for start := 0; start <= len(text); {
		end := len(text)
		if i := strings.IndexByte(text[start:], ';'); i >= 0 {
			end = start + i
		}
		tag, ok := parseTag(text, start, end, &issues)
		switch {
		case !ok:
		case seen[tag.Name]:
			issues.add(CodeDuplicateTag, SeverityError, tag.Start, "the tag %s= is there twice", tag.Name)
		default:
			seen[tag.Name] = true
			tags = append(tags, tag)
		}
		start = end + 1
	}
	return tags, issues
}

// parseTag reads text[start:end], which holds no semicolon.
func parseTag(text string, start, end int, issues *issueList) (Tag, bool) {
	for start < end && isFWS(text[start]) {
		start++
	}
	spec := text[start:end]
	if spec == "" {
		if end < len(text) { // RFC 6376 §3.2 allows one semicolon at the end, and white space after it
			issues.add(CodeEmptyTag, SeverityWarning, start, "nothing stands before a semicolon")
		}
		return Tag{}, false
	}
	name, value, ok := strings.Cut(spec, "=")
	if !ok {
		issues.add(CodeSyntax, SeverityError, start, "%s is no tag=value", quoteShort(trimFWS(spec)))
		return Tag{}, false
	}
	tag := Tag{Start: start, Equals: start + len(name), End: end, Name: trimFWS(name), Value: trimFWS(value)}
	tag.ValueStart = tag.Equals + 1 + len(value) - len(strings.TrimLeft(value, fws))
	if !isTagName(tag.Name) {
		issues.add(CodeSyntax, SeverityError, start, "%s is no name of a tag", quoteShort(tag.Name))
		return Tag{}, false
	}
	if i := badValueOctet(tag.Value); i >= 0 {
		issues.add(CodeSyntax, SeverityError, tag.ValueStart+i, "the value of %s= holds the octet 0x%02x", tag.Name, tag.Value[i])
	}
	return tag, true
}

// fws is the white space of a tag-list: folding has been seen in TXT records too.
const fws = " \t\r\n"

func isFWS(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

func trimFWS(s string) string { return strings.Trim(s, fws) }

// removeFWS returns s without any white space.
func removeFWS(s string) string {
	if !strings.ContainsAny(s, fws) {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := range len(s) {
		if !isFWS(s[i]) {
			b = append(b, s[i])
		}
	}
	return string(b)
}

// isTagName: ALPHA *(ALPHA / DIGIT / "_").
func isTagName(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z':
		case i > 0 && ('0' <= c && c <= '9' || c == '_'):
		default:
			return false
		}
	}
	return s != ""
}

// badValueOctet returns where s has an octet that no value may hold: a control
// character, or what is not UTF-8 (RFC 8616 §3 lets U-labels in). -1: nowhere.
func badValueOctet(s string) int {
	for i := 0; i < len(s); {
		if c := s[i]; c < utf8.RuneSelf {
			if c < ' ' && !isFWS(c) || c == 0x7f {
				return i
			}
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return -1
}

// A part is one element of a colon-separated value.
type part struct {
	text     string
	position int
}

// colonList splits a value such as h= at its colons, without white space.
func colonList(value string, position int) []part {
	var parts []part
	for {
		element, rest, more := strings.Cut(value, ":")
		parts = append(parts, part{removeFWS(element), position})
		if !more {
			return parts
		}
		position += len(element) + 1
		value = rest
	}
}

// hasErrors reports whether one of the issues makes verifiers refuse the text.
func hasErrors(issues []Issue) bool { return firstError(issues) != "" }

// firstError returns the message of the first issue that is an error.
func firstError(issues []Issue) string {
	for _, issue := range issues {
		if issue.Severity == SeverityError {
			return issue.Message
		}
	}
	return ""
}

// quoteShort quotes what a message quotes of a hostile text.
func quoteShort(s string) string {
	const most = 40
	if len(s) > most {
		return fmt.Sprintf("%q…", s[:most])
	}
	return fmt.Sprintf("%q", s)
}
