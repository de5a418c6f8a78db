package engine_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/checks/fact"
	"github.com/postmuster/postmuster/internal/engine"
)

var (
	known    = fact.New("known", func(context.Context, *fact.Set) (int, error) { return 7, nil })
	silent   = fact.New("silent", func(context.Context, *fact.Set) (int, error) { return 0, errors.New("i/o timeout") })
	notAsked = fact.New("not asked", func(context.Context, *fact.Set) (int, error) {
		return 0, &fact.NotAsked{Reason: "--no-smtp"}
	})
	buggy   = fact.New("buggy", func(context.Context, *fact.Set) (int, error) { panic("index out of range") })
	patient = fact.New("patient", func(ctx context.Context, _ *fact.Set) (int, error) {
		<-ctx.Done()
		return 0, ctx.Err()
	})
)

func check(eval func(*checks.Pass), needs ...fact.Key) *checks.Check {
	return &checks.Check{ID: "test-check", Needs: needs, Eval: eval}
}

func TestOutcomes(t *testing.T) {
	finding := checks.Finding{Where: "here", Message: "wrong"}
	tests := []struct {
		name    string
		check   *checks.Check
		outcome checks.Outcome
		reason  string // part of it
	}{
		{"nothing reported", check(func(p *checks.Pass) { known.Of(p.View) }, known), checks.OutcomePass, ""},
		{"a finding", check(func(p *checks.Pass) { p.Report(finding) }, known), checks.OutcomeFail, ""},
		{"the question does not arise", check(func(p *checks.Pass) { p.Skipf("no %s", "mail") }, known), checks.OutcomeSkip, "no mail"},
		{"a part is unknown", check(func(p *checks.Pass) { p.Unknownf("mx", "timeout") }, known), checks.OutcomeInconclusive, "timeout"},
		{"a finding and something unknown", check(func(p *checks.Pass) { p.Unknownf("mx", "timeout"); p.Report(finding) }, known), checks.OutcomeFail, ""},
		{"a fact could not be had", check(func(*checks.Pass) { t.Error("the check ran without its fact") }, known, silent), checks.OutcomeInconclusive, "i/o timeout"},
		{"a fact was not asked for", check(func(*checks.Pass) {}, notAsked), checks.OutcomeSkip, "--no-smtp"},
		{"the check panics", check(func(*checks.Pass) { panic("nil map") }, known), checks.OutcomeBroken, "nil map"},
		{"the fact panics", check(func(*checks.Pass) {}, buggy), checks.OutcomeBroken, "index out of range"},
		{"an undeclared fact is read", check(func(p *checks.Pass) { silent.Of(p.View) }, known), checks.OutcomeBroken, "which its Needs do not declare"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			set := fact.NewSet(fact.Subject{}, fact.Options{}, fact.Net{})
			got := engine.Run(t.Context(), checks.Suite{test.check}, set)[0]
			if got.Outcome != test.outcome || !strings.Contains(got.Reason, test.reason) || test.reason == "" && got.Reason != "" {
				t.Errorf("outcome %q, reason %q, want %q with %q", got.Outcome, got.Reason, test.outcome, test.reason)
			}
		})
	}
}

func TestOneBrokenCheckLeavesTheOthers(t *testing.T) {
	suite := checks.Suite{
		check(func(*checks.Pass) { panic("oops") }, known),
		check(func(*checks.Pass) {}, known),
		check(func(*checks.Pass) {}, silent),
	}
	results := engine.Run(t.Context(), suite, fact.NewSet(fact.Subject{}, fact.Options{}, fact.Net{}))
	want := []checks.Outcome{checks.OutcomeBroken, checks.OutcomePass, checks.OutcomeInconclusive}
	for i, r := range results {
		if r.Check != suite[i] || r.Outcome != want[i] {
			t.Errorf("result %d is %q, want %q, in the suite's order", i, r.Outcome, want[i])
		}
	}
}

func TestWhatIsNotKnownInTimeIsInconclusive(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 0)
	defer cancel()
	got := engine.Run(ctx, checks.Suite{check(func(*checks.Pass) {}, patient)}, fact.NewSet(fact.Subject{}, fact.Options{}, fact.Net{}))[0]
	if got.Outcome != checks.OutcomeInconclusive || !strings.Contains(got.Reason, "the time for this subject ran out") {
		t.Errorf("outcome %q, reason %q", got.Outcome, got.Reason)
	}
}
