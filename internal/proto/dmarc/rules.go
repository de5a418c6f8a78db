package dmarc

import "fmt"

// rank orders policies by strength; -1 is none of them.
func (p Policy) rank() int {
	switch p {
	case PolicyNone:
		return 0
	case PolicyQuarantine:
		return 1
	case PolicyReject:
		return 2
	default:
		return -1
	}
}

// together judges what only several tags tell.
func (p *parser) together() {
	p.checkPolicyMissing()
	p.checkPolicyOrder()
	p.checkWeaker("sp", p.record.SP, "p", p.record.P)
	subdomains, source := p.record.PolicyFor(SourceSP)
	p.checkWeaker("np", p.record.NP, string(source), subdomains)
	p.checkReports()
	if t, ok := p.record.Tag("t"); ok && p.record.Testing {
		p.issue(CodeTesting, SeverityInfo, "t", t.Position, "t=y: receivers apply the policy one step lower")
	}
	p.checkPSD()
}

func (p *parser) checkPolicyMissing() {
	if p.seen["p"] {
		return
	}
	if p.record.hasValidRUA() { // RFC 9989 §4.7: p is RECOMMENDED
		p.issue(CodePolicyMissing, SeverityWarning, "p", len(p.record.Text), "no p: receivers act as if it were p=none")
		return
	}
	p.issue(CodePolicyMissing, SeverityError, "p", len(p.record.Text),
		"no p: without a valid rua receivers apply no DMARC (RFC 9989 §4.10.1), although §4.7 speaks of p=none")
}

func (p *parser) checkPolicyOrder() {
	if t, ok := p.record.Tag("p"); ok && p.record.Valid && p.record.Tags[1].Position != t.Position {
		p.issue(CodePolicyOrder, SeverityInfo, "p", t.Position, "receivers of RFC 7489 may want p directly after v")
	}
}

func (p *parser) checkWeaker(name string, policy Policy, than string, other Policy) {
	if t, ok := p.record.Tag(name); ok && policy != "" && policy.rank() < other.rank() {
		p.issue(CodePolicyWeaker, SeverityWarning, name, t.Position, fmt.Sprintf("%s=%s is weaker than %s=%s", name, policy, than, other))
	}
}

func (p *parser) checkReports() {
	if !p.seen["rua"] {
		p.issue(CodeNoRUA, SeverityInfo, "rua", len(p.record.Text), "no rua: nobody sends aggregate reports")
	}
	if t, ok := p.record.Tag("fo"); ok && !p.seen["ruf"] {
		p.record.FO = nil
		p.issue(CodeFOWithoutRUF, SeverityWarning, "fo", t.Position, "fo is ignored without ruf")
	}
}

func (p *parser) checkPSD() {
	t, ok := p.record.Tag("psd")
	if !ok {
		return
	}
	switch p.record.PSD {
	case PSDYes:
		p.issue(CodePSD, SeverityInfo, "psd", t.Position, "psd=y: this is a public suffix, and each name below it an organization of its own")
	case PSDNo:
		p.issue(CodePSD, SeverityInfo, "psd", t.Position, "psd=n: this is an organizational domain, whatever is published above it")
	}
}
