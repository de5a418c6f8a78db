package audit

import (
	"errors"
	"fmt"
	"net/mail"
	"net/netip"
	"net/url"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

const (
	maxDomainOctets = 253 // RFC 1035 §2.3.4, less the root's length octet and the first label's
	maxInputOctets  = 4 * maxDomainOctets
)

// idnProfile is IDNA2008 as a client looks names up (RFC 5891 §5), with
// underscores refused: no mail domain has them.
var idnProfile = idna.New(idna.MapForLookup(), idna.BidiRule(), idna.StrictDomainName(true), idna.Transitional(false))

// ParseDomain reads a domain as a user may write it: in any case, with U-labels,
// a final dot, spaces around it or invisible characters from a web page. It
// returns A-labels in lower case. The error says what the text is instead.
func ParseDomain(text string) (string, error) {
	cleaned := strings.Map(dropInvisible, strings.TrimSpace(text))
	if err := notADomain(strings.TrimSuffix(cleaned, ".")); err != nil {
		return "", fmt.Errorf("%s: %w", shown(text), err)
	}
	ascii, err := idnProfile.ToASCII(cleaned)
	if err != nil {
		return "", fmt.Errorf("%s is not a domain: %s", shown(text), why(cleaned, err))
	}
	ascii = strings.TrimSuffix(ascii, ".") // only now: other full stops have become dots
	if err := checkLengths(ascii); err != nil {
		return "", fmt.Errorf("%s is not a domain: %w", shown(text), err)
	}
	return ascii, nil
}

// why says what IDNA holds against a text, in the words of somebody who typed it.
func why(text string, err error) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-."
	for _, r := range text {
		if r < utf8.RuneSelf && !strings.ContainsRune(plain, r) {
			return fmt.Sprintf("%q may not stand in one", r)
		}
	}
	return strings.TrimPrefix(err.Error(), "idna: ")
}

// shown quotes a text for a message, cut where it is very long.
func shown(text string) string {
	const most = 80
	if len(text) > most {
		return fmt.Sprintf("%q… (%d octets)", text[:most], len(text))
	}
	return fmt.Sprintf("%q", text)
}

func dropInvisible(r rune) rune {
	switch r {
	case '\u200b', '\u200c', '\u200d', '\u2060', '\ufeff', '\u00ad':
		return -1
	}
	return r
}

func notADomain(s string) error {
	switch {
	case s == "":
		return errors.New("empty where a domain like example.com was expected")
	case len(s) > maxInputOctets:
		return fmt.Errorf("too long for a domain, which has at most %d octets", maxDomainOctets)
	}
	if _, err := netip.ParseAddr(strings.Trim(s, "[]")); err == nil {
		return errors.New("an address where a domain was expected; postmuster blocklist asks about addresses")
	}
	if u, err := url.Parse(s); err == nil && u.Host != "" {
		return fmt.Errorf("a URL where a domain was expected; its domain is %s", u.Hostname())
	}
	if a, err := mail.ParseAddress(s); err == nil {
		return fmt.Errorf("an e-mail address where a domain was expected; its domain is %s", a.Address[strings.LastIndex(a.Address, "@")+1:])
	}
	return nil
}

func checkLengths(ascii string) error {
	if len(ascii) > maxDomainOctets {
		return fmt.Errorf("it has %d octets, at most %d are allowed (RFC 1035 §2.3.4)", len(ascii), maxDomainOctets)
	}
	labels := strings.Split(ascii, ".")
	if len(labels) < 2 {
		return errors.New("it has one label only, where a domain like example.com was expected")
	}
	for _, label := range labels {
		if label == "" || len(label) > 63 {
			return fmt.Errorf("its label %q has %d octets, 1 to 63 are allowed (RFC 1035 §2.3.4)", label, len(label))
		}
	}
	return nil
}
