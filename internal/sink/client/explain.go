package client

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/postmuster/postmuster/internal/report"
	"github.com/postmuster/postmuster/internal/sink/api"
)

// maxExplained is how many messages are told of that do not match; the sink
// tells of no more either.
const maxExplained = 20

// Describe says in a line what a condition is about.
func Describe(c api.Condition) string {
	var words []string
	for _, part := range []struct{ key, value string }{
		{"to", c.To}, {"from", c.From}, {"subject", c.Subject}, {"inbox", c.Inbox}, {"matching", c.Query},
	} {
		if part.value != "" {
			words = append(words, part.key+" "+strconv.Quote(part.value))
		}
	}
	if len(words) == 0 {
		return "any message"
	}
	return "a message " + strings.Join(words, ", ")
}

// Explain says of a condition that does not hold what arrived instead, and why
// that does not match: several lines without a last line end. What is said of
// messages is made printable.
func Explain(o api.Outcome) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s expected, %d matched", o.Expected, o.Count)
	if o.Count > 0 && len(o.Arrived) == 0 {
		for i, m := range o.Messages {
			if i == maxExplained {
				fmt.Fprintf(&b, "\n  … and %d more", len(o.Messages)-i)
				break
			}
			b.WriteString("\n  matched: " + line(m))
		}
		return b.String()
	}
	switch len(o.Arrived) {
	case 0:
		b.WriteString("; nothing else arrived")
	case 1:
		b.WriteString("; 1 other message arrived:")
	default:
		fmt.Fprintf(&b, "; %d other messages arrived, the newest first:", len(o.Arrived))
	}
	for _, a := range o.Arrived {
		b.WriteString("\n  " + line(a.Summary))
		for _, m := range a.Mismatches {
			fmt.Fprintf(&b, "\n      %s: it has %s", report.Printable(m.Term), strconv.Quote(m.Has))
		}
	}
	return b.String()
}

// line is one message in a line.
func line(m api.Summary) string {
	to := strings.Join(m.Rcpt, ", ")
	if len(m.Rcpt) == 0 {
		to = strings.Join(m.To, ", ")
	}
	return report.Printable(fmt.Sprintf("%s to %s: %q", m.From, to, m.Subject))
}
