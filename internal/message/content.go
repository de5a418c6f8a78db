package message

import (
	"bytes"
	"encoding/base64"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
)

// contentFields reads the MIME fields of a header section.
func (p *parser) contentFields(part *Part, defaultType string) {
	part.MediaType = defaultType
	h := &part.Header
	if f := h.First("Content-Type"); f != nil {
		part.Declared = true
		mt := ParseMediaType(string(f.Value))
		p.valueDefects(part, f, mt.Defects)
		if mt.Type != "" {
			part.MediaType = mt.Type
		}
		part.Params = mt.Params
		part.Charset = strings.ToLower(strings.TrimSpace(mt.Params["charset"]))
		part.Filename = mt.Params["name"]
	}
	if f := h.First("Content-Disposition"); f != nil {
		d := ParseDisposition(string(f.Value))
		p.valueDefects(part, f, d.Defects)
		part.Disposition = d.Type
		if name := d.Params["filename"]; name != "" {
			part.Filename = name
		}
	}
	if f := h.First("Content-ID"); f != nil {
		part.ContentID = strings.Trim(f.Unfolded(), "<> \t")
	}
	p.encodingField(part)
	if part.IsMultipart() {
		part.Boundary = part.Params["boundary"]
		if part.Boundary == "" {
			f := h.First("Content-Type")
			p.defect(part, Defect{Kind: BoundaryMissing, Where: f.Where(), Offset: f.Offset, Detail: excerpt([]byte(f.Unfolded()))})
		}
	}
}

func (p *parser) encodingField(part *Part) {
	f := part.Header.First("Content-Transfer-Encoding")
	if f == nil {
		return
	}
	s := scanner{s: string(f.Value)}
	s.skipCFWS()
	part.Encoding = strings.ToLower(s.until(" \t\r\n(;"))
	switch part.Encoding {
	case "7bit", "8bit", "binary":
	case "base64", "quoted-printable":
		if part.IsMultipart() || part.MediaType == "message/rfc822" || part.MediaType == "message/partial" {
			p.defect(part, Defect{Kind: EncodingOnComposite, Where: f.Where(), Offset: f.Offset, Detail: part.Encoding})
		}
	default:
		p.defect(part, Defect{Kind: EncodingUnknown, Where: f.Where(), Offset: f.Offset, Detail: excerpt([]byte(f.Unfolded()))})
	}
}

// valueDefects records what a value parser found in a field.
func (p *parser) valueDefects(part *Part, f *Field, defects []Defect) {
	for _, d := range defects {
		d.Where = f.Where()
		d.Offset += f.Offset + len(f.Raw) - len(f.Value)
		p.defect(part, d)
	}
}

// decode undoes the transfer encoding and, for text, the charset.
func (p *parser) decode(part *Part) {
	if part.IsMultipart() {
		return // one that could not be divided: no text of anybody
	}
	if p.decoded+len(part.RawBody) > MaxDecoded {
		p.defect(part, Defect{Kind: DecodedTooLarge, Where: part.Where(part.BodyOffset), Offset: part.BodyOffset, Count: len(part.RawBody)})
		return
	}
	p.decoded += len(part.RawBody)
	d := decoder{report: func(kind Kind, at, count int, detail string) {
		p.defect(part, Defect{
			Kind: kind, Where: part.Where(part.BodyOffset + at), Offset: part.BodyOffset + at, Count: count, Detail: detail,
		})
	}}
	switch part.Encoding {
	case "base64":
		part.Body = d.base64(part.RawBody)
	case "quoted-printable":
		part.Body = d.quotedPrintable(part.RawBody)
	default:
		part.Body = part.RawBody
		d.identity(part.RawBody, part.Encoding)
	}
	d.longLines(part.RawBody, part.Encoding)
	if part.IsText() {
		part.Text = d.text(part.Body, part.Charset)
	}
}

// A decoder decodes one body and reports what is wrong in it.
type decoder struct {
	report func(kind Kind, offset, count int, detail string)
}

// identity looks at a body that is not encoded (RFC 2045 §2.7 to §2.9).
func (d decoder) identity(body []byte, encoding string) {
	if n, first := countEightBit(body); n > 0 && (encoding == "" || encoding == "7bit") {
		d.report(SevenBitViolated, first, n, encoding)
	}
	if i := bytes.IndexByte(body, 0); i >= 0 && encoding != "binary" {
		d.report(NULInBody, i, bytes.Count(body, []byte{0}), "")
	}
}

// longLines finds lines longer than the encoding or SMTP allows.
func (d decoder) longLines(body []byte, encoding string) {
	limit, kind := maxLine, LineTooLong
	switch encoding {
	case "base64":
		limit, kind = 76, Base64LineTooLong // RFC 2045 §6.8
	case "quoted-printable":
		limit, kind = 76, QPLineTooLong // RFC 2045 §6.7 (5)
	case "binary":
		return // lines mean nothing (RFC 2045 §2.9); Tree.Lines has the lengths
	}
	count, first, over998 := 0, 0, 0
	for start := 0; start < len(body); {
		end := lineEnd(body, start)
		if n := len(trimLineEnd(body[start:end])); n > limit {
			note(&count, &first, 1, start)
			if n > maxLine {
				over998++
			}
		}
		start = end
	}
	if count > 0 {
		d.report(kind, first, count, "")
	}
	if over998 > 0 && kind != LineTooLong {
		d.report(LineTooLong, first, over998, "")
	}
}

