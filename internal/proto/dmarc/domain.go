package dmarc

import (
	"errors"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// ErrNotDomain says that a text is not a domain name.
var ErrNotDomain = errors.New("not a domain name")

// maxName is the longest name that DNS holds, in presentation format without
// the final dot (RFC 1035 §3.1: 255 octets on the wire).
const maxName = 253

// maxLabel is the longest label (RFC 1035 §2.3.4).
const maxLabel = 63

// uLabels turns U-labels into A-labels, as RFC 9989 §5.3.1 asks. Underscores
// occur in names that send mail, so it does not insist on host names.
var uLabels = idna.New(idna.MapForLookup(), idna.Transitional(false), idna.StrictDomainName(false))

// canonicalDomain returns a domain as A-labels in lower case, without a final dot.
func canonicalDomain(s string) (string, error) {
	if len(s) > 4*maxName || !utf8.ValidString(s) { // no name of U-labels is longer, and mapping costs time
		return "", ErrNotDomain
	}
	s = strings.TrimSuffix(s, ".")
	if !isASCII(s) {
		a, err := uLabels.ToASCII(s)
		if err != nil {
			return "", ErrNotDomain
		}
		s = a
	}
	s = strings.ToLower(s)
	if s == "" || len(s) > maxName {
		return "", ErrNotDomain
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > maxLabel || strings.Trim(label, labelCharacters) != "" {
			return "", ErrNotDomain
		}
	}
	return s, nil
}

const labelCharacters = "abcdefghijklmnopqrstuvwxyz0123456789-_"

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
