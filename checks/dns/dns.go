// Package dns checks what every other check stands on: that the domain exists,
// and that the addresses of its mail servers have names.
package dns

import "github.com/postmuster/postmuster/checks"

const (
	category        = "dns"
	reverseCategory = "reverse-dns"
)

var suite checks.Suite

// Checks returns the checks of this package.
func Checks() checks.Suite { return suite }
