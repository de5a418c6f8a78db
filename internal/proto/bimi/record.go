// Package bimi reads what a domain publishes so that its logo is shown beside
// its mail: the assertion record, the SVG indicator and the mark certificate
// (draft-brand-indicators-for-message-identification-12 and its companions
// draft-svg-tiny-ps-abrotman and draft-fetch-validation-vmc-wchuang).
//
//	default._bimi.example.com. TXT "v=BIMI1; l=https://example.com/logo.svg; a=https://example.com/mark.pem"
//
// A receiver looks below the author domain, then below its organizational domain,
// under the selector that the message or lps= names. It shows the logo of l= where
// the message passes DMARC with an enforcing policy, and a= is a certificate in which
// an authority attests the mark (VMC registered, CMC in use). The logo has to be SVG
// in a profile without scripts and references, as it is shown beside private mail.
//
// The package asks the DNS through a resolver and fetches nothing else: the SVG and
// the certificate are handed to it as bytes. Sections without another document's
// name are those of the first draft.
package bimi

import (
	"fmt"
	"net/netip"
	"net/url"
	"path"
	"slices"
	"strings"
)

// MaxRecordSize bounds an assertion record, in octets: two URIs and a few words.
const MaxRecordSize = 4096

// maxPrefixes bounds the prefixes of lps=.
const maxPrefixes = 100

// A Record is an assertion record (§4.3).
type Record struct {
	Location string // l=: where the indicator is
	Evidence string // a=: where the mark certificate is; may be empty
	Avatar   Avatar // avp=
	// Declined: l= and a= are empty, which asks for no logo (§4.3.1).
	Declined bool
	// LocalPartSelector: lps= is there, so a sender's local part may be a
	// selector; if it begins with one of the Prefixes, or if there are none.
	LocalPartSelector bool
	Prefixes          []string // in lower case
}

// Avatar says which picture the owner prefers where there is a personal one too.
type Avatar string

// The preferences.
const (
	AvatarBrand    Avatar = "brand" // the default
	AvatarPersonal Avatar = "personal"
)

// Parse reads a record. It can be used if no issue is an error.
func Parse(text string) (Record, []Issue) {
	tags, issues := parseTags(text)
	if len(tags) == 0 && len(issues) > 0 && issues[0].Code == CodeTooLong {
		return Record{Avatar: AvatarBrand}, issues
	}
	p := recordParser{record: Record{Avatar: AvatarBrand}, issues: issues}
	p.version(tags)
	for _, tag := range tags {
		switch tag.name {
		case "v":
		case "l":
			p.record.Location = p.uri(tag, "indicator")
			p.format(tag)
		case "a":
			p.record.Evidence = p.uri(tag, "mark certificate")
			p.format(tag)
		case "avp":
			p.avatar(tag)
		case "lps":
			p.prefixes(tag)
		default:
			p.unknown(tag)
		}
	}
	p.location(tags)
	return p.record, p.issues
}

// recordParser collects what Parse finds.
type recordParser struct {
	record Record
	issues []Issue
}

func (p *recordParser) report(severity Severity, code Code, position int, format string, args ...any) {
	p.issues = append(p.issues, Issue{severity, code, fmt.Sprintf(format, args...), position})
}

// version: v= is the first tag, and its value has no other spelling (§4.3).
func (p *recordParser) version(tags []tag) {
	if len(tags) == 0 {
		p.report(SeverityError, CodeVersion, 0, "the record does not begin with v=BIMI1")
		return
	}
	if first := tags[0]; first.name != "v" || first.value != "BIMI1" {
		p.report(SeverityError, CodeVersion, first.position, "the record does not begin with v=BIMI1, spelled so")
	}
}

// location judges l= and a= together (§4.3.1).
func (p *recordParser) location(tags []tag) {
	l, hasLocation := find(tags, "l")
	a, _ := find(tags, "a")
	switch {
	case !hasLocation:
		p.report(SeverityError, CodeNoLocation, 0, "l= is missing")
	case l.value == "" && a.value == "":
		p.record.Declined = true
	case l.value == "":
		p.report(SeverityWarning, CodeNoLocation, l.position, "l= is empty although a= is not")
	case a.value == "":
		p.report(SeverityInfo, CodeNoEvidence, l.position, "a= names no mark certificate, without which some mailbox providers show no logo")
	}
}

