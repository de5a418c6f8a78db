package list

import (
	"regexp"
	"slices"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/checks/fact"
	"github.com/postmuster/postmuster/checks/facts"
)

// leaving are words for unsubscribing in the languages that most mailings are
// in, and what their links are called.
var leaving = regexp.MustCompile(`(?i)unsub|opt[-_ ]?out|preferences|subscription|abmeld|abbestell|austragen|abbestille|d[ée]s(abonn|inscri)|cancel(ar|la|lati)|dar(se)? de baja|disiscri|annulla|descadastr|remover|uitschrij|afmeld|avregistr|avprenumer|avsluta|frameld|avmeld|peruuta|wypis|rezygn|odhl[aá]s|leiratkoz|dezabon|отпис|відпис|απεγγραφ|配信停止|購読|退订|退訂|取消订阅|수신거부|구독|iptal|abonelik`)

var _ = suite.Add(&checks.Check{
	ID:       "body-unsubscribe-missing",
	Title:    "A mailing shows a way to unsubscribe in its body",
	Why:      "Gmail asks for a clearly visible link beside the header field, and laws ask for one; who finds no way out reports spam.",
	Fix:      "Add a link to the footer that says unsubscribe.",
	Refs:     []string{"https://support.google.com/mail/answer/81126", "15 U.S.C. 7704(a)(3)"},
	Category: category, Scope: checks.Message, Profiles: marketing, Severity: checks.High, Points: 8,
	Needs: []fact.Key{facts.Tree, facts.HTMLBodies},
	Eval: func(p *checks.Pass) {
		tree := facts.Tree.Of(p.View)
		if discussion(tree.Header()) {
			p.Skipf("a list that recipients write to is no bulk mail")
			return
		}
		for _, part := range tree.Parts {
			if part.MediaType == "text/plain" && !part.IsAttachment() && leaving.MatchString(part.Text) {
				return
			}
		}
		for _, body := range facts.HTMLBodies.Of(p.View) {
			if slices.ContainsFunc(body.Elements, leads) {
				return
			}
		}
		p.Report(checks.Finding{
			Where: tree.Root.Where(tree.Root.BodyOffset), Message: "nothing in the body says how to unsubscribe", Evidence: facts.SeenFields(tree.Header().All("List-Unsubscribe")...),
		})
	},
})

// leads reports whether a link leads out, by its text or its address.
func leads(e facts.Element) bool {
	return e.Name == "a" && e.Attr["href"] != "" && (leaving.MatchString(e.Text) || leaving.MatchString(e.Attr["href"]))
}
