// Package list checks how recipients leave a mailing: the List-* fields (RFC
// 2369, RFC 2919) and one-click unsubscribe (RFC 8058).
//
// Whether a signature covers the fields is the matter of package auth. Nothing
// here follows a link.
package list

import (
	"net/url"
	"strings"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/checks/fact"
	"github.com/postmuster/postmuster/checks/facts"
	"github.com/postmuster/postmuster/internal/message"
)

const category = "list"

var suite checks.Suite

// Checks returns the checks of this package.
func Checks() checks.Suite { return suite }

var (
	treeFact  = []fact.Key{facts.Tree}
	marketing = []checks.Profile{checks.Marketing}
)

func header(p *checks.Pass) *message.Header { return facts.Tree.Of(p.View).Header() }

func report(p *checks.Pass, text string, fields ...*message.Field) {
	p.Report(checks.Finding{Where: fields[0].Where(), Message: text, Evidence: facts.SeenFields(fields...)})
}

func missing(p *checks.Pass, name string) {
	p.Report(checks.Finding{Where: "header:" + name, Message: "there is no " + name + " field", Evidence: []checks.Evidence{}})
}

// discussion reports whether recipients write to the list themselves: the rules
// of mailbox providers for bulk mail are not for those.
func discussion(h *message.Header) bool {
	post := h.First("List-Post")
	return post != nil && !strings.EqualFold(post.Unfolded(), "NO") // RFC 2369 §3.4
}

// uris are the URIs in angle brackets of a List-* field. Whatever else stands
// between them is junk; white space within them is to be ignored (RFC 2369 §2).
func uris(value string) (uris []*url.URL, junk string) {
	for value != "" {
		before, rest, ok := strings.Cut(value, "<")
		if text := strings.Trim(message.WithoutComments(before), ", \t"); text != "" && junk == "" {
			junk = shorten(text)
		}
		if !ok {
			return uris, junk
		}
		inside, after, closed := strings.Cut(rest, ">")
		u, err := url.Parse(strings.Join(strings.Fields(inside), ""))
		if (err != nil || u.Scheme == "" || !closed) && junk == "" {
			junk = shorten("<" + inside)
		} else if err == nil {
			uris = append(uris, u)
		}
		value = after
	}
	return uris, junk
}

// shorten cuts what a message of ours quotes.
func shorten(s string) string {
	const longest = 80
	if len(s) <= longest {
		return s
	}
	return strings.ToValidUTF8(s[:longest], "") + "…"
}
