package message

import "strings"

// A scanner walks over the value of a structured field (RFC 5322 §3.2).
type scanner struct {
	s string
	i int
}

func (s *scanner) done() bool { return s.i >= len(s.s) }

// peek returns the next byte; 0 at the end.
func (s *scanner) peek() byte {
	if s.done() {
		return 0
	}
	return s.s[s.i]
}

func (s *scanner) accept(c byte) bool {
	if s.done() || s.s[s.i] != c {
		return false
	}
	s.i++
	return true
}

// until returns what stands before the next of the bytes.
func (s *scanner) until(stop string) string {
	start := s.i
	for !s.done() && strings.IndexByte(stop, s.s[s.i]) < 0 {
		s.i++
	}
	return s.s[start:s.i]
}

// skipCFWS skips white space, line ends and comments, and returns the text of
// the last comment. complete is false when a comment does not end.
func (s *scanner) skipCFWS() (comment string, complete bool) {
	for {
		switch s.peek() {
		case ' ', '\t', '\r', '\n':
			s.i++
		case '(':
			var ok bool
			if comment, ok = s.comment(); !ok {
				return comment, false
			}
		default:
			return comment, true
		}
	}
}

// comment reads a comment, nested ones included, without its parentheses.
func (s *scanner) comment() (text string, complete bool) {
	var b strings.Builder
	depth := 0
	for ; !s.done(); s.i++ {
		c := s.s[s.i]
		switch {
		case c == '\\' && s.i+1 < len(s.s):
			s.i++
			c = s.s[s.i]
		case c == '(':
			if depth++; depth == 1 {
				continue
			}
		case c == ')':
			if depth--; depth == 0 {
				s.i++
				return b.String(), true
			}
		}
		b.WriteByte(c)
	}
	return b.String(), false
}

// quoted reads a quoted string and returns what it means. ok is false when it
// does not end.
func (s *scanner) quoted() (text string, ok bool) {
	var b strings.Builder
	for s.i++; !s.done(); s.i++ {
		c := s.s[s.i]
		switch {
		case c == '"':
			s.i++
			return b.String(), true
		case c == '\\' && s.i+1 < len(s.s):
			s.i++
			c = s.s[s.i]
		case c == '\r' || c == '\n':
			continue // folding is not part of the string (RFC 5322 §3.2.4)
		}
		b.WriteByte(c)
	}
	return b.String(), false
}
