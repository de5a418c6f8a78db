package transport

import (
	"slices"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/checks/fact"
	"github.com/postmuster/postmuster/checks/facts"
	"github.com/postmuster/postmuster/internal/dns"
	"github.com/postmuster/postmuster/internal/proto/dane"
	"github.com/postmuster/postmuster/internal/proto/dnssec"
)

const daneCategory = "dane"

// eachTLSA calls f for every MX host with TLSA records, and skips the check where
// there is none. Records that could not be asked for are noted.
func eachTLSA(p *checks.Pass, f func(h facts.SecuredHost, records []dns.TLSA)) {
	some := false
	for _, h := range facts.SecuredHosts.Of(p.View) {
		switch {
		case h.TLSA.Answer == nil && h.TLSA.Security != dnssec.Bogus: // dnssec-mx-bogus tells of the others
			p.Unknownf(facts.Where(h.TLSA.Name, dns.TypeTLSA), "%s", h.TLSA.Reason)
		case h.HasTLSA():
			some = true
			f(h, h.TLSA.Answer.TLSAs())
		}
	}
	if !some {
		p.Skipf("no MX host has TLSA records")
	}
}

// published are TLSA records as evidence.
func published(h facts.SecuredHost, records ...dns.TLSA) []checks.Evidence {
	var evidence []checks.Evidence
	for _, r := range records {
		evidence = append(evidence, checks.Seen(dns.Absolute(h.TLSA.Name)+" TLSA", r.String())...)
	}
	return evidence
}

var _ = suite.Add(&checks.Check{
	ID:       "dane-present",
	Title:    "An MX host of the domain has TLSA records",
	Why:      "Without DANE or MTA-STS, who can interfere with the network can keep senders from TLS and read the mail; no mail is lost by that.",
	Fix:      "Once the domain and the zones of its MX hosts are signed, publish the digest of each host's public key as a TLSA record 3 1 1 at _25._tcp below its name. Where the host is a provider's, it is the provider who can.",
	Refs:     []string{"RFC 7672 §2.2", "RFC 7672 §3.1"},
	Category: daneCategory, Scope: checks.Domain, Profiles: receiving, Severity: checks.Info,
	Needs: []fact.Key{facts.SecuredHosts, facts.SignedZone, facts.MXRouting},
	Eval: func(p *checks.Pass) {
		if receivesNothing(p) {
			return
		}
		if zone := facts.SignedZone.Of(p.View); !zone.Delegated() && zone.Known(dns.TypeDS) {
			p.Skipf("the domain is not signed, which DANE needs first") // dnssec-signed tells
			return
		}
		judgePresent(p)
	},
})

// judgePresent reports the hosts without TLSA records when no host has any. Hosts in
// a zone that is not signed cannot have DANE; dnssec-mx-signed tells of them.
func judgePresent(p *checks.Pass) {
	var findings []checks.Finding
	unknown := false
	for _, h := range facts.SecuredHosts.Of(p.View) {
		switch {
		case h.HasTLSA():
			return
		case h.Address.Security == dnssec.Insecure:
		case h.TLSA.Answer == nil:
			unknown = true
			p.Unknownf(facts.Where(h.TLSA.Name, dns.TypeTLSA), "%s", h.TLSA.Reason)
		default:
			findings = append(findings, noTLSA(h))
		}
	}
	if unknown {
		return
	}
	if len(findings) == 0 {
		p.Skipf("the names of the MX hosts are not signed, which DANE needs first")
	}
	for _, f := range findings {
		p.Report(f)
	}
}

func noTLSA(h facts.SecuredHost) checks.Finding {
	return checks.Finding{
		Where: facts.Where(h.TLSA.Name, dns.TypeTLSA), Message: h.Name + " has no TLSA record",
		Evidence: checks.Seen(dns.Absolute(h.TLSA.Name)+" TLSA", string(h.TLSA.Status)),
	}
}

