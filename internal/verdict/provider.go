package verdict

import (
	"slices"

	"github.com/postmuster/postmuster/checks"
)

// A Provider is what a mailbox provider would make of a subject, by the
// requirements that it publishes.
type Provider struct {
	Name         string        `json:"name"`
	Verdict      string        `json:"verdict"` // pass, fail, unknown
	Requirements []Requirement `json:"requirements"`
}

// The verdicts of a Provider.
const (
	ProviderPass    = "pass"
	ProviderFail    = "fail"    // a requirement is known not to be met
	ProviderUnknown = "unknown" // none is, but of some it could not be found out
)

// A Requirement is one published requirement, and whether it is met.
type Requirement struct {
	ID     string   `json:"id"`
	Title  string   `json:"title"`
	State  string   `json:"state"`
	Checks []string `json:"checks"`          // those that decided the state
	Reply  string   `json:"reply,omitempty"` // what the provider says when it is not met
	Source string   `json:"source"`          // the provider's page
}

// The states of a Requirement.
const (
	Met           = "met"
	NotMet        = "not met"
	Unknown       = "unknown"        // without any checks: only the provider's own figures tell
	NotApplicable = "not applicable" // it is not about this subject
)

// A rule is a requirement before it is applied to results.
type rule struct {
	id, title string
	// either are ways to meet it; one is enough. A way is a list of checks, none
	// of which may fail. Without any, no check can tell.
	either        [][]string
	profiles      []checks.Profile // whom it is for; everybody when empty
	reply, source string
}

// Providers applies every provider's requirements to the results of a subject
// with a profile.
func Providers(results []Result, profile checks.Profile) []Provider {
	byID := make(map[string]Result, len(results))
	for _, r := range results {
		byID[r.Check.ID] = r
	}
	matrix := make([]Provider, 0, len(providerRules))
	for _, p := range providerRules {
		provider := Provider{Name: p.name, Requirements: []Requirement{}}
		for _, r := range p.rules {
			if r.isFor(profile) {
				provider.Requirements = append(provider.Requirements, r.apply(byID))
			}
		}
		provider.Verdict = verdictOf(provider.Requirements)
		matrix = append(matrix, provider)
	}
	return matrix
}

func (r rule) isFor(p checks.Profile) bool {
	return len(r.profiles) == 0 || slices.Contains(r.profiles, p)
}

// apply finds the way that comes nearest to meeting the rule.
func (r rule) apply(results map[string]Result) Requirement {
	best := Requirement{ID: r.id, Title: r.title, State: Unknown, Checks: []string{}, Reply: r.reply, Source: r.source}
	for i, way := range r.either {
		state, decided := follow(way, results)
		if i == 0 || nearness(state) > nearness(best.State) {
			best.State, best.Checks = state, decided
		}
	}
	if best.State != NotMet {
		best.Reply = ""
	}
	return best
}

// follow returns the state of one way, and the checks that decided it.
func follow(way []string, results map[string]Result) (state string, decided []string) {
	byState := map[string][]string{}
	for _, id := range way {
		if r, ok := results[id]; ok {
			s := stateOf(r)
			byState[s] = append(byState[s], id)
		}
	}
	for _, s := range []string{NotMet, Unknown, Met} {
		if len(byState[s]) > 0 {
			return s, byState[s]
		}
	}
	return NotApplicable, []string{}
}

func stateOf(r Result) string {
	switch r.Outcome {
	case checks.OutcomeFail:
		return NotMet
	case checks.OutcomePass:
		return Met
	case checks.OutcomeSkip:
		return NotApplicable
	default:
		return Unknown
	}
}

// nearness orders states: one way that is met is enough, and one that may be met
// is better than one that is not.
func nearness(state string) int {
	return slices.Index([]string{NotApplicable, NotMet, Unknown, Met}, state)
}

// verdictOf does not hold against a subject what no check can tell. Where no
// check told anything, it does not speak for the subject either.
func verdictOf(requirements []Requirement) string {
	met, unknown := false, false
	for _, r := range requirements {
		switch {
		case r.State == NotMet:
			return ProviderFail
		case r.State == Met:
			met = true
		case r.State == Unknown && len(r.Checks) > 0:
			unknown = true
		}
	}
	if met && !unknown {
		return ProviderPass
	}
	return ProviderUnknown
}

// Decided reports whether any requirement was judged by a check.
func (p Provider) Decided() bool {
	return slices.ContainsFunc(p.Requirements, func(r Requirement) bool { return len(r.Checks) > 0 })
}

// ProviderChecks returns the IDs of the checks that decide requirements.
func ProviderChecks() []string {
	var ids []string
	for _, p := range providerRules {
		for _, r := range p.rules {
			for _, way := range r.either {
				ids = append(ids, way...)
			}
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}
