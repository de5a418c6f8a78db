package verdict

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/postmuster/postmuster/checks"
)

func result(id, category string, severity checks.Severity, points int, outcome checks.Outcome) *checks.Result {
	r := &checks.Result{
		Check:   &checks.Check{ID: id, Category: category, Scope: checks.Domain, Severity: severity, Points: points},
		Outcome: outcome,
	}
	if outcome == checks.OutcomeFail {
		r.Findings = []checks.Finding{{Where: "dns:example.com/TXT", Message: "wrong"}}
	}
	if outcome == checks.OutcomeInconclusive {
		r.Reason = "timeout"
	}
	return r
}

func TestScore(t *testing.T) {
	const pass, fail, unknown, skip = checks.OutcomePass, checks.OutcomeFail, checks.OutcomeInconclusive, checks.OutcomeSkip
	tests := []struct {
		name      string
		results   []*checks.Result
		value     int
		low       int
		grade     string
		evaluated int
	}{
		{"nothing wrong", []*checks.Result{result("a", "spf", checks.High, 12, pass)}, 100, 100, "A", 1},
		{"points add up", []*checks.Result{result("a", "spf", checks.High, 12, fail), result("b", "mx", checks.Low, 2, fail)}, 86, 86, "B", 2},
		{"a category is capped", []*checks.Result{result("a", "spf", checks.High, 12, fail), result("b", "spf", checks.High, 12, fail)}, 80, 80, "B", 2},
		{"a blocker caps the score", []*checks.Result{result("a", "tls-rpt", checks.Blocker, 5, fail)}, 40, 40, "F", 1},
		{"unknown lowers only the low end", []*checks.Result{result("a", "spf", checks.High, 12, unknown)}, 100, 88, "A", 0},
		{"an unknown blocker may cap", []*checks.Result{result("a", "mx", checks.Blocker, 25, unknown)}, 100, 40, "A", 0},
		{"skipped does not apply", []*checks.Result{result("a", "spf", checks.High, 12, skip)}, 100, 100, "A", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := Judge(tt.results, Policy{}).Score
			if s.Value != tt.value || s.Low != tt.low || s.Grade != tt.grade || s.Evaluated != tt.evaluated {
				t.Errorf("score = %+v, want value %d, low %d, grade %s, evaluated %d", s, tt.value, tt.low, tt.grade, tt.evaluated)
			}
		})
	}
}

func TestLedgerAddsUp(t *testing.T) {
	for seed := range uint64(200) {
		s := Judge(randomResults(seed, 30, checks.High), Policy{}).Score
		sum := 0
		for _, c := range s.Categories {
			sum += c.Off
		}
		if want := max(0, 100-sum); s.Value != want {
			t.Fatalf("seed %d: value %d, but 100 less the categories is %d", seed, s.Value, want)
		}
	}
}

// randomResults returns n results in a few categories; none is worse than worst.
func randomResults(seed uint64, n int, worst checks.Severity) []*checks.Result {
	rng := rand.New(rand.NewPCG(seed, 1))
	outcomes := []checks.Outcome{checks.OutcomePass, checks.OutcomeFail, checks.OutcomeSkip, checks.OutcomeInconclusive, checks.OutcomeBroken}
	categories := []string{"spf", "dkim", "dmarc", "mx", "blocklist", "unheard-of"}
	var results []*checks.Result
	for i := range n {
		severity := checks.Severities()[rng.IntN(4)]
		if !worst.AtLeast(severity) {
			severity = worst
		}
		results = append(results, result(fmt.Sprint("check-", i), categories[rng.IntN(len(categories))], severity, 1+rng.IntN(20), outcomes[rng.IntN(len(outcomes))]))
	}
	return results
}

func TestAddingAFailureNeverRaisesTheScore(t *testing.T) {
	for seed := range uint64(500) {
		before := randomResults(seed, 12, checks.Blocker)
		more := randomResults(seed+1000, 1, checks.Blocker)[0]
		more.Outcome = checks.OutcomeFail
		more.Findings = []checks.Finding{{Where: "dns:example.com/MX"}}
		after := append(append([]*checks.Result{}, before...), more)
		b, a := Judge(before, Policy{}).Score, Judge(after, Policy{}).Score
		if a.Value > b.Value || a.Low > b.Low {
			t.Fatalf("seed %d: a failing check took the score from %d (low %d) to %d (low %d)", seed, b.Value, b.Low, a.Value, a.Low)
		}
	}
}

