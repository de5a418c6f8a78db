package message

import (
	"strings"
	"testing"
)

func TestLineAt(t *testing.T) {
	long := strings.Repeat("x", 300)
	tree := Parse([]byte("Subject: a\r\n\r\nfirst\r\nsecond\n" + long + "\r\n"))
	for _, test := range []struct {
		name   string
		offset int
		number int
		text   string
	}{
		{"the first line", 3, 1, "Subject: a"},
		{"the line end belongs to its line", 11, 1, "Subject: a"},
		{"an empty line", 12, 2, ""},
		{"a bare LF ends a line too", 21, 4, "second"},
		{"a long line from its beginning", 28, 5, strings.Repeat("x", 160) + "…"},
		{"a long line around the place", 28 + 250, 5, "…" + strings.Repeat("x", 130)},
		{"behind the end", 10_000, 6, ""},
	} {
		number, text := tree.LineAt(test.offset)
		if number != test.number || text != test.text {
			t.Errorf("%s: LineAt(%d) = %d %q, want %d %q", test.name, test.offset, number, text, test.number, test.text)
		}
	}
}

func TestFieldQuote(t *testing.T) {
	tree := Parse([]byte("Subject: one\r\n two\r\nX-Long: " + strings.Repeat("é", 100) + "\r\n\r\n"))
	fields := tree.Header().Fields
	if got, want := fields[0].Quote(), "Subject: one two"; got != want {
		t.Errorf("Quote() = %q, want %q", got, want)
	}
	if got, want := fields[1].Quote(), "X-Long: "+strings.Repeat("é", 76)+"…"; got != want {
		t.Errorf("Quote() = %q, want %q", got, want)
	}
}
