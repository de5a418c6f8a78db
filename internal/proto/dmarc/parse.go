package dmarc

import (
	"fmt"
	"strconv"
	"strings"
)

// maxRecord is the most that a TXT record can hold (RFC 1035 §3.3.14: the
// length of the data is 16 bits).
const maxRecord = 65535

// wsp is the white space of the record's grammar (RFC 9989 §4.8).
const wsp = " \t"

// Parse reads the text of a TXT record. It always returns a Record; whether
// the text is a DMARC record is its Valid, and what is odd is in the issues.
func Parse(text string) (Record, []Issue) {
	p := &parser{record: Record{Text: text, ADKIM: ModeRelaxed, ASPF: ModeRelaxed, PSD: PSDUnknown, Percent: 100}}
	if len(text) > maxRecord {
		p.issue(CodeTooLong, SeverityError, "", maxRecord, fmt.Sprintf("longer than the %d octets of a TXT record", maxRecord))
		return p.record, p.issues
	}
	p.record.Valid = isDMARC(text)
	if !p.record.Valid && !p.explainVersion(text) {
		return p.record, p.issues
	}
	p.split(text)
	for _, t := range p.record.Tags {
		p.tag(t)
	}
	p.together()
	return p.record, p.issues
}

type parser struct {
	record Record
	issues []Issue
	seen   map[string]bool // tags, in lower case
}

// isDMARC reports whether a text is a DMARC record: v must be the first tag and
// its value DMARC1, in that case (RFC 9989 §4.7, §4.8).
func isDMARC(text string) bool {
	rest, ok := cutVersionName(text)
	if !ok {
		return false
	}
	rest, ok = strings.CutPrefix(rest, Version)
	rest = strings.TrimLeft(rest, wsp)
	return ok && (rest == "" || rest[0] == ';')
}

// cutVersionName removes "v=", with white space allowed around the sign.
func cutVersionName(text string) (rest string, ok bool) {
	if text == "" || text[0] != 'v' && text[0] != 'V' {
		return "", false
	}
	rest, ok = strings.CutPrefix(strings.TrimLeft(text[1:], wsp), "=")
	return strings.TrimLeft(rest, wsp), ok
}

// explainVersion says why a text is no DMARC record, and reports whether it was
// meant as one.
func (p *parser) explainVersion(text string) (meant bool) {
	at := indexFold(text, "v="+Version)
	rest, startsWithV := cutVersionName(text)
	trimmed := strings.TrimLeft(text, " \t\r\n\"'")
	switch {
	case trimmed != text && isDMARC(trimmed):
		p.issue(CodeLeadingSpace, SeverityError, "v", 0, "something stands before v=DMARC1, so this is not a DMARC record")
	case startsWithV && len(rest) >= len(Version) && strings.EqualFold(rest[:len(Version)], Version):
		p.issue(CodeVersion, SeverityError, "v", len(text)-len(rest), "v must be exactly DMARC1, in capitals and followed by a semicolon")
	case at >= 0:
		p.issue(CodeVersionFirst, SeverityError, "v", at, "v=DMARC1 must be the first tag")
	default:
		p.issue(CodeNotDMARC, SeverityError, "", 0, "not a DMARC record: it does not begin with v=DMARC1")
		return false
	}
	return true
}

func indexFold(text, word string) int {
	for i := 0; i+len(word) <= len(text); i++ {
		if strings.EqualFold(text[i:i+len(word)], word) {
			return i
		}
	}
	return -1
}

// split finds the tags.
func (p *parser) split(text string) {
	for start := 0; start <= len(text); {
		end := len(text)
		if i := strings.IndexByte(text[start:], ';'); i >= 0 {
			end = start + i
		}
		p.splitTag(text, start, end)
		start = end + 1
	}
}

func (p *parser) splitTag(text string, start, end int) {
	part := text[start:end]
	at := start + len(part) - len(strings.TrimLeft(part, wsp))
	part = strings.Trim(part, wsp)
	if part == "" {
		if end < len(text) { // a final semicolon is allowed (RFC 9989 §4.8)
			p.issue(CodeEmptyTag, SeverityWarning, "", at, "nothing stands before this semicolon")
		}
		return
	}
	name, value, ok := strings.Cut(part, "=")
	valueAt := at + len(name) + 1 + len(value) - len(strings.TrimLeft(value, wsp))
	name, value = strings.TrimRight(name, wsp), strings.Trim(value, wsp)
	if !ok || !isTagName(name) {
		p.issue(CodeSyntax, SeverityError, "", at, "not a tag of the form name=value; it is ignored")
		return
	}
	if i := badCharacter(value); i >= 0 {
		p.issue(CodeCharacter, SeverityError, name, valueAt+i, fmt.Sprintf("octet 0x%02x is not allowed in a value", value[i]))
	}
	p.record.Tags = append(p.record.Tags, Tag{Name: name, Value: value, Position: at, ValueAt: valueAt})
}

// isTagName follows RFC 6376 §3.2, wider than the letters of RFC 9989 §4.8, so
// that tags of later extensions are unknown and not wrong.
func isTagName(s string) bool {
	for i := range len(s) {
		c := s[i] | 0x20
		if isLetter := 'a' <= c && c <= 'z'; !isLetter && (i == 0 || s[i] != '_' && (s[i] < '0' || s[i] > '9')) {
			return false
		}
	}
	return s != ""
}

// badCharacter returns the offset of the first octet that is not printable
// ASCII (RFC 9989 §4.8), or -1.
func badCharacter(value string) int {
	for i := range len(value) {
		if value[i] < ' ' || value[i] > '~' {
			return i
		}
	}
	return -1
}

