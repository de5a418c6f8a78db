package mime

import (
	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/checks/facts"
	"github.com/postmuster/postmuster/internal/message"
)

var _ = suite.Add(&checks.Check{
	ID:       "cte-unknown",
	Title:    "Every Content-Transfer-Encoding is one of the five",
	Why:      "Readers cannot decode the part: they show it as a file.",
	Fix:      "Use quoted-printable for text and base64 for files.",
	Refs:     []string{"RFC 2045 §6.1", "RFC 2045 §6.4"},
	Category: category, Scope: checks.Message, Severity: checks.Medium, Points: 5,
	Needs: treeFact,
	Eval:  judge(defects{message.EncodingUnknown: "the transfer encoding is unknown"}),
})

var _ = suite.Add(&checks.Check{
	ID:       "cte-illegal-on-multipart",
	Title:    "No multipart or message is encoded as a whole",
	Why:      "The standard forbids base64 and quoted-printable there: readers do not find the parts.",
	Fix:      "Encode the parts, not what holds them.",
	Refs:     []string{"RFC 2045 §6.4"},
	Category: category, Scope: checks.Message, Severity: checks.Medium, Points: 5,
	Needs: treeFact,
	Eval:  judge(defects{message.EncodingOnComposite: "a multipart or message is encoded"}),
})

var _ = suite.Add(&checks.Check{
	ID:       "cte-7bit-with-8bit-data",
	Title:    "What is declared 7bit holds no octets above 127",
	Why:      "Servers may take the eighth bit away or encode the part anew, which breaks DKIM; filters count it.",
	Fix:      "Use quoted-printable, or declare 8bit.",
	Refs:     []string{"RFC 2045 §6.2", "RFC 2045 §2.7"},
	Category: category, Scope: checks.Message, Severity: checks.Medium, Points: 5,
	Needs: treeFact,
	Eval:  judge(defects{message.SevenBitViolated: "octets above 127 stand in a part that is 7bit"}),
})

var _ = suite.Add(&checks.Check{
	ID:       "cte-base64-of-ascii",
	Title:    "Plain ASCII text is not sent in base64",
	Why:      "Encoding plain text hides its words from simple filters: that is why spam does it, and why filters count it.",
	Fix:      "Use 7bit, or quoted-printable where lines are long.",
	Refs:     []string{"RFC 2045 §6.7", "RFC 2045 §6.8"},
	Category: category, Scope: checks.Message, Severity: checks.Low, Points: 3,
	Needs: treeFact,
	Eval: func(p *checks.Pass) {
		n := 0
		for _, part := range facts.Tree.Of(p.View).Parts {
			if part.Encoding != "base64" || !part.IsText() || part.IsAttachment() || len(part.Body) == 0 || n >= maxFindings || needsEncoding(part.Body) {
				continue
			}
			n++
			p.Report(checks.Finding{
				Where: part.Where(part.BodyOffset), Message: "plain ASCII text is encoded in base64",
				Evidence: facts.SeenFields(part.Header.First("Content-Transfer-Encoding")),
			})
		}
	},
})

// needsEncoding reports whether a text cannot be sent as it is.
func needsEncoding(text []byte) bool {
	const longest = 998 // RFC 5322 §2.1.1
	line := 0
	for _, c := range text {
		line++
		switch {
		case c >= 0x80 || c == 0:
			return true
		case c == '\n':
			line = 0
		case line > longest:
			return true
		}
	}
	return false
}

var _ = suite.Add(&checks.Check{
	ID:       "base64-invalid",
	Title:    "Every base64 part decodes",
	Why:      "Readers show garbage or a broken file; some servers refuse the message.",
	Fix:      "Encode the part again; a footer or a line end that was added behind the encoder is the usual cause.",
	Refs:     []string{"RFC 2045 §6.8"},
	Category: category, Scope: checks.Message, Severity: checks.Medium, Points: 5,
	Needs: treeFact,
	Eval:  judge(defects{message.Base64Invalid: "the base64 cannot be decoded"}),
})

