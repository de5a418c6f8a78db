// Package all lists the checks that postmuster comes with.
package all

import (
	"slices"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/checks/spf"
)

// Checks returns all checks, by scope, category and ID.
func Checks() checks.Suite {
	return slices.Concat(
		spf.Checks(),
	).Sorted()
}
