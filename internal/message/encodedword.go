package message

import (
	"encoding/base64"
	"strings"
	"unicode/utf8"
)

// maxEncodedWord is the length of the longest encoded word (RFC 2047 §2).
const maxEncodedWord = 75

// DecodeWords decodes the encoded words of RFC 2047 in an unfolded value, as
// in Subject. What does not decode stays as written.
func DecodeWords(s string) (string, []Defect) {
	if !strings.Contains(s, "=?") {
		return s, nil
	}
	d := wordDecoder{}
	for at := 0; at < len(s); {
		i := strings.Index(s[at:], "=?")
		if i < 0 {
			d.plain(s[at:])
			break
		}
		w, ok := readWord(s, at+i)
		if !ok {
			d.malformed(s, at+i)
			d.plain(s[at : at+i+2])
			at += i + 2
			continue
		}
		d.plain(s[at : at+i])
		d.word(s, w)
		at = w.end
	}
	d.flush()
	return d.out.String(), d.defects
}

// A word is one encoded word in a value.
type word struct {
	start, end int
	charset    string // without the language of RFC 2231 §5
	bytes      string
	valid      bool // the text is what its encoding allows
}

// readWord reads the encoded word that begins at start. It looks no further
// than the question mark that would end it, so that many beginnings cost no
// more than their length.
func readWord(s string, start int) (word, bool) {
	charset, rest, ok := cutWordPart(s[start+2:])
	if !ok || charset == "" {
		return word{}, false
	}
	encoding, rest, ok := cutWordPart(rest)
	if !ok || len(encoding) != 1 {
		return word{}, false
	}
	text, rest, ok := cutWordPart(rest)
	if !ok || !strings.HasPrefix(rest, "=") {
		return word{}, false
	}
	w := word{start: start, end: len(s) - len(rest) + 1}
	w.charset, _, _ = strings.Cut(strings.ToLower(charset), "*")
	switch encoding {
	case "B", "b":
		w.bytes, w.valid = decodeB(text)
	case "Q", "q":
		w.bytes, w.valid = decodeQ(text)
	default:
		return word{}, false
	}
	return w, true
}

// cutWordPart returns what stands before the next question mark; it must hold
// no white space.
func cutWordPart(s string) (part, rest string, ok bool) {
	i := strings.IndexAny(s, "? \t")
	if i < 0 || s[i] != '?' {
		return "", "", false
	}
	return s[:i], s[i+1:], true
}

// decodeB decodes the B encoding; what cannot be decoded is left out.
func decodeB(text string) (string, bool) {
	if b, err := base64.StdEncoding.DecodeString(text); err == nil {
		return string(b), true
	}
	valid := true
	b := decoder{report: func(Kind, int, int, string) { valid = false }}.base64([]byte(text))
	return string(b), valid
}

// decodeQ decodes the Q encoding (RFC 2047 §4.2).
func decodeQ(text string) (string, bool) {
	var b strings.Builder
	valid := true
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '_':
			b.WriteByte(' ')
		case c == '=' && i+2 < len(text) && isHex(text[i+1]) && isHex(text[i+2]):
			b.WriteByte(unhex(text[i+1])<<4 | unhex(text[i+2]))
			i += 2
		default:
			valid = valid && c != '=' && c < 0x80
			b.WriteByte(c)
		}
	}
	return b.String(), valid
}

// A wordDecoder joins neighbouring words of one charset before it decodes them,
// as readers do, so that a character that was divided comes out whole.
type wordDecoder struct {
	out     strings.Builder
	defects []Defect

	run   word   // the words not yet decoded; run.start is the first one's
	bytes []byte // of all of them
	alone bool   // every word of the run is valid text by itself
	space string // white space behind the run: dropped if another word follows (RFC 2047 §6.2)
	open  bool   // there is a run
}

func (d *wordDecoder) report(kind Kind, at int, detail string) {
	if len(d.defects) < maxValueDefects {
		d.defects = append(d.defects, Defect{Kind: kind, Offset: at, Count: 1, Detail: excerpt([]byte(detail))})
	}
}

// plain takes text between words.
func (d *wordDecoder) plain(text string) {
	if d.open && strings.Trim(text, " \t\r\n") == "" {
		d.space += text
		return
	}
	d.flush()
	d.out.WriteString(text)
}

// word takes one encoded word.
func (d *wordDecoder) word(s string, w word) {
	written := s[w.start:w.end]
	if len(written) > maxEncodedWord {
		d.report(EncodedWordTooLong, w.start, written)
	}
	if !w.valid {
		d.report(EncodedWordInvalid, w.start, written)
	}
	before := w.start == 0 || strings.IndexByte(" \t\r\n(", s[w.start-1]) >= 0
	after := w.end == len(s) || strings.IndexByte(" \t\r\n)", s[w.end]) >= 0
	if !before || !after {
		d.report(EncodedWordPlacement, w.start, written)
	}
	text, known, valid := decodeWordCharset(w)
	switch {
	case !known:
		d.report(EncodedWordCharset, w.start, w.charset)
	case strings.ContainsAny(text, "\r\n\x00"):
		d.report(EncodedWordControl, w.start, written)
	case valid && isPlainASCII(text):
		d.report(EncodedWordUnneeded, w.start, written)
	}
	if d.open && d.run.charset == w.charset {
		d.bytes = append(d.bytes, w.bytes...)
		d.run.end = w.end
		d.alone = d.alone && valid
		d.space = ""
		return
	}
	if d.open {
		d.space = ""
		d.flush()
	}
	d.run, d.bytes, d.alone, d.open = w, append(d.bytes[:0], w.bytes...), valid, true
}

// flush decodes the run and writes it.
func (d *wordDecoder) flush() {
	if !d.open {
		return
	}
	d.run.bytes = string(d.bytes)
	text, known, valid := decodeWordCharset(d.run)
	switch {
	case !known:
		text = guessText(d.bytes)
	case !valid:
		d.report(EncodedWordBytes, d.run.start, d.run.charset)
	case !d.alone:
		d.report(EncodedWordSplitChar, d.run.start, d.run.charset)
	}
	d.out.WriteString(text)
	d.out.WriteString(d.space)
	d.space, d.open = "", false
}

// malformed reports what looks like an encoded word and is none: an encoding
// other than B and Q, or a space inside.
func (d *wordDecoder) malformed(s string, start int) {
	_, rest, ok := cutWordPart(s[start+2:])
	if !ok {
		return
	}
	encoding, rest, ok := cutWordPart(rest)
	if !ok || len(encoding) != 1 {
		return
	}
	i := strings.IndexByte(rest, '?')
	if i >= 0 && strings.HasPrefix(rest[i:], "?=") {
		d.report(EncodedWordInvalid, start, s[start:])
	}
}

func decodeWordCharset(w word) (text string, known, valid bool) {
	if w.charset == "utf-8" {
		return strings.ToValidUTF8(w.bytes, "\uFFFD"), true, utf8.ValidString(w.bytes)
	}
	return decodeCharset([]byte(w.bytes), w.charset)
}

// isPlainASCII reports whether the text needed no encoding at all.
func isPlainASCII(text string) bool {
	return text != "" && !strings.Contains(text, "=?") && strings.IndexFunc(text, func(r rune) bool {
		return r < ' ' || r > '~'
	}) < 0
}
