package dmarc

import (
	"context"
	"slices"
	"strings"

	"github.com/postmuster/postmuster/internal/dns"
)

// An Auth is what one mechanism found: the result as RFC 8601 writes it, and
// the domain that it is about: MAIL FROM's for SPF, d= for DKIM.
type Auth struct {
	Result string `json:"result"`
	Domain string `json:"domain"`
}

// The results of mechanisms that DMARC tells apart (RFC 8601 §2.7); any other
// is a failure.
const (
	authPass      = "pass"
	authTempError = "temperror"
)

// An Input is what DMARC judges. SPF is that of MAIL FROM (or of
// postmaster@HELO for an empty one); the HELO identity does not count.
type Input struct {
	From string `json:"from"` // the author domain
	SPF  Auth   `json:"spf"`  // zero when there was none
	DKIM []Auth `json:"dkim"`
}

// An Evaluation is the DMARC result for a message, and how it came about.
type Evaluation struct {
	Result Result `json:"result"`
	Reason string `json:"reason"`

	RecordDomain    string `json:"record_domain"`
	Record          string `json:"record"`
	OrgDomain       string `json:"org_domain"`
	Policy          Policy `json:"policy"`
	PolicySource    Source `json:"policy_source"`
	EffectivePolicy Policy `json:"effective_policy"`

	SPFAligned  bool         `json:"spf_aligned"`  // SPF passed for an aligned domain
	DKIMAligned []string     `json:"dkim_aligned"` // the aligned domains with a signature that passed
	Identifiers []Identifier `json:"identifiers"`

	Queries []Query `json:"queries"`
	PSL     PSL     `json:"psl"`

	Discovery Discovery `json:"-"`
}

// Evaluate judges a message by RFC 9989 §5.3 and, beside it, by RFC 7489.
func Evaluate(ctx context.Context, r dns.Resolver, in Input) Evaluation {
	a := newAsker(r)
	d := a.discover(ctx, in.From)
	e := Evaluation{
		Discovery: d, Result: d.Result, Reason: d.Reason, OrgDomain: d.OrgDomain, RecordDomain: d.RecordDomain,
		Policy: d.Policy, PolicySource: d.PolicySource, EffectivePolicy: d.EffectivePolicy,
		DKIMAligned: []string{}, Identifiers: []Identifier{}, PSL: d.PSL,
	}
	if d.Record != nil {
		e.Record = d.Record.Text
	}
	if d.Record != nil && d.Result != ResultPermError {
		a.identify(ctx, &e, in)
		e.judge()
	}
	e.PSL.Differs, e.PSL.Differences = false, nil // of the discovery alone
	e.PSL.evaluate(d.AuthorDomain, in)
	e.PSL.compare(&d)
	e.PSL.differ("alignment", e.SPFAligned != e.PSL.SPFAligned || !slices.Equal(e.DKIMAligned, e.PSL.DKIMAligned))
	e.PSL.differ("result", e.Result != e.PSL.Result)
	e.Queries = a.queries
	if e.Queries == nil {
		e.Queries = []Query{}
	}
	return e
}

// identify finds the alignment of each identifier.
func (a *asker) identify(ctx context.Context, e *Evaluation, in Input) {
	record := e.Discovery.Record
	if in.SPF != (Auth{}) {
		id := a.align(ctx, &e.Discovery, in.SPF.Domain, record.ASPF)
		id.Method, id.Result = "spf", in.SPF.Result
		e.SPFAligned = id.passes()
		e.Identifiers = append(e.Identifiers, id)
	}
	for _, signature := range in.DKIM {
		id := a.align(ctx, &e.Discovery, signature.Domain, record.ADKIM)
		id.Method, id.Result = "dkim", signature.Result
		if id.passes() {
			e.DKIMAligned = appendNew(e.DKIMAligned, id.Domain)
		}
		e.Identifiers = append(e.Identifiers, id)
	}
}

// judge takes the result from the identifiers. If none passes, a failure is
// certain only if none of them could yet turn out to pass (RFC 9989 §5.3.2).
func (e *Evaluation) judge() {
	if e.SPFAligned || len(e.DKIMAligned) > 0 {
		e.Result = ResultPass
		return
	}
	for _, id := range e.Identifiers {
		passes := strings.EqualFold(id.Result, authPass)
		if (passes || strings.EqualFold(id.Result, authTempError)) && id.Alignment != NotAligned {
			e.Result = ResultTempError
			e.Reason = "the result of " + id.Method + " is " + authTempError
			if passes {
				e.Reason = "the alignment of " + id.Domain + " could not be found out: " + id.Reason
			}
			return
		}
	}
	if e.Result == "" {
		e.Result = ResultFail
	}
}

// evaluate judges the same message by RFC 7489 §6.6.2.
func (p *PSL) evaluate(author string, in Input) {
	if p.Result != "" {
		return
	}
	couldPass := false
	judge := func(auth Auth, mode Mode) (passes bool) {
		aligned := p.align(author, auth.Domain, mode)
		couldPass = couldPass || aligned && strings.EqualFold(auth.Result, authTempError)
		return aligned && strings.EqualFold(auth.Result, authPass)
	}
	p.SPFAligned = judge(in.SPF, p.record.ASPF)
	for _, signature := range in.DKIM {
		if judge(signature, p.record.ADKIM) {
			domain, _ := canonicalDomain(signature.Domain) // align has read it already
			p.DKIMAligned = appendNew(p.DKIMAligned, domain)
		}
	}
	switch {
	case p.SPFAligned || len(p.DKIMAligned) > 0:
		p.Result = ResultPass
	case couldPass:
		p.Result = ResultTempError
	default:
		p.Result = ResultFail
	}
}

func appendNew(list []string, s string) []string {
	if slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}
