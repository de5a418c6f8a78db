package bimi

import "strings"

// DefaultSelector is used when a message names none (§4.4).
const DefaultSelector = "default"

// ParseSelectorField reads the value of a BIMI-Selector field (§5.1). The
// selector is DefaultSelector if an issue is an error.
func ParseSelectorField(value string) (selector string, issues []Issue) {
	tags, issues := parseTags(value)
	if len(tags) == 0 || tags[0].name != "v" || tags[0].value != "BIMI1" {
		issues = append(issues, Issue{SeverityError, CodeVersion, "the field does not begin with v=BIMI1", 0})
	}
	s, ok := find(tags, "s")
	if !ok || !isSelector(s.value) {
		issues = append(issues, Issue{SeverityError, CodeSelector, "s= is missing, or no selector", s.valueAt})
	}
	if !Usable(issues) {
		return DefaultSelector, issues
	}
	return s.value, issues
}

func isSelector(s string) bool {
	for label := range strings.SplitSeq(s, ".") {
		if !isLabel(label) {
			return false
		}
	}
	return len(s) <= 253
}

// NormalizeLocalPart turns a local part into the selector that lps= makes of
// it: without its subaddress, with "-" for "_" and ".", hyphens neither doubled
// nor at an end, in lower case. It is not ok if no selector comes of it.
func NormalizeLocalPart(local string) (selector string, ok bool) {
	const maxLocalPart = 256 // RFC 5321 §4.5.3.1.1 has 64; be generous
	if len(local) > maxLocalPart {
		return "", false
	}
	local, _, _ = strings.Cut(strings.ToLower(local), "+")
	words := strings.FieldsFunc(local, func(r rune) bool { return r == '-' || r == '_' || r == '.' })
	selector = strings.Join(words, "-")
	return selector, isPrefix(selector)
}

func isPrefix(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return s != "" && len(s) <= 63
}

// matches reports whether lps= makes a selector of a normalised local part.
func (r Record) matches(local string) bool {
	if !r.LocalPartSelector {
		return false
	}
	for _, prefix := range r.Prefixes {
		if strings.HasPrefix(local, prefix) {
			return true
		}
	}
	return len(r.Prefixes) == 0
}
