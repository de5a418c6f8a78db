package message

import (
	"strconv"
	"strings"
)

// maxParams is how many parameters of one field are read.
const maxParams = 200

// A MediaType is the value of a Content-Type or Content-Disposition field.
type MediaType struct {
	Type    string            // in lower case: "text/html", "attachment"; empty when it does not parse
	Params  map[string]string // names in lower case; RFC 2231 and, tolerated, RFC 2047 decoded
	Defects []Defect
}

// ParseMediaType reads the value of a Content-Type field.
func ParseMediaType(value string) MediaType {
	m := parseParameterized(value)
	kind, subtype, ok := strings.Cut(m.Type, "/")
	if !ok || !isToken(kind) || !isToken(subtype) {
		m.Defects = append(m.Defects, Defect{Kind: ContentTypeSyntax, Count: 1, Detail: excerpt([]byte(m.Type))})
		m.Type = ""
	}
	return m
}

// ParseDisposition reads the value of a Content-Disposition field (RFC 2183).
func ParseDisposition(value string) MediaType {
	m := parseParameterized(value)
	if !isToken(m.Type) {
		m.Defects = append(m.Defects, Defect{Kind: ParamSyntax, Count: 1, Detail: excerpt([]byte(m.Type))})
		m.Type = ""
	}
	return m
}

// isToken reports whether s is a token of RFC 2045 §5.1.
func isToken(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return r <= ' ' || r >= 0x7f || strings.ContainsRune(`()<>@,;:\"/[]?=`, r)
	})
}

// parseParameterized reads "type; attribute=value; …".
func parseParameterized(value string) MediaType {
	var m MediaType
	s := &scanner{s: value}
	s.skipCFWS()
	m.Type = strings.ToLower(strings.TrimRight(s.until(";("), " \t\r\n"))
	var params paramSet
	for s.skipCFWS(); !s.done(); s.skipCFWS() {
		at := s.i
		if !s.accept(';') {
			s.until(";")
			m.report(ParamSyntax, at, value[at:s.i])
			continue
		}
		s.skipCFWS()
		if s.done() {
			m.report(TrailingSemicolon, at, "")
			break
		}
		at = s.i
		name := strings.ToLower(strings.TrimRight(s.until("=;("), " \t\r\n"))
		s.skipCFWS()
		if !s.accept('=') || name == "" {
			m.report(ParamSyntax, at, value[at:s.i])
			continue
		}
		s.skipCFWS()
		text, wellFormed := s.paramValue()
		if added := params.add(name, text); !added || !wellFormed {
			m.report(ParamSyntax, at, value[at:s.i])
		}
	}
	m.Params = params.assemble(func(name string) { m.report(ParamSyntax, 0, name) })
	return m
}

func (m *MediaType) report(kind Kind, at int, detail string) {
	m.Defects = append(m.Defects, Defect{Kind: kind, Offset: at, Count: 1, Detail: excerpt([]byte(detail))})
}

// paramValue reads a quoted string or token, and reports whether it is one.
// A token with characters that need quotes is read up to the semicolon.
func (s *scanner) paramValue() (string, bool) {
	if s.peek() == '"' {
		return s.quoted()
	}
	text := strings.TrimRight(s.until(";("), " \t\r\n")
	return text, isToken(text)
}

// A paramSet gathers parameters, which RFC 2231 §3 may have divided.
type paramSet struct {
	names    []string
	segments map[string][]segment
	count    int
}

type segment struct {
	number  int // of a continuation; -1 when the parameter is whole
	encoded bool
	text    string
}

// add takes one parameter; it reports false for one that is there already.
func (p *paramSet) add(name, text string) bool {
	if p.count++; p.count > maxParams {
		return false
	}
	seg := segment{number: -1, text: text}
	name, seg.encoded = strings.CutSuffix(name, "*")
	if base, digits, ok := strings.Cut(name, "*"); ok {
		n, err := strconv.Atoi(digits)
		if err != nil || n < 0 {
			return false
		}
		name, seg.number = base, n
	}
	for _, other := range p.segments[name] {
		if other.number == seg.number && other.encoded == seg.encoded {
			return false
		}
	}
	if p.segments == nil {
		p.segments = map[string][]segment{}
	}
	if len(p.segments[name]) == 0 {
		p.names = append(p.names, name)
	}
	p.segments[name] = append(p.segments[name], seg)
	return true
}

// assemble joins and decodes; bad is told the parameters that do not decode.
func (p *paramSet) assemble(bad func(name string)) map[string]string {
	params := make(map[string]string, len(p.names))
	for _, name := range p.names {
		value, ok := joinSegments(p.segments[name])
		if !ok {
			bad(name)
		}
		params[name] = value
	}
	return params
}

// joinSegments returns the value of one parameter. An encoded value wins over
// continuations and those over a plain one, as RFC 6266 §4.3 has it for HTTP.
func joinSegments(segments []segment) (value string, ok bool) {
	byNumber := map[int]segment{}
	plain, hasPlain := segment{}, false
	for _, s := range segments {
		switch {
		case s.number < 0 && s.encoded:
			return decodeExtended(s.text)
		case s.number < 0:
			plain, hasPlain = s, true
		default:
			byNumber[s.number] = s
		}
	}
	first, divided := byNumber[0]
	if !divided {
		if !hasPlain {
			return "", false // continuations without a beginning
		}
		text, _ := DecodeWords(plain.text) // not allowed in parameters (RFC 2047 §5), and common
		return text, true
	}
	charset, text := "", first.text
	var joined strings.Builder
	if first.encoded {
		charset, text = splitExtended(first.text)
		text = percentDecode(text)
	}
	joined.WriteString(text)
	n := 1
	for ; ; n++ {
		s, more := byNumber[n]
		if !more {
			break
		}
		if s.encoded {
			s.text = percentDecode(s.text)
		}
		joined.WriteString(s.text)
	}
	value, ok = charsetText(joined.String(), charset)
	return value, ok && n == len(byNumber)
}

// decodeExtended decodes charset'language'percent-encoded (RFC 2231 §4).
func decodeExtended(s string) (string, bool) {
	charset, text := splitExtended(s)
	value, ok := charsetText(percentDecode(text), charset)
	return value, ok && strings.Count(s, "'") >= 2
}

func splitExtended(s string) (charset, text string) {
	charset, rest, ok := strings.Cut(s, "'")
	if !ok {
		return "", s
	}
	_, text, ok = strings.Cut(rest, "'")
	if !ok {
		return "", s
	}
	return charset, text
}

func percentDecode(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]) {
			b.WriteByte(unhex(s[i+1])<<4 | unhex(s[i+2]))
			i += 2
			continue
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// charsetText decodes the bytes of s; without a charset they are guessed at.
func charsetText(s, charset string) (string, bool) {
	if charset == "" {
		return guessText([]byte(s)), true
	}
	text, known, valid := decodeCharset([]byte(s), charset)
	if !known {
		return guessText([]byte(s)), isASCIILabel(charset)
	}
	return text, valid
}

func isASCIILabel(charset string) bool { return strings.EqualFold(charset, "us-ascii") }
