package store

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// A Search is a parsed search. Its terms must all match:
//
//	word  "two words"  wor*      in text, subject, addresses and names of files; whole words, in any case
//	from:x  to:x  subject:x      x stands there, at the beginning of a word
//	message-id:x                 that Message-ID
//	cc:x  bcc:x  reply-to:x      likewise; bcc: also finds recipients of the envelope that no field names
//	file:x                       likewise, in the name of an attachment or another part
//	header:X-Campaign            there is such a header field
//	header:"X-Campaign: spring"  its value has these words; the last may be the beginning of one.
//	                             The values of Received, of ARC and of signatures are not searched
//	has:attachment  has:inline  has:html  has:link  has:report
//	is:read  is:unread  is:tagged  is:untagged
//	before:2026-11-25  after:2026-11-25T10:00:00Z  before:2h     received before, at or after; 2h: two hours ago
//	larger:1M  smaller:200K      bytes, K, M, G
//	score:<80  score:>=90  score:80  score:70..80     messages with a score
//	check:dkim-missing           that check failed; check:dkim-* for all of an area
//	inbox:x  tag:x               in that inbox, with that tag
//	-term  !term                 the term does not match
//
// A value with white space is quoted: subject:"order 7".
type Search struct {
	text  string
	terms []term
}

// String returns the search as it was written.
func (s *Search) String() string { return s.text }

// A SyntaxError says what is wrong in a search, and where.
type SyntaxError struct {
	Offset  int // in bytes
	Message string
}

// Error names the place counted from 1.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("search, character %d: %s", e.Offset+1, e.Message)
}

// ParseSearch reads a search; an error is a *SyntaxError. Relative times count
// from the moment of each query.
func ParseSearch(text string) (*Search, error) { return parseSearch(text) }

const (
	// maxSearchBytes and maxTerms bound a search; people type a few words.
	maxSearchBytes = 2000
	maxTerms       = 50
	// maxBeginnings bounds the terms for which all words are gathered that begin
	// so: each takes up to some tenths of a second in a large store.
	maxBeginnings = 10
	// longestSearch ends one that takes too long: few can be at work at a time.
	longestSearch = 10 * time.Second
)

// errSlow is what is wrong with a search that took too long.
var errSlow = &SyntaxError{0, "it takes too long; ask for fewer words, or longer ones"}

// A term is one condition.
type term struct {
	not    bool
	field  string // empty: text
	value  string // as compared, not folded
	prefix bool   // words and checks that begin like this
	offset int    // in the search

	at       time.Time     // before and after
	ago      time.Duration // instead of at, when it is not zero
	from, to int64         // sizes and scores, both inclusive

	name  string   // of a header field
	words []string // of its value
}

// searchFields are the fields of a search and what reads their values.
var searchFields = map[string]func(*term) error{
	"from": anyValue, "to": anyValue, "cc": anyValue, "bcc": anyValue, "reply-to": anyValue, "subject": anyValue,
	"file": anyValue, "header": fieldValue, "message-id": messageIDValue,
	"has": oneOf("attachment", "inline", "html", "link", "report"), "is": oneOf("read", "unread", "tagged", "untagged"),
	"before": timeValue, "after": timeValue,
	"larger": sizeValue, "smaller": sizeValue, "score": scoreValue,
	"check": checkValue, "inbox": nameValue, "tag": anyValue,
}

func parseSearch(text string) (*Search, error) {
	if len(text) > maxSearchBytes {
		return nil, &SyntaxError{maxSearchBytes, fmt.Sprintf("longer than %d bytes", maxSearchBytes)}
	}
	if i := invalidUTF8(text); i >= 0 {
		return nil, &SyntaxError{i, "not UTF-8"}
	}
	p := searchParser{text: text}
	s := &Search{text: text}
	beginnings := 0
	for p.skipSpace(); p.at < len(text); p.skipSpace() {
		start := p.at
		t, err := p.term()
		if err != nil {
			return nil, err
		}
		t.offset = start
		if s.has(t) {
			continue
		}
		if t.beginning() {
			beginnings++
		}
		t.offset = start
		switch s.terms = append(s.terms, t); {
		case len(s.terms) > maxTerms:
			return nil, &SyntaxError{start, fmt.Sprintf("more than %d terms", maxTerms)}
		case beginnings > maxBeginnings:
			return nil, &SyntaxError{start, fmt.Sprintf("more than %d terms like word*, from:, subject: and header:", maxBeginnings)}
		}
	}
	return s, nil
}

