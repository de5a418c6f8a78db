package transport

import (
	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/checks/fact"
	"github.com/postmuster/postmuster/checks/facts"
	"github.com/postmuster/postmuster/internal/dns"
	"github.com/postmuster/postmuster/internal/smtp"
)

var _ = suite.Add(&checks.Check{
	ID:       "smtp-reachable",
	Title:    "At least one mail server of the domain is ready to take mail",
	Why:      "No mail to the domain is delivered: senders queue it for some days and then return it.",
	Fix:      "Start the mail server, open port 25 in the firewall for everyone, and see that the MX records name the right host. A server that answers and refuses says why in its reply.",
	Refs:     []string{"RFC 5321 §5.1", "RFC 5321 §4.5.4.1"},
	Category: category, Scope: checks.Domain, Severity: checks.Blocker, Points: 20,
	Needs: []fact.Key{facts.Sessions, facts.MXRouting},
	Eval: func(p *checks.Pass) {
		if noSessions(p) {
			return
		}
		var refused []facts.Session
		for _, s := range facts.Sessions.Of(p.View) {
			switch {
			case s.Banner != nil && s.Banner.Code == 220:
				return
			case s.Result.Conclusive():
				refused = append(refused, s)
			default:
				p.Unknownf(where(s), "%s", s.Reason)
			}
		}
		unknown := len(refused) < len(facts.Sessions.Of(p.View))
		for _, h := range facts.MXRouting.Of(p.View).Hosts {
			if h.Err != nil {
				unknown = true
				p.Unknownf(facts.Where(h.Name, dns.TypeA), "%v", h.Err)
			}
		}
		if unknown {
			return // one that we could not talk to may take mail
		}
		for _, s := range refused {
			p.Report(finding(s, "no mail server is ready to take mail: "+s.Reason, transcript(s)...))
		}
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "smtp-address-reachable",
	Title:    "Every address of every mail server takes connections",
	Why:      "Senders try one address after another: mail is late, and the redundancy that the records promise is not there.",
	Fix:      "Open port 25 on the address, or remove it from the host's records. An IPv6 address that nobody serves is a common case.",
	Refs:     []string{"RFC 5321 §5.1", "RFC 7505 §4.1"},
	Category: category, Scope: checks.Domain, Severity: checks.Medium, Points: 4, UpTo: 8,
	Needs: []fact.Key{facts.Sessions},
	Eval: func(p *checks.Pass) {
		if noSessions(p) {
			return
		}
		for _, s := range facts.Sessions.Of(p.View) {
			switch {
			case s.Result == smtp.ResultRefused:
				p.Report(finding(s, "the connection is refused", s.Reason))
			case s.Step == smtp.StepConnect && s.Result != smtp.ResultOK:
				p.Unknownf(where(s), "%s", s.Reason)
			}
		}
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "smtp-greeting",
	Title:    "Every mail server greets with 220 and answers EHLO",
	Why:      "A server that refuses or does not speak SMTP takes no mail; senders go on to the next one or return the message.",
	Fix:      "See what listens on port 25 of the address, and why it turns visitors away.",
	Refs:     []string{"RFC 5321 §3.1", "RFC 5321 §4.2", "RFC 7504"},
	Category: category, Scope: checks.Domain, Severity: checks.High, Points: 8,
	Needs: []fact.Key{facts.Sessions},
	Eval: func(p *checks.Pass) {
		if noSessions(p) {
			return
		}
		connected := false
		for _, s := range facts.Sessions.Of(p.View) {
			connected = connected || s.Step != smtp.StepConnect
			switch {
			case s.Step == smtp.StepConnect && s.Result.Conclusive():
				// smtp-address-reachable tells
			case s.EHLO != nil && s.EHLO.Code == 250:
			case s.Result.Conclusive():
				p.Report(finding(s, s.Reason, transcript(s)...))
			default:
				p.Unknownf(where(s), "%s", s.Reason)
			}
		}
		if !connected {
			p.Skipf("no mail server could be connected to")
		}
	},
})

// transcript is what was said, for evidence; the end of it when it was long.
func transcript(s facts.Session) []string {
	const most = 8
	var texts []string
	for _, line := range s.Transcript {
		texts = append(texts, line.String())
	}
	if len(texts) == 0 {
		return []string{s.Reason}
	}
	return texts[max(0, len(texts)-most):]
}
