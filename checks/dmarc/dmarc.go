// Package dmarc checks the DMARC policy that applies to a domain's mail
// (RFC 9989), its own or that of a domain above it.
package dmarc

import (
	"fmt"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/checks/facts"
	"github.com/postmuster/postmuster/internal/dns"
	"github.com/postmuster/postmuster/internal/proto/dmarc"
)

const category = "dmarc"

var suite checks.Suite

// Checks returns the checks of this package.
func Checks() checks.Suite { return suite }

func recordName(domain string) string { return "_dmarc." + domain }

func where(domain string) string { return facts.Where(recordName(domain), dns.TypeTXT) }

func seen(d dmarc.Discovery) []checks.Evidence {
	return checks.Seen(dns.Absolute(recordName(d.RecordDomain))+" TXT", d.Record.Text)
}

// found returns the policy that applies; where there is none the check is skipped.
func found(p *checks.Pass) (dmarc.Discovery, bool) {
	d := facts.DMARC.Of(p.View)
	if d.Record == nil {
		p.Skipf("no DMARC record applies")
	}
	return d, d.Record != nil
}

// walked is every step of the tree walk, as evidence that nothing was found.
func walked(d dmarc.Discovery) []checks.Evidence {
	var evidence []checks.Evidence
	for _, step := range d.Walk.Steps {
		source := dns.Absolute(recordName(step.Domain)) + " TXT"
		if len(step.Answers) == 0 {
			evidence = append(evidence, checks.Evidence{Source: source, Text: string(step.Status)})
		}
		evidence = append(evidence, checks.Seen(source, step.Answers...)...)
	}
	return evidence
}

// issueFindings reports the record's issues that want picks out.
func issueFindings(p *checks.Pass, d dmarc.Discovery, want func(dmarc.Issue) bool) {
	for _, issue := range d.Issues {
		if want(issue) {
			p.Report(checks.Finding{
				Where: fmt.Sprintf("%s@%d", where(d.RecordDomain), issue.Position), Message: issue.Message, Evidence: seen(d),
			})
		}
	}
}
