package header

import (
	"fmt"

	"github.com/postmuster/postmuster/checks"
)

var _ = suite.Add(&checks.Check{
	ID:       "header-duplicate-unique",
	Title:    "To, Subject, Date and Message-ID occur once at most",
	Why:      "Readers and filters may each see another one: Gmail refuses the message as not compliant with RFC 5322.",
	Fix:      "Emit each field once. Usually the application sets a field that its library or the mail server sets, too.",
	Refs:     []string{"RFC 5322 §3.6"},
	Category: headers, Scope: checks.Message, Severity: checks.Blocker, Points: 20,
	Needs: treeFact,
	Eval:  func(p *checks.Pass) { judgeDuplicates(p, "To", "Subject", "Date", "Message-ID") },
})

var _ = suite.Add(&checks.Check{
	ID:       "header-duplicate-other",
	Title:    "No other field that must be unique occurs twice",
	Why:      "Which of them counts depends on the receiver: replies go astray, and bodies are shown as garbage.",
	Fix:      "Emit each field once.",
	Refs:     []string{"RFC 5322 §3.6", "RFC 2045 §3", "RFC 2369 §2", "RFC 8058 §3.1"},
	Category: headers, Scope: checks.Message, Severity: checks.Medium, Points: 6,
	Needs: treeFact,
	Eval: func(p *checks.Pass) {
		judgeDuplicates(p, "Sender", "Reply-To", "Cc", "Bcc", "In-Reply-To", "References", "MIME-Version",
			"Content-Type", "Content-Transfer-Encoding", "List-Unsubscribe", "List-Unsubscribe-Post")
	},
})

// judgeDuplicates reports every field of the names that occurs more than once.
func judgeDuplicates(p *checks.Pass, names ...string) {
	for _, name := range names {
		if all := header(p).All(name); len(all) > 1 {
			report(p, fmt.Sprintf("there are %d %s fields", len(all), name), all[:min(len(all), maxFindings)]...)
		}
	}
}
