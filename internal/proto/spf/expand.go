package spf

import (
	"context"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/postmuster/postmuster/internal/dns"
)

const (
	// maxExpansion bounds the text that macros make of a record: a sender can
	// choose both the record and the local part that is pasted into it.
	maxExpansion = 1 << 16

	maxName  = 253 // RFC 7208 §7.3; RFC 1035 §2.3.4 less the root's octet
	maxLabel = 63  // RFC 1035 §2.3.4
)

// values gives the value of a macro letter.
type values func(letter byte) string

// expand replaces the macros. It gives up, and returns false, when the text
// grows beyond maxExpansion.
func (m MacroString) expand(value values) (string, bool) {
	if m.parts == nil {
		return m.Text, true
	}
	var b strings.Builder
	for _, p := range m.parts {
		if p.letter == 0 {
			b.WriteString(p.literal)
		} else {
			b.WriteString(p.apply(value(p.letter)))
		}
		if b.Len() > maxExpansion {
			return "", false
		}
	}
	return b.String(), true
}

// apply transforms a macro's value: split, reverse, keep the right-hand parts,
// join with dots, escape (RFC 7208 §7.3).
func (p macroPart) apply(value string) string {
	if p.reverse || p.keep > 0 || p.delimiters != "." {
		parts := split(value, p.delimiters)
		if p.reverse {
			slices.Reverse(parts)
		}
		if p.keep > 0 && p.keep < len(parts) {
			parts = parts[len(parts)-p.keep:]
		}
		value = strings.Join(parts, ".")
	}
	if p.escape {
		return urlEscape(value)
	}
	return value
}

// split cuts a value at each delimiter; two in a row leave an empty part.
func split(value, delimiters string) []string {
	n := 1
	for i := range len(value) {
		if strings.IndexByte(delimiters, value[i]) >= 0 {
			n++
		}
	}
	parts := make([]string, 0, n)
	start := 0
	for i := range len(value) {
		if strings.IndexByte(delimiters, value[i]) >= 0 {
			parts = append(parts, value[start:i])
			start = i + 1
		}
	}
	return append(parts, value[start:])
}

// urlEscape escapes all but the unreserved characters of RFC 3986 §2.3.
func urlEscape(s string) string {
	const hexDigits = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if isAlpha(c) || isDigit(c) || strings.IndexByte("-._~", c) >= 0 {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('%')
		b.WriteByte(hexDigits[c>>4])
		b.WriteByte(hexDigits[c&0xf])
	}
	return b.String()
}

// fitName shortens an expanded domain-spec to the length of a name by removing
// labels from the left, and drops the final dot (RFC 7208 §7.3).
func fitName(name string) string {
	name = strings.TrimSuffix(name, ".")
	for len(name) > maxName {
		_, rest, found := strings.Cut(name, ".")
		if !found {
			return name
		}
		name = rest
	}
	return name
}

// askable reports whether a name has labels of 1 to 63 octets and fits a question.
func askable(name string) bool {
	if name == "" || len(name) > maxName {
		return false
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > maxLabel {
			return false
		}
	}
	return true
}

// questionName writes a name as dns.Question wants it: only dots separate labels.
func questionName(name string) string {
	if strings.IndexByte(name, '\\') < 0 {
		return name
	}
	return strings.ReplaceAll(name, `\`, `\\`)
}

// isFQDN reports whether check_host() can begin with a domain: two labels or
// more, the last of which is no number nor part of an address (RFC 7208 §4.3).
func isFQDN(domain string) bool {
	dot := strings.LastIndexByte(domain, '.')
	return dot > 0 && askable(domain) && isTopLabel(domain[dot+1:])
}

// value returns what a macro letter stands for while the policy of domain is
// being evaluated (RFC 7208 §7.2).
func (s *session) value(ctx context.Context, domain string, letter byte) string {
	switch letter {
	case 's':
		return s.local + "@" + s.senderDomain
	case 'l':
		return s.local
	case 'o':
		return s.senderDomain
	case 'd':
		return domain
	case 'i':
		return dotted(s.ip)
	case 'p':
		return s.validatedName(ctx, domain)
	case 'v':
		if s.ip.Is4() {
			return "in-addr"
		}
		return "ip6"
	case 'h':
		return s.helo
	case 'c':
		return s.ip.String()
	case 'r':
		return s.receiver
	default: // t
		return strconv.FormatInt(s.at.Unix(), 10)
	}
}

// dotted returns an IPv4 address as it is, an IPv6 address as nibbles.
func dotted(ip netip.Addr) string {
	if ip.Is4() {
		return ip.String()
	}
	nibbles := []byte(dns.ReversedLabels(ip))
	slices.Reverse(nibbles)
	return string(nibbles)
}
