package session

import (
	"fmt"
	"strings"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/checks/fact"
	"github.com/postmuster/postmuster/checks/facts"
)

var _ = suite.Add(&checks.Check{
	ID:       "smtp-pipelining-early",
	Title:    "The client waits for replies where it must",
	Why:      "Only spam programs talk before it is their turn: servers such as postscreen refuse them for that alone.",
	Fix:      "Wait for the greeting and for the replies to EHLO, DATA and STARTTLS.",
	Refs:     []string{"RFC 5321 §4.3.1", "RFC 2920 §3.1"},
	Category: category, Scope: checks.Message, Severity: checks.Medium, Points: 5,
	Needs: []fact.Key{facts.Wire},
	Eval: func(p *checks.Pass) {
		if early := facts.Wire.Of(p.View).SpokeEarly; len(early) > 0 {
			report(p, "smtp:"+early[0], "the client went on without waiting for a reply", "spoke before the reply to", strings.Join(early, ", "))
		}
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "smtp-8bit-without-8bitmime",
	Title:    "A body with octets above 127 is announced with BODY=8BITMIME",
	Why:      "Servers may take the eighth bit away or encode the body anew, which breaks DKIM.",
	Fix:      "Say BODY=8BITMIME in MAIL FROM, or encode the body.",
	Refs:     []string{"RFC 6152 §3"},
	Category: category, Scope: checks.Message, Severity: checks.Low, Points: 2,
	Needs: []fact.Key{facts.Wire, facts.Envelope, facts.Tree},
	Eval: func(p *checks.Pass) {
		tree := facts.Tree.Of(p.View)
		at := eightBit(tree.Raw[tree.Root.BodyOffset:])
		if at < 0 {
			p.Skipf("the body is ASCII")
			return
		}
		if body, _ := facts.Envelope.Of(p.View).Params.Get("BODY"); !strings.EqualFold(body, "8BITMIME") && !strings.EqualFold(body, "BINARYMIME") {
			p.Report(checks.Finding{
				Where: "smtp:MAIL", Message: "the body has octets above 127, and MAIL FROM does not say BODY=8BITMIME",
				Evidence: facts.SeenAt(tree, tree.Root.BodyOffset+at),
			})
		}
	},
})

// eightBit returns where the first octet above 127 is; -1 without one.
func eightBit(b []byte) int {
	for i, c := range b {
		if c >= 0x80 {
			return i
		}
	}
	return -1
}

var _ = suite.Add(&checks.Check{
	ID:       "smtp-utf8-undeclared",
	Title:    "An envelope address beyond ASCII is announced with SMTPUTF8",
	Why:      "Servers refuse such an address unless it was announced.",
	Fix:      "Say SMTPUTF8 in MAIL FROM, to servers that offer it; write domains in A-labels.",
	Refs:     []string{"RFC 6531 §3.4", "RFC 6531 §3.3"},
	Category: category, Scope: checks.Message, Severity: checks.Medium, Points: 5,
	Needs: []fact.Key{facts.Wire, facts.Envelope},
	Eval: func(p *checks.Pass) {
		envelope := facts.Envelope.Of(p.View)
		if _, announced := envelope.Params.Get("SMTPUTF8"); announced {
			return
		}
		if eightBit([]byte(envelope.MailFrom)) >= 0 {
			report(p, "smtp:MAIL", "the address in MAIL FROM is not ASCII", "MAIL FROM", envelope.MailFrom)
		}
		for _, rcpt := range envelope.Rcpt {
			if eightBit([]byte(rcpt.To)) >= 0 {
				report(p, "smtp:RCPT", "an address in RCPT TO is not ASCII", "RCPT TO", rcpt.To)
				return
			}
		}
	},
})

// Sizes of messages as sent, with their attachments encoded.
const (
	large    = 10 << 20
	veryBig  = 20 << 20 // iCloud's limit
	tooLarge = 25 << 20 // of many servers; SIZE 26214400 is the commonest
)

var _ = suite.Add(&checks.Check{
	ID:       "size-over-10mb",
	Title:    "The message has at most 10 MB",
	Why:      "Mail servers of organizations often take no more than 10 MB.",
	Fix:      "Send a link instead of the files.",
	Refs:     []string{"RFC 1870 §3"},
	Category: category, Scope: checks.Message, Severity: checks.Low, Points: 3,
	Needs: []fact.Key{facts.Tree},
	Eval:  func(p *checks.Pass) { judgeSize(p, large, veryBig) },
})

var _ = suite.Add(&checks.Check{
	ID:       "size-over-20mb",
	Title:    "The message has at most 20 MB",
	Why:      "iCloud takes no more than 20 MB, and many others no more either.",
	Fix:      "Send a link instead of the files.",
	Refs:     []string{"https://support.apple.com/en-us/102198", "RFC 1870 §3"},
	Category: category, Scope: checks.Message, Severity: checks.Medium, Points: 6,
	Needs: []fact.Key{facts.Tree},
	Eval:  func(p *checks.Pass) { judgeSize(p, veryBig, tooLarge) },
})

var _ = suite.Add(&checks.Check{
	ID:       "size-over-25mb",
	Title:    "The message has at most 25 MB",
	Why:      "Gmail, Yahoo and Outlook.com set their limits at about 25 MB: the message is refused.",
	Fix:      "Send a link instead of the files.",
	Refs:     []string{"https://support.google.com/mail/answer/6584", "RFC 1870 §3"},
	Category: category, Scope: checks.Message, Severity: checks.Blocker, Points: 15,
	Needs: []fact.Key{facts.Tree},
	Eval:  func(p *checks.Pass) { judgeSize(p, tooLarge, 1<<62) },
})

// judgeSize reports a message larger than least, up to most, with its largest
// part.
func judgeSize(p *checks.Pass, least, most int) {
	tree := facts.Tree.Of(p.View)
	size := len(tree.Raw)
	if size <= least || size > most {
		return
	}
	largest := tree.Root
	for _, part := range tree.Parts {
		if len(part.Children) == 0 && (len(largest.Children) > 0 || len(part.RawBody) > len(largest.RawBody)) {
			largest = part
		}
	}
	report(p, largest.Where(largest.Offset), fmt.Sprintf("the message has %d octets", size), largest.MediaType, fmt.Sprintf("%d octets", len(largest.RawBody)))
}
