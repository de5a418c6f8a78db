package message

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// maxHeaderBytes is how much of one header section is kept; providers refuse
// far smaller ones.
const maxHeaderBytes = 1 << 20

// header reads a header section from p.pos on, and the empty line behind it.
// It reports whether a delimiter of an enclosing multipart ended it.
func (p *parser) header(part *Part) (delimited bool) {
	h := &part.Header
	h.Offset = p.pos
	defer func() { number(h.Fields) }()
	for p.pos < len(p.raw) {
		end := lineEnd(p.raw, p.pos)
		line := p.raw[p.pos:end]
		h.Length = p.pos - h.Offset
		switch name := fieldName(line); {
		case len(bytes.TrimRight(line, "\r\n")) == 0:
			p.pos = end
			return false
		case p.delimiter(p.pos, end):
			return true
		case name != nil:
			p.field(part, name)
		case len(h.Fields) == 0 && isMboxFrom(line) && p.pos == 0:
			p.defect(part, Defect{Kind: MboxFromLine, Where: part.Where(p.pos), Offset: p.pos, Detail: excerpt(line)})
			p.pos = end
		case !p.fieldFollows(end):
			p.defect(part, Defect{Kind: MissingSeparator, Where: part.Where(p.pos), Offset: p.pos, Detail: excerpt(line)})
			return false
		default:
			kind := NoColon
			if isSpace(line[0]) {
				kind = FoldWithoutField
			}
			p.defect(part, Defect{Kind: kind, Where: part.Where(p.pos), Offset: p.pos, Detail: excerpt(line)})
			p.pos = end
		}
	}
	h.Length = p.pos - h.Offset
	return false
}

// fieldFollows reports whether a field comes before the header section ends:
// then the line before it is a broken one, else it is the body's first.
func (p *parser) fieldFollows(at int) bool {
	if at <= p.brokenUntil {
		return true // found out at an earlier line
	}
	for at < len(p.raw) {
		end := lineEnd(p.raw, at)
		line := p.raw[at:end]
		if len(bytes.TrimRight(line, "\r\n")) == 0 {
			return false
		}
		if fieldName(line) != nil {
			p.brokenUntil = at
			return true
		}
		if _, _, ok := p.match(line); ok {
			return false
		}
		at = end
	}
	return false
}

// fieldName returns the name of the field that begins with the line, or nil.
// White space before the colon is not part of it (RFC 5322 §4.5).
func fieldName(line []byte) []byte {
	i := bytes.IndexByte(line, ':')
	if i <= 0 {
		return nil
	}
	name := bytes.TrimRight(line[:i], " \t")
	for _, c := range name {
		if c < 33 || c > 126 { // RFC 5322 §2.2
			return nil
		}
	}
	if len(name) == 0 {
		return nil
	}
	return name
}

// field reads the field that begins at p.pos with its folded lines.
func (p *parser) field(part *Part, name []byte) {
	h := &part.Header
	start := p.pos
	end := lineEnd(p.raw, start)
	for end < len(p.raw) && isSpace(p.raw[end]) {
		end = lineEnd(p.raw, end)
	}
	p.pos = end
	if p.fields >= MaxFields || end-h.Offset > maxHeaderBytes {
		if !Has(part.Defects, HeaderTooLarge) {
			p.defect(part, Defect{Kind: HeaderTooLarge, Where: part.Where(start), Offset: start})
		}
		return
	}
	p.fields++
	raw := trimLineEnd(p.raw[start:end])
	h.Fields = append(h.Fields, Field{
		Name:   string(name),
		Raw:    raw,
		Value:  raw[bytes.IndexByte(raw, ':')+1:],
		Offset: start,
		Line:   p.lineNumber(start),
		part:   part.Path,
	})
}

// number fills in which of how many of its name each field is.
func number(fields []Field) {
	if len(fields) == 0 {
		return
	}
	count := make(map[string]int, len(fields))
	for i := range fields {
		key := strings.ToLower(fields[i].Name)
		count[key]++
		fields[i].N = count[key]
	}
	for i := range fields {
		fields[i].Of = count[strings.ToLower(fields[i].Name)]
	}
}

// fieldDefects says what is wrong with the bytes of a field.
func fieldDefects(f *Field) []Defect {
	var defects []Defect
	add := func(kind Kind, offset, count int, detail []byte) {
		defects = append(defects, Defect{
			Kind: kind, Where: f.Where(), Offset: f.Offset + offset, Count: count, Detail: excerpt(detail),
		})
	}
	if i := len(f.Name); f.Raw[i] != ':' {
		add(SpaceBeforeColon, i, 1, f.Raw[:i+2])
	}
	if n, first := countEightBit(f.Raw); n > 0 {
		add(HeaderEightBit, first, n, f.Raw[first:])
		if !utf8.Valid(f.Raw) {
			add(HeaderNotUTF8, first, n, f.Raw[first:])
		}
	}
	for start, first := 0, true; start < len(f.Raw); first = false {
		end := lineEnd(f.Raw, start)
		line := trimLineEnd(f.Raw[start:end])
		if len(line) > maxLine {
			add(HeaderLineTooLong, start, len(line), line)
		}
		if !first && len(bytes.Trim(line, " \t")) == 0 {
			add(BlankFold, start, 1, nil)
		}
		if i := bytes.IndexFunc(line, isControl); i >= 0 {
			add(HeaderControl, start+i, 1, line[i:])
		}
		start = end
	}
	return defects
}

func isControl(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }

func isSpace(c byte) bool { return c == ' ' || c == '\t' }

// unfold takes away line ends before white space, and the white space around
// the value (RFC 5322 §2.2.3).
func unfold(value []byte) string {
	if bytes.IndexByte(value, '\n') < 0 {
		return string(bytes.Trim(value, " \t\r"))
	}
	unfolded := make([]byte, 0, len(value))
	for start := 0; start < len(value); {
		end := lineEnd(value, start)
		unfolded = append(unfolded, trimLineEnd(value[start:end])...)
		start = end
	}
	return string(bytes.Trim(unfolded, " \t\r"))
}

// excerptBytes is how much of the bytes at fault a defect shows.
const excerptBytes = 80

func excerpt(b []byte) string {
	b = trimLineEnd(b)
	if len(b) > excerptBytes {
		return string(b[:excerptBytes]) + "…"
	}
	return string(b)
}
