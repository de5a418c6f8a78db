package message

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
)

// Parse takes a message apart. It never fails: what is wrong is in the defects.
func Parse(raw []byte) *Tree {
	p := &parser{tree: &Tree{Raw: raw}, raw: raw, line: 1, levels: map[string]int{}}
	p.tree.Root = p.entity(nil, rootPath, "text/plain", 1)
	p.tree.Lines = scanLines(raw)
	p.collectDefects()
	return p.tree
}

// A parser reads a message from its first byte to its last, once.
type parser struct {
	tree *Tree
	raw  []byte
	pos  int // where the next line begins

	line, counted int // the number of the line at the offset counted

	fields, decoded int // so far, in all parts
	brokenUntil     int // a field begins here, and no line before it is one

	// open holds the boundaries of the multiparts that are being read, the
	// outermost first; levels finds one in it.
	open   []string
	levels map[string]int

	// found is the delimiter line that was read last.
	found struct {
		level   int  // index in open; -1 at the end of the message
		closing bool // "--boundary--"
		bodyEnd int  // where the body before it ends
	}
}

// entity reads the header section and body of one part, and the delimiter line
// behind it.
func (p *parser) entity(parent *Part, path, defaultType string, depth int) *Part {
	part := &Part{Path: path, Parent: parent, Offset: p.pos}
	p.tree.Parts = append(p.tree.Parts, part)
	delimited := p.header(part)
	part.BodyOffset = p.pos
	p.contentFields(part, defaultType)
	if delimited {
		part.BodyOffset = max(p.found.bodyEnd, part.Offset)
		part.End = part.BodyOffset
		return part
	}
	switch nests := part.Boundary != "" || part.isMessage(); {
	case nests && depth >= MaxDepth:
		p.defect(part, Defect{Kind: TooDeep, Where: part.Where(part.Offset), Offset: part.Offset, Count: depth})
		p.leaf(part)
	case part.Boundary != "":
		p.multipart(part, depth)
	case part.isMessage() && len(p.tree.Parts) < MaxParts:
		part.Children = []*Part{p.entity(part, path+".1", "text/plain", depth+1)}
		p.endBody(part)
	default:
		p.leaf(part)
	}
	return part
}

// isMessage reports whether the part holds a whole message that can be read:
// these types must not be encoded (RFC 2046 §5.2.1, RFC 6532 §3.7 allows it for
// message/global, and such a part stays a leaf).
func (p *Part) isMessage() bool {
	return (p.MediaType == "message/rfc822" || p.MediaType == "message/global") && !p.encoded()
}

// encoded reports whether base64 or quoted-printable is declared.
func (p *Part) encoded() bool { return p.Encoding == "base64" || p.Encoding == "quoted-printable" }

func (p *parser) leaf(part *Part) {
	p.toDelimiter()
	p.endBody(part)
	p.decode(part)
}

func (p *parser) endBody(part *Part) {
	part.End = max(p.found.bodyEnd, part.BodyOffset)
	part.RawBody = p.raw[part.BodyOffset:part.End:part.End]
}

// multipart reads the parts between the delimiters of a multipart body, and
// what stands before and behind them (RFC 2046 §5.1.1).
func (p *parser) multipart(part *Part, depth int) {
	p.checkBoundary(part)
	close := p.openBoundary(part.Boundary)
	level := len(p.open) - 1
	childType := "text/plain"
	if part.MediaType == "multipart/digest" {
		childType = "message/rfc822" // RFC 2046 §5.1.5
	}
	p.toDelimiter()
	delimiters := 0
	for p.found.level == level && !p.found.closing {
		delimiters++
		if len(p.tree.Parts) >= MaxParts {
			if !Has(part.Defects, TooManyParts) {
				p.defect(part, Defect{Kind: TooManyParts, Where: part.Where(p.pos), Offset: p.pos, Count: MaxParts})
			}
			p.toDelimiter()
			continue
		}
		path := part.Path + "." + strconv.Itoa(len(part.Children)+1)
		part.Children = append(part.Children, p.entity(part, path, childType, depth+1))
	}
	close()
	closed := p.found.level == level
	switch {
	case closed:
		p.toDelimiter()
	case delimiters == 0:
		p.defect(part, Defect{Kind: BoundaryUnused, Where: part.Where(part.BodyOffset), Offset: part.BodyOffset, Detail: part.Boundary})
	default:
		p.defect(part, Defect{Kind: BoundaryUnclosed, Where: part.Where(p.found.bodyEnd), Offset: p.found.bodyEnd, Detail: part.Boundary})
	}
	p.endBody(part)
}

