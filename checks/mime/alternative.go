package mime

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/checks/fact"
	"github.com/postmuster/postmuster/checks/facts"
	"github.com/postmuster/postmuster/internal/message"
)

var _ = suite.Add(&checks.Check{
	ID:       "html-only",
	Title:    "A message in HTML has a text alternative",
	Why:      "Readers without HTML see nothing, watches and previews the source; half of spam, and three quarters of phishing, is so: filters count it a little.",
	Fix:      "Send multipart/alternative with a text/plain part before the text/html part.",
	Refs:     []string{"RFC 2046 §5.1.4"},
	Category: category, Scope: checks.Message, Severity: checks.Medium, Points: 4,
	Needs: treeFact,
	Eval: func(p *checks.Pass) {
		texts, htmls := bodies(facts.Tree.Of(p.View).Root)
		if len(htmls) == 0 {
			p.Skipf("the message has no HTML")
			return
		}
		if len(texts) == 0 {
			p.Report(checks.Finding{
				Where: htmls[0].Where(htmls[0].Offset), Message: "there is text/html, and no text/plain beside it", Evidence: seenType(htmls[0]),
			})
		}
	},
})

// bodies are the parts that readers are shown as the message itself.
func bodies(part *message.Part) (texts, htmls []*message.Part) {
	switch {
	case part.IsAttachment():
	case part.IsMultipart():
		for _, child := range part.Children {
			t, h := bodies(child)
			texts, htmls = append(texts, t...), append(htmls, h...)
		}
	case part.MediaType == "text/plain":
		texts = append(texts, part)
	case part.MediaType == "text/html":
		htmls = append(htmls, part)
	}
	return texts, htmls
}

var _ = suite.Add(&checks.Check{
	ID:       "alternative-order",
	Title:    "In an alternative the plain text comes before the HTML",
	Why:      "Readers show the last part that they understand: the plain text instead of the HTML.",
	Fix:      "Put the parts in the order text/plain, text/x-amp-html, text/html.",
	Refs:     []string{"RFC 2046 §5.1.4"},
	Category: category, Scope: checks.Message, Severity: checks.Medium, Points: 4,
	Needs: treeFact,
	Eval: func(p *checks.Pass) {
		eachAlternative(p, func(part *message.Part) {
			var html *message.Part
			for _, child := range part.Children {
				_, htmls := bodies(child)
				if len(htmls) > 0 {
					html = htmls[0]
				} else if html != nil && (child.MediaType == "text/plain" || child.MediaType == "text/x-amp-html") {
					p.Report(checks.Finding{
						Where: child.Where(child.Offset), Message: child.MediaType + " stands behind text/html", Evidence: seenType(html, child),
					})
					return
				}
			}
		})
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "alternative-missing-member",
	Title:    "An alternative has plain text and something richer",
	Why:      "There is nothing to choose from; filters count an alternative that lacks a part.",
	Fix:      "Add the missing part, or send the one that there is without multipart/alternative.",
	Refs:     []string{"RFC 2046 §5.1.4"},
	Category: category, Scope: checks.Message, Severity: checks.Low, Points: 3,
	Needs: treeFact,
	Eval: func(p *checks.Pass) {
		eachAlternative(p, func(part *message.Part) {
			texts, htmls := bodies(part)
			missing := ""
			switch {
			case len(part.Children) == 0:
				return // boundary-missing and boundary-unclosed say why
			case len(part.Children) == 1:
				missing = "the alternative has one part only"
			case len(texts) == 0 && len(htmls) > 0:
				missing = "the alternative has no text/plain"
			}
			if missing != "" {
				p.Report(checks.Finding{Where: part.Where(part.Offset), Message: missing, Evidence: seenType(append([]*message.Part{part}, part.Children...)...)})
			}
		})
	},
})

// Words that a part must have to be called a text, and a rich one.
const (
	fewWords  = 3
	manyWords = 20
)

var _ = suite.Add(&checks.Check{
	ID:       "alternative-text-empty",
	Title:    "The text alternative says what the HTML says",
	Why:      "Readers of plain text see nothing; SpamAssassin and Rspamd count parts that differ.",
	Fix:      "Make the text from the HTML, or write it; do not leave it empty.",
	Refs:     []string{"RFC 2046 §5.1.4"},
	Category: category, Scope: checks.Message, Severity: checks.Medium, Points: 5,
	Needs: []fact.Key{facts.Tree, facts.HTMLBodies},
	Eval: func(p *checks.Pass) {
		eachAlternative(p, func(part *message.Part) {
			texts, htmls := bodies(part)
			if len(texts) == 0 || len(htmls) == 0 {
				return
			}
			words, visible := len(strings.Fields(texts[0].Text)), len(strings.Fields(visibleText(p, htmls[0])))
			if words < fewWords && visible > manyWords {
				p.Report(checks.Finding{
					Where:   texts[0].Where(texts[0].BodyOffset),
					Message: fmt.Sprintf("the text alternative has %d words, the HTML has %d", words, visible), Evidence: seenType(texts[0], htmls[0]),
				})
			}
		})
	},
})

// visibleText is what readers see of an HTML part.
func visibleText(p *checks.Pass, part *message.Part) string {
	for _, body := range facts.HTMLBodies.Of(p.View) {
		if body.Part == part {
			return body.Visible
		}
	}
	return ""
}

var htmlTag = regexp.MustCompile(`(?i)<(html|body|table|td|div|p|br|span)\b[^>]*>`)

// someTags is how many tags make a text HTML: one or two may be quoted.
const someTags = 3

var _ = suite.Add(&checks.Check{
	ID:       "alternative-text-is-html",
	Title:    "The text alternative is no HTML",
	Why:      "Readers of plain text see the source.",
	Fix:      "Make plain text from the HTML, or give the part the type text/html.",
	Refs:     []string{"RFC 2046 §4.1.3", "RFC 2046 §5.1.4"},
	Category: category, Scope: checks.Message, Severity: checks.Medium, Points: 5,
	Needs: treeFact,
	Eval: func(p *checks.Pass) {
		texts, _ := bodies(facts.Tree.Of(p.View).Root)
		for _, part := range texts[:min(len(texts), maxFindings)] {
			if tags := htmlTag.FindAllString(part.Text, someTags); len(tags) == someTags {
				p.Report(checks.Finding{
					Where: part.Where(part.BodyOffset), Message: "text/plain holds HTML",
					Evidence: checks.Seen(part.Where(part.BodyOffset), strings.Join(tags, " … ")),
				})
			}
		}
	},
})

// eachAlternative calls f for every multipart/alternative; without any the check
// is skipped.
func eachAlternative(p *checks.Pass, f func(*message.Part)) {
	some := false
	for _, part := range facts.Tree.Of(p.View).Parts {
		if part.MediaType == "multipart/alternative" {
			some = true
			f(part)
		}
	}
	if !some {
		p.Skipf("there is no multipart/alternative")
	}
}
