package header

import (
	"net/netip"
	"strings"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/internal/message"
)

var _ = suite.Add(&checks.Check{
	ID:       "message-id-missing",
	Title:    "The message has a Message-ID",
	Why:      "Gmail refuses some mail without one, threads and bounces cannot refer to it, and filters count it.",
	Fix:      "Add a Message-ID when the message is made: a unique left side, and a domain of yours on the right.",
	Refs:     []string{"RFC 5322 §3.6.4"},
	Category: headers, Scope: checks.Message, Severity: checks.High, Points: 8,
	Needs: treeFact,
	Eval: func(p *checks.Pass) {
		f := header(p).First("Message-ID")
		switch {
		case f == nil:
			missing(p, "Message-ID")
		case f.Unfolded() == "":
			report(p, "the Message-ID field is empty", f)
		}
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "message-id-malformed",
	Title:    "The Message-ID is one <left@right>",
	Why:      "Hardly any proper mail has a malformed one: filters count it, and threads break.",
	Fix:      "Let a library make it: <unique@host.example.com>, in angle brackets and without spaces.",
	Refs:     []string{"RFC 5322 §3.6.4"},
	Category: headers, Scope: checks.Message, Severity: checks.Medium, Points: 5,
	Needs: treeFact,
	Eval: func(p *checks.Pass) {
		f := field(p, "Message-ID")
		if f == nil {
			return
		}
		switch ids, defects := message.ParseMessageIDs(f.Unfolded()); {
		case len(defects) > 0:
			report(p, "Message-ID is no <left@right>", f)
		case len(ids) != 1:
			report(p, "Message-ID holds more than one", f)
		}
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "message-id-domain-not-fqdn",
	Title:    "The right side of the Message-ID is a full domain name",
	Why:      "localhost and the like do not make it unique, and show a host that does not know its name; filters count it a little.",
	Fix:      "Set the host's full name, or tell the mail library which domain to use.",
	Refs:     []string{"RFC 5322 §3.6.4"},
	Category: headers, Scope: checks.Message, Severity: checks.Low, Points: 2,
	Needs: treeFact,
	Eval: func(p *checks.Pass) {
		f := field(p, "Message-ID")
		if f == nil {
			return
		}
		ids, defects := message.ParseMessageIDs(f.Unfolded())
		if len(ids) == 0 || len(defects) > 0 {
			p.Skipf("the Message-ID is malformed")
			return
		}
		if right := strings.ToLower(ids[0].Right); !isFullName(right) {
			report(p, "the right side of the Message-ID, "+right+", is no full domain name", f)
		}
	},
})

func isFullName(name string) bool {
	if _, err := netip.ParseAddr(strings.Trim(name, "[]")); err == nil {
		return false
	}
	dot := strings.LastIndexByte(name, '.')
	if dot <= 0 {
		return false
	}
	for _, tld := range localTLDs {
		if name[dot+1:] == tld {
			return false
		}
	}
	return true
}
