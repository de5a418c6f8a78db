package dkim

import (
	"bytes"
	"crypto"
	"encoding/base64"
	"fmt"
	"io"
	"mime/quotedprintable"
	"slices"
	"unicode/utf8"
)

// The search for causes tries what is known to happen to mail on its way, and
// says what would have matched. It is bounded, since the sender of a message
// decides how often we search.
const (
	// maxEffort is how many octets are hashed for it, per message.
	maxEffort = 64 << 20
	// maxExplained is the largest body that it is done for.
	maxExplained = 8 << 20
	// maxAddedLines is how many lines at the top may be an addition.
	maxAddedLines = 20
)

// spend reports whether so many octets may still be hashed.
func (v *Verifier) spend(octets int) bool {
	const fixed = 256 // what a short hash costs besides its octets
	if v.effort < octets+fixed {
		v.gaveUp = true
		return false
	}
	v.effort -= octets + fixed
	return true
}

// explainBody looks for the cause of a body hash mismatch.
func (v *Verifier) explainBody(s *signed) {
	if len(v.message.body) > maxExplained {
		s.issueList.add(CodeBodyChanged, SeverityInfo, 0, "the body is too large to look for the cause")
		return
	}
	search := &bodySearch{v: v, s: s, body: v.message.body}
	for _, step := range []func() string{
		search.otherForm, search.emptyBody, search.addedAtEnd, search.addedPart, search.addedAtTop,
		search.lineEnds, search.escapedLines, search.encoding,
	} {
		if cause := step(); cause != "" {
			s.issueList.add(CodeBodyChanged, SeverityInfo, 0, "%s", cause)
			return
		}
	}
	if v.gaveUp {
		s.issueList.add(CodeBodyChanged, SeverityInfo, 0, "looking for the cause took too long")
		return
	}
	what := "words were changed"
	if s.body == simple {
		what = "words or white space were changed"
	}
	s.issueList.add(CodeBodyChanged, SeverityInfo, 0, "no simple change explains it: %s, or it was encoded anew", what)
}

type bodySearch struct {
	v    *Verifier
	s    *signed
	body []byte
}

func (b *bodySearch) limit() int64 {
	if b.s.Length != nil {
		return *b.s.Length
	}
	return noLimit
}

// try reports whether the signature's bh= is the hash of this body.
func (b *bodySearch) try(body []byte) bool {
	return b.tryAs(body, b.s.body, b.limit(), crlf)
}

func (b *bodySearch) tryAs(body []byte, canonicalization string, limit int64, eol string) bool {
	if !b.v.spend(len(body)) {
		return false
	}
	h := newBodyHasher(b.s.hash, canonicalization, limit)
	h.eol = eol
	h.lines(body)
	return bytes.Equal(h.sum(nil), b.s.bh)
}

func otherForm(canonicalization string) string {
	if canonicalization == relaxed {
		return simple
	}
	return relaxed
}

// otherForm: the signer did something else than c= and l= say.
func (b *bodySearch) otherForm() string {
	other := otherForm(b.s.body)
	if b.tryAs(b.body, other, b.limit(), crlf) {
		return fmt.Sprintf("bh= matches in the %s form, though c= says %s", other, b.s.body)
	}
	if b.s.Length == nil {
		return ""
	}
	for _, form := range []string{b.s.body, other} {
		if b.tryAs(b.body, form, noLimit, crlf) {
			return fmt.Sprintf("bh= matches the whole body in the %s form, though l= says %d octets", form, *b.s.Length)
		}
	}
	return ""
}

func (b *bodySearch) emptyBody() string {
	for _, form := range []string{simple, relaxed} {
		if b.tryAs(nil, form, noLimit, crlf) {
			return "bh= is the hash of an empty body: the signer saw none"
		}
	}
	return ""
}

// addedAtEnd looks for a footer: bh= matches the body up to some line.
func (b *bodySearch) addedAtEnd() string {
	if !b.v.spend(2 * len(b.body)) {
		return ""
	}
	h := newBodyHasher(b.s.hash, b.s.body, b.limit())
	var sum []byte
	lines := bytes.Count(b.body, []byte("\n"))
	for n, pos := 1, 0; pos < len(b.body); n++ {
		end := lineEnd(b.body, pos)
		empty := h.line(trimEOL(b.body[pos:end]))
		pos = end
		if empty {
			continue
		}
		if !b.v.spend(0) {
			return ""
		}
		if sum = h.sum(sum[:0]); bytes.Equal(sum, b.s.bh) && pos < len(b.body) {
			return fmt.Sprintf("something was added at the end of the body, such as a mailing list's footer: bh= matches up to line %d of %d", n, max(lines, n+1))
		}
	}
	return ""
}

