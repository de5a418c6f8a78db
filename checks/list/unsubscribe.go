package list

import (
	"net/url"
	"strings"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/internal/message"
)

var _ = suite.Add(&checks.Check{
	ID:       "list-unsubscribe-missing",
	Title:    "A mailing has a List-Unsubscribe field",
	Why:      "Gmail and Yahoo ask for it of bulk mail; who finds no way out reports spam.",
	Fix:      "Add List-Unsubscribe with an https URI of the recipient's own, and List-Unsubscribe-Post.",
	Refs:     []string{"RFC 2369 §3.2", "https://support.google.com/mail/answer/81126", "https://senders.yahooinc.com/best-practices/"},
	Category: category, Scope: checks.Message, Profiles: marketing, Severity: checks.High, Points: 12,
	Needs: treeFact,
	Eval: func(p *checks.Pass) {
		if header(p).First("List-Unsubscribe") == nil {
			missing(p, "List-Unsubscribe")
		}
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "list-unsubscribe-syntax",
	Title:    "List-Unsubscribe is a list of URIs in angle brackets",
	Why:      "Mail clients show no button for what they cannot read.",
	Fix:      "Write <https://…>, <mailto:…>: each URI in angle brackets, commas between them, other characters escaped.",
	Refs:     []string{"RFC 2369 §2", "RFC 2369 §3.2"},
	Category: category, Scope: checks.Message, Severity: checks.Medium, Points: 6,
	Needs: treeFact,
	Eval: func(p *checks.Pass) {
		f := unsubscribe(p)
		if f == nil {
			return
		}
		list, junk := uris(f.Unfolded())
		switch {
		case junk != "":
			report(p, "this is no URI in angle brackets: "+junk, f)
		case len(list) == 0:
			report(p, "there is no URI", f)
		}
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "list-unsubscribe-http",
	Title:    "List-Unsubscribe does not lead over plain http alone",
	Why:      "Gmail and others show no button for it, and whoever listens can unsubscribe the recipient.",
	Fix:      "Use https.",
	Refs:     []string{"RFC 8058 §3.1", "RFC 2369 §3.2"},
	Category: category, Scope: checks.Message, Severity: checks.Medium, Points: 6,
	Needs: treeFact,
	Eval: func(p *checks.Pass) {
		f := unsubscribe(p)
		if f == nil {
			return
		}
		list, _ := uris(f.Unfolded())
		if has(list, "http") && !has(list, "https") {
			report(p, "the only web address is plain http", f)
		}
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "list-unsubscribe-mailto-invalid",
	Title:    "A mailto URI in List-Unsubscribe names an address",
	Why:      "The message that unsubscribes goes nowhere.",
	Fix:      "Write <mailto:LOCAL@DOMAIN?subject=TOKEN>.",
	Refs:     []string{"RFC 6068 §2", "RFC 2369 §3.2"},
	Category: category, Scope: checks.Message, Severity: checks.Low, Points: 2,
	Needs: treeFact,
	Eval: func(p *checks.Pass) {
		f := unsubscribe(p)
		if f == nil {
			return
		}
		list, _ := uris(f.Unfolded())
		for _, u := range list {
			if strings.EqualFold(u.Scheme, "mailto") && !isMailto(u) {
				report(p, "the mailto URI names no address: "+shorten(u.String()), f)
				return
			}
		}
	},
})

func isMailto(u *url.URL) bool {
	to, err := url.PathUnescape(u.Opaque)
	if err != nil {
		return false
	}
	list := message.ParseAddresses(to)
	return len(list.List) > 0 && len(list.Defects) == 0
}

var _ = suite.Add(&checks.Check{
	ID:       "one-click-missing",
	Title:    "A mailing offers one-click unsubscribe",
	Why:      "Gmail and Yahoo ask for it of bulk mail since June 2024; mail without it goes to spam or is refused.",
	Fix:      "Add List-Unsubscribe-Post: List-Unsubscribe=One-Click, serve the POST at the https URI, and sign both fields.",
	Refs:     []string{"RFC 8058 §3.1", "https://support.google.com/mail/answer/81126", "https://senders.yahooinc.com/best-practices/"},
	Category: category, Scope: checks.Message, Profiles: marketing, Severity: checks.High, Points: 12,
	Needs: treeFact,
	Eval: func(p *checks.Pass) {
		h := header(p)
		switch {
		case h.First("List-Unsubscribe-Post") != nil:
		case discussion(h):
			p.Skipf("a list that recipients write to is no bulk mail")
		default:
			missing(p, "List-Unsubscribe-Post")
		}
	},
})

const oneClick = "List-Unsubscribe=One-Click"

var _ = suite.Add(&checks.Check{
	ID:       "one-click-value-wrong",
	Title:    "List-Unsubscribe-Post is List-Unsubscribe=One-Click",
	Why:      "Receivers look for that value to the letter: any other is no one-click.",
	Fix:      "Write List-Unsubscribe-Post: List-Unsubscribe=One-Click.",
	Refs:     []string{"RFC 8058 §3.1", "RFC 8058 §7"},
	Category: category, Scope: checks.Message, Severity: checks.High, Points: 10,
	Needs: treeFact,
	Eval: func(p *checks.Pass) {
		if f := post(p); f != nil && f.Unfolded() != oneClick {
			report(p, "the value is not "+oneClick, f)
		}
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "one-click-no-https",
	Title:    "With one-click, List-Unsubscribe holds an https URI",
	Why:      "One-click is a POST to that URI: without it receivers have nowhere to send it.",
	Fix:      "Add an https URI to List-Unsubscribe that identifies the recipient.",
	Refs:     []string{"RFC 8058 §3.1"},
	Category: category, Scope: checks.Message, Severity: checks.High, Points: 10,
	Needs: treeFact,
	Eval: func(p *checks.Pass) {
		f := post(p)
		if f == nil {
			return
		}
		unsubscribe := header(p).First("List-Unsubscribe")
		if unsubscribe == nil {
			report(p, "List-Unsubscribe-Post stands without List-Unsubscribe", f)
			return
		}
		if list, _ := uris(unsubscribe.Unfolded()); !has(list, "https") {
			report(p, "List-Unsubscribe holds no https URI", unsubscribe, f)
		}
	},
})

func has(list []*url.URL, scheme string) bool {
	for _, u := range list {
		if strings.EqualFold(u.Scheme, scheme) && (u.Host != "" || u.Opaque != "") {
			return true
		}
	}
	return false
}

// unsubscribe returns the List-Unsubscribe field; without one the check is
// skipped.
func unsubscribe(p *checks.Pass) *message.Field {
	f := header(p).First("List-Unsubscribe")
	if f == nil {
		p.Skipf("there is no List-Unsubscribe field")
	}
	return f
}

// post returns the List-Unsubscribe-Post field; without one the check is
// skipped.
func post(p *checks.Pass) *message.Field {
	f := header(p).First("List-Unsubscribe-Post")
	if f == nil {
		p.Skipf("there is no List-Unsubscribe-Post field")
	}
	return f
}
