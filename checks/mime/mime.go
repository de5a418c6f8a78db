// Package mime checks the structure of a message: its parts and their encodings
// (RFC 2045 to RFC 2049), and how its lines end (RFC 5322 §2.3).
package mime

import (
	"fmt"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/checks/fact"
	"github.com/postmuster/postmuster/checks/facts"
	"github.com/postmuster/postmuster/internal/message"
)

const category = "structure"

var suite checks.Suite

// Checks returns the checks of this package.
func Checks() checks.Suite { return suite }

var treeFact = []fact.Key{facts.Tree}

// maxFindings is how many places of one fault are named: who mends the first
// few mends the program that made them all.
const maxFindings = 10

// defects are the kinds of defects to report, with what is said of each.
type defects map[message.Kind]string

// judge returns an Eval that reports the defects of all parts.
func judge(says defects) func(*checks.Pass) {
	return func(p *checks.Pass) {
		tree, n := facts.Tree.Of(p.View), 0
		for _, d := range tree.Defects {
			if text := says[d.Kind]; text != "" && n < maxFindings {
				n++
				p.Report(checks.Finding{Where: d.Where, Message: text + times(d.Count), Evidence: facts.SeenAt(tree, d.Offset)})
			}
		}
	}
}

// times says how often something occurs where that is more than once.
func times(n int) string {
	if n < 2 {
		return ""
	}
	return fmt.Sprintf(", %d times", n)
}

// seenType is the Content-Type of a part as evidence.
func seenType(parts ...*message.Part) []checks.Evidence {
	evidence := []checks.Evidence{}
	for _, part := range parts {
		if f := part.Header.First("Content-Type"); f != nil {
			evidence = append(evidence, facts.SeenFields(f)...)
		}
	}
	return evidence
}
