package tlsrpt

import (
	"net/mail"
	"net/url"
	"strings"
)

// parseURI reads one destination (RFC 8460 §3): mailto: with one address, or
// https: with a host.
func parseURI(text string, at int) URI {
	u := URI{Text: text, Position: at}
	parsed, err := url.Parse(text)
	if err != nil || strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }) { // RFC 3986 §2
		return u
	}
	switch u.Scheme = strings.ToLower(parsed.Scheme); u.Scheme {
	case "mailto":
		address, err := url.PathUnescape(parsed.Opaque)
		a, parseErr := mail.ParseAddress(address)
		if err != nil || parseErr != nil || a.Address != address {
			return u
		}
		u.Address, u.Host = address, address[strings.LastIndexByte(address, '@')+1:]
	case "https":
		u.Host = parsed.Hostname()
		u.Valid = u.Host != ""
		return u
	}
	u.Valid = isDomain(u.Host)
	return u
}

// isDomain: Domain of RFC 5321 §4.1.2.
func isDomain(s string) bool {
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || strings.Trim(label, alphanumeric+"-") != "" || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
	}
	return len(s) <= 253
}
