package web

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/internal/report"
	"github.com/postmuster/postmuster/internal/verdict"
)

// maxFindings is how many places of one result are shown; the report has all.
const maxFindings = 20

// A reportView is a report as it was stored, with the provider matrix if it has one.
type reportView struct {
	report.Report
	Providers []provider `json:"providers"`
}

// A provider is what one mailbox provider asks for, and what of it is met.
type provider struct {
	Name         string        `json:"name"`
	Verdict      string        `json:"verdict"`
	Requirements []requirement `json:"requirements"`
}

type requirement struct {
	ID     string   `json:"id"`
	State  string   `json:"state"`
	Checks []string `json:"checks"`
	Reply  string   `json:"reply"`
	Source string   `json:"source"`
}

// scoreView is the ledger and what is behind it.
type scoreView struct {
	ID         string
	Score      verdict.Score
	Profile    string
	Ledger     []ledgerRow
	Adjustment *ledgerRow
	Mend       []mend
	Unknown    []mend
	Waived     []mend
	Passed     []report.Result
	Skipped    []report.Result
	Providers  []provider
	Coverage   int // per cent
}

// A ledgerRow is what one category costs.
type ledgerRow struct {
	Name     string
	Off, Cap int
	Left     int // what remains after it
	Width    int // of its bar, of 100
}

// A mend is a result with the places to mend.
type mend struct {
	report.Result
	Places []place
	More   int
}

func (v *view) score(url.Values) (any, error) {
	r, err := v.reportView()
	if r == nil || err != nil {
		return (*scoreView)(nil), err
	}
	s := &scoreView{ID: v.id, Score: r.Score, Profile: r.Profile, Providers: r.Providers}
	s.Ledger, s.Adjustment = ledger(r.Score)
	if r.Score.Applicable > 0 {
		s.Coverage = 100 * r.Score.Evaluated / r.Score.Applicable
	}
	for _, result := range r.Results {
		switch {
		case result.Waived != nil:
			s.Waived = append(s.Waived, v.mend(result))
		case result.Outcome == checks.OutcomeFail:
			s.Mend = append(s.Mend, v.mend(result))
		case result.Outcome == checks.OutcomePass:
			s.Passed = append(s.Passed, result)
		case result.Outcome == checks.OutcomeSkip:
			s.Skipped = append(s.Skipped, result)
		default:
			s.Unknown = append(s.Unknown, v.mend(result))
		}
	}
	slices.SortStableFunc(s.Mend, func(a, b mend) int {
		return cmp.Or(a.Severity.Compare(b.Severity), cmp.Compare(b.Points, a.Points), cmp.Compare(a.Check, b.Check))
	})
	return s, nil
}

// reportView reads the report; nil while it is being made.
func (v *view) reportView() (*reportView, error) {
	if v.report == nil {
		return nil, nil
	}
	r := &reportView{}
	if err := json.Unmarshal(v.report.JSON, r); err != nil {
		return nil, fmt.Errorf("read the report of %s: %w", v.id, err)
	}
	return r, nil
}

func (v *view) mend(r report.Result) mend {
	m := mend{Result: r}
	shownFindings := r.Findings[:min(len(r.Findings), maxFindings)]
	m.More = len(r.Findings) - len(shownFindings)
	for _, f := range shownFindings {
		m.Places = append(m.Places, v.place(f))
	}
	return m
}

// ledger writes the score as a sum that adds up: 100, less what each category
// costs, and less what a blocker or the bottom makes of it.
func ledger(s verdict.Score) ([]ledgerRow, *ledgerRow) {
	const full = 100
	var rows []ledgerRow
	left := full
	for _, c := range s.Categories {
		left -= c.Off
		rows = append(rows, ledgerRow{Name: c.Name, Off: c.Off, Cap: c.Cap, Width: full * c.Off / max(c.Cap, 1)})
	}
	slices.SortStableFunc(rows, func(a, b ledgerRow) int { return cmp.Compare(b.Off, a.Off) })
	at := full
	for i := range rows {
		at -= rows[i].Off
		rows[i].Left = at
	}
	switch {
	case left > s.Value:
		return rows, &ledgerRow{Name: fmt.Sprintf("a blocker caps the score at %d", s.Value), Off: left - s.Value, Left: s.Value}
	case left < s.Value:
		return rows, &ledgerRow{Name: "no score is below 0", Off: left - s.Value, Left: s.Value}
	default:
		return rows, nil
	}
}

// Class returns the state as a class.
func (r requirement) Class() string { return strings.ReplaceAll(r.State, " ", "-") }
