package dkim

import (
	"bytes"
	"strings"
)

// A Message is a message taken apart as far as signatures need it: its header
// fields as they were written, and its body. It points into the raw bytes.
type Message struct {
	// Issues are what is odd about the message as a whole.
	Issues []Issue

	raw    []byte
	fields []field
	named  map[string][]int // the fields of a name in lower case, from the top
	body   []byte
	start  int    // the body's offset
	limit  string // why the header was not read to its end; empty if it was
	hashes map[bodyKey]bodySum
}

// A field is raw[start:end], with its name before colon. A header is limited to
// MaxHeaderSize, so that 32 bits are enough.
type field struct{ start, colon, end int32 }

// maxFields is how many header fields are read: each one costs more memory than
// its octets.
const maxFields = 10000

// ReadMessage takes a message apart. Lines may end in CRLF or LF. A line of the
// header that is no field is passed over; a header without an empty line after
// it has no body.
func ReadMessage(raw []byte) *Message {
	m := &Message{raw: raw, named: map[string][]int{}, hashes: map[bodyKey]bodySum{}}
	var issues issueList
	m.readHeader(&issues)
	m.judgeLineEnds(&issues)
	if from := m.named["from"]; len(from) > 1 {
		issues.add(CodeFromTwice, SeverityWarning, int(m.fields[from[0]].start), "%s", fromTwice(len(from)))
	}
	m.Issues = issues
	return m
}

func (m *Message) readHeader(issues *issueList) {
	inField := false
	pos := 0
	for pos < len(m.raw) {
		end := lineEnd(m.raw, pos)
		line := trimEOL(m.raw[pos:end])
		if len(line) == 0 {
			m.start, m.body = end, m.raw[end:]
			return
		}
		if m.limit = m.headerLimit(end); m.limit != "" {
			issues.add(CodeHeaderSize, SeverityError, pos, "%s", m.limit)
			return
		}
		switch colon := fieldColon(line); {
		case line[0] == ' ' || line[0] == '\t':
			if inField {
				m.fields[len(m.fields)-1].end = int32(end)
			}
		case colon < 0:
			inField = false
			issues.add(CodeBadField, SeverityWarning, pos, "this line of the header is no field: %s", quoteShort(string(line)))
		default:
			inField = true
			name := m.fieldName(line[:colon])
			m.named[name] = append(m.named[name], len(m.fields))
			m.fields = append(m.fields, field{int32(pos), int32(pos + colon), int32(end)})
		}
		pos = end
	}
	m.start = len(m.raw)
	if len(m.fields) > 0 {
		issues.add(CodeNoSeparator, SeverityWarning, len(m.raw), "no empty line ends the header; the body is taken to be empty")
	}
}

func (m *Message) headerLimit(end int) string {
	switch {
	case end > MaxHeaderSize:
		return "the header has more than 4 MiB"
	case len(m.fields) >= maxFields:
		return "the header has more than 10,000 fields"
	}
	return ""
}

// fieldName returns a name in lower case without the white space that RFC 5322
// §4.5 once allowed before the colon.
func (m *Message) fieldName(b []byte) string {
	b = bytes.TrimRight(b, " \t")
	var lower [64]byte
	if len(b) > len(lower) {
		return asciiLower(string(b))
	}
	n := copy(lower[:], b)
	for i, c := range lower[:n] {
		if 'A' <= c && c <= 'Z' {
			lower[i] = c + 'a' - 'A'
		}
	}
	return string(lower[:n])
}

// fieldColon returns where the colon after a field's name is; -1 if the line
// does not begin with a name (RFC 5322 §2.2: printable ASCII).
func fieldColon(line []byte) int {
	colon := bytes.IndexByte(line, ':')
	if colon <= 0 {
		return -1
	}
	name := bytes.TrimRight(line[:colon], " \t")
	for _, c := range name {
		if c <= ' ' || c > '~' {
			return -1
		}
	}
	return colon
}

// lineEnd returns the offset after the line that begins at pos.
func lineEnd(b []byte, pos int) int {
	if i := bytes.IndexByte(b[pos:], '\n'); i >= 0 {
		return pos + i + 1
	}
	return len(b)
}

// trimEOL returns a line without its CRLF or LF.
func trimEOL(line []byte) []byte {
	if n := len(line); n > 0 && line[n-1] == '\n' {
		line = line[:n-1]
		if n > 1 && line[n-2] == '\r' {
			line = line[:n-2]
		}
	}
	return line
}

// judgeLineEnds: lines of mail end in CRLF, and CR and LF occur only so (RFC
// 5322 §2.3). A signer may have seen other line ends than we do.
func (m *Message) judgeLineEnds(issues *issueList) {
	crlf := bytes.Count(m.raw, []byte("\r\n"))
	lf := bytes.Count(m.raw, []byte("\n")) - crlf
	cr := bytes.Count(m.raw, []byte("\r")) - crlf
	switch {
	case lf > 0 && crlf == 0:
		issues.add(CodeLineEnds, SeverityInfo, bytes.IndexByte(m.raw, '\n'), "lines end in LF; they are verified as if in CRLF, as sent")
	case lf > 0:
		issues.add(CodeLineEnds, SeverityWarning, bareLF(m.raw), "%d lines end in LF alone", lf)
	}
	if cr > 0 {
		issues.add(CodeLineEnds, SeverityWarning, bareCR(m.raw), "%d CRs stand without an LF", cr)
	}
}

func bareLF(b []byte) int {
	for i := range b {
		if b[i] == '\n' && (i == 0 || b[i-1] != '\r') {
			return i
		}
	}
	return -1
}

func bareCR(b []byte) int {
	for i := range b {
		if b[i] == '\r' && (i+1 == len(b) || b[i+1] != '\n') {
			return i
		}
	}
	return -1
}

// Fields returns the indexes of the fields of that name, from the top.
func (m *Message) Fields(name string) []int { return m.named[asciiLower(name)] }

// Value returns what stands after the colon of a field, as written, without the
// last line end.
func (m *Message) Value(i int) string {
	f := m.fields[i]
	return string(trimEOL(m.raw[f.colon+1 : f.end]))
}

// Offset returns where a field begins in the message.
func (m *Message) Offset(i int) int { return int(m.fields[i].start) }

// field returns a whole field as written.
func (m *Message) field(i int) []byte { return m.raw[m.fields[i].start:m.fields[i].end] }

// value returns the unfolded value of the first field of a name.
func (m *Message) value(name string) (string, bool) {
	indexes := m.named[name]
	if len(indexes) == 0 {
		return "", false
	}
	return unfold(m.Value(indexes[0])), true
}

// unfold takes the line ends out of a field's value (RFC 5322 §2.2.3).
func unfold(s string) string {
	return trimFWS(strings.NewReplacer("\r\n", "", "\n", "").Replace(s))
}