// beginning tells that the term is looked up by the beginning of a word.
func (t *term) beginning() bool {
	_, inHeads := searchColumns[t.field]
	return t.field == "" && t.prefix || t.field == "header" && len(t.words) > 0 || !t.not && inHeads
}

// has tells whether a term is there already.
func (s *Search) has(t term) bool {
	return slices.ContainsFunc(s.terms, func(other term) bool { return other.canonical() == t.canonical() })
}

func invalidUTF8(s string) int {
	for i, r := range s {
		if r == utf8.RuneError {
			if _, n := utf8.DecodeRuneInString(s[i:]); n == 1 {
				return i
			}
		}
	}
	return -1
}

type searchParser struct {
	text string
	at   int
}

func (p *searchParser) skipSpace() {
	for p.at < len(p.text) {
		r, n := utf8.DecodeRuneInString(p.text[p.at:])
		if !unicode.IsSpace(r) {
			return
		}
		p.at += n
	}
}

// term reads one term.
func (p *searchParser) term() (term, error) {
	var t term
	start := p.at
	if c := p.text[p.at]; c == '-' || c == '!' {
		t.not = true
		p.at++
	}
	t.field = p.field()
	valueAt := p.at
	quoted := p.at < len(p.text) && p.text[p.at] == '"'
	var err error
	if quoted {
		t.value, err = p.quoted()
	} else {
		t.value = p.bare()
	}
	if err != nil {
		return t, err
	}
	if rest := p.text[p.at:]; quoted && rest != "" {
		if r, _ := utf8.DecodeRuneInString(rest); !unicode.IsSpace(r) {
			return t, &SyntaxError{p.at, "a space is missing behind the closing quote"}
		}
	}
	if strings.TrimSpace(t.value) == "" {
		return t, &SyntaxError{start, "nothing to search for"}
	}
	read := textValue
	if t.field != "" {
		if read = searchFields[t.field]; read == nil {
			return t, &SyntaxError{start, fmt.Sprintf("there is no %s: in a search; put text with a colon into quotes", t.field)}
		}
	}
	if !quoted && t.field == "" && len(t.value) > 1 && strings.HasSuffix(t.value, "*") {
		t.prefix, t.value = true, strings.TrimSuffix(t.value, "*")
	}
	if err := read(&t); err != nil {
		return t, &SyntaxError{valueAt, err.Error()}
	}
	return t, nil
}

// field reads "name:" if it stands there.
func (p *searchParser) field() string {
	i := p.at
	for i < len(p.text) && (p.text[i] == '-' || p.text[i]|0x20 >= 'a' && p.text[i]|0x20 <= 'z') {
		i++
	}
	if i == p.at || i == len(p.text) || p.text[i] != ':' {
		return ""
	}
	name := strings.ToLower(p.text[p.at:i])
	p.at = i + 1
	return name
}

func (p *searchParser) bare() string {
	rest := p.text[p.at:]
	i := strings.IndexFunc(rest, unicode.IsSpace)
	if i < 0 {
		i = len(rest)
	}
	p.at += i
	return rest[:i]
}

// quoted reads a value in quotes, in which a backslash stands before a quote or a
// backslash.
func (p *searchParser) quoted() (string, error) {
	var b strings.Builder
	start := p.at
	for p.at++; p.at < len(p.text); p.at++ {
		switch c := p.text[p.at]; {
		case c == '"':
			p.at++
			return b.String(), nil
		case c == '\\' && p.at+1 < len(p.text) && (p.text[p.at+1] == '"' || p.text[p.at+1] == '\\'):
			p.at++
			b.WriteByte(p.text[p.at])
		default:
			b.WriteByte(c)
		}
	}
	return "", &SyntaxError{start, "the quote is not closed"}
}

func textValue(t *term) error {
	if !hasWord(t.value) {
		return errors.New("no letter or digit to search for")
	}
	return nil
}

// hasWord tells whether the index has a word for a text.
func hasWord(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) })
}

