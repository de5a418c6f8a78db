package transport

import (
	"fmt"
	"slices"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/checks/fact"
	"github.com/postmuster/postmuster/checks/facts"
	"github.com/postmuster/postmuster/internal/dns"
	"github.com/postmuster/postmuster/internal/proto/dane"
	"github.com/postmuster/postmuster/internal/proto/dnssec"
)

// daneUse is whether senders that use DANE go by a host's TLSA records. They do
// when the MX records, the host's address and the records are all secure (RFC 7672
// §2.2). That the domain has no DS record needs no validator to be seen.
func daneUse(p *checks.Pass, h facts.SecuredHost) (use dnssec.Security, because dnssec.Result) {
	mx, zone := facts.DNSSEC.Of(p.View), facts.SignedZone.Of(p.View)
	if mx.NoValidator && zone.Known(dns.TypeDS) && !zone.Delegated() {
		return dnssec.Insecure, mx
	}
	use = dnssec.Secure
	for _, r := range []dnssec.Result{mx, h.Address, h.TLSA} {
		switch {
		case r.Security == dnssec.Insecure || r.Security == dnssec.Bogus:
			return r.Security, r // whatever the rest is
		case r.Security == dnssec.Unknown && use == dnssec.Secure:
			use, because = r.Security, r
		}
	}
	return use, because
}

// daneBreach says how a session does not satisfy the TLSA records of its host.
// The certificate may also go by the name of the domain (RFC 7672 §3.2.2).
func daneBreach(p *checks.Pass, s facts.Session, records []dns.TLSA) (string, []checks.Evidence, bool) {
	source := s.Target.String()
	var evidence []checks.Evidence
	message, heard, known := breach(s)
	if message != "" || !known {
		return message, checks.Seen(source, heard...), known
	}
	result := dane.Check(s.TLS.Chain, []string{s.Host.Name, p.Subject.Domain}, records, facts.Now.Of(p.View))
	if result.Verdict != dane.VerdictInvalid {
		return "", nil, true
	}
	if len(s.TLS.Chain) > 0 {
		evidence = checks.Seen(source, describe(s.TLS.Chain[0]))
	}
	for _, m := range result.Matches {
		evidence = append(evidence, checks.Seen(source, fmt.Sprintf("TLSA %s: %s", m.Record, m.Reason))...)
	}
	return "the certificate satisfies no TLSA record", evidence, true
}

// corrected is the TLSA record of what a server presents now.
func corrected(h facts.SecuredHost, s facts.Session) string {
	if s.TLS == nil || len(s.TLS.Chain) == 0 {
		return ""
	}
	record := dane.Record(s.TLS.Chain[0], dane.UsageDANEEE, dane.SelectorSPKI, dane.MatchSHA256)
	return dns.Absolute(h.TLSA.Name) + " TLSA " + record.String()
}

// daneJudged is what comes of judging every session with a host whose TLSA records
// senders use, or may use.
type daneJudged struct {
	asked    bool // some host's records are, or may be, used
	breaches []checks.Finding
	kept     bool // by some session
	open     bool // the records of some host are not used: senders deliver there as to any
	unknown  bool // something that could not be found out might have been better
}

// judgeDANE leaves out the hosts whose records senders do not use: dane-signed and
// dnssec-mx-bogus tell of them. Whether what nobody validated is used, nobody knows.
func judgeDANE(p *checks.Pass, needSecure bool) daneJudged {
	var j daneJudged
	eachTLSA(p, func(h facts.SecuredHost, records []dns.TLSA) {
		switch use, because := daneUse(p, h); {
		case use == dnssec.Secure, use == dnssec.Unknown && !needSecure:
			j.sessions(p, h, records)
		case use == dnssec.Unknown && because.NoValidator:
			j.unknown = true
			p.Skipf("%s; %s", because.Reason, because.Advice)
		case use == dnssec.Unknown:
			j.unknown = true
			p.Unknownf(facts.Where(because.Name, because.Type), "%s", because.Reason)
		default:
			j.open = j.open || use == dnssec.Insecure
			p.Skipf("senders do not use the TLSA records: the answer for %s %s is %s", because.Name, because.Type, use)
		}
	})
	return j
}

