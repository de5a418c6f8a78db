package report

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/mattn/go-runewidth"
)

// longestEvidence is how much of one piece of evidence a reader is shown; the
// JSON has all of it.
const longestEvidence = 600

// printable makes text from outside harmless to a terminal: control characters,
// also those of Unicode that turn the writing direction, and octets that are not
// UTF-8 are shown as \xNN or \u{NNNN}.
func printable(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case r < ' ' || r == 0x7f:
			fmt.Fprintf(&b, `\x%02x`, r)
		case !unicode.IsPrint(r):
			fmt.Fprintf(&b, `\u{%04x}`, r)
		default:
			b.WriteString(s[i : i+size])
		}
		i += size
	}
	return b.String()
}

// shorten cuts text for a reader.
func shorten(s string) string {
	if len(s) <= longestEvidence {
		return s
	}
	cut := longestEvidence
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return fmt.Sprintf("%s … (%d octets more)", s[:cut], len(s)-cut)
}

// wrap breaks text into lines of at most width columns, at spaces; a word that
// is longer is broken where it must.
func wrap(text string, width int) []string {
	width = max(width, 20)
	var lines []string
	line, columns := "", 0
	flush := func() {
		if line != "" {
			lines = append(lines, line)
		}
		line, columns = "", 0
	}
	for _, word := range strings.Fields(text) {
		n := runewidth.StringWidth(word)
		if columns > 0 && columns+1+n > width {
			flush()
		}
		if columns > 0 {
			line, columns = line+" ", columns+1
		}
		for n > width {
			head := runewidth.Truncate(word, width, "")
			lines = append(lines, line+head)
			line, columns = "", 0
			word = word[len(head):]
			n = runewidth.StringWidth(word)
		}
		line, columns = line+word, columns+n
	}
	flush()
	return lines
}

// Printable makes text from outside harmless to a terminal, for those who write
// to one beside the reports.
func Printable(s string) string { return printable(s) }

// Wrap breaks text into lines of at most width columns.
func Wrap(text string, width int) []string { return wrap(text, width) }
