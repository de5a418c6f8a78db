package report

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/fatih/color"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/internal/verdict"
)

const (
	defaultWidth = 80
	widest       = 160 // longer lines are hard to read
	labelWidth   = 9   // of "publish  "
)

// tableWriter writes for people: what to mend first, with evidence and fix.
type tableWriter struct {
	w     io.Writer
	style Style
	b     *bytes.Buffer
	rows  [][]string // of the overview of several subjects
}

func newTable(w io.Writer, style Style) Writer {
	if style.Width == 0 {
		style.Width = defaultWidth
	}
	style.Width = min(style.Width, widest)
	return &tableWriter{w: w, style: style}
}

func (t *tableWriter) Write(r *Report) error {
	t.b = &bytes.Buffer{}
	if len(t.rows) > 0 {
		t.line(strings.Repeat("-", t.style.Width))
		t.line("")
	}
	t.rows = append(t.rows, overviewRow(r))
	t.head(r)
	t.findings(r)
	t.unknown(r)
	t.ledger(r)
	t.providers(r)
	t.passed(r)
	_, err := t.w.Write(t.b.Bytes())
	return err
}

// Close writes the overview when there was more than one subject.
func (t *tableWriter) Close() error {
	if len(t.rows) < 2 {
		return nil
	}
	t.b = &bytes.Buffer{}
	t.line(strings.Repeat("-", t.style.Width))
	t.line("")
	t.table([]string{"Subject", "Score", "Range", "Gate", "Worst"}, t.rows)
	_, err := t.w.Write(t.b.Bytes())
	return err
}

func overviewRow(r *Report) []string {
	worst := "nothing"
	if failed := failures(r); len(failed) > 0 && failed[0].Severity != checks.Info {
		worst = failed[0].Check
	}
	return []string{
		printable(r.Subject.Label()), fmt.Sprintf("%d %s", r.Score.Value, gradeMark(r)), scoreRange(r), gateWord(r), worst,
	}
}

// scoreRange is empty where all is known.
func scoreRange(r *Report) string {
	if r.Score.Low == r.Score.High {
		return ""
	}
	return fmt.Sprintf("%d..%d", r.Score.Low, r.Score.High)
}

func (t *tableWriter) head(r *Report) {
	t.line(t.paint(color.Bold, printable(r.Subject.Label())))
	about := "profile " + r.Profile + ", " + r.At.Format("2006-01-02 15:04 MST")
	if r.Subject.Kind == checks.Message && r.Subject.Domain != "" {
		about = "from " + printable(r.Subject.Domain) + ", " + about
	}
	t.field("about", about)
	t.field("score", t.scoreLine(r))
	t.field("gate", t.gateLine(r))
	for _, o := range r.Opinions {
		t.field("filter", o.text())
	}
	t.line("")
}

func (t *tableWriter) scoreLine(r *Report) string {
	if r.Score.Evaluated == 0 && r.Score.Applicable > 0 {
		return fmt.Sprintf("not known, between %d and %d; none of %d checks came to an answer", r.Score.Low, r.Score.High, r.Score.Applicable)
	}
	s := fmt.Sprintf("%d of 100, grade %s", r.Score.Value, gradeMark(r))
	if r.Score.Low != r.Score.High {
		s += fmt.Sprintf("; between %d and %d once all is known", r.Score.Low, r.Score.High)
	}
	return s + fmt.Sprintf("; %d of %d checks came to an answer", r.Score.Evaluated, r.Score.Applicable)
}

// gradeMark is the grade, with a question mark while the range spans two.
func gradeMark(r *Report) string {
	if verdict.Grade(r.Score.Low) != r.Score.Grade {
		return r.Score.Grade + "?"
	}
	return r.Score.Grade
}

func gateWord(r *Report) string {
	switch {
	case r.Gate.Met:
		return "met"
	case r.Gate.Undecided:
		return "undecided"
	default:
		return "not met"
	}
}

func (t *tableWriter) gateLine(r *Report) string {
	word := gateWord(r)
	paint := map[string]color.Attribute{"met": color.FgGreen, "undecided": color.FgYellow, "not met": color.FgRed}[word]
	line := t.paint(paint, word)
	switch n := len(r.Gate.Reasons); {
	case r.Gate.Undecided:
		line += fmt.Sprintf(": %s that could break it could not be answered, see below", count(n, "check"))
	case n > reasonsShown:
		line += ": " + printable(strings.Join(r.Gate.Reasons[:reasonsShown], "; ")) + fmt.Sprintf("; and %d more", n-reasonsShown)
	case n > 0:
		line += ": " + printable(strings.Join(r.Gate.Reasons, "; "))
	}
	return line
}

