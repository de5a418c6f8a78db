package transport

import (
	"fmt"
	"slices"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/checks/fact"
	"github.com/postmuster/postmuster/checks/facts"
	"github.com/postmuster/postmuster/internal/dns"
	"github.com/postmuster/postmuster/internal/proto/mtasts"
	"github.com/postmuster/postmuster/internal/proto/tlsrpt"
)

const tlsrptCategory = "tls-rpt"

// noRecord is the finding that there is no TLS-RPT record.
func noRecord(p *checks.Pass, message string) checks.Finding {
	d := facts.TLSRPT.Of(p.View)
	return checks.Finding{
		Where: facts.Where(d.Name, dns.TypeTXT), Message: message, Evidence: asked(d.Name, d.Status, d.Texts),
		Record: fmt.Sprintf(`%s TXT "v=TLSRPTv1; rua=mailto:tls-reports@%s"`, dns.Absolute(d.Name), p.Subject.Domain),
	}
}

var _ = suite.Add(&checks.Check{
	ID:       "tls-rpt-present",
	Title:    "The domain asks for reports about TLS",
	Why:      "Senders then tell, once a day, how often TLS with the mail servers failed and why: nobody else sees that.",
	Fix:      "Publish the record shown, with an address that somebody, or some service, reads.",
	Refs:     []string{"RFC 8460 §3"},
	Category: tlsrptCategory, Scope: checks.Domain, Profiles: receiving, Severity: checks.Info,
	Needs: []fact.Key{facts.TLSRPT, facts.MXRouting},
	Eval: func(p *checks.Pass) {
		if !receivesNothing(p) && facts.TLSRPT.Of(p.View).State == tlsrpt.StateNone {
			p.Report(noRecord(p, "there is no TLS-RPT record"))
		}
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "tls-rpt-with-policy",
	Title:    "A domain with MTA-STS or DANE asks for reports about TLS",
	Why:      "Mail that is kept back because of the policy is seen by the senders alone, and a policy that is being tested teaches nothing.",
	Fix:      "Publish the record shown, with an address that somebody, or some service, reads.",
	Refs:     []string{"RFC 8460 §3", "RFC 8461 §8.1"},
	Category: tlsrptCategory, Scope: checks.Domain, Profiles: receiving, Severity: checks.Low, Points: 2,
	Needs: []fact.Key{facts.TLSRPT, facts.MTASTS, facts.SecuredHosts},
	Eval: func(p *checks.Pass) {
		if facts.TLSRPT.Of(p.View).State != tlsrpt.StateNone {
			return
		}
		sts := facts.MTASTS.Of(p.View)
		hosts := facts.SecuredHosts.Of(p.View)
		i := slices.IndexFunc(hosts, facts.SecuredHost.HasTLSA)
		policy := ""
		switch {
		case sts.State == mtasts.StateValid && sts.Policy.Mode != mtasts.ModeNone:
			policy = "there is an MTA-STS policy of mode " + string(sts.Policy.Mode)
		case i >= 0:
			policy = hosts[i].Name + " has TLSA records"
		default:
			unknownPolicy(p)
			p.Skipf("there is neither an MTA-STS policy nor a TLSA record")
			return
		}
		p.Report(noRecord(p, policy+", and there is no TLS-RPT record"))
	},
})

// unknownPolicy notes what may be a policy and could not be found out.
func unknownPolicy(p *checks.Pass) {
	if d := facts.MTASTS.Of(p.View); d.State == mtasts.StateUnknown {
		p.Unknownf(d.PolicyURL, "%s", d.Reason)
	}
	for _, h := range facts.SecuredHosts.Of(p.View) {
		if h.TLSA.Answer == nil {
			p.Unknownf(facts.Where(h.TLSA.Name, dns.TypeTLSA), "%s", h.TLSA.Reason)
		}
	}
}

var _ = suite.Add(&checks.Check{
	ID:       "tls-rpt-multiple-records",
	Title:    "There is at most one TLS-RPT record",
	Why:      "Senders that find two must act as if there were none, and send no reports.",
	Fix:      "Keep one record, with all addresses in its rua, separated by commas.",
	Refs:     []string{"RFC 8460 §3"},
	Category: tlsrptCategory, Scope: checks.Domain, Profiles: receiving, Severity: checks.Medium, Points: 3,
	Needs: []fact.Key{facts.TLSRPT},
	Eval: func(p *checks.Pass) {
		switch d := facts.TLSRPT.Of(p.View); {
		case d.State == tlsrpt.StateNone:
			p.Skipf("there is no TLS-RPT record")
		case d.Record == nil:
			p.Report(checks.Finding{
				Where: facts.Where(d.Name, dns.TypeTXT), Message: "more than one record begins with v=TLSRPTv1",
				Evidence: asked(d.Name, d.Status, d.Texts),
			})
		}
	},
})

// aboutURIs are the issues of a record that tls-rpt-rua judges.
var aboutURIs = []tlsrpt.Code{tlsrpt.CodeURI, tlsrpt.CodeNoRUA, tlsrpt.CodeTooMany}

// judgeRecord reports the issues of the one record there is.
func judgeRecord(p *checks.Pass, wanted func(tlsrpt.Issue) bool) {
	d := facts.TLSRPT.Of(p.View)
	if d.Record == nil {
		p.Skipf("there is not one TLS-RPT record") // tls-rpt-present and tls-rpt-multiple-records tell
		return
	}
	for _, i := range d.Issues {
		if i.Severity != tlsrpt.SeverityInfo && wanted(i) {
			p.Report(checks.Finding{
				Where: facts.Where(d.Name, dns.TypeTXT), Message: i.Message, Evidence: asked(d.Name, d.Status, []string{d.Record.Text}),
			})
		}
	}
}

var _ = suite.Add(&checks.Check{
	ID:       "tls-rpt-syntax",
	Title:    "The TLS-RPT record is as the grammar wants it",
	Why:      "Senders act as if a record that they cannot read were not there, and send no reports.",
	Fix:      `Publish "v=TLSRPTv1; rua=mailto:…", with a semicolon between the two and white space only behind it.`,
	Refs:     []string{"RFC 8460 §3"},
	Category: tlsrptCategory, Scope: checks.Domain, Profiles: receiving, Severity: checks.Medium, Points: 3,
	Needs: []fact.Key{facts.TLSRPT},
	Eval: func(p *checks.Pass) {
		judgeRecord(p, func(i tlsrpt.Issue) bool { return !slices.Contains(aboutURIs, i.Code) })
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "tls-rpt-rua",
	Title:    "Every destination of TLS reports is a URI that senders can use",
	Why:      "Senders ignore what is neither a mailto: nor an https: URI: the reports are lost.",
	Fix:      "Write every address as mailto:name@domain or https://host/path, with commas between them and %2C, %21 and %3B for the characters themselves.",
	Refs:     []string{"RFC 8460 §3"},
	Category: tlsrptCategory, Scope: checks.Domain, Profiles: receiving, Severity: checks.Medium, Points: 3,
	Needs: []fact.Key{facts.TLSRPT},
	Eval: func(p *checks.Pass) {
		judgeRecord(p, func(i tlsrpt.Issue) bool { return slices.Contains(aboutURIs, i.Code) })
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "tls-rpt-destination",
	Title:    "The hosts that TLS reports go to exist, and take mail where mail is sent",
	Why:      "The reports are lost; and who registers a domain that has expired reads them.",
	Fix:      "Correct the address, or give its domain MX records.",
	Refs:     []string{"RFC 8460 §3", "RFC 5321 §5.1"},
	Category: tlsrptCategory, Scope: checks.Domain, Profiles: receiving, Severity: checks.Medium, Points: 3,
	Needs: []fact.Key{facts.TLSRPT, facts.TLSReportHosts},
	Eval: func(p *checks.Pass) {
		d, hosts := facts.TLSRPT.Of(p.View), facts.TLSReportHosts.Of(p.View)
		if len(hosts) == 0 {
			p.Skipf("no destination of TLS reports is known")
		}
		for _, h := range hosts {
			switch {
			case h.Err != nil:
				p.Unknownf(facts.Where(h.URI.Host, dns.TypeMX), "%v", h.Err)
			case !h.Receives:
				p.Report(checks.Finding{
					Where: facts.Where(d.Name, dns.TypeTXT), Message: cannotReceive(h), Evidence: asked(d.Name, d.Status, []string{d.Record.Text}),
				})
			}
		}
	},
})

func cannotReceive(h facts.ReportHost) string {
	switch {
	case h.URI.Scheme == "https":
		return h.URI.Host + " has no address"
	case h.Null:
		return h.URI.Host + " takes no mail: it has a null MX"
	default:
		return h.URI.Host + " takes no mail: it has neither MX records nor an address"
	}
}
