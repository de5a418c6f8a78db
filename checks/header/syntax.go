package header

import (
	"fmt"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/checks/facts"
	"github.com/postmuster/postmuster/internal/message"
)

var _ = suite.Add(&checks.Check{
	ID:       "header-syntax-no-colon",
	Title:    "Every line of the header is a field or the continuation of one",
	Why:      "Some servers end the header there and show the other fields as text; others refuse the message. DKIM breaks.",
	Fix:      "Look for a line end in a value, or a blank line in the template, that became a header line of its own.",
	Refs:     []string{"RFC 5322 §2.2", "RFC 5322 §2.1"},
	Category: headers, Scope: checks.Message, Severity: checks.High, Points: 10,
	Needs: treeFact,
	Eval: func(p *checks.Pass) {
		reportDefects(p, defects{
			message.NoColon:          "a line of the header is no field",
			message.FoldWithoutField: "the header begins with the continuation of a field",
			message.MissingSeparator: "no empty line stands between header and body",
		})
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "header-whitespace-before-colon",
	Title:    "No space stands between a field's name and its colon",
	Why:      "Many programs do not find the field at all.",
	Fix:      "Write Name: value.",
	Refs:     []string{"RFC 5322 §2.2", "RFC 5322 §4.5"},
	Category: headers, Scope: checks.Message, Severity: checks.Medium, Points: 4,
	Needs: treeFact,
	Eval: func(p *checks.Pass) {
		reportDefects(p, defects{message.SpaceBeforeColon: "a space stands before the colon"})
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "header-line-too-long",
	Title:    "No header line is longer than 998 octets",
	Why:      "Servers may refuse the message, or break the line at a place of their choice, which breaks DKIM.",
	Fix:      "Fold long fields; libraries do. Lists of recipients and References are the usual ones.",
	Refs:     []string{"RFC 5322 §2.1.1", "RFC 5321 §4.5.3.1.6"},
	Category: headers, Scope: checks.Message, Severity: checks.High, Points: 8,
	Needs: treeFact,
	Eval: func(p *checks.Pass) {
		reportDefects(p, defects{message.HeaderLineTooLong: "a header line is longer than 998 octets"})
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "header-null-byte",
	Title:    "No header field holds a control character",
	Why:      "Servers cut the field or refuse the message.",
	Fix:      "Take control characters out of what becomes a header field.",
	Refs:     []string{"RFC 5322 §2.2", "RFC 5322 §4.1"},
	Category: headers, Scope: checks.Message, Severity: checks.High, Points: 8,
	Needs: treeFact,
	Eval: func(p *checks.Pass) {
		reportDefects(p, defects{message.HeaderControl: "the field holds a control character"})
	},
})

// Sizes of header sections. Postfix truncates at 102,400 octets
// (header_size_limit), and 64 KiB is where filters begin to count.
const (
	largeHeader = 64 << 10
	hugeHeader  = 500 << 10
)

var _ = suite.Add(&checks.Check{
	ID:       "header-block-too-large",
	Title:    "The header has at most 64 KiB",
	Why:      "Servers cut or refuse large headers; filters stop reading.",
	Fix:      "Look for a list of recipients, or a tracking field, that grew without bounds.",
	Refs:     []string{"RFC 5322 §2.2"},
	Category: headers, Scope: checks.Message, Severity: checks.Medium, Points: 4,
	Needs: treeFact,
	Eval:  func(p *checks.Pass) { judgeHeaderSize(p, largeHeader, hugeHeader) },
})

var _ = suite.Add(&checks.Check{
	ID:       "header-block-huge",
	Title:    "The header has at most 500 KiB",
	Why:      "Gmail and others refuse so large a header.",
	Fix:      "Look for a list of recipients, or a tracking field, that grew without bounds.",
	Refs:     []string{"RFC 5322 §2.2"},
	Category: headers, Scope: checks.Message, Severity: checks.High, Points: 10,
	Needs: treeFact,
	Eval:  func(p *checks.Pass) { judgeHeaderSize(p, hugeHeader, 1<<62) },
})

func judgeHeaderSize(p *checks.Pass, least, most int) {
	h := header(p)
	if h.Length <= least || h.Length > most {
		return
	}
	var longest *message.Field
	for i := range h.Fields {
		if longest == nil || len(h.Fields[i].Raw) > len(longest.Raw) {
			longest = &h.Fields[i]
		}
	}
	evidence := []checks.Evidence{}
	if longest != nil {
		evidence = facts.SeenFields(longest)
	}
	p.Report(checks.Finding{
		Where: fmt.Sprintf("part:1@%d", h.Offset), Message: fmt.Sprintf("the header has %d octets in %d fields", h.Length, len(h.Fields)), Evidence: evidence,
	})
}
