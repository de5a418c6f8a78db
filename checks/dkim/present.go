package dkim

import (
	"strings"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/checks/fact"
	"github.com/postmuster/postmuster/checks/facts"
	"github.com/postmuster/postmuster/internal/dns"
	"github.com/postmuster/postmuster/internal/proto/dkim"
)

var _ = suite.Add(&checks.Check{
	ID:       "dkim-present",
	Title:    "The domain publishes a DKIM key",
	Why:      "Gmail, Yahoo and Microsoft ask bulk senders for DKIM, and without it DMARC fails as soon as a message is forwarded.",
	Fix:      "Have the mail server or sending service sign with d= this domain, and publish the key that it gives.",
	Refs:     []string{"RFC 6376 §3.6.2.1", "RFC 8020", "https://support.google.com/mail/answer/81126"},
	Category: category, Scope: checks.Domain, Severity: checks.High, Points: 10,
	Profiles: []checks.Profile{checks.Sender, checks.SendOnly},
	Needs:    []fact.Key{facts.DKIMKeys, facts.Exists},
	Eval: func(p *checks.Pass) {
		found := facts.DKIMKeys.Of(p.View)
		name := "_domainkey." + p.Subject.Domain
		switch {
		case !facts.Exists.Of(p.View):
			p.Skipf("the domain does not exist")
		case usable(found):
		case len(found.Unknown) > 0:
			for _, k := range found.Unknown {
				p.Unknownf(where(k), "%v", k.Err)
			}
		case found.Zone == dns.StatusNXDomain:
			p.Report(checks.Finding{
				Where: facts.Where(name, dns.TypeTXT), Message: "the name server says that there is nothing at or below " + name,
				Evidence: checks.Seen(dns.Absolute(name)+" TXT", string(found.Zone)),
			})
		default:
			p.Unknownf(facts.Where(name, dns.TypeTXT), "keys may exist, but none of the %d selectors asked for has one (%s, …); --selector names the one in use",
				len(found.Asked), strings.Join(found.Asked[:min(4, len(found.Asked))], ", "))
		}
	},
})

// usable reports whether any key was found that could verify a signature.
func usable(d facts.DKIM) bool {
	for _, k := range d.Keys {
		if k.Status == dkim.KeyFound || k.Status == dkim.KeySeveral {
			return true
		}
	}
	return false
}

var _ = suite.Add(&checks.Check{
	ID:       "dkim-selector-missing",
	Title:    "Every selector in use has a key",
	Why:      "Signatures with the selector cannot be verified: the mail counts as unsigned, and fails DMARC unless SPF saves it.",
	Fix:      "Publish the key under the selector, or have the signer use one that is published.",
	Refs:     []string{"RFC 6376 §6.1.2"},
	Category: category, Scope: checks.Domain, Severity: checks.High, Points: 12,
	Needs: []fact.Key{facts.DKIMKeys},
	Eval: func(p *checks.Pass) {
		if len(p.Options.Selectors) == 0 {
			p.Skipf("no selector was named; --selector does")
			return
		}
		eachSelector(p, func(k facts.Key) {
			switch {
			case !k.Named:
			case k.Status == dkim.KeyNone:
				p.Report(checks.Finding{Where: where(k), Message: "there is no key for selector " + k.Selector, Evidence: seen(k)})
			case k.Status == dkim.KeyRevoked:
				p.Report(checks.Finding{Where: where(k), Message: "the key of selector " + k.Selector + " is revoked", Evidence: seen(k)})
			}
		})
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "dkim-alias-dangling",
	Title:    "No selector is an alias that leads nowhere",
	Why:      "The service behind the alias is gone or the name is misspelt: signatures cannot be verified, and whoever gets the name can sign for the domain.",
	Fix:      "Remove the CNAME, or correct its target.",
	Refs:     []string{"RFC 6376 §3.6.2.2"},
	Category: category, Scope: checks.Domain, Severity: checks.Medium, Points: 5,
	Needs: []fact.Key{facts.DKIMKeys},
	Eval: func(p *checks.Pass) {
		eachSelector(p, func(k facts.Key) {
			if k.Alias != "" && k.Status == dkim.KeyNone {
				p.Report(checks.Finding{Where: where(k), Message: "selector " + k.Selector + " is an alias of a name without a key", Evidence: seen(k)})
			}
		})
	},
})
