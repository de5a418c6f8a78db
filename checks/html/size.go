package html

import (
	"fmt"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/checks/facts"
)

// clipping is where Gmail cuts the HTML of a message off; field tests give 102
// to 105 KB.
const clipping = 102 << 10

var _ = suite.Add(&checks.Check{
	ID:       "html-over-102k",
	Title:    "The HTML has at most 102 KB",
	Why:      "Gmail cuts it off there: readers do not see the rest, nor the link to unsubscribe, and opens are not counted.",
	Fix:      "Take out comments, unused styles and repeated inline CSS; link to the full text.",
	Refs:     []string{"https://www.spamresource.com/2022/01/what-is-gmail-clipping-and-what-to-do.html"},
	Category: category, Scope: checks.Message, Severity: checks.Medium, Points: 6,
	Needs: htmlFact,
	Eval: func(p *checks.Pass) {
		bodies := facts.HTMLBodies.Of(p.View)
		if len(bodies) == 0 {
			p.Skipf("the message has no HTML")
		}
		for _, body := range bodies {
			if n := len(body.Part.Body); n > clipping {
				report(p, body, fmt.Sprintf("the HTML has %d octets", n), fmt.Sprintf("%d octets, decoded", n))
			}
		}
	},
})
