// Package engine runs checks: it gathers the facts that a check needs, and then
// lets the check judge them.
//
// A fact that could not be found out makes a check inconclusive, never failed;
// a fact that the user did not want asked makes it skipped; a panic makes it
// broken. None of the three keeps another check from its answer.
package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/checks/fact"
)

// Run runs every check of the suite on the set's subject and returns their
// results in the suite's order. The deadline of ctx is the budget of the whole
// subject: what is not known by then is inconclusive.
func Run(ctx context.Context, suite checks.Suite, set *fact.Set) []*checks.Result {
	// All waiting is in the facts, which are gathered together. A check only
	// thinks, so one follows another.
	set.Gather(ctx, needs(suite)) // whose error is that of the checks which need it
	results := make([]*checks.Result, len(suite))
	for i, c := range suite {
		results[i] = run(ctx, c, set)
	}
	return results
}

// needs returns each fact that any of the checks needs, once.
func needs(suite checks.Suite) (keys []fact.Key) {
	seen := map[fact.Key]bool{}
	for _, c := range suite {
		for _, k := range c.Needs {
			if !seen[k] {
				seen[k] = true
				keys = append(keys, k)
			}
		}
	}
	return keys
}

func run(ctx context.Context, c *checks.Check, set *fact.Set) *checks.Result {
	result := &checks.Result{Check: c}
	if err := set.Gather(ctx, c.Needs); err != nil {
		result.Outcome, result.Reason = outcomeOf(ctx, err)
		return result
	}
	if err := eval(c, set, result); err != nil {
		return &checks.Result{Check: c, Outcome: checks.OutcomeBroken, Reason: err.Error()}
	}
	result.Settle()
	return result
}

func outcomeOf(ctx context.Context, err error) (checks.Outcome, string) {
	var notAsked *fact.NotAsked
	var panicked *fact.PanicError
	switch {
	case errors.As(err, &notAsked):
		return checks.OutcomeSkip, err.Error()
	case errors.As(err, &panicked):
		return checks.OutcomeBroken, err.Error()
	case ctx.Err() != nil && errors.Is(context.Cause(ctx), context.DeadlineExceeded):
		return checks.OutcomeInconclusive, "the time for this subject ran out: " + err.Error()
	default:
		return checks.OutcomeInconclusive, err.Error()
	}
}

func eval(c *checks.Check, set *fact.Set, result *checks.Result) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	c.Eval(checks.NewPass(fact.NewView(set, c.Needs), set.Subject, set.Options, result))
	return nil
}