// reasonsShown is how many reasons fit before the findings say the same.
const reasonsShown = 5

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// failures returns the failed results, what to mend first at the top.
func failures(r *Report) []Result {
	failed := withOutcome(r, checks.OutcomeFail)
	slices.SortStableFunc(failed, func(a, b Result) int {
		return cmp.Or(a.Severity.Compare(b.Severity), cmp.Compare(b.Points, a.Points), cmp.Compare(a.Check, b.Check))
	})
	return failed
}

func withOutcome(r *Report, outcomes ...checks.Outcome) []Result {
	var results []Result
	for _, result := range r.Results {
		if slices.Contains(outcomes, result.Outcome) {
			results = append(results, result)
		}
	}
	return results
}

func (t *tableWriter) findings(r *Report) {
	failed := failures(r)
	if len(failed) == 0 && r.Score.Evaluated == 0 && r.Score.Applicable > 0 {
		return // nothing could be checked, as the score says
	}
	if len(failed) == 0 {
		t.line("Nothing to mend among what could be checked.")
		t.line("")
		return
	}
	t.line(t.paint(color.Bold, "What to mend, worst first"))
	t.line("")
	for _, result := range failed {
		t.finding(result)
	}
}

var symbols = map[checks.Severity]string{
	checks.Blocker: "✖", checks.High: "✖", checks.Medium: "▲", checks.Low: "•", checks.Info: "i",
}

var severityColors = map[checks.Severity]color.Attribute{
	checks.Blocker: color.FgHiRed, checks.High: color.FgRed, checks.Medium: color.FgYellow, checks.Low: color.FgCyan, checks.Info: color.FgBlue,
}

func (t *tableWriter) finding(result Result) {
	mark := string(result.Severity)
	if t.style.Color {
		mark = symbols[result.Severity] + " " + mark
	}
	points := ""
	if result.Points > 0 {
		points = fmt.Sprintf(" -%d", result.Points)
	}
	title := t.paint(severityColors[result.Severity], mark+points) + "  " + t.paint(color.Bold, result.Check)
	if result.Waived != nil {
		title += fmt.Sprintf("  (waived until %s: %s)", result.Waived.Until, printable(result.Waived.Reason))
	}
	t.line(title)
	for _, f := range result.Findings {
		t.text(2, printable(f.Message))
		t.field("at", printable(f.Where))
		for _, e := range f.Evidence {
			t.field("seen", printable(e.Source)+"  "+shorten(printable(e.Text)))
		}
		if f.Record != "" {
			t.line("  " + pad("publish") + printable(f.Record)) // not wrapped: it is to be copied
		}
	}
	for _, u := range result.Unknown {
		t.field("unknown", printable(u.Where+": "+u.Reason))
	}
	t.field("why", result.Why)
	t.field("fix", result.Fix)
	t.field("see", strings.Join(result.Refs, ", "))
	t.line("")
}

func (t *tableWriter) unknown(r *Report) {
	results := withOutcome(r, checks.OutcomeInconclusive, checks.OutcomeBroken)
	if len(results) == 0 {
		return
	}
	t.line(t.paint(color.Bold, "What could not be found out"))
	t.line("")
	for _, group := range byReason(results) {
		t.text(2, printable(group.reason))
		t.text(6, strings.Join(group.checks, ", "))
	}
	t.line("")
}

// A reasonGroup is the checks that one thing kept from an answer: a name server
// that is silent silences many.
type reasonGroup struct {
	reason string
	checks []string
}

func byReason(results []Result) []reasonGroup {
	var groups []reasonGroup
	for _, result := range results {
		for _, reason := range reasonsOf(result) {
			i := slices.IndexFunc(groups, func(g reasonGroup) bool { return g.reason == reason })
			if i < 0 {
				i = len(groups)
				groups = append(groups, reasonGroup{reason: reason})
			}
			groups[i].checks = append(groups[i].checks, result.Check+" ("+string(result.Severity)+")")
		}
	}
	return groups
}