// openBoundary makes delimiter lines of the boundary known, until the function
// it returns is called.
func (p *parser) openBoundary(boundary string) (close func()) {
	key := strings.TrimRight(boundary, " \t") // white space behind it is padding (RFC 2046 §5.1.1)
	shadowed, again := p.levels[key]
	p.levels[key] = len(p.open)
	p.open = append(p.open, key)
	return func() {
		p.open = p.open[:len(p.open)-1]
		delete(p.levels, key)
		if again {
			p.levels[key] = shadowed
		}
	}
}

// checkBoundary looks at a boundary before it is opened.
func (p *parser) checkBoundary(part *Part) {
	b := part.Boundary
	f := part.Header.First("Content-Type")
	if len(b) > 70 || strings.HasSuffix(b, " ") || strings.ContainsFunc(b, func(r rune) bool {
		return !isAlphanumeric(r) && !strings.ContainsRune("'()+_,-./:=? ", r)
	}) {
		p.defect(part, Defect{Kind: BoundaryInvalid, Where: f.Where(), Offset: f.Offset, Detail: excerpt([]byte(b))})
	}
	for _, outer := range p.open {
		if strings.HasPrefix(b, outer) || strings.HasPrefix(outer, b) {
			p.defect(part, Defect{Kind: BoundaryPrefix, Where: f.Where(), Offset: f.Offset, Detail: excerpt([]byte(b))})
			return
		}
	}
}

func isAlphanumeric(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
}

// match reports which open boundary the line is a delimiter of. The whole line
// counts: a boundary that another one begins with is not confused with it.
func (p *parser) match(line []byte) (level int, closing, ok bool) {
	rest, dashes := bytes.CutPrefix(line, []byte("--"))
	if !dashes || len(p.open) == 0 {
		return 0, false, false
	}
	rest = bytes.TrimRight(rest, " \t\r\n")
	if level, ok := p.levels[string(rest)]; ok {
		return level, false, true
	}
	rest, closing = bytes.CutSuffix(rest, []byte("--"))
	if !closing {
		return 0, false, false
	}
	level, ok = p.levels[string(rest)]
	return level, true, ok
}

// delimiter reports whether the line is a delimiter, and if so moves behind it.
func (p *parser) delimiter(start, end int) bool {
	level, closing, ok := p.match(p.raw[start:end])
	if !ok {
		return false
	}
	p.found.level, p.found.closing = level, closing
	p.found.bodyEnd = len(trimLineEnd(p.raw[:start])) // RFC 2046 §5.1.1: the line end belongs to the delimiter
	p.pos = end
	return true
}

// toDelimiter skips to behind the next delimiter line, or to the end.
func (p *parser) toDelimiter() {
	at := p.pos
	for at < len(p.raw) && len(p.open) > 0 {
		if bytes.HasPrefix(p.raw[at:], []byte("--")) && p.delimiter(at, lineEnd(p.raw, at)) {
			return
		}
		i := bytes.Index(p.raw[at:], []byte("\n--"))
		if i < 0 {
			break
		}
		at += i + 1
	}
	p.pos = len(p.raw)
	p.found.level, p.found.closing, p.found.bodyEnd = -1, false, len(p.raw)
}

// lineNumber returns the number of the line that begins at the offset. Offsets
// come in ascending order.
func (p *parser) lineNumber(offset int) int {
	p.line += bytes.Count(p.raw[p.counted:offset], []byte("\n"))
	p.counted = offset
	return p.line
}

// defect records a defect of a part, up to the limit.
func (p *parser) defect(part *Part, d Defect) {
	if d.Count == 0 {
		d.Count = 1
	}
	if len(p.tree.Defects) >= MaxDefects {
		p.tree.MoreDefects++
		return
	}
	p.tree.Defects = append(p.tree.Defects, d)
	part.Defects = append(part.Defects, d)
}

// collectDefects adds what concerns fields and lines, and sorts.
func (p *parser) collectDefects() {
	for _, d := range p.tree.Lines.defects(p.tree.Root.Where) {
		p.defect(p.tree.Root, d)
	}
	for _, part := range p.tree.Parts {
		for i := range part.Header.Fields {
			for _, d := range fieldDefects(&part.Header.Fields[i]) {
				p.defect(part, d)
			}
		}
	}
	byOffset := func(a, b Defect) int { return a.Offset - b.Offset }
	slices.SortStableFunc(p.tree.Defects, byOffset)
	for _, part := range p.tree.Parts {
		slices.SortStableFunc(part.Defects, byOffset)
	}
}
