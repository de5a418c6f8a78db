// Package blocklist checks whether a domain or its addresses stand on lists that
// receivers ask (RFC 5782).
//
// A list is believed only after its test points have proved that it works, and
// an answer that means "you may not ask" is never taken for a listing.
package blocklist

import (
	"net/netip"
	"strings"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/checks/fact"
	"github.com/postmuster/postmuster/checks/facts"
	"github.com/postmuster/postmuster/internal/dns"
	"github.com/postmuster/postmuster/internal/proto/dnsbl"
)

const category = "blocklist"

var suite checks.Suite

// Checks returns the checks of this package.
func Checks() checks.Suite { return suite }

var _ = suite.Add(&checks.Check{
	ID:       "blocklist-sender",
	Title:    "No sending address is on a blocklist that receivers act on",
	Why:      "Receivers that ask the list refuse mail from the address, or put it into the spam folder.",
	Fix:      "Find out what was sent from the address, stop it, and then ask the list for removal: asking first only prolongs the listing.",
	Refs:     []string{"RFC 5782", "RFC 6471"},
	Category: category, Scope: checks.Domain, Severity: checks.Blocker, Points: 20,
	Needs: []fact.Key{facts.AddressListings},
	Eval: func(p *checks.Pass) {
		judge(p, facts.AddressListings.Of(p.View), sender, dnsbl.EffectBlock, "no sending address is known; --sender-ip names one")
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "blocklist-mx",
	Title:    "No address of an MX host is on a blocklist that receivers act on",
	Why:      "If the host also sends, receivers that ask the list refuse its mail; replies and bounces are the first to be lost.",
	Fix:      "If the host sends, find out what was sent from it, stop it, and ask the list for removal. If it only receives, nothing needs to be done; say which addresses send with --sender-ip.",
	Refs:     []string{"RFC 5782", "RFC 6471"},
	Category: category, Scope: checks.Domain, Severity: checks.Medium, Points: 6,
	Needs: []fact.Key{facts.AddressListings},
	Eval: func(p *checks.Pass) {
		judge(p, facts.AddressListings.Of(p.View), mx, dnsbl.EffectBlock, "no MX host has a public address")
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "blocklist-domain",
	Title:    "The domain is on no blocklist that receivers act on",
	Why:      "Receivers that ask the list refuse mail that names the domain in its sender or in its text.",
	Fix:      "Find out how the domain was abused (a hacked site, a list that was bought), stop it, and then ask the list for removal.",
	Refs:     []string{"RFC 5782 §3", "RFC 6471"},
	Category: category, Scope: checks.Domain, Severity: checks.Blocker, Points: 20,
	Needs: []fact.Key{facts.DomainListings},
	Eval: func(p *checks.Pass) {
		judge(p, facts.DomainListings.Of(p.View), sender, dnsbl.EffectBlock, "there is no domain")
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "blocklist-informational",
	Title:    "No address is on a list that few receivers act on",
	Why:      "These lists hold whole networks, or list for reasons of their own; a listing says little, but may explain a refusal that names the list.",
	Fix:      "Nothing needs to be done unless a refusal names the list.",
	Refs:     []string{"RFC 6471 §2.2"},
	Category: category, Scope: checks.Domain, Severity: checks.Info,
	Needs: []fact.Key{facts.AddressListings},
	Eval: func(p *checks.Pass) {
		all := func(facts.ListedSubject) bool { return true }
		judge(p, facts.AddressListings.Of(p.View), all, dnsbl.EffectInfo, "no address is known")
	},
})

func sender(s facts.ListedSubject) bool { return s.Sender }
func mx(s facts.ListedSubject) bool     { return !s.Sender }

// judge reports the listings with this effect of the wanted subjects. Lists that
// could not be asked matter only where they could have had that effect.
func judge(p *checks.Pass, subjects []facts.ListedSubject, wanted func(facts.ListedSubject) bool, effect dnsbl.Effect, none string) {
	judged := 0
	for _, s := range subjects {
		if !wanted(s) {
			continue
		}
		for _, l := range s.Listings {
			if effectOf(l.Zone) == effect {
				judged++
			}
			switch {
			case l.State == dnsbl.StateUnknown && effectOf(l.Zone) == effect:
				p.Unknownf(place(s, l.Zone), "%s: %s", l.Zone, l.Reason)
			case l.State == dnsbl.StateListed && l.Effect == effect:
				p.Report(checks.Finding{Where: place(s, l.Zone), Message: label(s) + " is listed by " + l.Zone + meanings(l), Evidence: evidence(s, l)})
			}
		}
	}
	if judged == 0 {
		p.Skipf("%s, or no list of this kind was asked", none)
	}
}

func effectOf(zone string) dnsbl.Effect {
	if z, ok := dnsbl.ZoneNamed(zone); ok {
		return z.Effect
	}
	return dnsbl.EffectBlock
}

func place(s facts.ListedSubject, zone string) string {
	return facts.Where(s.QueryName(zone), dns.TypeA)
}

func label(s facts.ListedSubject) string {
	if s.Addr == (netip.Addr{}) {
		return s.Domain
	}
	if s.Host != "" {
		return s.Host + " [" + s.Addr.String() + "]"
	}
	return s.Addr.String()
}

func meanings(l dnsbl.Listing) string {
	var texts []string
	for _, m := range l.Matches {
		if m.Meaning != "" {
			texts = append(texts, m.Meaning)
		}
	}
	if len(texts) == 0 {
		return ""
	}
	return ": " + strings.Join(texts, ", ")
}

func evidence(s facts.ListedSubject, l dnsbl.Listing) []checks.Evidence {
	name := dns.Absolute(s.QueryName(l.Zone))
	var evidence []checks.Evidence
	for _, m := range l.Matches {
		evidence = append(evidence, checks.Evidence{Source: name + " A", Text: m.Code.String()})
	}
	return append(evidence, checks.Seen(name+" TXT", l.TXT...)...)
}
