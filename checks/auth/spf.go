package auth

import (
	"net/netip"
	"strings"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/checks/fact"
	"github.com/postmuster/postmuster/checks/facts"
	"github.com/postmuster/postmuster/internal/dns"
	"github.com/postmuster/postmuster/internal/proto/spf"
)

var spfFacts = []fact.Key{facts.MessageSPF, facts.Client, facts.Envelope}

var _ = suite.Add(&checks.Check{
	ID:       "spf-fail",
	Title:    "The SPF policy of the MAIL FROM domain does not forbid the client",
	Why:      "The domain says that this address may not send its mail. Many receivers refuse such mail outright.",
	Fix:      "If the address is yours, add it to the domain's SPF record; if a service sends for you, add the include that it documents. Else find out who sends in your name.",
	Refs:     []string{"RFC 7208 §2.6.4", "RFC 7208 §8.4", "https://support.google.com/mail/answer/81126"},
	Category: category, Scope: checks.Message, Severity: checks.High, Points: 12,
	Needs: spfFacts,
	Eval:  func(p *checks.Pass) { judgeSPF(p, spf.ResultFail, "may not send for") },
})

var _ = suite.Add(&checks.Check{
	ID:       "spf-softfail",
	Title:    "The SPF policy of the MAIL FROM domain does not doubt the client",
	Why:      "The domain says that this address probably may not send its mail: SPF does not pass, so DMARC must live by DKIM alone, and filters count it.",
	Fix:      "Add the address, or the include of the service that sends for you, to the domain's SPF record.",
	Refs:     []string{"RFC 7208 §2.6.5", "RFC 7208 §8.5"},
	Category: category, Scope: checks.Message, Severity: checks.Medium, Points: 6,
	Needs: spfFacts,
	Eval:  func(p *checks.Pass) { judgeSPF(p, spf.ResultSoftfail, "is not known to send for") },
})

var _ = suite.Add(&checks.Check{
	ID:       "spf-neutral",
	Title:    "The SPF policy of the MAIL FROM domain says something about the client",
	Why:      "Neutral counts as if there were no policy: SPF does not pass, which mailbox providers ask of bulk mail.",
	Fix:      "Add the address, or the include of the service that sends for you, to the record, and end it in ~all or -all.",
	Refs:     []string{"RFC 7208 §2.6.2", "RFC 7208 §8.2", "https://support.google.com/mail/answer/81126"},
	Category: category, Scope: checks.Message, Severity: checks.Medium, Points: 6,
	Needs: spfFacts,
	Eval:  func(p *checks.Pass) { judgeSPF(p, spf.ResultNeutral, "is neither allowed nor forbidden to send for") },
})

var _ = suite.Add(&checks.Check{
	ID:       "spf-none",
	Title:    "The MAIL FROM domain publishes an SPF policy",
	Why:      "Anybody can send bounces and complaints the domain's way, and mailbox providers ask for SPF and DKIM of bulk mail.",
	Fix:      "Publish an SPF record that lists what sends for the domain.",
	Refs:     []string{"RFC 7208 §2.6.1", "https://support.google.com/mail/answer/81126"},
	Category: category, Scope: checks.Message, Severity: checks.High, Points: 8,
	Needs: spfFacts,
	Eval: func(p *checks.Pass) {
		e := facts.MessageSPF.Of(p.View)
		if e.Result != spf.ResultNone {
			return
		}
		f := spfFinding(p, e, "SPF has no result: "+e.Reason)
		if strings.Contains(e.Domain, ".") {
			f.Record = "v=spf1 " + term(facts.Client.Of(p.View).Addr) + " ~all"
		}
		p.Report(f)
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "spf-permerror",
	Title:    "The SPF policy of the MAIL FROM domain can be evaluated for the client",
	Why:      "Receivers cannot use the policy: the mail counts as not authorised, however many addresses the record lists.",
	Fix:      "Audit the domain: postmuster audit names the term at fault. Two records, more than ten lookups and misspelt terms are the usual causes.",
	Refs:     []string{"RFC 7208 §2.6.7", "RFC 7208 §4.6.4", "RFC 7208 §8.7"},
	Category: category, Scope: checks.Message, Severity: checks.High, Points: 12,
	Needs: spfFacts,
	Eval: func(p *checks.Pass) {
		if e := facts.MessageSPF.Of(p.View); e.Result == spf.ResultPermError {
			p.Report(spfFinding(p, e, "SPF is permerror: "+e.Reason))
		}
	},
})

// judgeSPF reports a result that depends on the client, with the record that
// would let it pass.
func judgeSPF(p *checks.Pass, result spf.Result, says string) {
	e := facts.MessageSPF.Of(p.View)
	if e.Result != result {
		return
	}
	addr := facts.Client.Of(p.View).Addr
	message := addr.String() + " " + says + " " + e.Domain
	if e.Matched != nil {
		message += ", by " + e.Matched.Term + " of " + e.Matched.Domain
	}
	f := spfFinding(p, e, message)
	f.Record = withAddress(e.Record, addr)
	p.Report(f)
}

func spfFinding(p *checks.Pass, e *spf.Evaluation, message string) checks.Finding {
	client, identity := facts.Client.Of(p.View), "MAIL FROM"
	said := "<" + facts.Envelope.Of(p.View).MailFrom + ">"
	if said == "<>" {
		identity, said = "HELO (MAIL FROM is <>)", client.HELO
	}
	evidence := append(checks.Seen("client", client.Addr.String()), checks.Seen(identity, said)...)
	if e.Record != "" {
		evidence = append(evidence, checks.Seen(dns.Absolute(e.Domain)+" TXT", e.Record)...)
	}
	return checks.Finding{Where: facts.Where(e.Domain, dns.TypeTXT), Message: message, Evidence: evidence}
}

// withAddress returns the policy with the address before the terms that end it;
// empty for a policy that cannot be read.
func withAddress(policy string, addr netip.Addr) string {
	record := spf.Parse(policy)
	if !record.Valid() {
		return ""
	}
	for _, t := range record.Terms {
		if t.Kind == spf.KindAll || t.Kind == spf.KindRedirect {
			return policy[:t.Position] + term(addr) + " " + policy[t.Position:]
		}
	}
	return policy + " " + term(addr)
}

func term(addr netip.Addr) string {
	if addr.Is4() {
		return "ip4:" + addr.String()
	}
	return "ip6:" + addr.WithZone("").String()
}
