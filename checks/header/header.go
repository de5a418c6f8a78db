// Package header checks the header fields of a message: those that name its
// author and recipients (category identity), and the others.
//
// What a field says about authentication is the matter of package auth, the
// fields of lists that of package list.
package header

import (
	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/checks/fact"
	"github.com/postmuster/postmuster/checks/facts"
	"github.com/postmuster/postmuster/internal/message"
)

const (
	identity = "identity"
	headers  = "headers"
)

var suite checks.Suite

// Checks returns the checks of this package.
func Checks() checks.Suite { return suite }

var treeFact = []fact.Key{facts.Tree}

// maxFindings is how many places of one fault are named: who mends the first
// few mends the template that made them all.
const maxFindings = 10

// header is the message's own header section.
func header(p *checks.Pass) *message.Header { return facts.Tree.Of(p.View).Header() }

// field returns the first field of the name; without one, or with an empty one,
// the check is skipped: other checks ask for it.
func field(p *checks.Pass, name string) *message.Field {
	f := header(p).First(name)
	if f == nil || f.Unfolded() == "" {
		p.Skipf("there is no %s field", name)
		return nil
	}
	return f
}

func report(p *checks.Pass, message string, fields ...*message.Field) {
	p.Report(checks.Finding{Where: fields[len(fields)-1].Where(), Message: message, Evidence: facts.SeenFields(fields...)})
}

// missing reports that there is no field of the name.
func missing(p *checks.Pass, name string) {
	p.Report(checks.Finding{Where: "header:" + name, Message: "there is no " + name + " field", Evidence: []checks.Evidence{}})
}

// defects are the defects of the header section of the kinds, with what is said
// of each.
type defects map[message.Kind]string

// reportDefects reports the defects of the message's own header section.
func reportDefects(p *checks.Pass, says defects) {
	tree := facts.Tree.Of(p.View)
	n := 0
	for _, d := range tree.Root.Defects {
		if text := says[d.Kind]; text != "" && n < maxFindings {
			n++
			p.Report(checks.Finding{Where: d.Where, Message: text, Evidence: facts.SeenAt(tree, d.Offset)})
		}
	}
}
