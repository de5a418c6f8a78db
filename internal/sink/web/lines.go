package web

import (
	"bytes"
	"fmt"
	"unicode/utf8"
)

// A span is a piece of text with the class of how it is shown: "" as it is, "ctl"
// for what stands for a byte that is not seen, and those of marked-up HTML.
type span struct {
	Class string
	Mark  bool
	Text  string
}

// A line is a line of a message's bytes.
type line struct {
	ID     string // of its element, where there is a link to it
	Number int    // counted from 1
	Mark   bool
	Spans  []span
	Cut    int // bytes left out in it
}

// A mark is the place of a finding: bytes from Start up to End.
type mark struct{ Start, End int }

func (m mark) empty() bool { return m.End <= m.Start }

// rawLines shows raw[from:to] as lines, and the mark in them. Of one line at most
// limit bytes around its mark are shown.
func rawLines(raw []byte, from, to int, m mark, limit int) []line {
	number := bytes.Count(raw[:from], []byte("\n")) + 1
	var lines []line
	for from < to {
		end := to
		if i := bytes.IndexByte(raw[from:to], '\n'); i >= 0 {
			end = from + i + 1
		}
		lines = append(lines, rawLine(raw, from, end, m, limit, number))
		from = end
		number++
	}
	return lines
}

func rawLine(raw []byte, from, end int, m mark, limit, number int) line {
	inside := mark{max(m.Start, from), min(m.End, end)}
	l := line{Number: number, Mark: !inside.empty()}
	if end-from > limit {
		start := from
		if l.Mark {
			start = max(from, min(inside.Start-limit/4, end-limit))
		}
		l.Cut = end - from - limit
		if start > from {
			l.Spans = append(l.Spans, span{Class: "ctl", Text: "…"})
		}
		from, end = start, start+limit
		inside = mark{max(inside.Start, from), min(inside.End, end)}
	}
	if text := end - len("\r\n"); bytes.HasSuffix(raw[from:end], []byte("\r\n")) && inside.Start < text {
		inside.End = min(inside.End, text) // a mark of the line is none of its end, nor between CR and LF
	}
	if !l.Mark || inside.empty() {
		l.Spans = appendSpans(l.Spans, raw[from:end], false)
	} else {
		l.Spans = appendSpans(l.Spans, raw[from:inside.Start], false)
		l.Spans = appendSpans(l.Spans, raw[inside.Start:inside.End], true)
		l.Spans = appendSpans(l.Spans, raw[inside.End:end], false)
	}
	if l.Cut > 0 {
		l.Spans = append(l.Spans, span{Class: "ctl", Text: fmt.Sprintf("… (%s more on this line)", size(l.Cut))})
	}
	return l
}

// appendSpans appends bytes: text as it is, everything else made visible. The CR
// LF that ends a line is how it should be, and not shown; each alone is.
func appendSpans(spans []span, b []byte, marked bool) []span {
	b = bytes.TrimSuffix(b, []byte("\r\n"))
	put := func(class, text string) {
		if n := len(spans); n > 0 && spans[n-1].Class == class && spans[n-1].Mark == marked {
			spans[n-1].Text += text
			return
		}
		spans = append(spans, span{Class: class, Mark: marked, Text: text})
	}
	plain := 0
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		invalid := r == utf8.RuneError && n == 1
		if !invalid && r != '\n' && !unseen(r) {
			i += n
			continue
		}
		if plain < i {
			put("", string(b[plain:i]))
		}
		if invalid {
			put("ctl", fmt.Sprintf(`\x%02x`, b[i]))
		} else {
			put("ctl", visible(r))
		}
		i += n
		plain = i
	}
	if plain < len(b) {
		put("", string(b[plain:]))
	}
	return spans
}
