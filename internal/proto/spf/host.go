package spf

import (
	"context"
	"fmt"

	"github.com/postmuster/postmuster/internal/dns"
)

// A verdict is what check_host() says about one domain.
type verdict struct {
	result  Result
	reason  string
	err     error // of a temperror
	matched *Term // the mechanism that decided

	domain string  // whose record decided: behind redirects, the last
	record *Record // that record

	first   string // the record of the domain asked for
	steps   []Step // with Checker.Trace
	fetched int    // questions asked when that record was there
	void    bool   // there is no such name, or it has no TXT records
}

// checkHost is check_host() of RFC 7208 §4 for a domain. It calls itself for
// include and redirect; the limit on lookups ends every loop.
func (s *session) checkHost(ctx context.Context, domain string) verdict {
	v := s.fetch(ctx, domain)
	if v.record == nil {
		return v
	}
	if !v.record.Valid() {
		issue := v.record.Issues[0]
		v.result = ResultPermError
		v.reason = fmt.Sprintf("the record of %s is invalid at octet %d: %s", domain, issue.Position, issue.Message)
		return v
	}
	s.evaluate(ctx, &v)
	return v
}

// fetch finds the one policy of a domain (RFC 7208 §4.3 to §4.5).
func (s *session) fetch(ctx context.Context, domain string) verdict {
	v := verdict{domain: domain, result: ResultNone}
	if v.fetched = len(s.queries); !isFQDN(domain) {
		v.reason = fmt.Sprintf("%q is not a domain that can have a policy", domain)
		return v
	}
	answer, err := s.ask(ctx, questionName(domain), dns.TypeTXT)
	v.fetched = len(s.queries)
	if err != nil && !dns.IsBadName(err) {
		v.result, v.err = ResultTempError, err
		v.reason = "the policy of " + domain + " could not be looked up: " + reasonOf(err)
		return v
	}
	v.reason = domain + " publishes no policy"
	if err != nil {
		return v
	}
	text, n := "", 0
	matching := answer.Matching()
	for _, r := range matching {
		if txt, ok := r.Data.(dns.TXT); ok && isRecordData(txt) {
			text = txt.Text()
			n++
		}
	}
	v.void = len(matching) == 0
	switch n {
	case 0:
	case 1:
		v.record, v.first = Parse(text), text
	default:
		v.result = ResultPermError
		v.reason = fmt.Sprintf("%s publishes %d policies", domain, n)
	}
	return v
}

// isRecordData is IsRecord without joining the strings of other records.
func isRecordData(txt dns.TXT) bool {
	if len(txt.Strings) == 1 {
		return IsRecord(txt.Strings[0])
	}
	return IsRecord(txt.Text())
}

// evaluate goes through the terms of a valid record (RFC 7208 §4.6).
func (s *session) evaluate(ctx context.Context, v *verdict) {
	var scratch Step
	for i := range v.record.Terms {
		t := &v.record.Terms[i]
		if !t.Kind.Mechanism() {
			continue
		}
		f := s.visit(ctx, v.domain, t, s.step(v, t, &scratch))
		switch f.outcome {
		case OutcomeMatch:
			v.result, v.matched = t.Qualifier.Result(), t
			v.reason = t.Text + " matches"
			return
		case OutcomeTempError:
			v.result, v.reason, v.err = ResultTempError, f.reason, f.err
			return
		case OutcomePermError:
			v.result, v.reason = ResultPermError, f.reason
			return
		}
	}
	if t := v.record.Redirect(); t != nil {
		s.redirect(ctx, v, t, s.step(v, t, &scratch))
		return
	}
	v.result, v.reason = ResultNeutral, "no mechanism matches" // RFC 7208 §4.7
}

// step returns where to note the visit of a term: in the trace if there is one,
// else on scratch.
func (s *session) step(v *verdict, t *Term, scratch *Step) *Step {
	if !s.checker.Trace {
		*scratch = newStep(v.domain, t)
		return scratch
	}
	if v.steps == nil {
		v.steps = make([]Step, 0, len(v.record.Terms)) // never grows, so that its elements stay where they are
	}
	v.steps = append(v.steps, newStep(v.domain, t))
	return &v.steps[len(v.steps)-1]
}

