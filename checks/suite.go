package checks

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// A Suite is a list of checks.
type Suite []*Check

// Add appends a check and returns it, so that a package's suite is filled by
// its variables: var _ = suite.Add(&checks.Check{…}).
func (s *Suite) Add(c *Check) *Check {
	*s = append(*s, c)
	return c
}

// Sorted returns the suite's checks by scope (domains first), category and ID.
func (s Suite) Sorted() Suite {
	sorted := slices.Clone(s)
	slices.SortFunc(sorted, func(a, b *Check) int {
		return cmp.Or(cmp.Compare(a.Scope, b.Scope), cmp.Compare(a.Category, b.Category), cmp.Compare(a.ID, b.ID))
	})
	return sorted
}

// Find returns the check with this ID, or nil.
func (s Suite) Find(id string) *Check {
	for _, c := range s {
		if c.ID == id {
			return c
		}
	}
	return nil
}

var kebab = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)+$`)

// Validate returns what is wrong with the suite's declarations: an ID used
// twice or not in kebab-case, an empty field, points without a severity.
func (s Suite) Validate() error {
	var errs []error
	seen := map[string]bool{}
	for _, c := range s {
		if seen[c.ID] {
			errs = append(errs, fmt.Errorf("check %s: the ID is used twice", c.ID))
		}
		seen[c.ID] = true
		for _, problem := range c.problems() {
			errs = append(errs, fmt.Errorf("check %s: %s", c.ID, problem))
		}
	}
	return errors.Join(errs...)
}

func (c *Check) problems() []string {
	var problems []string
	require := func(ok bool, problem string) {
		if !ok {
			problems = append(problems, problem)
		}
	}
	require(kebab.MatchString(c.ID), "the ID is not in kebab-case with its area first")
	for field, text := range map[string]string{"Title": c.Title, "Why": c.Why, "Fix": c.Fix, "Category": c.Category} {
		require(strings.TrimSpace(text) != "", field+" is empty")
	}
	require(!strings.HasSuffix(c.Title, "."), "Title ends with a full stop")
	require(len(c.Refs) > 0, "Refs are empty")
	require(c.Scope == Domain || c.Scope == Message, "Scope is neither Domain nor Message")
	require(c.Severity.rank() < len(Severities()), "Severity is unknown")
	require((c.Severity == Info) == (c.Points == 0), "Points must be 0 for Info, and only there")
	require(c.Points >= 0 && (c.UpTo == 0 || c.UpTo > c.Points), "UpTo is not more than Points")
	require(c.Eval != nil, "Eval is nil")
	require(len(c.Needs) > 0, "Needs are empty")
	for _, p := range c.Profiles {
		require(slices.Contains(ProfilesOf(c.Scope), p), fmt.Sprintf("profile %s is not one of a %s", p, c.Scope))
	}
	slices.Sort(problems)
	return problems
}
