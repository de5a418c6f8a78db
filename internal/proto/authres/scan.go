package authres

import (
	"strings"
	"unicode/utf8"
)

// A scanner goes through a value octet by octet and never back over more than
// one element, so that reading takes time linear in the size.
type scanner struct {
	s string
	i int

	// Once a comment or a quoted string turned out to have no end, no other is
	// looked for as far as the end of the value.
	openComment, openQuote bool
}

func (s *scanner) done() bool { return s.i >= len(s.s) }

// peek returns the next octet; 0 at the end.
func (s *scanner) peek() byte {
	if s.done() {
		return 0
	}
	return s.s[s.i]
}

func (s *scanner) accept(c byte) bool {
	if !s.done() && s.s[s.i] == c {
		s.i++
		return true
	}
	return false
}

const space = " \t\r\n"

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

// word reads up to white space, a comment, or one of the octets in stop.
func (s *scanner) word(stop string) string {
	start := s.i
	for !s.done() && !isSpace(s.s[s.i]) && s.s[s.i] != '(' && strings.IndexByte(stop, s.s[s.i]) < 0 {
		s.i++
	}
	return s.s[start:s.i]
}

// comment reads a comment that begins here (RFC 5322 §3.2.2). One that does not
// end reaches to the next semicolon, so that what follows is read.
func (s *scanner) comment() (text string, depth int, closed bool) {
	start := s.i + 1
	if !s.openComment {
		if end, deepest := s.closing(); end > 0 {
			s.i = end
			return s.s[start : end-1], deepest, true
		}
		s.openComment = true
	}
	end := strings.IndexAny(s.s[start:], ");")
	if end < 0 {
		s.i = len(s.s)
		return s.s[start:], 1, false
	}
	s.i = start + end
	return s.s[start:s.i], 1, s.accept(')')
}

// closing returns where the comment that begins here has ended, and how deep it
// is; 0 when it does not end.
func (s *scanner) closing() (end, deepest int) {
	depth := 0
	for i := s.i; i < len(s.s); i++ {
		switch s.s[i] {
		case '\\':
			i++
		case '(':
			depth++
			deepest = max(deepest, depth)
		case ')':
			if depth--; depth == 0 {
				return i + 1, deepest
			}
		}
	}
	return 0, deepest
}

// quoted reads a quoted string that begins here (RFC 5322 §3.2.4) without its
// quotes and backslashes; folds in it are taken away. Without an end it reads
// nothing.
func (s *scanner) quoted() (text string, ok bool) {
	if s.openQuote {
		return "", false
	}
	var b strings.Builder
	for i := s.i + 1; i < len(s.s); i++ {
		switch c := s.s[i]; c {
		case '"':
			s.i = i + 1
			return b.String(), true
		case '\\':
			if i++; i < len(s.s) {
				b.WriteByte(s.s[i])
			}
		case '\r', '\n':
		default:
			b.WriteByte(c)
		}
	}
	s.openQuote = true
	return "", false
}

// firstOdd returns where the first octet stands that no header field may hold,
// and what it is.
func firstOdd(s string) (at int, what string) {
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			return i, "octets that are not UTF-8"
		case r < ' ' && !isSpace(byte(r)), r == 0x7f:
			return i, "a control character"
		}
		i += size
	}
	return -1, ""
}