func anyValue(*term) error { return nil }

func messageIDValue(t *term) error {
	t.value = strings.Trim(t.value, "<>")
	if t.value == "" {
		return errors.New("no Message-ID")
	}
	return nil
}

func nameValue(t *term) error {
	t.value = strings.ToLower(strings.TrimSpace(t.value))
	return nil
}

func oneOf(values ...string) func(*term) error {
	return func(t *term) error {
		t.value = strings.ToLower(t.value)
		if slices.Contains(values, t.value) {
			return nil
		}
		last := len(values) - 1
		return fmt.Errorf("%q is not %s or %s", t.value, strings.Join(values[:last], ", "), values[last])
	}
}

func checkValue(t *term) error {
	t.value = strings.ToLower(t.value)
	if name, ok := strings.CutSuffix(t.value, "*"); ok {
		t.prefix, t.value = true, name
	}
	for _, c := range t.value {
		if c != '-' && (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return fmt.Errorf("%q is not the ID of a check", t.value)
		}
	}
	if !hasWord(t.value) {
		return errors.New("no ID of a check")
	}
	return nil
}

// maxAgo bounds relative times, far beyond what is kept.
const maxAgo = 100 * 365 * 24 * time.Hour

func timeValue(t *term) error {
	for _, layout := range []string{time.DateOnly, time.RFC3339Nano, "2006-01-02T15:04"} {
		if at, err := time.Parse(layout, t.value); err == nil {
			t.at = at.UTC()
			return nil
		}
	}
	text := t.value
	factor := time.Duration(1)
	if days, ok := strings.CutSuffix(text, "d"); ok {
		text, factor = days+"h", 24
	}
	ago, err := time.ParseDuration(text)
	if err != nil || ago <= 0 || ago > maxAgo/factor {
		return fmt.Errorf("%q is neither a time like 2026-11-25, 2026-11-25T10:00:00Z nor an age like 2h, 3d", t.value)
	}
	t.ago = ago * factor
	return nil
}

func sizeValue(t *term) error {
	text := strings.TrimSuffix(strings.ToUpper(t.value), "B")
	unit := int64(1)
	if text != "" {
		if i := strings.IndexByte("KMG", text[len(text)-1]); i >= 0 {
			unit = 1 << (10 * (i + 1))
			text = text[:len(text)-1]
		}
	}
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil || n < 0 || text[0] == '+' {
		return fmt.Errorf("%q is not a size like 200, 10K or 1M", t.value)
	}
	// larger: and smaller: do not hold for the size itself.
	if t.field == "larger" {
		t.from, t.to = n*unit+1, math.MaxInt64
	} else {
		t.from, t.to = 0, n*unit-1
	}
	return nil
}

func scoreValue(t *term) error {
	var err error
	t.from, t.to = 0, 100
	number := func(text string) int64 {
		n, e := strconv.Atoi(text)
		if e != nil || n < 0 || n > 100 || text[0] == '+' || text[0] == '-' {
			err = fmt.Errorf("%q is not a score like 80, <80, >=90 or 70..80", t.value)
		}
		return int64(n)
	}
	low, high, isRange := strings.Cut(t.value, "..")
	switch {
	case isRange:
		t.from, t.to = number(low), number(high)
	case strings.HasPrefix(t.value, "<="):
		t.to = number(t.value[2:])
	case strings.HasPrefix(t.value, ">="):
		t.from = number(t.value[2:])
	case strings.HasPrefix(t.value, "<"):
		t.to = number(t.value[1:]) - 1
	case strings.HasPrefix(t.value, ">"):
		t.from = number(t.value[1:]) + 1
	default:
		t.from = number(t.value)
		t.to = t.from
	}
	return err
}

// canonical returns a search that means the same.
func (s *Search) canonical() string {
	var parts []string
	for _, t := range s.terms {
		parts = append(parts, t.canonical())
	}
	return strings.Join(parts, " ")
}

func (t *term) canonical() string {
	var b strings.Builder
	if t.not {
		b.WriteByte('-')
	}
	if t.field != "" {
		b.WriteString(t.field + ":")
	}
	if t.prefix {
		b.WriteString(t.value + "*")
	} else {
		b.WriteString(`"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(t.value) + `"`)
	}
	return b.String()
}
