package wire

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// toASCII allows the underscores that names of records begin with.
var toASCII = idna.New(idna.MapForLookup(), idna.Transitional(false), idna.StrictDomainName(false))

// Askable returns name as it is sent: U-labels become A-labels (RFC 5890
// §2.3.2.1). Octets that are not, such as those that an SPF macro may put into
// a name, are asked as they are.
func Askable(name string) string {
	if isPlain(name) {
		return name
	}
	if utf8.ValidString(name) && !strings.Contains(name, `\`) && !isASCII(name) {
		if ascii, err := toASCII.ToASCII(name); err == nil {
			return ascii
		}
	}
	return Name(Presentation(name)) // escapes that are not needed go
}

func isPlain(name string) bool { return isASCII(name) && !strings.Contains(name, `\`) }

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
