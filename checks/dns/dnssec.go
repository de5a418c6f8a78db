package dns

import (
	"strings"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/checks/fact"
	"github.com/postmuster/postmuster/checks/facts"
	"github.com/postmuster/postmuster/internal/dns"
	"github.com/postmuster/postmuster/internal/proto/dnssec"
)

// unvalidated notes why an answer's security is not known. A resolver that does not
// validate is no mystery about the zone: nobody was asked who could tell. It returns
// false when the security is known.
func unvalidated(p *checks.Pass, r dnssec.Result) bool {
	switch {
	case r.Security != dnssec.Unknown:
		return false
	case r.NoValidator:
		p.Skipf("%s; %s", r.Reason, r.Advice)
	default:
		p.Unknownf(facts.Where(r.Name, r.Type), "%s", r.Reason)
	}
	return true
}

// refused is a finding about an answer that validators refuse.
func refused(r dnssec.Result) checks.Finding {
	return checks.Finding{
		Where:    facts.Where(r.Name, r.Type),
		Message:  "validating resolvers refuse the answer",
		Evidence: steps(r.Steps),
	}
}

// steps are the questions and answers as evidence.
func steps(steps []dnssec.Step) []checks.Evidence {
	var evidence []checks.Evidence
	for _, s := range steps {
		source := s.Question.String()
		if s.Question.CheckingDisabled {
			source += " (validation switched off)"
		}
		evidence = append(evidence, checks.Seen(source, s.Outcome)...)
	}
	return evidence
}

// broken are the issues with which no validator accepts the zone, where its parent
// makes validators demand signatures.
func broken(z *dnssec.Zone) []dnssec.Issue {
	if !z.Demands() {
		return nil
	}
	return z.Find(dnssec.CodeNoKeys, dnssec.CodeDSNone, dnssec.CodeDSUnsigned, dnssec.CodeNotSigned,
		dnssec.CodeExpired, dnssec.CodeNotYetValid)
}

// reportIssues reports what is wrong with a zone's records.
func reportIssues(p *checks.Pass, issues []dnssec.Issue) {
	for _, i := range issues {
		f := checks.Finding{Where: facts.Where(i.Owner, i.Type), Message: i.Message}
		if i.Record != "" {
			f.Evidence = checks.Seen(dns.Absolute(i.Owner)+" "+i.Type.String(), i.Record)
		}
		p.Report(f)
	}
}

var _ = suite.Add(&checks.Check{
	ID:    "dnssec-bogus",
	Title: "Validating resolvers accept the domain's records",
	Why: "To everybody behind a validating resolver, many mailbox providers among them, the domain does not answer at all: " +
		"its mail fails authentication or is refused, and mail to it is not delivered.",
	Fix: "Sign the zone again, and make the DS record at the registrar fit a key of the zone. " +
		"Where that takes long, remove the DS record: an unsigned domain works.",
	Refs:     []string{"RFC 4035 §5", "RFC 8914 §4"},
	Category: dnssecCategory, Scope: checks.Domain, Severity: checks.Blocker, Points: 5,
	Needs: []fact.Key{facts.DNSSEC, facts.SignedZone},
	Eval: func(p *checks.Pass) {
		r, zone := facts.DNSSEC.Of(p.View), facts.SignedZone.Of(p.View)
		if r.NoValidator && zone.Known(dns.TypeDS) && !zone.Delegated() {
			p.Skipf("there is no DS record: to validators the domain is not signed")
			return
		}
		if r.Security == dnssec.Bogus {
			p.Report(refused(r))
		}
		if r.Security == dnssec.Bogus || r.NoValidator {
			reportIssues(p, broken(zone)) // the cause; or without a validator what it would not accept
		}
		unvalidated(p, r)
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "dnssec-signed",
	Title:    "The domain is signed, and its parent vouches for it",
	Why:      "Without DNSSEC, who can forge DNS answers can lead the domain's mail elsewhere, and DANE cannot protect it.",
	Fix:      "Have the zone signed (most DNS providers do at a click), and give the DS record to the registrar.",
	Refs:     []string{"RFC 4033 §2", "RFC 7672 §2.2"},
	Category: dnssecCategory, Scope: checks.Domain, Severity: checks.Info,
	Needs: []fact.Key{facts.SignedZone},
	Eval: func(p *checks.Pass) {
		eachKnown(p, []dns.Type{dns.TypeDS}, func(z *dnssec.Zone) {
			if z.Known(dns.TypeDS) && !z.Delegated() {
				p.Report(checks.Finding{
					Where: facts.Where(z.Name, dns.TypeDS), Message: "the domain is not signed, or its parent does not vouch for it",
					Evidence: checks.Seen(dns.Absolute(z.Name)+" DS", "no record"),
				})
			}
		})
	},
})

// eachKnown calls f with the zone unless it does not exist or a question about it, of
// those about these types, was not answered.
func eachKnown(p *checks.Pass, types []dns.Type, f func(*dnssec.Zone)) {
	z := facts.SignedZone.Of(p.View)
	switch {
	case z.Absent:
		p.Skipf("the domain does not exist")
		return
	case z.Draft:
		p.Skipf("the records come from a zone file; signing them is left to the name server")
		return
	}
	for _, g := range z.Gaps {
		for _, t := range append(types, dns.TypeSOA) {
			if g.Question.Type == t {
				p.Unknownf(facts.Where(g.Question.Name, t), "%s", g.Reason)
			}
		}
	}
	if z.Name != "" {
		f(z)
	}
}

// judgeZone reports the issues of these codes in a signed zone whose parent vouches
// for it; to validators every other one is unsigned, whatever is in it.
func judgeZone(p *checks.Pass, types []dns.Type, codes ...dnssec.Code) {
	eachKnown(p, append(types, dns.TypeDS), func(z *dnssec.Zone) {
		if !z.Delegated() {
			p.Skipf("there is no DS record: to validators the domain is not signed")
			return
		}
		reportIssues(p, z.Find(codes...))
	})
}

// judgeSignatures is judgeZone for what only signatures can show.
func judgeSignatures(p *checks.Pass, codes ...dnssec.Code) {
	if z := facts.SignedZone.Of(p.View); z.Deaf() {
		p.Skipf("%s", lastReason(z))
		return
	}
	judgeZone(p, []dns.Type{dns.TypeDNSKEY, dns.TypeMX}, codes...)
}

func lastReason(z *dnssec.Zone) string {
	if len(z.Gaps) == 0 {
		return ""
	}
	return strings.TrimSpace(z.Gaps[len(z.Gaps)-1].Reason)
}
