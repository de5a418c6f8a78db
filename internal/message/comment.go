package message

import "strings"

// WithoutComments returns a value of a structured field without its comments
// (RFC 5322 §3.2.2); one that does not end is taken away up to the end.
func WithoutComments(value string) string {
	if !strings.Contains(value, "(") {
		return value
	}
	var b strings.Builder
	depth, escaped := 0, false
	for i := range len(value) {
		c := value[i]
		switch {
		case depth > 0 && escaped:
			escaped = false
		case depth > 0 && c == '\\':
			escaped = true
		case c == '(':
			depth++
		case depth > 0 && c == ')':
			depth--
		case depth == 0:
			b.WriteByte(c)
		}
	}
	return b.String()
}