var _ = suite.Add(&checks.Check{
	ID:       "base64-line-too-long",
	Title:    "No base64 line is longer than 76 characters",
	Why:      "The standard demands it; a single long line is a mark of spam tools, and filters count it.",
	Fix:      "Have the encoder break lines after 76 characters.",
	Refs:     []string{"RFC 2045 §6.8"},
	Category: category, Scope: checks.Message, Severity: checks.Low, Points: 2,
	Needs: treeFact,
	Eval:  judge(defects{message.Base64LineTooLong: "a base64 line is longer than 76 characters"}),
})

var _ = suite.Add(&checks.Check{
	ID:       "qp-invalid",
	Title:    "Every quoted-printable part decodes",
	Why:      "Readers show equals signs and codes amid the text.",
	Fix:      "Encode the part again, the equals sign itself as =3D; nothing may be added behind the encoder.",
	Refs:     []string{"RFC 2045 §6.7"},
	Category: category, Scope: checks.Message, Severity: checks.Medium, Points: 5,
	Needs: treeFact,
	Eval:  judge(defects{message.QPInvalid: "the quoted-printable cannot be decoded"}),
})

var _ = suite.Add(&checks.Check{
	ID:       "qp-line-too-long",
	Title:    "No quoted-printable line is longer than 76 characters",
	Why:      "The standard demands it; some servers break such lines, which breaks DKIM.",
	Fix:      "Have the encoder break lines with a soft line break after 76 characters.",
	Refs:     []string{"RFC 2045 §6.7"},
	Category: category, Scope: checks.Message, Severity: checks.Low, Points: 1,
	Needs: treeFact,
	Eval:  judge(defects{message.QPLineTooLong: "a quoted-printable line is longer than 76 characters"}),
})

var _ = suite.Add(&checks.Check{
	ID:       "charset-missing-8bit",
	Title:    "Text with other characters than ASCII names its charset",
	Why:      "Readers guess, and show garbage.",
	Fix:      "Add charset=utf-8 to the Content-Type.",
	Refs:     []string{"RFC 2046 §4.1.2"},
	Category: category, Scope: checks.Message, Severity: checks.Medium, Points: 5,
	Needs: treeFact,
	Eval:  judge(defects{message.CharsetMissing: "text with octets above 127 names no charset"}),
})

var _ = suite.Add(&checks.Check{
	ID:       "charset-unknown",
	Title:    "Every charset exists",
	Why:      "Readers guess, and show garbage; hardly any proper mail names a charset that does not exist.",
	Fix:      "Use charset=utf-8.",
	Refs:     []string{"RFC 2046 §4.1.2", "RFC 2978"},
	Category: category, Scope: checks.Message, Severity: checks.Medium, Points: 5,
	Needs: treeFact,
	Eval:  judge(defects{message.CharsetUnknown: "the charset is unknown"}),
})

var _ = suite.Add(&checks.Check{
	ID:       "charset-mismatch",
	Title:    "Every text is valid in its charset",
	Why:      "Readers see question marks and boxes.",
	Fix:      "Encode the text in the charset that is declared; utf-8 for everything is the simplest.",
	Refs:     []string{"RFC 2046 §4.1.2"},
	Category: category, Scope: checks.Message, Severity: checks.Medium, Points: 6,
	Needs: treeFact,
	Eval: func(p *checks.Pass) {
		tree, n := facts.Tree.Of(p.View), 0
		for _, part := range tree.Parts {
			for _, d := range part.Defects {
				if d.Kind != message.CharsetMismatch || n >= maxFindings {
					continue
				}
				n++
				p.Report(checks.Finding{
					Where: d.Where, Message: "the text is not valid in its charset, " + part.Charset, Evidence: append(seenType(part), facts.SeenAt(tree, d.Offset)...),
				})
			}
		}
	},
})
