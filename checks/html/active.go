package html

import (
	"strings"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/checks/facts"
)

var _ = suite.Add(&checks.Check{
	ID:       "html-script",
	Title:    "The HTML has no scripts",
	Why:      "Every mail client takes them away, and filters take the message for an attack.",
	Fix:      "Take scripts out: link to a page that has them.",
	Refs:     []string{"https://www.caniemail.com/"},
	Category: category, Scope: checks.Message, Severity: checks.High, Points: 12,
	Needs: htmlFact,
	Eval: func(p *checks.Pass) {
		judgeElements(p, func(e facts.Element) string {
			if kind := strings.ToLower(e.Attr["type"]); kind == "application/ld+json" || kind == "application/json" {
				return "" // data, such as Gmail's markup
			}
			return tags("script")(e)
		})
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "html-form",
	Title:    "The HTML has no form",
	Why:      "Mail clients take forms away or warn of them: phishing asks for passwords so.",
	Fix:      "Link to a page with the form.",
	Refs:     []string{"https://www.caniemail.com/features/html-form/"},
	Category: category, Scope: checks.Message, Severity: checks.Medium, Points: 6,
	Needs: htmlFact,
	Eval:  func(p *checks.Pass) { judgeElements(p, tags("form", "input", "textarea", "select")) },
})

var _ = suite.Add(&checks.Check{
	ID:       "html-iframe-object-embed",
	Title:    "The HTML embeds no other documents",
	Why:      "Mail clients take frames and objects away, and filters count them.",
	Fix:      "Link to what was to be embedded.",
	Refs:     []string{"https://www.caniemail.com/"},
	Category: category, Scope: checks.Message, Severity: checks.High, Points: 10,
	Needs: htmlFact,
	Eval:  func(p *checks.Pass) { judgeElements(p, tags("iframe", "object", "embed", "applet", "frame")) },
})