func reasonsOf(result Result) []string {
	if result.Outcome == checks.OutcomeBroken {
		return []string{"a bug in postmuster, please report it: " + shorten(result.Reason)}
	}
	if len(result.Unknown) == 0 {
		return []string{shorten(result.Reason)}
	}
	reasons := make([]string, len(result.Unknown))
	for i, u := range result.Unknown {
		reasons[i] = u.Where + ": " + u.Reason
	}
	return reasons
}

func (t *tableWriter) ledger(r *Report) {
	var rows [][]string
	total := 0
	for _, c := range r.Score.Categories {
		if c.Off == 0 {
			continue
		}
		total += c.Off
		rows = append(rows, []string{c.Name, fmt.Sprintf("-%d", c.Off), fmt.Sprint(c.Cap), strings.Join(costly(r, c.Name), ", ")})
	}
	if len(rows) == 0 {
		return
	}
	rows = append(rows, []string{"together", fmt.Sprintf("-%d", total), "", capNote(r, total)})
	t.table([]string{"Category", "Off", "At most", "Checks"}, rows)
	t.line("")
}

// providers says what the mailbox providers would make of it.
func (t *tableWriter) providers(r *Report) {
	var rows [][]string
	var names []string
	pass := true
	for _, p := range r.Providers {
		if !p.Decided() {
			continue
		}
		names = append(names, p.Name)
		rows = append(rows, []string{p.Name, p.Verdict, strings.Join(shortcomings(p), "; ")})
		pass = pass && p.Verdict == verdict.ProviderPass
	}
	switch {
	case len(names) == 0:
		return
	case pass:
		t.text(0, "Meets what can be checked of the requirements of "+strings.Join(names, ", ")+".")
	default:
		t.table([]string{"Provider", "Verdict", "Because of"}, rows)
	}
	t.line("")
}

// shortcomings are the requirements that are not met, or else those of which it
// is not known.
func shortcomings(p verdict.Provider) []string {
	state := verdict.NotMet
	if p.Verdict != verdict.ProviderFail {
		state = verdict.Unknown
	}
	var texts []string
	for _, r := range p.Requirements {
		if r.State != state || len(r.Checks) == 0 {
			continue
		}
		text := r.Title
		if r.Reply != "" {
			text += " (" + r.Reply + ")"
		}
		texts = append(texts, text)
	}
	return texts
}

// capNote explains a score that is not 100 less the points off.
func capNote(r *Report, total int) string {
	if left := max(0, 100-total); r.Score.Value < left {
		return fmt.Sprintf("%d are left; a blocker caps the score at %d", left, r.Score.Value)
	}
	return ""
}

func costly(r *Report, category string) []string {
	var ids []string
	for _, result := range withOutcome(r, checks.OutcomeFail) {
		if result.Category == category && result.Points > 0 {
			ids = append(ids, fmt.Sprintf("%s -%d", result.Check, result.Points))
		}
	}
	return ids
}

func (t *tableWriter) passed(r *Report) {
	for _, group := range []struct {
		label   string
		outcome checks.Outcome
	}{{"Passed", checks.OutcomePass}, {"Does not apply", checks.OutcomeSkip}} {
		results := withOutcome(r, group.outcome)
		if len(results) == 0 {
			continue
		}
		ids := make([]string, len(results))
		for i, result := range results {
			ids[i] = result.Check
		}
		t.text(0, fmt.Sprintf("%s (%d): %s", group.label, len(ids), strings.Join(ids, ", ")))
	}
	t.line("")
}

func (t *tableWriter) table(header []string, rows [][]string) {
	_ = Table(t.b, t.style, header, rows) // into a buffer
}

// field writes "  label    text" with the text wrapped beside its label.
func (t *tableWriter) field(label, text string) {
	lines := wrap(text, t.style.Width-2-labelWidth)
	for i, line := range lines {
		if i > 0 {
			label = ""
		}
		t.line("  " + pad(label) + line)
	}
}

func pad(label string) string { return fmt.Sprintf("%-*s", labelWidth, label) }

func (t *tableWriter) text(indent int, text string) {
	for i, line := range wrap(text, t.style.Width-indent-2) {
		if i > 0 {
			line = "  " + line
		}
		t.line(strings.Repeat(" ", indent) + line)
	}
}

func (t *tableWriter) line(s string) { t.b.WriteString(strings.TrimRight(s, " ") + "\n") }

func (t *tableWriter) paint(a color.Attribute, s string) string {
	if !t.style.Color {
		return s
	}
	c := color.New(a)
	c.EnableColor() // the style decides, not the library's look at standard output
	return c.Sprint(s)
}
