package dane

import (
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/postmuster/postmuster/internal/dns"
)

// maxTextSize bounds a record's text: RDATA has at most 65535 octets
// (RFC 1035 §3.2.1), each two hexadecimal digits.
const maxTextSize = 2*65535 + 64

// An Entry is a record and where it was written.
type Entry struct {
	Record   dns.TLSA
	Position int // byte offset in the text
}

// Parse reads "U S M HEX"; white space inside HEX is allowed (RFC 6698 §2.2).
// The record is good only if there is no issue.
func Parse(text string) (dns.TLSA, []Issue) { return parseAt(text, 0) }

// ParseList reads records separated by commas. Entries holds those that parsed.
func ParseList(text string) ([]Entry, []Issue) {
	var entries []Entry
	var issues []Issue
	for position := 0; ; {
		item, _, more := strings.Cut(text[position:], ",")
		if len(entries)+len(issues) >= MaxRecords {
			return entries, append(issues, Issue{SeverityError, CodeTooMany, fmt.Sprintf("more than %d records", MaxRecords), position})
		}
		record, bad := parseAt(item, position)
		issues = append(issues, bad...)
		if len(bad) == 0 {
			start := len(item) - len(strings.TrimLeft(item, spaces))
			entries = append(entries, Entry{record, position + start})
		}
		if !more {
			return entries, issues
		}
		position += len(item) + 1
	}
}

const spaces = " \t\r\n"

// parseAt reads one record that stands at an offset of a longer text.
func parseAt(text string, offset int) (dns.TLSA, []Issue) {
	fail := func(position int, format string, args ...any) (dns.TLSA, []Issue) {
		return dns.TLSA{}, []Issue{{SeverityError, CodeSyntax, fmt.Sprintf(format, args...), offset + position}}
	}
	if len(text) > maxTextSize {
		return fail(maxTextSize, "the text is too long for a record")
	}
	var r dns.TLSA
	rest := text
	for _, f := range []struct {
		name string
		to   *uint8
	}{{"certificate usage", &r.Usage}, {"selector", &r.Selector}, {"matching type", &r.MatchingType}} {
		rest = strings.TrimLeft(rest, spaces)
		position := len(text) - len(rest)
		word := rest
		if end := strings.IndexAny(rest, spaces); end >= 0 {
			word = rest[:end]
		}
		n, err := strconv.ParseUint(word, 10, 8)
		if err != nil || word[0] == '+' {
			return fail(position, "the %s is a number from 0 to 255, not %q", f.name, word[:min(len(word), 32)])
		}
		*f.to = uint8(n)
		rest = rest[len(word):]
	}
	data, bad, err := parseHex(rest)
	if err != "" {
		return fail(len(text)-len(rest)+bad, "%s", err)
	}
	r.Association = data
	return r, nil
}

// parseHex reads hexadecimal digits with white space anywhere between them.
func parseHex(text string) (data []byte, position int, problem string) {
	digits := make([]byte, 0, len(text))
	for i := range len(text) {
		c := text[i]
		switch {
		case strings.IndexByte(spaces, c) >= 0:
		case '0' <= c && c <= '9', 'a' <= c && c <= 'f', 'A' <= c && c <= 'F':
			digits = append(digits, c)
		default:
			return nil, i, fmt.Sprintf("the data is hexadecimal, and %q is no such digit", c)
		}
	}
	if len(digits) == 0 {
		return nil, len(text), "the data is missing"
	}
	if len(digits)%2 == 1 {
		return nil, len(text), "the data has an odd number of hexadecimal digits"
	}
	data = make([]byte, len(digits)/2)
	if _, err := hex.Decode(data, digits); err != nil {
		return nil, 0, err.Error()
	}
	return data, 0, ""
}

// CheckText is ParseList and Check in one, for a command line: the issues say
// per record why it does not authenticate the chain. The chain satisfies the
// records if no issue is an error.
func CheckText(text string, chain []*x509.Certificate, hosts []string, at time.Time) (Result, []Issue) {
	entries, issues := ParseList(text)
	records := make([]dns.TLSA, len(entries))
	for i, e := range entries {
		records[i] = e.Record
	}
	result := Check(chain, hosts, records, at)
	for i, m := range result.Matches {
		issue := Issue{SeverityError, CodeMismatch, m.Reason, entries[i].Position}
		switch {
		case !m.Usable:
			issue.Severity, issue.Code = SeverityWarning, CodeUnusable
		case result.Verdict == VerdictValid:
			issue.Severity = SeverityInfo // senders need one that matches
		}
		if m.Superseded {
			issue.Code = CodeAgility
			issue.Message = "senders ignore this digest, because a record of its kind has a stronger one"
		}
		if !m.Valid || m.Superseded {
			issues = append(issues, issue)
		}
	}
	if result.Verdict == VerdictNoUsable && len(entries) > 0 {
		issues = append(issues, Issue{SeverityError, CodeUnusable, "no record is usable: senders authenticate nobody", 0})
	}
	return result, issues
}
