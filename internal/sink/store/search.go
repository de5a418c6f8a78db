package store

import "fmt"

// A Search is a parsed search. Its terms must all match:
//
//	word  "two words"  wor*      in text, subject and addresses; whole words, in any case
//	from:x  to:x  subject:x      x stands there, at the beginning of a word
//	message-id:x                 that Message-ID
//	has:attachment  has:report
//	is:read  is:unread
//	before:2026-11-25  after:2026-11-25T10:00:00Z  before:2h     received before, at or after; 2h: two hours ago
//	larger:1M  smaller:200K      bytes, K, M, G
//	score:<80  score:>=90  score:80  score:70..80     messages with a score
//	check:dkim-missing           that check failed; check:dkim-* for all of an area
//	inbox:x  tag:x               in that inbox, with that tag
//	-term  !term                 the term does not match
//
// A value with white space is quoted: subject:"order 7".
type Search struct {
	text  string
	terms []term
}

// String returns the search as it was written.
func (s *Search) String() string { return s.text }

// A SyntaxError says what is wrong in a search, and where.
type SyntaxError struct {
	Offset  int // in bytes
	Message string
}

// Error names the place counted from 1.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("search, character %d: %s", e.Offset+1, e.Message)
}

// ParseSearch reads a search; an error is a *SyntaxError. Relative times count
// from the moment of each query.
func ParseSearch(text string) (*Search, error) { return parseSearch(text) }
