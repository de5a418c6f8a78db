// Package verdict turns results into a verdict by small pure steps: which
// checks apply, what they cost, and whether the gate is met.
//
// It sees results, never facts, and asks nobody anything. The same results give
// the same verdict.
package verdict

import (
	"fmt"
	"slices"
	"time"

	"github.com/postmuster/postmuster/checks"
)

// A Result is a check's result as the policy sees it.
type Result struct {
	*checks.Result
	Severity checks.Severity // the check's own, unless the policy says otherwise
	Waived   *Waiver         // nil when it counts
}

// A Waiver keeps a result from counting until a date.
type Waiver struct {
	Until  time.Time
	Reason string
}

// mostOff is what the result could cost if all that is unknown were wrong.
func (r Result) mostOff() int {
	switch {
	case r.Outcome == checks.OutcomeFail && len(r.Unknown) == 0:
		return r.Off()
	case r.Outcome == checks.OutcomePass || r.Outcome == checks.OutcomeSkip:
		return 0
	default:
		return r.Check.MostPoints()
	}
}

// Policy is what the user demands.
type Policy struct {
	// FailOn is the mildest severity that the gate does not let through; empty
	// for none.
	FailOn checks.Severity
	// MinScore is the least score, compared with the low end of the range.
	MinScore int
}

// A Verdict is what the results come to.
type Verdict struct {
	Results []Result
	Score   Score
	Gate    Gate
}

// Gate is the decision that exit codes follow.
type Gate struct {
	Met bool `json:"met"`
	// Reasons say why it is not met: what is wrong, or what could not be found out.
	Reasons []string `json:"reasons"`
	// Undecided is set when nothing is known to be wrong, but too little could
	// be found out to say that the gate is met.
	Undecided bool `json:"undecided,omitempty"`
}

// Judge applies the policy to results.
func Judge(results []*checks.Result, policy Policy) Verdict {
	var v Verdict
	for _, r := range results {
		v.Results = append(v.Results, Result{Result: r, Severity: r.Check.Severity})
	}
	v.Score = score(v.Results)
	v.Gate = gate(v.Results, v.Score, policy)
	return v
}

// gate decides. What is known to be wrong comes before what is not known.
func gate(results []Result, score Score, policy Policy) Gate {
	wrong, unknown := []string{}, []string{}
	worstFirst := slices.SortedStableFunc(slices.Values(results), func(a, b Result) int { return a.Severity.Compare(b.Severity) })
	for _, r := range worstFirst {
		if r.Waived != nil || policy.FailOn == "" || !r.Severity.AtLeast(policy.FailOn) {
			continue
		}
		switch r.Outcome {
		case checks.OutcomeFail:
			wrong = append(wrong, fmt.Sprintf("%s is %s", r.Check.ID, r.Severity))
		case checks.OutcomeInconclusive, checks.OutcomeBroken:
			unknown = append(unknown, fmt.Sprintf("%s (%s) is %s: %s", r.Check.ID, r.Severity, r.Outcome, r.Reason))
		}
	}
	if score.Low < policy.MinScore {
		wrong = append(wrong, belowMinimum(score, policy.MinScore))
	}
	switch {
	case len(wrong) > 0:
		return Gate{Reasons: wrong}
	case len(unknown) > 0:
		return Gate{Reasons: unknown, Undecided: true}
	default:
		return Gate{Met: true, Reasons: []string{}}
	}
}

func belowMinimum(score Score, minimum int) string {
	if score.Value < minimum {
		return fmt.Sprintf("the score is %d, below %d", score.Value, minimum)
	}
	return fmt.Sprintf("the score may be as low as %d, below %d", score.Low, minimum)
}
