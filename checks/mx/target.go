package mx

import (
	"fmt"
	"net/netip"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/checks/fact"
	"github.com/postmuster/postmuster/checks/facts"
	"github.com/postmuster/postmuster/internal/dns"
)

// eachHost calls f for every host that an MX record names.
func eachHost(p *checks.Pass, f func(facts.MXHost)) {
	routing := facts.MXRouting.Of(p.View)
	if noMX(p, routing) {
		return
	}
	for _, h := range routing.Hosts {
		f(h)
	}
}

func isAddress(name string) bool {
	_, err := netip.ParseAddr(name)
	return err == nil
}

var _ = suite.Add(&checks.Check{
	ID:       "mx-target-address",
	Title:    "MX records name hosts, not addresses",
	Why:      "An MX record holds a name; senders look the address up as if it were one, find nothing, and cannot deliver.",
	Fix:      "Give the host a name with an A or AAAA record, and put the name into the MX record.",
	Refs:     []string{"RFC 1035 §3.3.9", "RFC 5321 §5.1"},
	Category: category, Scope: checks.Domain, Severity: checks.High, Points: 12,
	Needs: []fact.Key{facts.MXRouting, facts.MX},
	Eval: func(p *checks.Pass) {
		eachHost(p, func(h facts.MXHost) {
			if isAddress(h.Name) {
				p.Report(checks.Finding{Where: where(p.Subject.Domain), Message: h.Name + " is an address", Evidence: published(p)})
			}
		})
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "mx-target-resolves",
	Title:    "Every host that an MX record names has an address",
	Why:      "Senders skip a host without an address; when no other is left, mail comes back.",
	Fix:      "Give the host an A or AAAA record, or remove the MX record.",
	Refs:     []string{"RFC 5321 §5.1"},
	Category: category, Scope: checks.Domain, Severity: checks.High, Points: 10,
	Needs: []fact.Key{facts.MXRouting, facts.MX},
	Eval: func(p *checks.Pass) {
		eachHost(p, func(h facts.MXHost) {
			switch {
			case isAddress(h.Name) || len(h.Addrs) > 0:
			case h.Err != nil:
				p.Unknownf(facts.Where(h.Name, dns.TypeA), "%v", h.Err)
			default:
				p.Report(checks.Finding{
					Where: facts.Where(h.Name, dns.TypeA), Message: h.Name + " has no address",
					Evidence: checks.Seen(dns.Absolute(h.Name)+" A, AAAA", string(h.Status)),
				})
			}
		})
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "mx-any-target",
	Title:    "At least one MX host has an address on the Internet",
	Why:      "There is no host that mail could be delivered to: every message to the domain comes back.",
	Fix:      "Give an MX host an A or AAAA record with a public address.",
	Refs:     []string{"RFC 5321 §5.1"},
	Category: category, Scope: checks.Domain, Severity: checks.Blocker, Points: 20,
	Needs: []fact.Key{facts.MXRouting, facts.MX},
	Eval: func(p *checks.Pass) {
		usable := 0
		var unknown []facts.MXHost
		eachHost(p, func(h facts.MXHost) {
			if h.Err != nil {
				unknown = append(unknown, h)
			}
			for _, a := range h.Addrs {
				if p.Options.AllowPrivate || !facts.NotPublic(a) {
					usable++
				}
			}
		})
		if routing := facts.MXRouting.Of(p.View); usable > 0 || routing.Implicit || len(routing.Hosts) == 0 {
			return
		}
		for _, h := range unknown {
			p.Unknownf(facts.Where(h.Name, dns.TypeA), "%v", h.Err)
		}
		if len(unknown) == 0 {
			p.Report(checks.Finding{Where: where(p.Subject.Domain), Message: "no MX host has an address that mail can reach", Evidence: published(p)})
		}
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "mx-target-alias",
	Title:    "No MX record names an alias",
	Why:      "The host of an MX record must have an address record of its own; some senders do not follow a CNAME, and bounce.",
	Fix:      "Put the name that the CNAME leads to into the MX record.",
	Refs:     []string{"RFC 2181 §10.3", "RFC 5321 §5.1"},
	Category: category, Scope: checks.Domain, Severity: checks.Medium, Points: 5,
	Needs: []fact.Key{facts.MXRouting, facts.MX},
	Eval: func(p *checks.Pass) {
		eachHost(p, func(h facts.MXHost) {
			if h.Alias != "" {
				p.Report(checks.Finding{
					Where: facts.Where(h.Name, dns.TypeCNAME), Message: h.Name + " is an alias",
					Evidence: checks.Seen(dns.Absolute(h.Name)+" CNAME", dns.Absolute(h.Alias)),
				})
			} else if h.Err != nil {
				p.Unknownf(facts.Where(h.Name, dns.TypeA), "%v", h.Err)
			}
		})
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "mx-target-private",
	Title:    "MX hosts have public addresses only",
	Why:      "Senders on the Internet cannot reach a private or loopback address: they deliver to themselves, wait, or bounce.",
	Fix:      "Publish the host's public address, and keep the private one for the inside.",
	Refs:     []string{"RFC 1918 §3", "RFC 6890"},
	Category: category, Scope: checks.Domain, Severity: checks.High, Points: 8,
	Needs: []fact.Key{facts.MXRouting, facts.MX},
	Eval: func(p *checks.Pass) {
		eachHost(p, func(h facts.MXHost) {
			for _, a := range h.Addrs {
				if purpose := facts.Purpose(a); purpose != "" {
					p.Report(checks.Finding{
						Where:    facts.Where(h.Name, addressType(a)),
						Message:  fmt.Sprintf("%s has the address %s (%s)", h.Name, a, purpose),
						Evidence: checks.Seen(dns.Absolute(h.Name)+" "+addressType(a).String(), a.String()),
					})
				}
			}
			if h.Err != nil {
				p.Unknownf(facts.Where(h.Name, dns.TypeA), "%v", h.Err)
			}
		})
	},
})

func addressType(a netip.Addr) dns.Type {
	if a.Is4() {
		return dns.TypeA
	}
	return dns.TypeAAAA
}