var _ = suite.Add(&checks.Check{
	ID:       "dane-every-host",
	Title:    "Where one MX host has TLSA records, every one has",
	Why:      "Senders protect each host by its own records: an attacker who keeps them from the others has them go to the one without.",
	Fix:      "Publish TLSA records for that host too, or remove it from the MX records.",
	Refs:     []string{"RFC 7672 §2.2", "RFC 7672 §2.2.1"},
	Category: daneCategory, Scope: checks.Domain, Profiles: receiving, Severity: checks.Low, Points: 2,
	Needs: []fact.Key{facts.SecuredHosts},
	Eval: func(p *checks.Pass) {
		some := false
		eachTLSA(p, func(facts.SecuredHost, []dns.TLSA) { some = true })
		for _, h := range facts.SecuredHosts.Of(p.View) {
			if some && h.TLSA.Answer != nil && !h.HasTLSA() {
				p.Report(noTLSA(h))
			}
		}
	},
})

// reportAdvice reports what is to be said about each host's records themselves.
func reportAdvice(p *checks.Pass, codes ...dane.Code) {
	eachTLSA(p, func(h facts.SecuredHost, records []dns.TLSA) {
		for _, i := range dane.Advise(records) {
			if slices.Contains(codes, i.Code) {
				p.Report(checks.Finding{
					Where: facts.Where(h.TLSA.Name, dns.TypeTLSA), Message: i.Message, Evidence: published(h, records[min(i.Position, len(records)-1)]),
				})
			}
		}
	})
}

var _ = suite.Add(&checks.Check{
	ID:       "dane-usable",
	Title:    "Every TLSA record of the MX hosts is one that senders use",
	Why:      "Senders ignore usages 0 and 1 and what they do not know. When no other record is left they demand TLS, and authenticate nobody.",
	Fix:      "Replace the record by 3 1 1 with the SHA-256 digest of the host's public key.",
	Refs:     []string{"RFC 7672 §3.1.3", "RFC 7671 §9", "RFC 7672 §2.2"},
	Category: daneCategory, Scope: checks.Domain, Profiles: receiving, Severity: checks.Medium, Points: 3,
	Needs: []fact.Key{facts.SecuredHosts},
	Eval:  func(p *checks.Pass) { reportAdvice(p, dane.CodeUnusable, dane.CodeAgility, dane.CodeTooMany) },
})

var _ = suite.Add(&checks.Check{
	ID:       "dane-parameters",
	Title:    "The TLSA records of the MX hosts are of the advised kinds",
	Why:      "A record about the whole certificate breaks at every renewal, and one that is no digest makes answers large.",
	Fix:      "Publish 3 1 1, the SHA-256 digest of the host's public key, or 2 1 1 for an issuer, and let the renewal keep the key.",
	Refs:     []string{"RFC 7672 §3.1.1", "RFC 7672 §3.1.2", "RFC 7671 §5"},
	Category: daneCategory, Scope: checks.Domain, Profiles: receiving, Severity: checks.Info,
	Needs: []fact.Key{facts.SecuredHosts},
	Eval:  func(p *checks.Pass) { reportAdvice(p, dane.CodeParameters, dane.CodeDuplicate) },
})

var _ = suite.Add(&checks.Check{
	ID:       "dane-rollover",
	Title:    "A TLSA record stands ready for the next key of every MX host",
	Why:      "When a host's key changes before the DNS has caught up, its only record matches nothing, and mail stays with the senders.",
	Fix:      "Publish the record of the next key beside the current one, two TTLs before the key is used; or add one for the issuer (2 1 1).",
	Refs:     []string{"RFC 7671 §8.1", "RFC 7671 §8.4"},
	Category: daneCategory, Scope: checks.Domain, Profiles: receiving, Severity: checks.Info,
	Needs: []fact.Key{facts.SecuredHosts},
	Eval:  func(p *checks.Pass) { reportAdvice(p, dane.CodeRollover) },
})
