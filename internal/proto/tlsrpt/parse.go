package tlsrpt

import (
	"context"
	"fmt"
	"net/mail"
	"net/url"
	"strings"

	"github.com/postmuster/postmuster/internal/dns"
)

// The codes of issues.
const (
	CodeVersion      Code = "version"
	CodeSyntax       Code = "syntax"
	CodeNoRUA        Code = "no-rua"
	CodeURI          Code = "uri"
	CodeDuplicate    Code = "duplicate"
	CodeUnknownField Code = "unknown-field"
	CodeTooLong      Code = "too-long"
)

// maxRecord is how much of a text is read: no record needs more, and a TXT
// record holds no more than 64 KB.
const maxRecord = 64 << 10

const blanks = " \t" // WSP of RFC 5234

// Parse reads the text of a TXT record. It keeps what was written, and says of
// every oddity where it stands.
func Parse(text string) (Record, []Issue) {
	p := parser{record: Record{Text: text, Tags: []Tag{}, RUA: []URI{}}}
	if len(text) > maxRecord {
		p.issue(CodeTooLong, SeverityError, 0, fmt.Sprintf("the record has %d octets", len(text)))
		return p.record, p.issues
	}
	p.tags(text)
	p.version()
	p.rua()
	p.record.Valid = !p.failed
	return p.record, p.issues
}

type parser struct {
	record Record
	issues []Issue
	failed bool
}

func (p *parser) issue(code Code, severity Severity, at int, message string) {
	p.failed = p.failed || severity == SeverityError
	p.issues = append(p.issues, Issue{Code: code, Severity: severity, Message: message, Position: at})
}

// tags splits the text at semicolons; one at the end is allowed (RFC 8460 §3).
func (p *parser) tags(text string) {
	at := 0
	parts := strings.Split(text, ";")
	for i, part := range parts {
		trimmed := strings.TrimLeft(part, blanks)
		start := at + len(part) - len(trimmed)
		trimmed = strings.TrimRight(trimmed, blanks)
		at += len(part) + 1
		name, value, found := strings.Cut(trimmed, "=")
		switch {
		case trimmed == "" && i == len(parts)-1:
		case !found || strings.Trim(name, blanks) == "":
			p.issue(CodeSyntax, SeverityError, start, fmt.Sprintf("%.40q is not a tag with a value", trimmed))
		default:
			valueAt := start + len(name) + 1 + len(value) - len(strings.TrimLeft(value, blanks))
			p.record.Tags = append(p.record.Tags, Tag{Name: strings.Trim(name, blanks), Value: strings.Trim(value, blanks), Position: start, ValueAt: valueAt})
		}
	}
}

// version demands v=TLSRPTv1 first: the record does not count otherwise.
func (p *parser) version() {
	tags := p.record.Tags
	p.record.Candidate = len(tags) > 0 && tags[0].Name == "v" && tags[0].Value == Version && strings.HasPrefix(p.record.Text, "v="+Version)
	if !p.record.Candidate {
		p.issue(CodeVersion, SeverityError, 0, "the record does not begin with v="+Version+";")
	}
}

func (p *parser) rua() {
	seen := map[string]bool{}
	for _, tag := range p.record.Tags {
		if seen[tag.Name] {
			p.issue(CodeDuplicate, SeverityError, tag.Position, fmt.Sprintf("%s is there twice", tag.Name))
			continue
		}
		seen[tag.Name] = true
		switch tag.Name {
		case "v":
		case "rua":
			p.destinations(tag)
		default:
			p.issue(CodeUnknownField, SeverityInfo, tag.Position, fmt.Sprintf("%.40q is no tag that senders know; they ignore it", tag.Name))
		}
	}
	if !seen["rua"] {
		p.issue(CodeNoRUA, SeverityError, len(p.record.Text), "there is no rua: senders have nowhere to report to")
	}
}

func (p *parser) destinations(tag Tag) {
	at := tag.ValueAt
	usable := false
	for _, part := range strings.Split(tag.Value, ",") {
		trimmed := strings.TrimLeft(part, blanks)
		u := parseURI(strings.TrimRight(trimmed, blanks), at+len(part)-len(trimmed))
		at += len(part) + 1
		p.record.RUA = append(p.record.RUA, u)
		usable = usable || u.Valid
		if !u.Valid {
			p.issue(CodeURI, SeverityWarning, u.Position, fmt.Sprintf("%.60q is neither a mailto: nor an https: URI", u.Text))
		}
	}
	if !usable {
		p.issue(CodeNoRUA, SeverityError, tag.ValueAt, "rua names no destination that senders can use")
	}
}

func parseURI(text string, at int) URI {
	u := URI{Text: text, Position: at}
	parsed, err := url.Parse(text)
	if err != nil {
		return u
	}
	switch u.Scheme = strings.ToLower(parsed.Scheme); u.Scheme {
	case "mailto":
		address, err := url.PathUnescape(parsed.Opaque)
		if a, parseErr := mail.ParseAddress(address); err == nil && parseErr == nil && a.Address == address {
			u.Valid, u.Address, u.Host = true, address, address[strings.LastIndexByte(address, '@')+1:]
		}
	case "https":
		u.Host = parsed.Hostname()
		u.Valid = u.Host != ""
	}
	return u
}

// Discover asks for the record of a domain. Texts that do not begin with
// v=TLSRPTv1 are discarded; several that do count as none (RFC 8460 §3).
func Discover(ctx context.Context, r dns.Resolver, domain string) Discovery {
	d := Discovery{Domain: domain, Name: "_smtp._tls." + domain, Texts: []string{}, Issues: []Issue{}}
	answer, err := r.Resolve(ctx, dns.Question{Name: d.Name, Type: dns.TypeTXT})
	if err != nil {
		d.State, d.Reason, d.Err = StateUnknown, err.Error(), err
		return d
	}
	d.Status = answer.Status()
	d.Texts = append(d.Texts, answer.TXTs()...)
	candidates := 0
	for _, text := range d.Texts {
		record, issues := Parse(text)
		if record.Candidate {
			candidates++
			d.Record, d.Issues = &record, append([]Issue{}, issues...)
		}
	}
	switch {
	case candidates == 0:
		d.State, d.Reason = StateNone, "no record begins with v="+Version
	case candidates > 1:
		d.State, d.Reason, d.Record = StateInvalid, fmt.Sprintf("%d records begin with v=%s: senders act as if there were none", candidates, Version), nil
	case !d.Record.Valid:
		d.State, d.Reason = StateInvalid, "the record cannot be used"
	default:
		d.State = StateValid
	}
	return d
}