func (j *daneJudged) sessions(p *checks.Pass, h facts.SecuredHost, records []dns.TLSA) {
	j.asked = true
	for _, s := range facts.Sessions.Of(p.View) {
		if s.Host.Name != h.Name {
			continue
		}
		message, evidence, known := daneBreach(p, s, records)
		switch {
		case message != "":
			j.breaches = append(j.breaches, checks.Finding{Where: where(s), Message: message, Evidence: evidence, Record: corrected(h, s)})
		case known:
			j.kept = true
		default:
			j.unknown = silent(p, s) || j.unknown
		}
	}
}

// skipUnjudged skips a check that judged nothing. Where records were left out, that
// has been said.
func (j *daneJudged) skipUnjudged(p *checks.Pass) {
	if j.asked && !j.kept && len(j.breaches) == 0 {
		p.Skipf("no mail server with TLSA records could be asked for TLS")
	}
}

var daneNeeds = []fact.Key{facts.SecuredHosts, facts.DNSSEC, facts.SignedZone, facts.Sessions, facts.Now}

var _ = suite.Add(&checks.Check{
	ID:       "dane-match",
	Title:    "Every mail server satisfies its TLSA records",
	Why:      "Senders that use DANE do not deliver to a server that does not: they try the others, keep the mail, and return it when it is too old.",
	Fix:      "If the key is the right one, publish the record shown beside the old one; else have the server present the certificate that the records are about, and turn STARTTLS on.",
	Refs:     []string{"RFC 7672 §2.2", "RFC 7672 §3.1", "RFC 7671 §8"},
	Category: daneCategory, Scope: checks.Domain, Profiles: receiving, Severity: checks.High, Points: 8,
	Needs: daneNeeds,
	Eval: func(p *checks.Pass) {
		j := judgeDANE(p, false)
		for _, f := range j.breaches {
			p.Report(f)
		}
		j.skipUnjudged(p)
	},
})

var _ = suite.Add(&checks.Check{
	ID:    "dane-deliverable",
	Title: "Senders that use DANE can deliver to a mail server of the domain",
	Why: "All servers have TLSA records that DNSSEC vouches for, and none satisfies them: senders that use DANE keep the mail, " +
		"and return it when it is too old.",
	Fix:      "If the key is the right one, publish the record shown now; else have the server present the certificate that the records are about. Where both take long, remove the TLSA records.",
	Refs:     []string{"RFC 7672 §2.2", "RFC 7672 §2.2.1", "RFC 7671 §8"},
	Category: daneCategory, Scope: checks.Domain, Profiles: receiving, Severity: checks.Blocker, Points: 10,
	Needs: append([]fact.Key{facts.MXRouting}, daneNeeds...),
	Eval: func(p *checks.Pass) {
		hosts := facts.SecuredHosts.Of(p.View)
		if slices.ContainsFunc(hosts, func(h facts.SecuredHost) bool { return h.TLSA.Answer != nil && !h.HasTLSA() }) {
			p.Skipf("an MX host has no TLSA records: senders deliver to it as to any")
			return
		}
		j := judgeDANE(p, true)
		unasked := func(h facts.SecuredHost) bool { return h.TLSA.Answer == nil && h.TLSA.Security != dnssec.Bogus }
		if !j.kept && !j.open && !j.unknown && !slices.ContainsFunc(hosts, unasked) && !addressUnknown(p, func(facts.MXHost) bool { return true }) {
			for _, f := range j.breaches {
				f.Message = "no mail server can be delivered to: " + f.Message
				p.Report(f)
			}
		}
		j.skipUnjudged(p)
	},
})
