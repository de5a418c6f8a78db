package mime

import (
	"fmt"
	"strings"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/checks/facts"
	"github.com/postmuster/postmuster/internal/message"
)

var _ = suite.Add(&checks.Check{
	ID:       "content-type-invalid",
	Title:    "Every Content-Type can be read",
	Why:      "Readers take the part for plain text, or for a file of unknown type.",
	Fix:      "Write type/subtype; name=value, with the value in quotes where it has a space or another special character.",
	Refs:     []string{"RFC 2045 §5.1", "RFC 2045 §5.2"},
	Category: category, Scope: checks.Message, Severity: checks.Medium, Points: 6,
	Needs: treeFact,
	Eval: judge(defects{
		message.ContentTypeSyntax: "this is no media type",
		message.ParamSyntax:       "a parameter cannot be read, or stands twice",
	}),
})

var _ = suite.Add(&checks.Check{
	ID:       "mime-version-missing",
	Title:    "A message with parts or HTML has a MIME-Version field",
	Why:      "Without it the other MIME fields mean nothing by the standard; filters count it.",
	Fix:      "Add MIME-Version: 1.0.",
	Refs:     []string{"RFC 2045 §4"},
	Category: category, Scope: checks.Message, Severity: checks.Medium, Points: 4,
	Needs: treeFact,
	Eval: func(p *checks.Pass) {
		root := facts.Tree.Of(p.View).Root
		f := root.Header.First("Content-Type")
		if f == nil || root.Header.First("MIME-Version") != nil {
			return
		}
		if root.IsMultipart() || root.MediaType == "text/html" { // a plain text without it is common, and harmless
			p.Report(checks.Finding{Where: "header:MIME-Version", Message: "there is no MIME-Version field", Evidence: facts.SeenFields(f)})
		}
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "mime-version-bad",
	Title:    "The MIME-Version is 1.0",
	Why:      "There is no other; readers may not take the message for MIME.",
	Fix:      "Write MIME-Version: 1.0.",
	Refs:     []string{"RFC 2045 §4"},
	Category: category, Scope: checks.Message, Severity: checks.Low, Points: 2,
	Needs: treeFact,
	Eval: func(p *checks.Pass) {
		f := facts.Tree.Of(p.View).Header().First("MIME-Version")
		if f == nil {
			p.Skipf("there is no MIME-Version field")
			return
		}
		version := message.WithoutComments(f.Unfolded())
		if strings.Join(strings.Fields(version), "") != "1.0" {
			p.Report(checks.Finding{Where: f.Where(), Message: "the version is not 1.0", Evidence: facts.SeenFields(f)})
		}
	},
})

// What servers and filters read without complaint.
const (
	deepNesting = 10
	manyParts   = 100
)

var _ = suite.Add(&checks.Check{
	ID:       "mime-too-complex",
	Title:    "The message has few parts, and they are not nested deeply",
	Why:      "Servers and filters stop reading: what lies deeper is not shown, or the message is refused.",
	Fix:      "Attach files to one multipart/mixed; do not nest forwarded messages without end.",
	Refs:     []string{"RFC 2046 §5.1"},
	Category: category, Scope: checks.Message, Severity: checks.Low, Points: 3,
	Needs: treeFact,
	Eval: func(p *checks.Pass) {
		tree := facts.Tree.Of(p.View)
		if n := len(tree.Parts); n > manyParts {
			p.Report(checks.Finding{Where: tree.Root.Where(tree.Root.Offset), Message: fmt.Sprintf("there are %d parts", n), Evidence: seenType(tree.Root)})
		}
		for _, part := range tree.Parts {
			if depth := 1 + strings.Count(part.Path, "."); depth > deepNesting {
				p.Report(checks.Finding{Where: part.Where(part.Offset), Message: fmt.Sprintf("parts are nested %d deep", depth), Evidence: seenType(part)})
				return
			}
		}
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "empty-body",
	Title:    "The message has a body",
	Why:      "Readers see nothing, and filters count it: spammers try addresses so.",
	Fix:      "Look for a template that was not found, or a part that was left empty.",
	Refs:     []string{"RFC 5322 §2.3"},
	Category: category, Scope: checks.Message, Severity: checks.High, Points: 8,
	Needs: treeFact,
	Eval: func(p *checks.Pass) {
		tree := facts.Tree.Of(p.View)
		for _, part := range tree.Parts {
			if len(part.Children) == 0 && (!part.IsText() && len(part.RawBody) > 0 || strings.TrimSpace(part.Text) != "") {
				return
			}
			if message.Has(part.Defects, message.DecodedTooLarge) {
				return
			}
		}
		p.Report(checks.Finding{Where: tree.Root.Where(tree.Root.BodyOffset), Message: "no part has any content", Evidence: seenType(tree.Root)})
	},
})
