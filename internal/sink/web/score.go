package web

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/internal/report"
	"github.com/postmuster/postmuster/internal/verdict"
)

// maxFindings is how many places of one result are shown; the report has all.
const maxFindings = 20

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
	Matrix     matrix
	Coverage   int // per cent
	Opinions   []opinionView
}

// A ledgerRow is what one category costs.
type ledgerRow struct {
	Name     string
	Off, Cap int
	Left     int // what remains after it
	Width    int // of its bar, of 100
}

// Change is what the row does to the score.
func (r ledgerRow) Change() string {
	switch {
	case r.Off > 0:
		return fmt.Sprintf("−%d", r.Off)
	case r.Off < 0:
		return fmt.Sprintf("+%d", -r.Off)
	default:
		return "0"
	}
}

// A mend is a result with the places to mend.
type mend struct {
	report.Result
	Places []place
	More   int
}

func (v *view) score(url.Values) (any, error) {
	r, err := v.reportRead()
	if r == nil || err != nil {
		return (*scoreView)(nil), err
	}
	s := &scoreView{ID: v.id, Score: r.Score, Profile: r.Profile, Opinions: opinionViews(r.Opinions)}
	s.Ledger, s.Adjustment = ledger(r.Score)
	if r.Score.Applicable > 0 {
		s.Coverage = 100 * r.Score.Evaluated / r.Score.Applicable
	}
	for _, result := range r.Results {
		s.add(v.mend(result))
	}
	slices.SortStableFunc(s.Mend, func(a, b mend) int {
		return cmp.Or(a.Severity.Compare(b.Severity), cmp.Compare(b.Points, a.Points), cmp.Compare(a.Check, b.Check))
	})
	onPage := map[string]bool{}
	for _, m := range slices.Concat(s.Mend, s.Unknown) {
		onPage[m.Check] = true
	}
	s.Matrix = newMatrix(r.Providers, onPage)
	return s, nil
}

// add puts a result where it is shown.
func (s *scoreView) add(m mend) {
	switch {
	case m.Waived != nil:
		s.Waived = append(s.Waived, m)
	case m.Outcome == checks.OutcomeFail:
		s.Mend = append(s.Mend, m)
	case m.Outcome == checks.OutcomePass:
		s.Passed = append(s.Passed, m.Result)
	case m.Outcome == checks.OutcomeSkip:
		s.Skipped = append(s.Skipped, m.Result)
	default:
		s.Unknown = append(s.Unknown, m)
	}
}

// reportRead reads the report; nil while it is being made.
func (v *view) reportRead() (*report.Report, error) {
	if v.report == nil {
		return nil, nil
	}
	r := &report.Report{}
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
		return rows, &ledgerRow{Name: fmt.Sprintf("A blocker caps the score at %d", s.Value), Off: left - s.Value, Left: s.Value}
	case left < s.Value:
		return rows, &ledgerRow{Name: "No score is below 0", Off: left - s.Value, Left: s.Value}
	default:
		return rows, nil
	}
}

// problem is what is wrong: what was found if that is one thing, else the title
// of the check, which says how it should be.
func problem(r report.Result) string {
	if len(r.Findings) == 1 && r.Findings[0].Message != "" {
		return capital(shown(r.Findings[0].Message))
	}
	return r.Title
}

// Headline is what is wrong.
func (m mend) Headline() string { return problem(m.Result) }

// One reports whether there is one place, which the headline tells of.
func (m mend) One() bool { return len(m.Findings) == 1 && m.Findings[0].Message != "" }
