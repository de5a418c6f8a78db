package dmarc

import (
	"fmt"
	"net/url"
	"strings"
)

// A URI is one destination of rua or ruf.
type URI struct {
	Text     string `json:"text"` // as written, without an obsolete !size
	Valid    bool   `json:"valid"`
	Scheme   string `json:"scheme,omitempty"`  // in lower case
	Address  string `json:"address,omitempty"` // of a mailto URI
	Host     string `json:"host,omitempty"`    // of the address or the authority, as A-labels
	Position int    `json:"position"`          // octet offset in the record's text
}

// twoURIs is how many destinations every receiver of RFC 7489 §6.2 supports.
const twoURIs = 2

func (p *parser) readURIs(name string, t Tag) []URI {
	var uris []URI
	for start := 0; start <= len(t.Value); {
		end := len(t.Value)
		if i := strings.IndexByte(t.Value[start:], ','); i >= 0 {
			end = start + i
		}
		uris = append(uris, p.readURI(name, t.Value[start:end], t.ValueAt+start))
		start = end + 1
	}
	if len(uris) > twoURIs {
		p.issue(CodeURICount, SeverityInfo, name, uris[twoURIs].Position,
			fmt.Sprintf("%d destinations: receivers of RFC 7489 need not use more than %d", len(uris), twoURIs))
	}
	return uris
}

func (p *parser) readURI(name, text string, position int) URI {
	position += len(text) - len(strings.TrimLeft(text, wsp))
	text = strings.Trim(text, wsp)
	if before, ok := cutSize(text); ok {
		p.issue(CodeURISize, SeverityWarning, name, position+len(before),
			fmt.Sprintf("the size limit %s is obsolete", clip(text[len(before):])))
		text = before
	}
	u, problem := parseURI(text)
	u.Position = position
	if problem != "" {
		p.issue(CodeURI, SeverityError, name, position, fmt.Sprintf("%s in %s is ignored: %s", clip(text), name, problem))
	} else if u.Scheme != "mailto" {
		p.issue(CodeURIScheme, SeverityWarning, name, position, "receivers need to support only mailto")
	}
	return u
}

// cutSize removes a "!10m" from the end, which RFC 7489 §6.2 had.
func cutSize(text string) (before string, found bool) {
	i := strings.LastIndexByte(text, '!')
	if i < 0 {
		return text, false
	}
	number := strings.TrimRight(text[i+1:], "kKmMgGtT")
	if len(text[i+1:])-len(number) > 1 || number == "" || strings.Trim(number, "0123456789") != "" {
		return text, false
	}
	return text[:i], true
}

// parseURI reads a URI (RFC 3986). The problem is empty if it is valid.
func parseURI(text string) (u URI, problem string) {
	u = URI{Text: text}
	if text == "" {
		return u, "it is empty"
	}
	for i := range len(text) {
		// RFC 3986 §2 has no such characters; RFC 9989 §4.8 wants "!" encoded.
		if c := text[i]; c <= ' ' || c > '~' || strings.IndexByte("\"<>\\^`{|}!", c) >= 0 {
			return u, fmt.Sprintf("a URI cannot hold the character 0x%02x", c)
		}
	}
	parsed, err := url.Parse(text)
	switch {
	case err != nil:
		return u, "it is not a URI"
	case parsed.Scheme == "":
		return u, "it has no scheme such as mailto:"
	}
	u.Scheme = parsed.Scheme
	if u.Scheme == "mailto" {
		return u.mailto(parsed)
	}
	if parsed.Opaque == "" && parsed.Host == "" {
		return u, "it names no host"
	}
	if host, err := canonicalDomain(parsed.Hostname()); err == nil {
		u.Host = host
	}
	u.Valid = true
	return u, ""
}

// mailto reads the address of a mailto URI (RFC 6068 §2).
func (u URI) mailto(parsed *url.URL) (URI, string) {
	address, err := url.PathUnescape(parsed.Opaque)
	if err != nil {
		return u, "its percent-encoding is wrong"
	}
	at := strings.LastIndexByte(address, '@')
	if at <= 0 {
		return u, "it is not an address"
	}
	host, err := canonicalDomain(address[at+1:])
	if err != nil || strings.ContainsAny(address[:at], " @,\r\n\x00") {
		return u, "it is not an address"
	}
	u.Address, u.Host, u.Valid = address, host, true
	return u, ""
}
