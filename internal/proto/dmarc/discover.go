package dmarc

import (
	"context"
	"strings"

	"github.com/postmuster/postmuster/internal/dns"
)

// Location says whose record gives the policy (RFC 9989 §4.10.1).
type Location string

// The places where a policy may be found, in the order of preference.
const (
	AtAuthor    Location = "author domain"
	AtOrgDomain Location = "organizational domain"
	AtPSD       Location = "public suffix domain"
)

// Existence tells whether the author domain exists. Only NXDOMAIN means that
// it does not (RFC 8020); empty when nothing depends on it.
type Existence string

// What may be known about a domain's existence.
const (
	Exists           Existence = "yes"
	ExistsNot        Existence = "no"
	ExistenceUnknown Existence = "unknown"
)

// A Discovery is the policy that applies to mail from an author domain.
type Discovery struct {
	AuthorDomain string `json:"author_domain"`
	// Result is none, permerror or temperror when no policy can be applied;
	// empty when one can.
	Result Result `json:"result,omitempty"`
	Reason string `json:"reason,omitempty"` // explains Result, or a policy that is not as written

	OrgDomain    string    `json:"org_domain"`
	RecordDomain string    `json:"record_domain,omitempty"`
	Location     Location  `json:"location,omitempty"`
	Record       *Record   `json:"record,omitempty"`
	Issues       []Issue   `json:"issues,omitempty"`
	Exists       Existence `json:"exists,omitempty"`

	Policy          Policy `json:"policy,omitempty"`
	PolicySource    Source `json:"policy_source,omitempty"`
	EffectivePolicy Policy `json:"effective_policy,omitempty"` // after t=y

	Walk    TreeWalk `json:"walk"`
	Queries []Query  `json:"queries"`
	PSL     PSL      `json:"psl"`
}

// Discover finds the policy for mail from a domain.
func Discover(ctx context.Context, r dns.Resolver, authorDomain string) Discovery {
	return newAsker(r).discover(ctx, authorDomain)
}

func (a *asker) discover(ctx context.Context, authorDomain string) Discovery {
	author, err := canonicalDomain(authorDomain)
	if err != nil {
		// RFC 8601 §2.7.1 has none also where there is no author domain.
		return Discovery{AuthorDomain: authorDomain, Result: ResultNone, Reason: "the author domain is " + err.Error(),
			Walk: TreeWalk{Start: authorDomain, Error: err.Error(), Err: err}, Queries: []Query{}, PSL: PSL{Result: ResultNone, DKIMAligned: []string{}}}
	}
	d := Discovery{AuthorDomain: author, Walk: a.walk(ctx, author)}
	d.OrgDomain = d.Walk.OrgDomain
	if d.locate() {
		a.applyRecord(ctx, &d)
	}
	d.PSL = a.discoverPSL(ctx, author)
	d.PSL.compare(&d)
	d.PSL.differ("result", d.Result != d.PSL.Result)
	d.Queries = a.queries
	return d
}

// locate finds the record that gives the policy: the author domain's, the
// organizational domain's or the public suffix domain's, and none between.
func (d *Discovery) locate() bool {
	if step, ok := d.Walk.at(d.AuthorDomain); ok && step.Record != nil {
		return d.use(step, AtAuthor)
	}
	if d.Walk.Err != nil {
		d.Result, d.Reason = ResultTempError, d.Walk.Error
		return false
	}
	if step, ok := d.Walk.at(d.OrgDomain); ok && step.Record != nil {
		return d.use(step, AtOrgDomain)
	}
	if step, ok := d.Walk.psd(); ok {
		return d.use(step, AtPSD)
	}
	d.Result, d.Reason = ResultNone, d.Walk.whyNone()
	return false
}

// whyNone says why a walk found no record; records that do not count are not
// the same as none to who published them.
func (w TreeWalk) whyNone() string {
	var leftOut []string
	for _, s := range w.Steps {
		if len(s.Dropped) > 0 {
			leftOut = append(leftOut, s.Name)
		}
	}
	if len(leftOut) == 0 {
		return "the tree walk found no record"
	}
	return "the tree walk found no record that counts; left out is what stands at " + strings.Join(leftOut, ", ")
}

func (d *Discovery) use(s Step, at Location) bool {
	d.RecordDomain, d.Location, d.Record, d.Issues = s.Domain, at, s.Record, s.Issues
	return true
}

// applyRecord takes the policy from the record.
func (a *asker) applyRecord(ctx context.Context, d *Discovery) {
	usable, asWritten := d.Record.Usable()
	if !usable {
		d.Result = ResultPermError
		d.Reason = "p, sp or np is missing or invalid, and there is no valid rua: DMARC is not applied (RFC 9989 §4.10.1)"
		return
	}
	if asWritten {
		a.choosePolicy(ctx, d)
	} else {
		d.Policy, d.PolicySource = PolicyNone, SourceP
		d.Reason = "p, sp or np is missing or invalid: receivers act as if it were p=none (RFC 9989 §4.10.1)"
	}
	d.EffectivePolicy = d.Policy
	if d.Record.Testing {
		d.EffectivePolicy = d.Policy.Testing()
	}
}

func (a *asker) choosePolicy(ctx context.Context, d *Discovery) {
	source := SourceSP
	if d.Location == AtAuthor {
		source = SourceP
	} else if d.Record.NP != "" {
		var why string
		d.Exists, why = a.exists(ctx, d.AuthorDomain)
		sp, _ := d.Record.PolicyFor(SourceSP)
		switch {
		case d.Exists == ExistsNot:
			source = SourceNP
		case d.Exists == ExistenceUnknown && sp != d.Record.NP:
			d.Result, d.Reason = ResultTempError, "np or sp may apply: "+why
			return
		}
	}
	d.Policy, d.PolicySource = d.Record.PolicyFor(source)
}

// exists asks whether a domain exists: it does not if the answer is NXDOMAIN
// and says so of this name, not of one that a CNAME leads to.
func (a *asker) exists(ctx context.Context, domain string) (Existence, string) {
	for _, q := range []dns.Question{
		{Name: "_dmarc." + domain, Type: dns.TypeTXT}, // asked already; anything there proves that the domain exists
		{Name: domain, Type: dns.TypeMX},
	} {
		found := a.ask(ctx, q)
		switch {
		case found.err != nil:
			return ExistenceUnknown, "query " + q.String() + ": " + found.query.Error
		case found.answer != nil && (found.answer.Rcode != dns.RcodeNXDomain || len(found.answer.Records) > 0):
			return Exists, ""
		}
	}
	return ExistsNot, ""
}
