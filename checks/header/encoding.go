package header

import (
	"unicode/utf8"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/checks/facts"
	"github.com/postmuster/postmuster/internal/message"
)

var _ = suite.Add(&checks.Check{
	ID:       "header-raw-8bit",
	Title:    "Header fields are ASCII, or were announced with SMTPUTF8",
	Why:      "Receivers show garbage or refuse the message; 27 % of phishing has such fields, and hardly any proper mail.",
	Fix:      "Encode names and subjects as RFC 2047 says; every mail library does.",
	Refs:     []string{"RFC 5322 §2.2", "RFC 6532 §3", "RFC 6531 §3.4"},
	Category: headers, Scope: checks.Message, Severity: checks.Medium, Points: 6,
	Needs: treeFact,
	Eval: func(p *checks.Pass) {
		tree, m := facts.Tree.Of(p.View), p.Subject.Message
		onWire := m.Origin == message.OriginSMTP && m.Envelope != nil
		announced := false
		if onWire {
			_, announced = m.Envelope.Params.Get("SMTPUTF8")
		}
		reported := 0
		for _, d := range tree.Root.Defects {
			if d.Kind != message.HeaderEightBit || reported >= maxFindings {
				continue
			}
			f := fieldAt(&tree.Root.Header, d.Offset)
			switch {
			case f == nil || announced && utf8.Valid(f.Raw):
			case utf8.Valid(f.Raw) && !onWire:
				p.Unknownf(f.Where(), "whether SMTPUTF8 will be announced is not known: the message was read from a file")
			default:
				reported++
				report(p, "the field holds octets above 127 that are not encoded", f)
			}
		}
	},
})

// fieldAt returns the field that holds an offset.
func fieldAt(h *message.Header, offset int) *message.Field {
	for i := range h.Fields {
		if f := &h.Fields[i]; offset >= f.Offset && offset < f.Offset+len(f.Raw) {
			return f
		}
	}
	return nil
}

// invalidWord are the kinds of encoded words that readers may not decode.
var invalidWord = map[message.Kind]string{
	message.EncodedWordInvalid:   "an encoded word cannot be decoded",
	message.EncodedWordCharset:   "the charset of an encoded word is unknown",
	message.EncodedWordBytes:     "the octets of an encoded word are not valid in its charset",
	message.EncodedWordTooLong:   "an encoded word has more than 75 characters",
	message.EncodedWordPlacement: "an encoded word stands where none may: in quotes, or touching other text",
	message.EncodedWordSplitChar: "a character is divided between two encoded words",
}

var _ = suite.Add(&checks.Check{
	ID:       "header-encoded-word-invalid",
	Title:    "Encoded words in Subject, From, To and Reply-To are well-formed",
	Why:      "Some readers show the code instead of the text, and filters count it.",
	Fix:      "Let a library encode the whole value; put no encoded word into quotes.",
	Refs:     []string{"RFC 2047 §2", "RFC 2047 §5"},
	Category: headers, Scope: checks.Message, Severity: checks.Low, Points: 3,
	Needs: treeFact,
	Eval: func(p *checks.Pass) {
		judgeWords(p, func(d message.Defect) string { return invalidWord[d.Kind] })
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "header-needless-encoding",
	Title:    "Plain text in Subject, From, To and Reply-To is not encoded",
	Why:      "Encoding plain ASCII hides words from simple filters: that is why spam does it, and why filters count it.",
	Fix:      "Encode only what is not ASCII; libraries do so by default.",
	Refs:     []string{"RFC 2047 §1"},
	Category: headers, Scope: checks.Message, Severity: checks.Low, Points: 2,
	Needs: treeFact,
	Eval: func(p *checks.Pass) {
		judgeWords(p, func(d message.Defect) string {
			if d.Kind == message.EncodedWordUnneeded {
				return "an encoded word encodes plain ASCII"
			}
			return ""
		})
	},
})

// judgeWords reports what is said of the encoded words of the fields that
// readers see, once for each field. A field of which one word needs encoding
// may encode all.
func judgeWords(p *checks.Pass, says func(message.Defect) string) {
	for _, name := range []string{"Subject", "From", "To", "Reply-To"} {
		for _, f := range header(p).All(name) {
			text, defects := message.DecodeWords(f.Unfolded())
			if name != "Subject" {
				defects = message.ParseAddresses(f.Unfolded()).Defects
			}
			for _, d := range defects {
				if d.Kind == message.EncodedWordUnneeded && !isASCII(text) {
					continue
				}
				if problem := says(d); problem != "" {
					report(p, problem, f)
					break
				}
			}
		}
	}
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
