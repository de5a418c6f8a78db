package verdict

import (
	"fmt"
	"path"

	"github.com/postmuster/postmuster/checks"
)

// A Selection says which checks to run.
type Selection struct {
	Select []string // globs over IDs; everything when empty
	Skip   []string // globs over IDs; stronger than Select
}

// Validate returns an error for a glob that cannot be read or that names no
// check of the suite: a typing error would otherwise look like a clean report.
func (s Selection) Validate(suite checks.Suite) error {
	for _, glob := range append(append([]string{}, s.Select...), s.Skip...) {
		if _, err := path.Match(glob, ""); err != nil {
			return fmt.Errorf("check glob %q: %w", glob, err)
		}
		if !matchesAny(suite, glob) {
			return fmt.Errorf("check glob %q names no check; postmuster checks lists them", glob)
		}
	}
	return nil
}

func matchesAny(suite checks.Suite, glob string) bool {
	for _, c := range suite {
		if matches(glob, c.ID) {
			return true
		}
	}
	return false
}

func matches(glob, id string) bool {
	ok, err := path.Match(glob, id)
	return err == nil && ok
}

// Apply returns the checks of the suite that are selected, for this scope and
// profile, in the suite's order.
func (s Selection) Apply(suite checks.Suite, scope checks.Scope, profile checks.Profile) checks.Suite {
	var selected checks.Suite
	for _, c := range suite {
		if c.Scope == scope && c.AppliesTo(profile) && s.Wants(c.ID) {
			selected = append(selected, c)
		}
	}
	return selected
}

// Wants reports whether the check with this ID is selected.
func (s Selection) Wants(id string) bool {
	wanted := len(s.Select) == 0
	for _, glob := range s.Select {
		wanted = wanted || matches(glob, id)
	}
	for _, glob := range s.Skip {
		wanted = wanted && !matches(glob, id)
	}
	return wanted
}
