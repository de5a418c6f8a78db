package message

import "bytes"

// maxLine is the longest line, without its end (RFC 5322 §2.1.1).
const maxLine = 998

// maxSequences bounds Lines.Smuggling: one is enough to convict.
const maxSequences = 100

// scanLines looks at every line once.
func scanLines(raw []byte) Lines {
	l := Lines{FirstBareLF: -1, FirstBareCR: -1, FirstOver998: -1, FirstNUL: -1, FirstEightBit: -1}
	for start := 0; start < len(raw); {
		next := lineEnd(raw, start)
		l.add(raw[start:next], start)
		start = next
	}
	l.findSmuggling(raw)
	return l
}

// add counts one line with its end, if it has one.
func (l *Lines) add(line []byte, offset int) {
	content := line
	switch {
	case bytes.HasSuffix(line, []byte("\r\n")):
		l.CRLF++
		content = line[:len(line)-2]
	case bytes.HasSuffix(line, []byte("\n")):
		content = line[:len(line)-1]
		note(&l.BareLF, &l.FirstBareLF, 1, offset+len(content))
	}
	l.Longest = max(l.Longest, len(content))
	if len(content) > maxLine {
		note(&l.Over998, &l.FirstOver998, 1, offset)
	}
	noteByte(&l.BareCR, &l.FirstBareCR, content, '\r', offset)
	noteByte(&l.NUL, &l.FirstNUL, content, 0, offset)
	if n, first := countEightBit(content); n > 0 {
		note(&l.EightBit, &l.FirstEightBit, n, offset+first)
	}
}

func noteByte(count, first *int, line []byte, b byte, offset int) {
	if i := bytes.IndexByte(line, b); i >= 0 {
		note(count, first, bytes.Count(line, []byte{b}), offset+i)
	}
}

func note(count, first *int, n, offset int) {
	if *count == 0 {
		*first = offset
	}
	*count += n
}

// countEightBit counts the octets above 127 and finds the first.
func countEightBit(b []byte) (n, first int) {
	for i, c := range b {
		if c >= 0x80 {
			if n == 0 {
				first = i
			}
			n++
		}
	}
	return n, first
}

// findSmuggling finds every dot that stands alone between line ends of which
// at least one is not CRLF. CRLF "." CRLF itself is a dot that was stuffed.
func (l *Lines) findSmuggling(raw []byte) {
	for at := 0; ; at++ {
		i := bytes.IndexByte(raw[at:], '.')
		if i < 0 {
			return
		}
		at += i
		before, after := lineEndBefore(raw[:at]), lineEndAfter(raw[at+1:])
		if before == "" || after == "" || before == "\r\n" && after == "\r\n" {
			continue
		}
		l.SmugglingCount++
		if len(l.Smuggling) < maxSequences {
			l.Smuggling = append(l.Smuggling, Sequence{Offset: at - len(before), Bytes: before + "." + after})
		}
	}
}

func lineEndBefore(b []byte) string {
	switch {
	case bytes.HasSuffix(b, []byte("\r\n")):
		return "\r\n"
	case bytes.HasSuffix(b, []byte("\n")):
		return "\n"
	case bytes.HasSuffix(b, []byte("\r")):
		return "\r"
	}
	return ""
}

func lineEndAfter(b []byte) string {
	switch {
	case bytes.HasPrefix(b, []byte("\r\n")):
		return "\r\n"
	case bytes.HasPrefix(b, []byte("\n")):
		return "\n"
	case bytes.HasPrefix(b, []byte("\r")):
		return "\r"
	}
	return ""
}

// defects tells the counts as defects of the whole message.
func (l *Lines) defects(where func(offset int) string) []Defect {
	var defects []Defect
	add := func(kind Kind, count, first int, detail string) {
		if count > 0 {
			defects = append(defects, Defect{Kind: kind, Where: where(first), Offset: first, Count: count, Detail: detail})
		}
	}
	add(BareLF, l.BareLF, l.FirstBareLF, "")
	add(BareCR, l.BareCR, l.FirstBareCR, "")
	for _, s := range l.Smuggling {
		add(Smuggling, 1, s.Offset, s.Bytes)
	}
	return defects
}

// lineEnd returns where the line that begins at start ends, its LF included.
func lineEnd(raw []byte, start int) int {
	if i := bytes.IndexByte(raw[start:], '\n'); i >= 0 {
		return start + i + 1
	}
	return len(raw)
}

// trimLineEnd takes one CRLF or LF from the end.
func trimLineEnd(line []byte) []byte {
	if n := len(line); n > 0 && line[n-1] == '\n' {
		line = line[:n-1]
		if n > 1 && line[n-2] == '\r' {
			line = line[:n-2]
		}
	}
	return line
}
