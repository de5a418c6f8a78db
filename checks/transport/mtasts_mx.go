package transport

import (
	"slices"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/checks/fact"
	"github.com/postmuster/postmuster/checks/facts"
	"github.com/postmuster/postmuster/internal/dns"
	"github.com/postmuster/postmuster/internal/proto/mtasts"
	"github.com/postmuster/postmuster/internal/smtp"
)

// Senders go on to the next host where one does not keep an enforced policy, so
// mail is lost only when none does (RFC 8461 §5).

// breach says how a session does not do what a policy, or usable TLSA records,
// demand before any certificate is looked at: TLS. Known is false where the server
// was not heard out, or takes no mail at all, which other checks tell.
func breach(s facts.Session) (message string, evidence []string, known bool) {
	_, offered := smtp.Extensions(s.EHLO)["STARTTLS"]
	switch {
	case s.TLS != nil && s.TLS.Version != 0:
		return "", nil, true
	case s.Result == smtp.ResultTLSFailed:
		return "the TLS handshake fails", []string{s.Reason}, true
	case s.STARTTLS != nil && s.STARTTLS.Code >= 500:
		return "STARTTLS is offered and then refused", []string{lines(s.STARTTLS)}, true
	case s.EHLO != nil && s.EHLO.Code == 250 && !offered:
		return "STARTTLS is not offered", []string{lines(s.EHLO)}, true
	default:
		return "", nil, false
	}
}

// policyBreach says how a session does not keep an MTA-STS policy: TLS, with a
// certificate for the host that leads to a root (RFC 8461 §4.2).
func policyBreach(s facts.Session) (message string, evidence []string, known bool) {
	message, evidence, known = breach(s)
	switch {
	case message != "" || !known:
		return message, evidence, known
	case s.TLS.NameError != "":
		return "the certificate does not hold the name " + s.Target.Host, certificate(s, s.TLS.NameError), true
	case s.TLS.ChainError != "":
		return "the certificate does not verify", certificate(s, s.TLS.ChainError), true
	default:
		return "", nil, true
	}
}

// certificate is what a server presented, and what is wrong with it.
func certificate(s facts.Session, problem string) []string {
	if len(s.TLS.Chain) == 0 {
		return []string{problem}
	}
	return []string{describe(s.TLS.Chain[0]), problem}
}

// unlisted are the MX hosts that no pattern of the policy matches.
func unlisted(p *checks.Pass, d mtasts.Discovery) (hosts []facts.MXHost, all bool) {
	every := facts.MXRouting.Of(p.View).Hosts
	for _, h := range every {
		if _, ok := d.Policy.Match(h.Name); !ok {
			hosts = append(hosts, h)
		}
	}
	return hosts, len(hosts) == len(every)
}

func reportUnlisted(p *checks.Pass, d mtasts.Discovery, hosts []facts.MXHost) {
	for _, h := range hosts {
		f := checks.Finding{
			Where: facts.Where(p.Subject.Domain, dns.TypeMX), Message: "no mx of the policy matches the MX host " + h.Name,
			Record: "mx: " + h.Name,
		}
		for _, m := range d.Policy.MX {
			f.Evidence = append(f.Evidence, checks.Seen(d.PolicyURL, lineAt(d.Policy.Text, m.Position))...)
		}
		p.Report(f)
	}
}

