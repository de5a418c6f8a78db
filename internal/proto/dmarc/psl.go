package dmarc

import (
	"context"

	"golang.org/x/net/publicsuffix"
)

// PSL is what a receiver that follows RFC 7489 with the public suffix list
// concludes. It knows neither np nor t, and heeds pct.
type PSL struct {
	OrgDomain    string `json:"org_domain"`
	Result       Result `json:"result,omitempty"`
	Reason       string `json:"reason,omitempty"`
	RecordDomain string `json:"record_domain,omitempty"`
	Policy       Policy `json:"policy,omitempty"`
	PolicySource Source `json:"policy_source,omitempty"`
	// Percent is the share of failing mail to which the policy applies.
	Percent     int      `json:"pct,omitempty"`
	SPFAligned  bool     `json:"spf_aligned"`
	DKIMAligned []string `json:"dkim_aligned"`

	Differs     bool     `json:"differs"`
	Differences []string `json:"differences,omitempty"` // "organizational domain", "record", "policy", "alignment", "result"

	record *Record
}

// PSLOrgDomain returns the organizational domain of RFC 7489 §3.2: one label
// more than the public suffix, or the name itself if it is a public suffix.
func PSLOrgDomain(domain string) string {
	canonical, err := canonicalDomain(domain)
	if err != nil {
		return domain
	}
	if org, err := publicsuffix.EffectiveTLDPlusOne(canonical); err == nil {
		return org
	}
	return canonical
}

// discoverPSL finds the policy by RFC 7489 §6.6.3.
func (a *asker) discoverPSL(ctx context.Context, author string) PSL {
	p := PSL{OrgDomain: PSLOrgDomain(author), DKIMAligned: []string{}}
	source := SourceP
	step := a.step(ctx, author)
	if step.Err == nil && step.Record == nil && !step.several() && p.OrgDomain != author {
		step, source = a.step(ctx, p.OrgDomain), SourceSP
	}
	switch {
	case step.Err != nil:
		p.Result, p.Reason = ResultTempError, "query "+step.Name+" TXT: "+step.Error
	case step.Record == nil:
		p.Result, p.Reason = ResultNone, "no usable record at the author domain or its organizational domain"
	default:
		p.RecordDomain = step.Domain
		p.apply(step.Record, source)
	}
	return p
}

// several reports that more than one DMARC record was found, which ends the
// discovery of RFC 7489.
func (s Step) several() bool {
	n := 0
	for _, d := range s.Dropped {
		if isDMARC(d.Text) {
			n++
		}
	}
	return n > 1
}

func (p *PSL) apply(record *Record, source Source) {
	p.record = record
	usable, asWritten := record.usable(SourceSP) // np is unknown to RFC 7489
	switch {
	case !usable:
		p.Result, p.Reason = ResultPermError, "p or sp is invalid, and there is no valid rua"
	case !asWritten:
		p.Policy, p.PolicySource = PolicyNone, SourceP
	default:
		p.Policy, p.PolicySource = record.PolicyFor(source)
	}
	p.Percent = record.Percent
}

// align tells whether a domain is aligned by RFC 7489 §3.1.
func (p *PSL) align(author, domain string, mode Mode) bool {
	domain, err := canonicalDomain(domain)
	if err != nil {
		return false
	}
	return domain == author || mode == ModeRelaxed && PSLOrgDomain(domain) == p.OrgDomain
}

// differ notes a difference.
func (p *PSL) differ(what string, differs bool) {
	if differs {
		p.Differs = true
		p.Differences = append(p.Differences, what)
	}
}

// compare notes how the policy differs from that of RFC 9989. Where neither
// finds a record, the organizational domain is of no consequence.
func (p *PSL) compare(d *Discovery) {
	if d.Result == ResultNone && p.Result == ResultNone {
		return
	}
	p.differ("organizational domain", d.OrgDomain != "" && d.OrgDomain != p.OrgDomain)
	p.differ("record", d.RecordDomain != p.RecordDomain)
	sampled := p.Percent < 100 && p.Policy != "" && p.Policy != PolicyNone
	p.differ("policy", d.EffectivePolicy != p.Policy || sampled)
}
