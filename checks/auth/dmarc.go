package auth

import (
	"fmt"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/checks/fact"
	"github.com/postmuster/postmuster/checks/facts"
	"github.com/postmuster/postmuster/internal/dns"
	"github.com/postmuster/postmuster/internal/proto/dkim"
	"github.com/postmuster/postmuster/internal/proto/dmarc"
)

var _ = suite.Add(&checks.Check{
	ID:       "dmarc-missing",
	Title:    "A DMARC policy applies to the From domain",
	Why:      "Gmail, Yahoo and Microsoft ask for one of everybody who sends in bulk, and refuse such mail without.",
	Fix:      "Publish a record at _dmarc of the From domain or of its organizational domain. p=none with a rua= address is a safe beginning.",
	Refs:     []string{"RFC 9989 §4.10", "https://support.google.com/mail/answer/81126"},
	Category: category, Scope: checks.Message, Severity: checks.High, Points: 8,
	Needs: []fact.Key{facts.DMARC},
	Eval: func(p *checks.Pass) {
		if noAuthor(p) {
			return
		}
		d := facts.DMARC.Of(p.View)
		if d.Result != dmarc.ResultNone && d.Result != dmarc.ResultPermError {
			return
		}
		f := checks.Finding{Where: whereRecord(d.AuthorDomain), Message: d.Reason, Record: "v=DMARC1; p=none; rua=mailto:dmarc-reports@" + d.AuthorDomain}
		if d.Record != nil {
			f.Where = whereRecord(d.RecordDomain)
			f.Record = ""
			f.Evidence = seenRecord(d.RecordDomain, d.Record.Text)
		}
		for _, step := range d.Walk.Steps {
			if d.Record == nil {
				f.Evidence = append(f.Evidence, checks.Seen(dns.Absolute(step.Name)+" TXT", "no DMARC record")...)
			}
		}
		p.Report(f)
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "dmarc-fail",
	Title:    "The message passes DMARC",
	Why:      "Neither SPF nor DKIM passes for the domain that readers see in From: mailbox providers refuse such bulk mail, and anybody could have sent it.",
	Fix:      "Sign with a d= of the From domain, or send with a MAIL FROM of that domain; a service that sends for you has a setting for its own DKIM key on your domain.",
	Refs:     []string{"RFC 9989 §5.3", "RFC 9989 §4.4", "https://support.google.com/mail/answer/81126"},
	Category: category, Scope: checks.Message, Severity: checks.High, Points: 15,
	Needs: []fact.Key{facts.MessageDMARC},
	Eval: func(p *checks.Pass) {
		if e := failed(p); e != nil {
			p.Report(checks.Finding{
				Where: "header:From", Message: "neither SPF nor DKIM passes for a domain that is aligned with " + p.Subject.Domain,
				Evidence: identifiers(e),
			})
		}
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "dmarc-fail-enforced",
	Title:    "The From domain's own policy does not turn the message away",
	Why:      "The domain asks receivers to refuse or set aside mail that fails DMARC, and this message fails.",
	Fix:      "Make the message pass: see dmarc-fail. Only while mail is being lost, and for no longer, relax the policy to p=none.",
	Refs:     []string{"RFC 9989 §5.4", "RFC 9989 §4.7"},
	Category: category, Scope: checks.Message, Severity: checks.Blocker, Points: 5,
	Needs: []fact.Key{facts.MessageDMARC},
	Eval: func(p *checks.Pass) {
		e := failed(p)
		if e == nil || e.EffectivePolicy == dmarc.PolicyNone || e.EffectivePolicy == "" {
			return
		}
		p.Report(checks.Finding{
			Where:    whereRecord(e.RecordDomain),
			Message:  fmt.Sprintf("the message fails DMARC, and %s=%s asks receivers to %s it", e.PolicySource, e.Policy, e.EffectivePolicy),
			Evidence: seenRecord(e.RecordDomain, e.Record),
		})
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "dmarc-spf-only",
	Title:    "DMARC passes through DKIM, too",
	Why:      "SPF breaks when a message is forwarded: only an aligned DKIM signature lets it pass DMARC there.",
	Fix:      "Sign with a d= of the From domain.",
	Refs:     []string{"RFC 9989 §5.3", "RFC 7208 §2.4"},
	Category: category, Scope: checks.Message, Severity: checks.Low, Points: 2,
	Needs: []fact.Key{facts.MessageDMARC, facts.Signatures},
	Eval: func(p *checks.Pass) {
		e := facts.MessageDMARC.Of(p.View)
		if e.Result != dmarc.ResultPass {
			p.Skipf("DMARC does not pass")
			return
		}
		if len(e.DKIMAligned) > 0 {
			return
		}
		for _, s := range facts.Signatures.Of(p.View).Signatures {
			if s.Result == dkim.ResultTempError {
				p.Unknownf(whereKey(&s), "%s", s.Error)
				return
			}
		}
		p.Report(checks.Finding{Where: "header:From", Message: "DMARC passes through SPF alone", Evidence: identifiers(e)})
	},
})

// noAuthor skips a check on the From domain where there is none.
func noAuthor(p *checks.Pass) bool {
	if p.Subject.Domain == "" {
		p.Skipf("the message has no From domain")
	}
	return p.Subject.Domain == ""
}

// failed returns the evaluation if the message fails DMARC; where there is
// nothing to pass the check is skipped.
func failed(p *checks.Pass) *dmarc.Evaluation {
	e := facts.MessageDMARC.Of(p.View)
	switch e.Result {
	case dmarc.ResultFail:
		return e
	case dmarc.ResultNone, dmarc.ResultPermError:
		p.Skipf("no DMARC policy applies") // dmarc-missing asks for one
	}
	return nil
}

func whereRecord(domain string) string { return facts.Where("_dmarc."+domain, dns.TypeTXT) }

func seenRecord(domain, record string) []checks.Evidence {
	return checks.Seen("_dmarc."+dns.Absolute(domain)+" TXT", record)
}

// identifiers is what each mechanism found, as evidence.
func identifiers(e *dmarc.Evaluation) []checks.Evidence {
	var evidence []checks.Evidence
	if len(e.Identifiers) == 0 {
		evidence = checks.Seen("authentication", "there is neither SPF nor DKIM")
	}
	for _, id := range e.Identifiers {
		text := fmt.Sprintf("%s for %s: %s", id.Result, id.Domain, id.Alignment)
		if id.Reason != "" {
			text += " (" + id.Reason + ")"
		}
		evidence = append(evidence, checks.Seen(id.Method, text)...)
	}
	return append(evidence, seenRecord(e.RecordDomain, e.Record)...)
}
