// Package dns checks what every other check stands on: that the domain exists,
// that the addresses of its mail servers have names, and that validating resolvers
// accept what it signs.
package dns

import "github.com/postmuster/postmuster/checks"

const (
	category        = "dns"
	reverseCategory = "reverse-dns"
	dnssecCategory  = "dnssec"
	daneCategory    = "dane"
)

var suite checks.Suite

// Checks returns the checks of this package.
func Checks() checks.Suite { return suite }
