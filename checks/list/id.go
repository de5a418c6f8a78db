package list

import (
	"strings"

	"github.com/postmuster/postmuster/checks"
)

var _ = suite.Add(&checks.Check{
	ID:       "list-id-missing",
	Title:    "A mailing has a List-Id",
	Why:      "Recipients cannot file it, and mailbox providers cannot tell one list of a sender from another.",
	Fix:      "Add List-Id: Name <list.example.com>, the same in every issue.",
	Refs:     []string{"RFC 2919 §3"},
	Category: category, Scope: checks.Message, Profiles: marketing, Severity: checks.Low, Points: 1,
	Needs: treeFact,
	Eval: func(p *checks.Pass) {
		if header(p).First("List-Id") == nil {
			missing(p, "List-Id")
		}
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "list-id-invalid",
	Title:    "The List-Id holds an identifier in angle brackets",
	Why:      "Filters and recipients' rules look for it there.",
	Fix:      "Write List-Id: Name <list.example.com>, with a domain of yours.",
	Refs:     []string{"RFC 2919 §2", "RFC 2919 §3"},
	Category: category, Scope: checks.Message, Severity: checks.Low, Points: 2,
	Needs: treeFact,
	Eval: func(p *checks.Pass) {
		f := header(p).First("List-Id")
		if f == nil {
			p.Skipf("there is no List-Id field")
			return
		}
		value := f.Unfolded()
		open, end := strings.LastIndexByte(value, '<'), strings.LastIndexByte(value, '>')
		if open < 0 || end < open || !isListID(value[open+1:end]) {
			report(p, "there is no identifier like <list.example.com>", f)
		}
	},
})

// isListID reports whether s is dot-atom-text with at least one dot (RFC 2919 §2).
func isListID(s string) bool {
	labels := strings.Split(s, ".")
	for _, label := range labels {
		if label == "" || strings.ContainsAny(label, " \t@<>()[],;:\\\"") {
			return false
		}
	}
	return len(labels) > 1
}
