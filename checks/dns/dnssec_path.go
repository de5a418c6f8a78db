package dns

import (
	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/checks/fact"
	"github.com/postmuster/postmuster/checks/facts"
	"github.com/postmuster/postmuster/internal/dns"
	"github.com/postmuster/postmuster/internal/proto/dnssec"
)

// eachHost calls f for every MX host.
func eachHost(p *checks.Pass, f func(facts.SecuredHost)) {
	hosts := facts.SecuredHosts.Of(p.View)
	if len(hosts) == 0 {
		p.Skipf("there is no MX host")
	}
	for _, h := range hosts {
		f(h)
	}
}

var _ = suite.Add(&checks.Check{
	ID:       "dnssec-mx-bogus",
	Title:    "Validating resolvers accept the addresses and TLSA records of the MX hosts",
	Why:      "Senders behind a validating resolver do not find the host. Those that use DANE defer mail when the TLSA records are refused, until it comes back.",
	Fix:      "Sign the host's zone again, make its DS record fit, or have its owner do so; check that its name servers answer for TLSA records.",
	Refs:     []string{"RFC 7672 §2.1.1", "RFC 7672 §2.1.2", "RFC 4035 §5"},
	Category: dnssecCategory, Scope: checks.Domain, Severity: checks.Blocker, Points: 5,
	Needs: []fact.Key{facts.SecuredHosts},
	Eval: func(p *checks.Pass) {
		eachHost(p, func(h facts.SecuredHost) {
			for _, r := range []dnssec.Result{h.Address, h.TLSA} {
				if !unvalidated(p, r) && r.Security == dnssec.Bogus {
					p.Report(refused(r))
				}
			}
		})
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "dnssec-mx-signed",
	Title:    "The names of the MX hosts are signed",
	Why:      "DANE needs a signed MX host, not just a signed domain. The host's zone may be a provider's.",
	Fix:      "Have the zone of the host signed; where it is a provider's, ask for a host name that is.",
	Refs:     []string{"RFC 7672 §2.2.2"},
	Category: dnssecCategory, Scope: checks.Domain, Severity: checks.Info,
	Needs: []fact.Key{facts.SecuredHosts},
	Eval: func(p *checks.Pass) {
		eachHost(p, func(h facts.SecuredHost) {
			if !unvalidated(p, h.Address) && h.Address.Security == dnssec.Insecure {
				p.Report(unsigned(h.Address, "the address of "+h.Name+" is not signed"))
			}
		})
	},
})

func unsigned(r dnssec.Result, message string) checks.Finding {
	return checks.Finding{Where: facts.Where(r.Name, r.Type), Message: message, Evidence: checks.Seen(dns.Absolute(r.Name)+" "+r.Type.String(), r.Reason)}
}

var _ = suite.Add(&checks.Check{
	ID:       "dane-signed",
	Title:    "What leads to the TLSA records is signed",
	Why:      "Senders use TLSA records only when they, the MX records and the host's address are signed and validate. Otherwise they are ignored, and protect nothing.",
	Fix:      "Have the domain and the zones of its MX hosts signed, with DS records at their parents.",
	Refs:     []string{"RFC 7672 §2.2.1", "RFC 7672 §2.2.2", "RFC 7672 §2.2.3"},
	Category: daneCategory, Scope: checks.Domain, Severity: checks.Medium, Points: 4,
	Needs: []fact.Key{facts.SecuredHosts, facts.DNSSEC},
	Eval: func(p *checks.Pass) {
		some, mx := false, facts.DNSSEC.Of(p.View)
		eachHost(p, func(h facts.SecuredHost) {
			if !h.HasTLSA() {
				return
			}
			for _, r := range []dnssec.Result{mx, h.Address, h.TLSA} {
				// The MX records are the same for all hosts.
				if (r.Type != dns.TypeMX || !some) && !unvalidated(p, r) && r.Security == dnssec.Insecure {
					p.Report(unsigned(r, "the "+r.Type.String()+" records are not signed"))
				}
			}
			some = true
		})
		if !some {
			p.Skipf("no MX host has TLSA records")
		}
	},
})