func TestRemovingEvidenceNeverRaisesTheLowEnd(t *testing.T) {
	for seed := range uint64(500) {
		before := randomResults(seed, 12, checks.Blocker)
		low := Judge(before, Policy{}).Score.Low
		for i, r := range before {
			if r.Outcome == checks.OutcomeSkip {
				continue
			}
			after := append([]*checks.Result{}, before...)
			after[i] = &checks.Result{Check: r.Check, Outcome: checks.OutcomeInconclusive}
			if s := Judge(after, Policy{}).Score; s.Low > low {
				t.Fatalf("seed %d: without %s's evidence the low end rose from %d to %d", seed, r.Check.ID, low, s.Low)
			}
		}
	}
}

// One of several places falls silent: what was found there is not forgiven.
func TestLosingPartOfTheEvidenceNeverRaisesTheLowEnd(t *testing.T) {
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 2))
		points := 1 + rng.IntN(8)
		check := &checks.Check{ID: "per-place", Category: "mx", Scope: checks.Domain, Severity: checks.Medium, Points: points, UpTo: points * (1 + rng.IntN(4))}
		found := make([]checks.Finding, 1+rng.IntN(5))
		before := &checks.Result{Check: check, Findings: found}
		after := &checks.Result{Check: check, Findings: found[1:], Unknown: make([]checks.Unknown, 1)}
		before.Settle()
		after.Settle()
		b, a := Judge([]*checks.Result{before}, Policy{}).Score, Judge([]*checks.Result{after}, Policy{}).Score
		if a.Low > b.Low {
			t.Fatalf("seed %d: with one of %d places silent the low end rose from %d to %d", seed, len(found), b.Low, a.Low)
		}
	}
}

func TestSameResultsSameVerdict(t *testing.T) {
	first := Judge(randomResults(7, 40, checks.Blocker), Policy{FailOn: checks.High})
	for range 20 {
		if again := Judge(randomResults(7, 40, checks.Blocker), Policy{FailOn: checks.High}); !reflect.DeepEqual(first, again) {
			t.Fatalf("the same results were judged differently:\n%+v\n%+v", first, again)
		}
	}
}

func TestGate(t *testing.T) {
	fail := result("spf-present", "spf", checks.High, 12, checks.OutcomeFail)
	unknown := result("mx-reachable", "mx", checks.Blocker, 25, checks.OutcomeInconclusive)
	mild := result("spf-ptr", "spf", checks.Low, 2, checks.OutcomeFail)
	tests := []struct {
		name    string
		results []*checks.Result
		policy  Policy
		want    Gate
	}{
		{"clean", nil, Policy{FailOn: checks.High}, Gate{Met: true, Reasons: []string{}}},
		{"a failure at the level", []*checks.Result{fail, unknown}, Policy{FailOn: checks.High}, Gate{Reasons: []string{"spf-present is high"}}},
		{"a failure below the level", []*checks.Result{mild}, Policy{FailOn: checks.High}, Gate{Met: true, Reasons: []string{}}},
		{"what could break it is unknown", []*checks.Result{unknown}, Policy{FailOn: checks.High}, Gate{Undecided: true, Reasons: []string{"mx-reachable (blocker) is inconclusive: timeout"}}},
		{"nothing fails on none", []*checks.Result{fail, unknown}, Policy{}, Gate{Met: true, Reasons: []string{}}},
		{"below the minimum", []*checks.Result{fail}, Policy{MinScore: 95}, Gate{Reasons: []string{"the score is 88, below 95"}}},
		{"maybe below the minimum", []*checks.Result{unknown}, Policy{MinScore: 80}, Gate{Reasons: []string{"the score may be as low as 40, below 80"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Judge(tt.results, tt.policy).Gate; !reflect.DeepEqual(got, tt.want) {
				t.Errorf("gate = %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestTheWorstReasonComesFirst(t *testing.T) {
	gate := Judge([]*checks.Result{
		result("a-high", "spf", checks.High, 10, checks.OutcomeFail), result("b-blocker", "mx", checks.Blocker, 20, checks.OutcomeFail),
	}, Policy{FailOn: checks.High}).Gate
	if len(gate.Reasons) != 2 || gate.Reasons[0] != "b-blocker is blocker" {
		t.Errorf("the reasons are %q, want the blocker first", gate.Reasons)
	}
}