// uri reads the value of l= or a=: empty, or one https URI with a domain name.
func (p *recordParser) uri(t tag, what string) string {
	if t.value == "" {
		return ""
	}
	if problem := uriProblem(t.value); problem != "" {
		p.report(SeverityError, CodeURI, t.valueAt, "the URI of the %s %s", what, problem)
	}
	return t.value
}

func uriProblem(text string) string {
	for i := range len(text) {
		if c := text[i]; c <= ' ' || c > '~' {
			return fmt.Sprintf("holds %q, which has to be percent-encoded", c)
		}
	}
	if strings.Contains(text, ",") {
		return "holds a comma, which has to be percent-encoded"
	}
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return "cannot be read"
	case u.Scheme != "https":
		return "is not an https one"
	case u.User != nil:
		return "holds a user name"
	case !isDomainName(u.Hostname()):
		return "has no fully qualified domain name"
	default:
		return ""
	}
}

func isDomainName(host string) bool {
	if _, err := netip.ParseAddr(host); err == nil || len(host) > 253 {
		return false
	}
	labels := strings.Split(strings.TrimSuffix(host, "."), ".")
	for _, label := range labels {
		if !isLabel(label) {
			return false
		}
	}
	return len(labels) > 1
}

// isLabel reports a sub-domain of RFC 5321 §4.1.2, and leaves "_" alone, which
// host names with other purposes have.
func isLabel(label string) bool {
	if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
		return false
	}
	for i := range len(label) {
		c := label[i] | 0x20
		if (c < 'a' || c > 'z') && (label[i] < '0' || label[i] > '9') && label[i] != '-' && label[i] != '_' {
			return false
		}
	}
	return true
}

// format looks at the file name at the URI's end: another image format than SVG
// is a permanent error (§4.3.2).
func (p *recordParser) format(t tag) {
	u, err := url.Parse(t.value)
	if err != nil {
		return
	}
	extension := strings.ToLower(path.Ext(u.Path))
	switch {
	case t.name == "a":
		if extension != ".pem" && t.value != "" {
			p.report(SeverityInfo, CodeFormat, t.valueAt, "the mark certificate's URI does not end in .pem")
		}
	case slices.Contains([]string{".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".ico", ".tif", ".tiff", ".avif", ".pdf", ".eps"}, extension):
		p.report(SeverityError, CodeFormat, t.valueAt, "the indicator is a %s file, and not SVG", extension)
	case extension == ".pem" || extension == ".crt":
		p.report(SeverityError, CodeFormat, t.valueAt, "l= points to a certificate, which is for a=")
	}
}

// avatar: receivers ignore any other value, or fail the record (§4.3).
func (p *recordParser) avatar(t tag) {
	switch Avatar(t.value) {
	case AvatarBrand, AvatarPersonal:
		p.record.Avatar = Avatar(t.value)
	default:
		p.report(SeverityWarning, CodeAvatar, t.valueAt, "avp= is neither brand nor personal")
	}
}

// prefixes reads lps=: an empty list stands for every local part.
func (p *recordParser) prefixes(t tag) {
	p.record.LocalPartSelector = true
	if t.value == "" {
		return
	}
	position := t.valueAt
	for i, item := range strings.Split(t.value, ",") {
		prefix := strings.ToLower(strings.Trim(item, space))
		start := position + len(item) - len(strings.TrimLeft(item, space))
		switch {
		case i == maxPrefixes:
			p.report(SeverityWarning, CodePrefix, position, "more than %d prefixes", maxPrefixes)
			return
		case !isPrefix(prefix):
			p.report(SeverityWarning, CodePrefix, start,
				"%q matches no local part: in a prefix stand letters, digits and hyphens", prefix[:min(len(prefix), 64)])
		default:
			p.record.Prefixes = append(p.record.Prefixes, prefix)
		}
		position += len(item) + 1
	}
	if len(p.record.Prefixes) == 0 {
		p.record.LocalPartSelector = false // all that is listed matches nothing
	}
}

func (p *recordParser) unknown(t tag) {
	hint := ""
	if lower := strings.ToLower(t.name); slices.Contains([]string{"v", "l", "a", "avp", "lps"}, lower) {
		hint = ": tag names are in lower case"
	}
	p.report(SeverityInfo, CodeUnknownTag, t.position, "receivers ignore the tag %s=%s", t.name, hint)
}