// tag takes the meaning of one tag.
func (p *parser) tag(t Tag) {
	name := strings.ToLower(t.Name)
	read, known := tagReaders[name]
	if !known {
		p.issue(CodeUnknownTag, SeverityWarning, name, t.Position, fmt.Sprintf("%s is not a DMARC tag; it is ignored", clip(t.Name)))
		return
	}
	if t.Name != name {
		p.issue(CodeLetterCase, SeverityWarning, name, t.Position, fmt.Sprintf("some receivers know %s only in lower case", name))
	}
	if p.seen[name] {
		p.issue(CodeDuplicateTag, SeverityError, name, t.Position,
			fmt.Sprintf("%s is given again; the first one is used here, but receivers differ", name))
		return
	}
	if p.seen == nil {
		p.seen = make(map[string]bool)
	}
	p.seen[name] = true
	if read != nil {
		read(p, name, t)
	}
}

// tagReaders hold what each tag means. An absent tag and one whose value is
// wrong both leave the default (RFC 9989 §4.7).
var tagReaders = map[string]func(p *parser, name string, t Tag){
	"v":     nil, // isDMARC has judged it
	"p":     func(p *parser, name string, t Tag) { p.record.P = p.readPolicy(name, t) },
	"sp":    func(p *parser, name string, t Tag) { p.record.SP = p.readPolicy(name, t) },
	"np":    func(p *parser, name string, t Tag) { p.record.NP = p.readPolicy(name, t) },
	"adkim": func(p *parser, name string, t Tag) { p.record.ADKIM = Mode(p.oneOf(name, t, "r", "s")) },
	"aspf":  func(p *parser, name string, t Tag) { p.record.ASPF = Mode(p.oneOf(name, t, "r", "s")) },
	"psd":   func(p *parser, name string, t Tag) { p.record.PSD = PSD(p.oneOf(name, t, "u", "y", "n")) },
	"t":     func(p *parser, name string, t Tag) { p.record.Testing = p.oneOf(name, t, "n", "y") == "y" },
	"fo":    (*parser).readFO,
	"rua":   func(p *parser, name string, t Tag) { p.record.RUA = p.readURIs(name, t) },
	"ruf":   func(p *parser, name string, t Tag) { p.record.RUF = p.readURIs(name, t) },
	"pct":   (*parser).readPercent,
	"rf":    (*parser).readRemoved,
	"ri":    (*parser).readRemoved,
}

func (p *parser) readPolicy(name string, t Tag) Policy {
	policy := Policy(strings.ToLower(t.Value))
	if policy.rank() < 0 {
		message := fmt.Sprintf("%s=%s is not none, quarantine or reject", name, clip(t.Value))
		if strings.Contains(t.Value, "=") {
			message += "; a semicolon seems to be missing"
		}
		p.issue(CodePolicyInvalid, SeverityError, name, t.ValueAt, message)
		return ""
	}
	p.checkValueCase(name, t)
	return policy
}

// checkValueCase notes a value that is not in lower case: right by the grammar,
// whose literals have no case (RFC 5234 §2.3), but not to every receiver.
func (p *parser) checkValueCase(name string, t Tag) {
	if t.Value != strings.ToLower(t.Value) {
		p.issue(CodeLetterCase, SeverityWarning, name, t.ValueAt, fmt.Sprintf("some receivers know the value of %s only in lower case", name))
	}
}

// oneOf returns the value if it is among those allowed, of which the first is
// the default.
func (p *parser) oneOf(name string, t Tag, allowed ...string) string {
	for _, a := range allowed {
		if strings.EqualFold(t.Value, a) {
			p.checkValueCase(name, t)
			return a
		}
	}
	p.issue(CodeValue, SeverityError, name, t.ValueAt,
		fmt.Sprintf("%s=%s is not one of %s; %s counts", name, clip(t.Value), strings.Join(allowed, ", "), allowed[0]))
	return allowed[0]
}

// readFO reads "0", "1", or a list of d and s (RFC 9989 §4.8).
func (p *parser) readFO(name string, t Tag) {
	var options []string
	for option := range strings.SplitSeq(t.Value, ":") {
		options = append(options, strings.ToLower(strings.Trim(option, wsp)))
	}
	switch strings.Join(options, ":") {
	case "0", "1", "d", "s", "d:s", "s:d":
		p.record.FO = options
		p.checkValueCase(name, t)
	default:
		p.issue(CodeValue, SeverityWarning, name, t.ValueAt,
			fmt.Sprintf("fo=%s is not 0, 1, d, s or d:s; RFC 9989 receivers take 0", clip(t.Value)))
	}
}

func (p *parser) readPercent(name string, t Tag) {
	percent, err := strconv.ParseUint(t.Value, 10, 8)
	if err != nil || percent > 100 {
		p.issue(CodeRemovedTag, SeverityWarning, name, t.Position,
			fmt.Sprintf("pct=%s is not a number up to 100; RFC 9989 removed the tag", clip(t.Value)))
		return
	}
	p.record.Percent = int(percent)
	if percent < 100 {
		p.issue(CodeRemovedTag, SeverityWarning, name, t.Position, fmt.Sprintf(
			"pct=%d is ignored since RFC 9989; receivers of RFC 7489 apply the policy to %d %% of failing mail", percent, percent))
		return
	}
	p.readRemoved(name, t)
}

func (p *parser) readRemoved(name string, t Tag) {
	p.issue(CodeRemovedTag, SeverityInfo, name, t.Position, name+" is ignored: RFC 9989 removed it")
}

// clip makes what a message quotes short and printable.
func clip(s string) string {
	const most = 40
	more := ""
	if len(s) > most {
		s, more = s[:most], "…"
	}
	quoted := strconv.QuoteToASCII(s)
	return quoted[1:len(quoted)-1] + more
}
