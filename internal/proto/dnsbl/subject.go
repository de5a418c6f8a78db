package dnsbl

import (
	"fmt"
	"net/netip"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"

	"github.com/postmuster/postmuster/internal/dns"
)

// A Subject is what is asked about: an address or a domain.
type Subject struct {
	Addr   netip.Addr `json:"addr,omitzero"`
	Domain string     `json:"domain,omitempty"`
}

// Limits of names (RFC 1035 §2.3.4; 253 octets in presentation format).
const (
	maxName  = 253
	maxLabel = 63
)

// uLabels turns U-labels into A-labels. Underscores occur in names that send
// mail, so it does not insist on host names.
var uLabels = idna.New(idna.MapForLookup(), idna.Transitional(false), idna.StrictDomainName(false))

// ParseSubject reads an IP address, with or without the brackets of an address
// literal (RFC 5321 §4.1.3), or a domain name. U-labels become A-labels.
func ParseSubject(s string) (Subject, error) {
	text := strings.TrimSpace(s)
	if literal, ok := strings.CutPrefix(text, "["); ok {
		text = strings.TrimPrefix(strings.TrimSuffix(literal, "]"), "IPv6:")
	}
	if addr, err := netip.ParseAddr(text); err == nil {
		if addr.Zone() != "" {
			return Subject{}, fmt.Errorf("%q: an address with a zone is local to a host", s)
		}
		return Subject{Addr: addr.Unmap()}, nil
	}
	domain, ok := canonicalDomain(text)
	if !ok {
		return Subject{}, fmt.Errorf("%.80q is neither an IP address nor a domain name", s)
	}
	return Subject{Domain: domain}, nil
}

// canonicalDomain returns a name as A-labels in lower case, without a final dot.
func canonicalDomain(s string) (string, bool) {
	if len(s) > 4*maxName || !utf8.ValidString(s) { // no name of U-labels is longer, and mapping costs time
		return "", false
	}
	ascii, err := uLabels.ToASCII(strings.TrimSuffix(s, "."))
	if err != nil || ascii == "" || len(ascii) > maxName {
		return "", false
	}
	ascii = strings.ToLower(ascii)
	labels := strings.Split(ascii, ".")
	for _, label := range labels {
		if label == "" || len(label) > maxLabel || strings.Trim(label, labelCharacters) != "" {
			return "", false
		}
	}
	// A name that ends in a number is an address gone wrong (RFC 1123 §2.1).
	return ascii, strings.Trim(labels[len(labels)-1], "0123456789") != ""
}

const labelCharacters = "abcdefghijklmnopqrstuvwxyz0123456789-_"

// Kind returns the kind of the subject.
func (s Subject) Kind() Kind {
	switch {
	case !s.Addr.IsValid():
		return KindDomain
	case s.Addr.Unmap().Is4():
		return KindIPv4
	default:
		return KindIPv6
	}
}

// String returns the address or the domain.
func (s Subject) String() string {
	if s.Addr.IsValid() {
		return s.Addr.Unmap().String()
	}
	return s.Domain
}

// QueryName returns the name to ask in zone (RFC 5782 §2.1, §2.4, §3).
func (s Subject) QueryName(zone string) string {
	zone = strings.TrimSuffix(zone, ".")
	if !s.Addr.IsValid() {
		return strings.TrimSuffix(s.Domain, ".") + "." + zone
	}
	return dns.ReversedLabels(s.Addr) + "." + zone
}
