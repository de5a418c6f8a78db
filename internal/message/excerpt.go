package message

import (
	"bytes"
	"unicode/utf8"
)

// quoteBytes is how much of a line or field a reader is shown as evidence.
const quoteBytes = 160

// LineAt returns the number of the line that holds an offset, counted from 1,
// and its text, shortened around the offset where it is long.
func (t *Tree) LineAt(offset int) (number int, text string) {
	offset = max(0, min(offset, len(t.Raw)))
	start := bytes.LastIndexByte(t.Raw[:offset], '\n') + 1
	number = 1 + bytes.Count(t.Raw[:start], []byte("\n"))
	line := trimLineEnd(t.Raw[start:lineEnd(t.Raw, start)])
	before := min(offset-start, len(line))
	if before <= quoteBytes/2 {
		return number, quoteText(line)
	}
	return number, "…" + quoteText(line[before-quoteBytes/2:])
}

// Quote returns the field on one line, as written, shortened where it is long.
func (f *Field) Quote() string { return quoteText([]byte(unfold(f.Raw))) }

// quoteText cuts long text, but no UTF-8 character in two.
func quoteText(b []byte) string {
	if len(b) <= quoteBytes {
		return string(b)
	}
	cut := quoteBytes
	for back := 0; back < utf8.UTFMax && !utf8.RuneStart(b[cut]); back++ {
		cut--
	}
	return string(b[:cut]) + "…"
}
