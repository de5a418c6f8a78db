package mtasts

import "strings"

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
// for the whole leftmost label, and for that alone (RFC 8461 §4.1).
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
