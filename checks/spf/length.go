package spf

import (
	"fmt"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/checks/fact"
	"github.com/postmuster/postmuster/checks/facts"
	"github.com/postmuster/postmuster/internal/dns"
)

// maxLength keeps the answer within a UDP datagram of 512 octets (RFC 7208 §3.4).
const maxLength = 450

var _ = suite.Add(&checks.Check{
	ID:       "spf-record-length",
	Title:    "The SPF record has at most 450 octets",
	Why:      "The answer to a longer one does not fit a datagram of 512 octets: where a firewall lets no DNS over TCP through, receivers find no record.",
	Fix:      "Move part of the record into one of its own and include that, or take out what is not needed.",
	Refs:     []string{"RFC 7208 §3.4"},
	Category: category, Scope: checks.Domain, Severity: checks.Low, Points: 1,
	Needs: []fact.Key{facts.SPFRecords},
	Eval: func(p *checks.Pass) {
		records := facts.SPFRecords.Of(p.View)
		if len(records) == 0 {
			p.Skipf("no SPF record")
		}
		for _, record := range records {
			if len(record) > maxLength {
				p.Report(checks.Finding{
					Where:    where(p.Subject.Domain),
					Message:  fmt.Sprintf("the record has %d octets", len(record)),
					Evidence: checks.Seen(dns.Absolute(p.Subject.Domain)+" TXT", record),
				})
			}
		}
	},
})
