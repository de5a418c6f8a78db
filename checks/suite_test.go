package checks_test

import (
	"strings"
	"testing"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/checks/all"
	"github.com/postmuster/postmuster/checks/fact"
	"github.com/postmuster/postmuster/checks/facts"
)

func healthy() *checks.Check {
	return &checks.Check{
		ID: "mx-test", Title: "A title", Why: "Why.", Fix: "Fix.", Refs: []string{"RFC 5321 §5.1"}, Category: "mx", Scope: checks.Domain,
		Severity: checks.Low, Points: 1, Needs: []fact.Key{facts.MXRouting}, Eval: func(*checks.Pass) {},
	}
}

func TestTheBuiltInSuiteIsValid(t *testing.T) {
	if err := all.Checks().Validate(); err != nil {
		t.Error(err)
	}
}

func TestValidate(t *testing.T) {
	tests := []struct {
		name  string
		spoil func(*checks.Check)
		want  string
	}{
		{"healthy", func(*checks.Check) {}, ""},
		{"an ID in capitals", func(c *checks.Check) { c.ID = "MX-test" }, "kebab-case"},
		{"an ID without an area", func(c *checks.Check) { c.ID = "mx" }, "kebab-case"},
		{"no title", func(c *checks.Check) { c.Title = " " }, "Title is empty"},
		{"a title that ends in a full stop", func(c *checks.Check) { c.Title = "A title." }, "full stop"},
		{"no reason", func(c *checks.Check) { c.Why = "" }, "Why is empty"},
		{"no remedy", func(c *checks.Check) { c.Fix = "" }, "Fix is empty"},
		{"no standard", func(c *checks.Check) { c.Refs = nil }, "Refs are empty"},
		{"no scope", func(c *checks.Check) { c.Scope = "" }, "Scope"},
		{"an unknown severity", func(c *checks.Check) { c.Severity = "severe" }, "Severity is unknown"},
		{"points without weight", func(c *checks.Check) { c.Severity = checks.Info }, "Points must be 0"},
		{"weight without points", func(c *checks.Check) { c.Points = 0 }, "Points must be 0"},
		{"a limit below one finding", func(c *checks.Check) { c.Points, c.UpTo = 5, 3 }, "UpTo"},
		{"nothing to run", func(c *checks.Check) { c.Eval = nil }, "Eval is nil"},
		{"nothing to judge", func(c *checks.Check) { c.Needs = nil }, "Needs are empty"},
		{"a profile of messages", func(c *checks.Check) { c.Profiles = []checks.Profile{checks.Marketing} }, "not one of a domain"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := healthy()
			test.spoil(c)
			err := checks.Suite{c}.Validate()
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("Validate() = %v, want %q", err, test.want)
			}
		})
	}
	if err := (checks.Suite{healthy(), healthy()}).Validate(); err == nil || !strings.Contains(err.Error(), "used twice") {
		t.Errorf("Validate() of the same ID twice = %v", err)
	}
}

func TestPointsArePerFindingUpToALimit(t *testing.T) {
	c := healthy()
	c.Points, c.UpTo = 3, 8
	r := &checks.Result{Check: c}
	pass := checks.NewPass(nil, fact.Subject{}, fact.Options{}, r)
	for findings, want := range map[int]int{0: 0, 1: 3, 2: 6, 3: 8, 9: 8} {
		r.Findings = nil
		for range findings {
			pass.Report(checks.Finding{})
		}
		r.Settle()
		if got := r.Off(); got != want {
			t.Errorf("%d findings cost %d points, want %d", findings, got, want)
		}
	}
}