var _ = suite.Add(&checks.Check{
	ID:       "mta-sts-mx-none",
	Title:    "An enforced MTA-STS policy matches an MX host of the domain",
	Why:      "Senders that heed MTA-STS, Gmail and Microsoft among them, deliver to no host that the policy does not name: they return the mail.",
	Fix:      "Add the lines shown to the policy and give the record a new id; serve the new policy before the MX records change.",
	Refs:     []string{"RFC 8461 §4.1", "RFC 8461 §5", "RFC 8461 §8.1"},
	Category: mtastsCategory, Scope: checks.Domain, Profiles: receiving, Severity: checks.Blocker, Points: 10,
	Needs: []fact.Key{facts.MTASTS, facts.MXRouting},
	Eval: func(p *checks.Pass) {
		d, ok := inMode(p, mtasts.ModeEnforce)
		if !ok || receivesNothing(p) {
			return
		}
		if hosts, all := unlisted(p, d); all {
			reportUnlisted(p, d, hosts)
		}
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "mta-sts-mx-unlisted",
	Title:    "An enforced MTA-STS policy matches every MX host",
	Why:      "Senders that heed MTA-STS do not deliver to a host that the policy does not name; when the others are down they return the mail. A wildcard stands for one label.",
	Fix:      "Add the lines shown to the policy and give the record a new id, or remove the host from the MX records.",
	Refs:     []string{"RFC 8461 §4.1", "RFC 8461 §5"},
	Category: mtastsCategory, Scope: checks.Domain, Profiles: receiving, Severity: checks.High, Points: 6,
	Needs: []fact.Key{facts.MTASTS, facts.MXRouting},
	Eval: func(p *checks.Pass) {
		d, ok := inMode(p, mtasts.ModeEnforce)
		if !ok || receivesNothing(p) {
			return
		}
		hosts, _ := unlisted(p, d)
		reportUnlisted(p, d, hosts)
	},
})

// eachListed calls f for every session with a host that the policy matches, and
// skips the check when f could judge none.
func eachListed(p *checks.Pass, d mtasts.Discovery, f func(facts.Session) bool) {
	some := false
	for _, s := range facts.Sessions.Of(p.View) {
		if _, ok := d.Policy.Match(s.Host.Name); ok && f(s) {
			some = true
		}
	}
	if !some {
		p.Skipf("no mail server that the policy matches could be asked for TLS")
	}
}

// silent notes a session that told nothing about a server's TLS, where the reason
// may be the moment or our network.
func silent(p *checks.Pass, s facts.Session) bool {
	if s.Result.Conclusive() {
		return false
	}
	p.Unknownf(where(s), "%s", s.Reason)
	return true
}

var _ = suite.Add(&checks.Check{
	ID:       "mta-sts-mx-tls-none",
	Title:    "An enforced MTA-STS policy is kept by a mail server of the domain",
	Why:      "Senders that heed MTA-STS, Gmail and Microsoft among them, find no server that they may deliver to: they return the mail.",
	Fix:      "Renew the certificate now, for the name in the MX record, from a public authority and with its whole chain. Where that takes long, serve mode: none and give the record a new id.",
	Refs:     []string{"RFC 8461 §4.2", "RFC 8461 §5"},
	Category: mtastsCategory, Scope: checks.Domain, Profiles: receiving, Severity: checks.Blocker, Points: 10,
	Needs: []fact.Key{facts.MTASTS, facts.MXRouting, facts.Sessions},
	Eval: func(p *checks.Pass) {
		d, ok := inMode(p, mtasts.ModeEnforce)
		if !ok || noSessions(p) {
			return
		}
		listed := func(h facts.MXHost) bool { _, ok := d.Policy.Match(h.Name); return ok }
		var findings []checks.Finding
		kept, unknown := false, false
		eachListed(p, d, func(s facts.Session) bool {
			message, evidence, known := policyBreach(s)
			switch {
			case message != "":
				findings = append(findings, finding(s, "no mail server keeps the policy: "+message, evidence...))
			case known:
				kept = true
			default:
				unknown = unknown || !s.Result.Conclusive()
			}
			return known
		})
		switch {
		case kept:
		case unknown || addressUnknown(p, listed):
			eachListed(p, d, func(s facts.Session) bool { return !silent(p, s) })
		default:
			for _, f := range findings {
				p.Report(f)
			}
		}
	},
})

// addressUnknown notes the first of these hosts of which some address could not be
// found out: it may be a server that does better.
func addressUnknown(p *checks.Pass, concerns func(facts.MXHost) bool) bool {
	return slices.ContainsFunc(facts.MXRouting.Of(p.View).Hosts, func(h facts.MXHost) bool {
		if !concerns(h) || h.Err == nil {
			return false
		}
		p.Unknownf(facts.Where(h.Name, dns.TypeA), "%v", h.Err)
		return true
	})
}

var _ = suite.Add(&checks.Check{
	ID:       "mta-sts-mx-tls",
	Title:    "An enforced MTA-STS policy is kept by every mail server that it matches",
	Why:      "Senders that heed MTA-STS do not deliver to a server without TLS, or whose certificate does not prove its name; when the others are down they return the mail.",
	Fix:      "Turn STARTTLS on, with a certificate for the name in the MX record from a public authority and its whole chain.",
	Refs:     []string{"RFC 8461 §4.2", "RFC 8461 §5"},
	Category: mtastsCategory, Scope: checks.Domain, Profiles: receiving, Severity: checks.High, Points: 6,
	Needs: []fact.Key{facts.MTASTS, facts.Sessions},
	Eval:  func(p *checks.Pass) { judgeTLS(p, mtasts.ModeEnforce) },
})

// judgeTLS judges every session with a host of a policy of this mode.
func judgeTLS(p *checks.Pass, mode mtasts.Mode) {
	d, ok := inMode(p, mode)
	if !ok || noSessions(p) {
		return
	}
	eachListed(p, d, func(s facts.Session) bool {
		message, evidence, known := policyBreach(s)
		if message != "" {
			p.Report(finding(s, message, evidence...))
		} else if !known {
			silent(p, s)
		}
		return known
	})
}

var _ = suite.Add(&checks.Check{
	ID:       "mta-sts-testing-mx",
	Title:    "An MTA-STS policy that is being tested matches every MX host",
	Why:      "Once the policy is enforced, senders do not deliver to a host that it does not name. Until then they deliver, and report.",
	Fix:      "Add the lines shown to the policy and give the record a new id, before the mode becomes enforce.",
	Refs:     []string{"RFC 8461 §4.1", "RFC 8461 §5"},
	Category: mtastsCategory, Scope: checks.Domain, Profiles: receiving, Severity: checks.Low, Points: 2,
	Needs: []fact.Key{facts.MTASTS, facts.MXRouting},
	Eval: func(p *checks.Pass) {
		d, ok := inMode(p, mtasts.ModeTesting)
		if !ok || receivesNothing(p) {
			return
		}
		hosts, _ := unlisted(p, d)
		reportUnlisted(p, d, hosts)
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "mta-sts-testing-tls",
	Title:    "An MTA-STS policy that is being tested is kept by every mail server that it matches",
	Why:      "Once the policy is enforced, senders do not deliver to such a server. Until then they deliver, and report.",
	Fix:      "Turn STARTTLS on, with a certificate for the name in the MX record from a public authority and its whole chain, before the mode becomes enforce.",
	Refs:     []string{"RFC 8461 §4.2", "RFC 8461 §5"},
	Category: mtastsCategory, Scope: checks.Domain, Profiles: receiving, Severity: checks.Low, Points: 2,
	Needs: []fact.Key{facts.MTASTS, facts.Sessions},
	Eval:  func(p *checks.Pass) { judgeTLS(p, mtasts.ModeTesting) },
})

var _ = suite.Add(&checks.Check{
	ID:       "mta-sts-mx-unused",
	Title:    "Every mx of the MTA-STS policy matches an MX host",
	Why:      "A name that is no longer a mail server of the domain stays trusted: who comes to own it may take the mail for itself. A host that is about to become one is no mistake.",
	Fix:      "Remove the line when the host will not return, and give the record a new id.",
	Refs:     []string{"RFC 8461 §4.1", "RFC 8461 §8.1"},
	Category: mtastsCategory, Scope: checks.Domain, Profiles: receiving, Severity: checks.Info,
	Needs: []fact.Key{facts.MTASTS, facts.MXRouting},
	Eval: func(p *checks.Pass) {
		d, ok := inMode(p, mtasts.ModeEnforce, mtasts.ModeTesting)
		if !ok || receivesNothing(p) {
			return
		}
		hosts := facts.MXRouting.Of(p.View).Hosts
		for _, m := range d.Policy.MX {
			if !slices.ContainsFunc(hosts, func(h facts.MXHost) bool { return m.Matches(h.Name) }) {
				p.Report(checks.Finding{
					Where: d.PolicyURL, Message: "no MX host matches this mx",
					Evidence: checks.Seen(d.PolicyURL, lineAt(d.Policy.Text, m.Position)),
				})
			}
		}
	},
})
