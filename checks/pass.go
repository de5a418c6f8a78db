package checks

import (
	"fmt"

	"github.com/postmuster/postmuster/checks/fact"
)

// A Pass is the whole world of one check on one subject.
type Pass struct {
	View    *fact.View // what the facts' Of method reads
	Subject fact.Subject
	Options fact.Options

	result *Result
}

// NewPass returns a pass that writes into result.
func NewPass(view *fact.View, subject fact.Subject, options fact.Options, result *Result) *Pass {
	return &Pass{View: view, Subject: subject, Options: options, result: result}
}

// Report says what is wrong, once for each place.
func (p *Pass) Report(f Finding) { p.result.Findings = append(p.result.Findings, f) }

// Unknownf says that part of the question could not be answered: that MX timed
// out. The rest is judged all the same.
func (p *Pass) Unknownf(where, format string, args ...any) {
	p.result.Unknown = append(p.result.Unknown, Unknown{Where: where, Reason: fmt.Sprintf(format, args...)})
}

// Skipf says that the question does not arise, and why. It has no effect once
// something was reported.
func (p *Pass) Skipf(format string, args ...any) {
	p.result.skipped = true
	p.result.Reason = fmt.Sprintf(format, args...)
}

// A Finding is one thing that is wrong, with its evidence.
type Finding struct {
	// Where it is wrong: "dns:_dmarc.example.com/TXT", "smtp:mx1.example.com[192.0.2.1]:25",
	// "header:DKIM-Signature[2]", "part:1.2@8123".
	Where string `json:"where"`
	// Message is what is wrong here; lower case, no full stop, no advice.
	Message string `json:"message"`
	// Evidence is what was seen, verbatim.
	Evidence []Evidence `json:"evidence"`
	// Record is a corrected record to publish, where one can be computed.
	Record string `json:"record,omitempty"`
}

// Evidence is something that was seen, and where.
type Evidence struct {
	Source string `json:"source"` // "example.com. TXT"
	Text   string `json:"text"`
}

// Seen returns one piece of evidence for each text.
func Seen(source string, texts ...string) []Evidence {
	evidence := make([]Evidence, len(texts))
	for i, text := range texts {
		evidence[i] = Evidence{Source: source, Text: text}
	}
	return evidence
}

// Unknown is a part of a question that could not be answered.
type Unknown struct {
	Where  string `json:"where"`
	Reason string `json:"reason"`
}

// Outcome is what a check came to.
type Outcome string

// The outcomes.
const (
	OutcomePass         Outcome = "pass"
	OutcomeFail         Outcome = "fail"
	OutcomeSkip         Outcome = "skip"         // the question does not arise
	OutcomeInconclusive Outcome = "inconclusive" // it could not be found out
	OutcomeBroken       Outcome = "broken"       // our bug
)

// A Result is what one check came to on one subject.
type Result struct {
	Check    *Check
	Outcome  Outcome
	Reason   string // of skip, inconclusive and broken
	Findings []Finding
	Unknown  []Unknown

	skipped bool
}

// Settle works out the outcome from what the pass reported: fail if there is
// any finding, else inconclusive if anything was unknown, else skip, else pass.
func (r *Result) Settle() {
	switch {
	case len(r.Findings) > 0:
		r.Outcome, r.Reason = OutcomeFail, ""
	case len(r.Unknown) > 0:
		r.Outcome, r.Reason = OutcomeInconclusive, r.Unknown[0].Reason
	case r.skipped:
		r.Outcome = OutcomeSkip
	default:
		r.Outcome = OutcomePass
	}
}

// Off is the number of points that the result costs.
func (r *Result) Off() int {
	switch {
	case r.Outcome != OutcomeFail:
		return 0
	case r.Check.UpTo > 0:
		return min(r.Check.Points*len(r.Findings), r.Check.UpTo)
	default:
		return r.Check.Points
	}
}
