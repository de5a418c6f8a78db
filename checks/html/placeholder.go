package html

import (
	"strings"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/checks/fact"
	"github.com/postmuster/postmuster/checks/facts"
)

var _ = suite.Add(&checks.Check{
	ID:       "unresolved-placeholder-body",
	Title:    "The body holds no template placeholder",
	Why:      "The template was not filled: readers see it at once, links lead nowhere, and filters know the pattern.",
	Fix:      "Look for the merge field that has no value, or that is misspelt, and stop the run until it is mended.",
	Refs:     []string{"RFC 5322 §2.3", "https://spamassassin.apache.org/ (UNRESOLVED_TEMPLATE)"},
	Category: category, Scope: checks.Message, Severity: checks.High, Points: 10,
	Needs: []fact.Key{facts.Tree, facts.HTMLBodies},
	Eval: func(p *checks.Pass) {
		for _, part := range facts.Tree.Of(p.View).Parts {
			if part.MediaType != "text/plain" || part.IsAttachment() {
				continue
			}
			if found := facts.Placeholder(withoutCode(part.Text)); found != "" {
				where := part.Where(part.BodyOffset)
				p.Report(checks.Finding{Where: where, Message: "the text holds the placeholder " + found, Evidence: checks.Seen("text/plain", found)})
			}
		}
		for _, body := range facts.HTMLBodies.Of(p.View) {
			if found := inHTML(body); found != "" {
				report(p, body, "the HTML holds the placeholder "+found, found)
			}
		}
	},
})

// withoutCode leaves out lines that quote code: mail about software is full of
// braces.
func withoutCode(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if !strings.Contains(line, "`") && !strings.HasPrefix(line, "    ") && !strings.HasPrefix(line, "\t") && !strings.HasPrefix(line, ">") {
			b.WriteString(line)
		}
	}
	return b.String()
}

// inHTML finds a placeholder in what readers see and in where links and images
// lead; not where code is shown.
func inHTML(body facts.HTMLBody) string {
	code := false
	for _, e := range body.Elements {
		code = code || e.Name == "code" || e.Name == "pre"
		for _, name := range []string{"href", "src"} {
			if found := facts.Placeholder(e.Attr[name]); found != "" {
				return found
			}
		}
	}
	if code {
		return ""
	}
	return facts.Placeholder(body.Visible)
}
