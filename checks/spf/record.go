package spf

import (
	"fmt"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/checks/fact"
	"github.com/postmuster/postmuster/checks/facts"
	"github.com/postmuster/postmuster/internal/dns"
	"github.com/postmuster/postmuster/internal/proto/spf"
)

var _ = suite.Add(&checks.Check{
	ID:       "spf-present",
	Title:    "The domain publishes an SPF record",
	Why:      "Gmail, Yahoo and Microsoft ask every sender for SPF; without a record their mail is deferred, junked or refused.",
	Fix:      "Publish one TXT record at the domain that names every host that sends for it, and ends in ~all or -all. A domain that sends nothing publishes v=spf1 -all.",
	Refs:     []string{"RFC 7208 §3", "https://support.google.com/mail/answer/81126"},
	Category: category, Scope: checks.Domain, Severity: checks.High, Points: 12,
	Needs: []fact.Key{facts.SPFRecords, facts.Exists, facts.TXT},
	Eval: func(p *checks.Pass) {
		if !facts.Exists.Of(p.View) {
			p.Skipf("the domain does not exist")
			return
		}
		if len(facts.SPFRecords.Of(p.View)) > 0 {
			return
		}
		answer := facts.TXT.Of(p.View)
		finding := checks.Finding{Where: where(p.Subject.Domain), Message: "no TXT record begins with v=spf1"}
		finding.Evidence = checks.Seen(dns.Absolute(p.Subject.Domain)+" TXT", answer.TXTs()...)
		if len(answer.TXTs()) == 0 {
			finding.Evidence = checks.Seen(dns.Absolute(p.Subject.Domain)+" TXT", string(answer.Status()))
		}
		p.Report(finding)
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "spf-multiple-records",
	Title:    "A domain publishes at most one SPF record",
	Why:      "Receivers that find two must return permerror, and so treat no mail as authorised.",
	Fix:      "Merge the records into one, keeping a single v=spf1 and a single all mechanism.",
	Refs:     []string{"RFC 7208 §3.2", "RFC 7208 §4.5"},
	Category: category, Scope: checks.Domain, Severity: checks.High, Points: 12,
	Needs: []fact.Key{facts.SPFRecords},
	Eval: func(p *checks.Pass) {
		records := facts.SPFRecords.Of(p.View)
		if len(records) == 0 {
			p.Skipf("no SPF record") // spf-present asks for one
			return
		}
		if len(records) > 1 {
			p.Report(checks.Finding{
				Where:    where(p.Subject.Domain),
				Message:  "more than one record begins with v=spf1",
				Evidence: checks.Seen(dns.Absolute(p.Subject.Domain)+" TXT", records...),
			})
		}
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "spf-syntax",
	Title:    "The SPF record can be read to its end",
	Why:      "A receiver that meets an error in the record returns permerror, also when a term before it matches, and so treats no mail as authorised.",
	Fix:      "Correct the term at the place shown, or take it out.",
	Refs:     []string{"RFC 7208 §4.6", "RFC 7208 §12"},
	Category: category, Scope: checks.Domain, Severity: checks.High, Points: 12,
	Needs: []fact.Key{facts.SPFRecords},
	Eval: func(p *checks.Pass) {
		records := facts.SPFRecords.Of(p.View)
		if len(records) == 0 {
			p.Skipf("no SPF record")
			return
		}
		for _, text := range records {
			for _, issue := range spf.Parse(text).Issues {
				p.Report(checks.Finding{
					Where:    fmt.Sprintf("%s@%d", where(p.Subject.Domain), issue.Position),
					Message:  issue.Message,
					Evidence: checks.Seen(dns.Absolute(p.Subject.Domain)+" TXT", text),
				})
			}
		}
	},
})
