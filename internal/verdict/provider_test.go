package verdict

import (
	"slices"
	"strings"
	"testing"

	"github.com/postmuster/postmuster/checks"
)

func requirement(t *testing.T, matrix []Provider, id string) Requirement {
	t.Helper()
	for _, p := range matrix {
		for _, r := range p.Requirements {
			if r.ID == id {
				return r
			}
		}
	}
	t.Fatalf("no requirement %s", id)
	return Requirement{}
}

func results(outcomes map[string]checks.Outcome) []Result {
	var list []Result
	for id, outcome := range outcomes {
		list = append(list, Result{Result: result(id, "spf", checks.High, 10, outcome), Severity: checks.High})
	}
	return list
}

func TestRequirements(t *testing.T) {
	const pass, fail, unknown, skip = checks.OutcomePass, checks.OutcomeFail, checks.OutcomeInconclusive, checks.OutcomeSkip
	tests := []struct {
		name     string
		outcomes map[string]checks.Outcome
		id       string
		state    string
		decided  string
	}{
		{"all of its checks pass", map[string]checks.Outcome{"spf-fail": pass, "spf-none": pass}, "gmail-spf", Met, "spf-fail spf-none"},
		{"one fails", map[string]checks.Outcome{"spf-fail": fail, "spf-none": pass}, "gmail-spf", NotMet, "spf-fail"},
		{"one is not known", map[string]checks.Outcome{"spf-fail": unknown, "spf-none": pass}, "gmail-spf", Unknown, "spf-fail"},
		{"one fails and one is not known", map[string]checks.Outcome{"spf-fail": unknown, "spf-none": fail}, "gmail-spf", NotMet, "spf-none"},
		{"the question does not arise", map[string]checks.Outcome{"spf-fail": skip}, "gmail-spf", NotApplicable, ""},
		{"nothing was checked", nil, "gmail-spf", NotApplicable, ""},
		{"one of two ways is enough", map[string]checks.Outcome{"spf-fail": fail, "dkim-missing": pass}, "gmail-spf-or-dkim", Met, "dkim-missing"},
		{"neither way", map[string]checks.Outcome{"spf-fail": fail, "dkim-missing": fail}, "gmail-spf-or-dkim", NotMet, "spf-fail"},
		{"only one way is known", map[string]checks.Outcome{"spf-fail": fail, "dkim-invalid": unknown}, "gmail-spf-or-dkim", Unknown, "dkim-invalid"},
		{"what no check tells", nil, "gmail-spam-rate", Unknown, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := requirement(t, Providers(results(tt.outcomes), checks.Marketing), tt.id)
			slices.Sort(got.Checks)
			if got.State != tt.state || strings.Join(got.Checks, " ") != tt.decided {
				t.Errorf("%s is %q by %v, want %q by %q", tt.id, got.State, got.Checks, tt.state, tt.decided)
			}
			if (got.Reply != "") != (got.State == NotMet) {
				t.Errorf("the reply %q is for what is not met, and this is %s", got.Reply, got.State)
			}
		})
	}
}

func TestAProvidersVerdict(t *testing.T) {
	for want, outcomes := range map[string]map[string]checks.Outcome{
		ProviderPass:    {"spf-fail": checks.OutcomePass},
		ProviderFail:    {"spf-fail": checks.OutcomePass, "dkim-missing": checks.OutcomeFail, "dmarc-missing": checks.OutcomeInconclusive},
		ProviderUnknown: {"spf-fail": checks.OutcomePass, "dmarc-missing": checks.OutcomeInconclusive},
	} {
		for _, p := range Providers(results(outcomes), checks.Marketing) {
			if p.Verdict != want {
				t.Errorf("%s says %q with %v, want %q", p.Name, p.Verdict, outcomes, want)
			}
		}
	}
}

func TestBulkRequirementsAreNotForSingleMessages(t *testing.T) {
	for _, p := range Providers(nil, checks.Transactional) {
		for _, r := range p.Requirements {
			if strings.HasSuffix(r.ID, "-one-click") {
				t.Errorf("%s is asked of a transactional message", r.ID)
			}
		}
	}
}

// A parked domain, or a selection of other checks, meets nothing and misses nothing.
func TestProvidersSayNothingWhereNothingWasChecked(t *testing.T) {
	for _, p := range Providers(results(map[string]checks.Outcome{"spf-fail": checks.OutcomeSkip}), checks.Marketing) {
		if p.Decided() || p.Verdict != ProviderUnknown {
			t.Errorf("%s says %q, want unknown", p.Name, p.Verdict)
		}
	}
}