// addedPart looks for a footer that became a MIME part of its own: bh= matches
// without the lines from one boundary to the last one.
func (b *bodySearch) addedPart() string {
	var boundaries []int
	for pos := 0; pos < len(b.body); pos = lineEnd(b.body, pos) {
		if bytes.HasPrefix(b.body[pos:], []byte("--")) {
			boundaries = append(boundaries, pos)
		}
	}
	const most = 10
	if len(boundaries) > most {
		boundaries = boundaries[len(boundaries)-most:]
	}
	if len(boundaries) < 2 {
		return ""
	}
	last := boundaries[len(boundaries)-1]
	for _, first := range slices.Backward(boundaries[:len(boundaries)-1]) {
		if b.try(slices.Concat(b.body[:first], b.body[last:])) {
			return "a MIME part was added at the end of the body, such as a mailing list's footer: bh= matches without it"
		}
	}
	return ""
}

func (b *bodySearch) addedAtTop() string {
	pos := 0
	for n := 1; n <= maxAddedLines && pos < len(b.body); n++ {
		pos = lineEnd(b.body, pos)
		if b.try(b.body[pos:]) {
			return fmt.Sprintf("something was added at the top of the body: bh= matches without the first %d lines", n)
		}
	}
	return ""
}

// lineEnds looks for a signer that saw other line ends than CRLF.
func (b *bodySearch) lineEnds() string {
	if b.tryAs(b.body, b.s.body, b.limit(), "\n") {
		return "bh= matches lines that end in LF: the signer did not turn them into CRLF"
	}
	if bareCR(b.body) < 0 && bareLF(b.body) < 0 {
		return ""
	}
	asLines := bytes.ReplaceAll(bytes.ReplaceAll(b.body, []byte(crlf), []byte("\n")), []byte("\r"), []byte("\n"))
	without := bytes.ReplaceAll(bytes.ReplaceAll(b.body, []byte(crlf), []byte("\n")), []byte("\r"), nil)
	switch {
	case b.try(asLines):
		return "line ends were changed: bh= matches when every CR ends a line"
	case b.try(without):
		return "line ends were changed: bh= matches without the CRs that stand alone"
	case b.v.spend(len(b.body)) && bytes.Equal(digest(b.s.hash, b.body), b.s.bh):
		return "bh= matches the body as it is here, without its lines turned into CRLF"
	}
	return ""
}

func digest(algorithm crypto.Hash, b []byte) []byte {
	h := algorithm.New()
	h.Write(b)
	return h.Sum(nil)
}

// escapedLines looks for lines changed by SMTP's dots (RFC 5321 §4.5.2) and by
// mailbox files.
func (b *bodySearch) escapedLines() string {
	for _, change := range []struct{ old, new, cause string }{
		{"..", ".", "a dot was added to lines that begin with one"},
		{".", "..", "a dot was taken from lines that begin with two"},
		{">From ", "From ", "a mailbox file turned From at the start of a line into >From"},
		{"From ", ">From ", "a > was taken from lines that begin with >From"},
	} {
		if body := replaceAtStart(b.body, change.old, change.new); body != nil && b.try(body) {
			return change.cause
		}
	}
	return ""
}

// replaceAtStart replaces old at the start of lines; nil if no line has it.
func replaceAtStart(body []byte, old, new string) []byte {
	sep := []byte("\n" + old)
	first := bytes.HasPrefix(body, []byte(old))
	if !first && !bytes.Contains(body, sep) {
		return nil
	}
	replaced := bytes.ReplaceAll(body, sep, []byte("\n"+new))
	if first {
		replaced = slices.Concat([]byte(new), replaced[len(old):])
	}
	return replaced
}

// encoding looks for a relay that encoded the body anew.
func (b *bodySearch) encoding() string {
	encoding, _ := b.v.message.value("content-transfer-encoding")
	var decoded []byte
	var err error
	switch asciiLower(encoding) {
	case "quoted-printable":
		decoded, err = io.ReadAll(io.LimitReader(quotedprintable.NewReader(bytes.NewReader(b.body)), int64(len(b.body))))
	case "base64":
		decoded, err = io.ReadAll(base64.NewDecoder(base64.StdEncoding, bytes.NewReader(b.body)))
	}
	if err == nil && decoded != nil && b.try(decoded) {
		return fmt.Sprintf("the body was encoded as %s after it was signed", asciiLower(encoding))
	}
	if latin1, ok := toLatin1(b.body); ok && b.try(latin1) {
		return "the body's text was converted from ISO-8859-1 to UTF-8 after it was signed"
	}
	if !utf8.Valid(b.body) && b.v.spend(len(b.body)) && b.try(fromLatin1(b.body)) {
		return "the body's text was converted from UTF-8 to ISO-8859-1 after it was signed"
	}
	return ""
}

// toLatin1 converts UTF-8 that has something to convert.
func toLatin1(text []byte) ([]byte, bool) {
	if !utf8.Valid(text) || utf8.RuneCount(text) == len(text) {
		return nil, false
	}
	latin1 := make([]byte, 0, len(text))
	for _, r := range string(text) {
		if r > 0xff {
			return nil, false
		}
		latin1 = append(latin1, byte(r))
	}
	return latin1, true
}

func fromLatin1(text []byte) []byte {
	b := make([]byte, 0, len(text)+len(text)/8)
	for _, c := range text {
		b = utf8.AppendRune(b, rune(c))
	}
	return b
}
