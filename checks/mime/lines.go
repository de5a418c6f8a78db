package mime

import (
	"fmt"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/checks/fact"
	"github.com/postmuster/postmuster/checks/facts"
	"github.com/postmuster/postmuster/internal/message"
)

// wireFacts are what checks of line ends read: those of a file are its system's,
// and say nothing about those on the wire.
var wireFacts = []fact.Key{facts.Tree, facts.Wire}

var _ = suite.Add(&checks.Check{
	ID:       "bare-lf",
	Title:    "Every line ends in CRLF: no LF stands alone",
	Why:      "Servers refuse a bare LF since SMTP smuggling became known, or rewrite it, which breaks the DKIM signature.",
	Fix:      "Send CRLF. Programs that talk SMTP themselves forget it most often.",
	Refs:     []string{"RFC 5321 §2.3.8", "RFC 5322 §2.3", "https://www.postfix.org/smtp-smuggling.html"},
	Category: category, Scope: checks.Message, Severity: checks.Blocker, Points: 20,
	Needs: wireFacts,
	Eval: func(p *checks.Pass) {
		lines := facts.Tree.Of(p.View).Lines
		reportLines(p, lines.BareLF, lines.FirstBareLF, "a line ends in LF without CR")
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "bare-cr",
	Title:    "No CR stands alone",
	Why:      "Servers refuse a bare CR or rewrite it, which breaks the DKIM signature.",
	Fix:      "Send CRLF, and take stray CRs out of what goes into the message.",
	Refs:     []string{"RFC 5321 §2.3.8", "RFC 5322 §2.3"},
	Category: category, Scope: checks.Message, Severity: checks.High, Points: 10,
	Needs: wireFacts,
	Eval: func(p *checks.Pass) {
		lines := facts.Tree.Of(p.View).Lines
		reportLines(p, lines.BareCR, lines.FirstBareCR, "a CR stands without LF")
	},
})

// reportLines reports what was counted, at its first place.
func reportLines(p *checks.Pass, count, first int, says string) {
	if count > 0 {
		tree := facts.Tree.Of(p.View)
		p.Report(checks.Finding{Where: tree.Root.Where(first), Message: says + times(count), Evidence: facts.SeenAt(tree, first)})
	}
}

var _ = suite.Add(&checks.Check{
	ID:       "smtp-smuggling-sequence",
	Title:    "No line end but CRLF stands around a lone dot",
	Why:      "Some servers take it for the end of the message, and what follows for a second one: that is SMTP smuggling, and others refuse it.",
	Fix:      "Send CRLF, and double every dot that begins a line.",
	Refs:     []string{"RFC 5321 §4.1.1.4", "RFC 5321 §4.5.2", "https://www.postfix.org/smtp-smuggling.html"},
	Category: category, Scope: checks.Message, Severity: checks.Blocker, Points: 30,
	Needs: wireFacts,
	Eval: func(p *checks.Pass) {
		tree := facts.Tree.Of(p.View)
		for i, s := range tree.Lines.Smuggling {
			if i >= maxFindings {
				return
			}
			where := tree.Root.Where(s.Offset)
			p.Report(checks.Finding{Where: where, Message: "a dot stands alone between line ends that are not both CRLF", Evidence: checks.Seen(where, s.Bytes)})
		}
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "dot-stuffing-missing",
	Title:    "A dot that begins a line is doubled on the wire",
	Why:      "Receivers take the first dot away: the text changes, and the DKIM signature breaks.",
	Fix:      "Double every dot that begins a line. Programs that talk SMTP themselves forget it most often.",
	Refs:     []string{"RFC 5321 §4.5.2"},
	Category: category, Scope: checks.Message, Severity: checks.Medium, Points: 6,
	Needs: []fact.Key{facts.Wire},
	Eval: func(p *checks.Pass) {
		if n := facts.Wire.Of(p.View).UnstuffedDots; n > 0 {
			p.Report(checks.Finding{
				Where: "smtp:DATA", Message: "a line began with a single dot and went on, which was lost" + times(n),
				Evidence: checks.Seen("smtp:DATA", fmt.Sprintf("lines with a single dot at the beginning: %d", n)),
			})
		}
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "line-too-long",
	Title:    "No line of the body is longer than 998 octets",
	Why:      "Servers may refuse the message, or break the line, which breaks the DKIM signature.",
	Fix:      "Use quoted-printable or base64, which break lines.",
	Refs:     []string{"RFC 5322 §2.1.1", "RFC 5321 §4.5.3.1.6"},
	Category: category, Scope: checks.Message, Severity: checks.High, Points: 8,
	Needs: treeFact,
	Eval:  judge(defects{message.LineTooLong: "a line is longer than 998 octets"}),
})

var _ = suite.Add(&checks.Check{
	ID:       "body-null-byte",
	Title:    "No text holds a NUL",
	Why:      "Servers refuse the message, cut it there, or take the NUL away, which breaks the DKIM signature.",
	Fix:      "Encode binary data in base64; look for a text in UTF-16.",
	Refs:     []string{"RFC 2045 §2.7", "RFC 5322 §4.1"},
	Category: category, Scope: checks.Message, Severity: checks.High, Points: 8,
	Needs: treeFact,
	Eval:  judge(defects{message.NULInBody: "the body holds a NUL"}),
})
