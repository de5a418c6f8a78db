// Package all lists the checks that postmuster comes with.
package all

import (
	"slices"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/checks/auth"
	"github.com/postmuster/postmuster/checks/blocklist"
	"github.com/postmuster/postmuster/checks/brand"
	"github.com/postmuster/postmuster/checks/dkim"
	"github.com/postmuster/postmuster/checks/dmarc"
	"github.com/postmuster/postmuster/checks/dns"
	"github.com/postmuster/postmuster/checks/header"
	"github.com/postmuster/postmuster/checks/html"
	"github.com/postmuster/postmuster/checks/list"
	"github.com/postmuster/postmuster/checks/mime"
	"github.com/postmuster/postmuster/checks/mx"
	"github.com/postmuster/postmuster/checks/session"
	"github.com/postmuster/postmuster/checks/spf"
	"github.com/postmuster/postmuster/checks/transport"
)

// Checks returns all checks, by scope, category and ID.
func Checks() checks.Suite {
	return slices.Concat(
		blocklist.Checks(), brand.Checks(), dkim.Checks(), dmarc.Checks(), dns.Checks(), mx.Checks(), spf.Checks(), transport.Checks(),
		auth.Checks(), header.Checks(), html.Checks(), list.Checks(), mime.Checks(), session.Checks(),
	).Sorted()
}