func newStep(domain string, t *Term) Step {
	return Step{Domain: domain, Term: t.Text, Position: t.Position}
}

// A finding is what a mechanism says about the client.
type finding struct {
	outcome Outcome
	reason  string
	err     error
	void    bool // a question found nothing
	inner   int  // of include: questions asked before the target's terms
}

// visit evaluates one mechanism and counts what it costs (RFC 7208 §4.6.4).
func (s *session) visit(ctx context.Context, domain string, t *Term, step *Step) finding {
	asked := len(s.queries)
	f, ok := s.spend(t, step)
	if ok {
		f = s.match(ctx, domain, t, step)
		f = s.countVoid(f, step)
	}
	end := len(s.queries)
	if t.Kind == KindInclude && ok {
		end = f.inner
	}
	step.Queries = s.kept(asked, end)
	step.Outcome, step.Reason = f.outcome, f.reason
	return f
}

// kept returns the questions of a range that was asked; none without Checker.Trace.
func (s *session) kept(from, to int) []Query { return s.queries[from:to:to] }

// spend takes a term that asks the DNS out of the ten.
func (s *session) spend(t *Term, step *Step) (finding, bool) {
	if !t.Kind.Queries() {
		return finding{}, true
	}
	s.eval.Lookups++
	step.Lookup = s.eval.Lookups
	if s.eval.Lookups > s.limits.Lookups {
		return finding{outcome: OutcomePermError, reason: fmt.Sprintf("%s of %s is one more than the %d terms that may ask the DNS",
			t.Text, step.Domain, s.limits.Lookups)}, false
	}
	return finding{}, true
}

// countVoid counts a term whose questions found nothing, once.
func (s *session) countVoid(f finding, step *Step) finding {
	if !f.void {
		return f
	}
	s.eval.VoidLookups++
	step.Void = true
	if s.eval.VoidLookups > s.limits.VoidLookups {
		return finding{outcome: OutcomePermError, reason: fmt.Sprintf("%s of %s is one more than the %d terms that may find nothing",
			step.Term, step.Domain, s.limits.VoidLookups), inner: f.inner}
	}
	return f
}

// redirect replaces the result with that of another domain (RFC 7208 §6.1).
func (s *session) redirect(ctx context.Context, v *verdict, t *Term, step *Step) {
	first, steps := v.first, v.steps
	asked := len(s.queries)
	if f, ok := s.spend(t, step); !ok {
		v.result, v.reason = ResultPermError, f.reason
	} else {
		step.Target, _ = s.target(ctx, v.domain, t)
		*v = s.checkHost(ctx, step.Target)
		if v.void {
			s.eval.VoidLookups++
			step.Void = true
		}
		step.Record, step.Result, step.Steps = v.first, v.result, v.steps
		step.Queries = s.kept(asked, v.fetched)
		if v.result == ResultNone {
			v.result = ResultPermError
			v.reason = step.Target + " gives none: " + v.reason
		}
	}
	step.Outcome, step.Reason = OutcomeRedirect, v.reason
	if v.result == ResultPermError || v.result == ResultTempError {
		step.Outcome = Outcome(v.result)
	}
	v.first, v.steps = first, steps
}

// target returns the domain that a term is about, expanded (RFC 7208 §7.3); false
// if no question can be asked about it.
func (s *session) target(ctx context.Context, domain string, t *Term) (string, bool) {
	if t.Domain.Text == "" {
		return domain, true
	}
	if t.Domain.parts == nil {
		name := fitName(t.Domain.Text)
		return name, askable(name)
	}
	name, ok := t.Domain.expand(func(letter byte) string { return s.value(ctx, domain, letter) })
	name = fitName(name)
	return name, ok && askable(name)
}
