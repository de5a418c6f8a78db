// Package brand checks what a domain publishes so that mailbox providers show its
// logo: BIMI.
//
// No mail is lost without a logo, so none of these checks costs much.
package brand

import "github.com/postmuster/postmuster/checks"

const category = "bimi"

// sending are the domains beside whose mail a logo could stand.
var sending = []checks.Profile{checks.Sender, checks.SendOnly}

var suite checks.Suite

// Checks returns the checks of this package.
func Checks() checks.Suite { return suite }
