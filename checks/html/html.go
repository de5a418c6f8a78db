// Package html checks what the HTML of a message holds, by its tags: what mail
// clients cut off, take away or warn of. Where links lead is not looked at.
package html

import (
	"fmt"
	"slices"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/checks/fact"
	"github.com/postmuster/postmuster/checks/facts"
)

const category = "content"

var suite checks.Suite

// Checks returns the checks of this package.
func Checks() checks.Suite { return suite }

var htmlFact = []fact.Key{facts.HTMLBodies}

// maxFindings is how many places of one fault are named: who mends the first
// few mends the template that made them all.
const maxFindings = 10

// judgeElements reports the elements of all HTML parts that are wrong.
func judgeElements(p *checks.Pass, problem func(facts.Element) string) {
	bodies := facts.HTMLBodies.Of(p.View)
	if len(bodies) == 0 {
		p.Skipf("the message has no HTML")
	}
	n := 0
	for _, body := range bodies {
		for _, e := range body.Elements {
			if text := problem(e); text != "" && n < maxFindings {
				n++
				report(p, body, text, excerpt(e.Raw))
			}
		}
	}
}

func report(p *checks.Pass, body facts.HTMLBody, message, seen string) {
	where := body.Part.Where(body.Part.BodyOffset)
	p.Report(checks.Finding{Where: where, Message: message, Evidence: checks.Seen("text/html", seen)})
}

// excerpt cuts a tag to what a reader takes in.
func excerpt(s string) string {
	const longest = 160
	if r := []rune(s); len(r) > longest {
		return string(r[:longest]) + "…"
	}
	return s
}

// tags returns a problem for the elements of these names.
func tags(names ...string) func(facts.Element) string {
	return func(e facts.Element) string {
		if slices.Contains(names, e.Name) {
			return fmt.Sprintf("the HTML has a <%s> element", e.Name)
		}
		return ""
	}
}