// base64 decodes what it can (RFC 2045 §6.8): other characters are ignored,
// what follows the padding is left out, and both are reported.
func (d decoder) base64(body []byte) []byte {
	decoded := make([]byte, base64.RawStdEncoding.DecodedLen(len(body)))
	if n, err := base64.StdEncoding.Decode(decoded, body); err == nil {
		return decoded[:n:n]
	}
	clean := make([]byte, 0, len(body))
	invalid, first, detail := 0, 0, ""
	for i, c := range body {
		if c == '=' {
			if tail := bytes.Trim(body[i:], "= \t\r\n"); len(tail) > 0 {
				note(&invalid, &first, len(tail), i)
				detail = "text after the padding"
			}
			break
		}
		if isAlphanumeric(rune(c)) || c == '+' || c == '/' {
			clean = append(clean, c)
		} else if c != '\r' && c != '\n' && c != ' ' && c != '\t' {
			note(&invalid, &first, 1, i)
			detail = "characters outside the alphabet"
		}
	}
	wanted := -len(clean) & 3
	if invalid == 0 && (wanted == 3 || bytes.Count(body, []byte("=")) != wanted) {
		note(&invalid, &first, 1, len(body))
		detail = "wrong padding"
	}
	if wanted == 3 {
		clean = clean[:len(clean)-1] // six bits make no octet
	}
	if invalid > 0 {
		d.report(Base64Invalid, first, invalid, detail)
	}
	n, _ := base64.RawStdEncoding.Decode(decoded, clean)
	return decoded[:n:n]
}

// quotedPrintable decodes what it can (RFC 2045 §6.7): a broken escape stays
// as it is, and is reported.
func (d decoder) quotedPrintable(body []byte) []byte {
	decoded := make([]byte, 0, len(body))
	invalid, first := 0, 0
	for start := 0; start < len(body); {
		end := lineEnd(body, start)
		line := trimLineEnd(body[start:end])
		ending := body[start+len(line) : end]
		line = bytes.TrimRight(line, " \t") // added in transport (RFC 2045 §6.7 (3))
		if n := len(line); n > 0 && line[n-1] == '=' {
			line, ending = line[:n-1], nil
		}
		for i := 0; i < len(line); i++ {
			c := line[i]
			if c == '=' {
				if i+2 < len(line) && isHex(line[i+1]) && isHex(line[i+2]) {
					decoded = append(decoded, unhex(line[i+1])<<4|unhex(line[i+2]))
					i += 2
					continue
				}
				note(&invalid, &first, 1, start+i)
			} else if c >= 0x80 {
				note(&invalid, &first, 1, start+i)
			}
			decoded = append(decoded, c)
		}
		decoded = append(decoded, ending...)
		start = end
	}
	if invalid > 0 {
		d.report(QPInvalid, first, invalid, excerpt(body[first:min(len(body), first+3)]))
	}
	return decoded
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'A' && c <= 'F' || c >= 'a' && c <= 'f'
}

func unhex(c byte) byte {
	switch {
	case c >= 'a':
		return c - 'a' + 10
	case c >= 'A':
		return c - 'A' + 10
	}
	return c - '0'
}

// text returns a body as UTF-8.
func (d decoder) text(body []byte, charset string) string {
	n, first := countEightBit(body)
	switch charset {
	case "":
		if n > 0 {
			d.report(CharsetMissing, 0, n, "")
		}
		return guessText(body)
	case "us-ascii", "ascii", "ansi_x3.4-1968":
		if n > 0 {
			d.report(CharsetMismatch, 0, n, charset)
		}
		return guessText(body)
	case "utf-8", "utf8":
		if !utf8.Valid(body) {
			d.report(CharsetMismatch, 0, 1, excerpt(body[first:]))
		}
		return strings.ToValidUTF8(string(body), "\uFFFD")
	}
	text, known, valid := decodeCharset(body, charset)
	if !known {
		d.report(CharsetUnknown, 0, 1, charset)
		return guessText(body)
	}
	if !valid {
		d.report(CharsetMismatch, 0, 1, charset)
	}
	return text
}

// guessText takes text of no known charset for UTF-8, or else for what most
// such text is.
func guessText(body []byte) string {
	if utf8.Valid(body) {
		return string(body)
	}
	text, _, _ := decodeCharset(body, "windows-1252")
	return text
}

// decodeCharset decodes by the WHATWG's table of labels, which is what readers
// of mail use. It reports whether the label is known, and the bytes are valid.
func decodeCharset(b []byte, label string) (text string, known, valid bool) {
	e, err := htmlindex.Get(label)
	if err != nil || e == encoding.Replacement {
		return "", false, false
	}
	decoded, err := e.NewDecoder().Bytes(b)
	if err != nil {
		return "", true, false
	}
	text = strings.ToValidUTF8(string(decoded), "\uFFFD")
	return text, true, !strings.ContainsRune(text, utf8.RuneError)
}
