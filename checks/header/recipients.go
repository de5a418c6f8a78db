package header

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/checks/fact"
	"github.com/postmuster/postmuster/checks/facts"
	"github.com/postmuster/postmuster/internal/message"
)

var _ = suite.Add(&checks.Check{
	ID:       "to-missing",
	Title:    "The message names a recipient",
	Why:      "It is legal to name none, but SpamAssassin and Rspamd count it: most of what has no To is spam.",
	Fix:      "Put the recipient's address into To.",
	Refs:     []string{"RFC 5322 §3.6.3"},
	Category: identity, Scope: checks.Message, Severity: checks.Medium, Points: 4,
	Needs: treeFact,
	Eval: func(p *checks.Pass) {
		h := header(p)
		if h.First("To") == nil && h.First("Cc") == nil && h.First("Bcc") == nil {
			p.Report(checks.Finding{Where: "header:To", Message: "there is no To, Cc or Bcc field", Evidence: []checks.Evidence{}})
		}
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "to-undisclosed",
	Title:    "To does not hide the recipients",
	Why:      "Filters take a message to undisclosed recipients for bulk mail.",
	Fix:      "Send a message of its own to each recipient.",
	Refs:     []string{"RFC 5322 §3.4"},
	Category: identity, Scope: checks.Message, Severity: checks.Low, Points: 2,
	Needs: treeFact,
	Eval: func(p *checks.Pass) {
		f := field(p, "To")
		if f == nil {
			return
		}
		if to := message.ParseAddresses(f.Unfolded()); len(to.List) == 0 && len(to.Groups) > 0 && header(p).First("Cc") == nil {
			report(p, "To names a group without members", f)
		}
	},
})

// manyRecipients is how many addresses readers may see before filters and
// readers take offence; Rspamd counts from there.
const manyRecipients = 50

var _ = suite.Add(&checks.Check{
	ID:       "too-many-visible-recipients",
	Title:    "To and Cc show few recipients",
	Why:      "Everybody sees everybody's address, and filters take it for bulk mail.",
	Fix:      "Send a message of its own to each recipient.",
	Refs:     []string{"RFC 5322 §3.6.3"},
	Category: identity, Scope: checks.Message, Severity: checks.Medium, Points: 5,
	Needs: treeFact,
	Eval: func(p *checks.Pass) {
		n, fields := 0, append(header(p).All("To"), header(p).All("Cc")...)
		for _, f := range fields {
			n += len(message.ParseAddresses(f.Unfolded()).List)
		}
		if n > manyRecipients {
			report(p, fmt.Sprintf("%d recipients are shown", n), fields[:min(len(fields), maxFindings)]...)
		}
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "reply-to-unparseable",
	Title:    "The Reply-To field can be read",
	Why:      "Answers are lost, or go to From.",
	Fix:      "Write Reply-To as Name <local@domain>.",
	Refs:     []string{"RFC 5322 §3.6.2"},
	Category: identity, Scope: checks.Message, Severity: checks.Low, Points: 2,
	Needs: treeFact,
	Eval: func(p *checks.Pass) {
		f := header(p).First("Reply-To")
		if f == nil {
			p.Skipf("there is no Reply-To field")
			return
		}
		to := message.ParseAddresses(f.Unfolded())
		for _, d := range to.Defects {
			switch d.Kind {
			case message.AddressSyntax, message.AddressNoDomain, message.AddressDomainSyntax:
				report(p, "Reply-To is no list of addresses: "+d.Detail, f)
				return
			}
		}
		if len(to.List) == 0 {
			report(p, "Reply-To holds no address", f)
		}
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "reply-to-equals-recipient",
	Title:    "Reply-To is not the recipient",
	Why:      "Answers go back to who writes them. Forged mail does so, and merge fields that were mixed up.",
	Fix:      "Set Reply-To to an address of yours; look at the template's merge fields.",
	Refs:     []string{"RFC 5322 §3.6.2"},
	Category: identity, Scope: checks.Message, Severity: checks.Medium, Points: 5,
	Needs: []fact.Key{facts.Tree, facts.Envelope},
	Eval: func(p *checks.Pass) {
		f := field(p, "Reply-To")
		if f == nil {
			return
		}
		author := message.Addresses{}
		if from := header(p).First("From"); from != nil {
			author = message.ParseAddresses(from.Unfolded())
		}
		for _, a := range message.ParseAddresses(f.Unfolded()).List {
			for _, rcpt := range facts.Envelope.Of(p.View).Rcpt {
				if strings.EqualFold(a.Addr(), rcpt.To) && !contains(author, rcpt.To) { // a note to oneself is none
					report(p, "answers go to the recipient, "+rcpt.To, f)
					return
				}
			}
		}
	},
})

func contains(list message.Addresses, address string) bool {
	for _, a := range list.List {
		if strings.EqualFold(a.Addr(), address) {
			return true
		}
	}
	return false
}

var noReply = regexp.MustCompile(`(?i)^(no|do[-_.]?not)[-_.]?reply\b`)

var _ = suite.Add(&checks.Check{
	ID:       "no-reply-without-reply-to",
	Title:    "The message can be answered",
	Why:      "Recipients who cannot answer complain instead; Microsoft asks for an address that receives.",
	Fix:      "Add a Reply-To that somebody reads, or write from such an address.",
	Refs:     []string{"RFC 5322 §3.6.2"},
	Category: identity, Scope: checks.Message, Severity: checks.Low, Points: 1,
	Needs: treeFact,
	Eval: func(p *checks.Pass) {
		f, author := from(p)
		if f == nil || header(p).First("Reply-To") != nil {
			return
		}
		if list := withDomain(author.List); len(list) > 0 && noReply.MatchString(list[0].Local) {
			report(p, list[0].Addr()+" wants no answer, and there is no Reply-To", f)
		}
	},
})
