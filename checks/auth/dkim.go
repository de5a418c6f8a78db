package auth

import (
	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/checks/facts"
	"github.com/postmuster/postmuster/internal/dns"
	"github.com/postmuster/postmuster/internal/message"
	"github.com/postmuster/postmuster/internal/proto/dkim"
)

var _ = suite.Add(&checks.Check{
	ID:       "dkim-missing",
	Title:    "The message carries a DKIM signature",
	Why:      "Mailbox providers ask for DKIM of bulk mail, and without it DMARC fails as soon as the message is forwarded.",
	Fix:      "Have the mail server or the sending service sign with the From domain's key, and publish the key.",
	Refs:     []string{"RFC 6376 §3.5", "https://support.google.com/mail/answer/81126"},
	Category: category, Scope: checks.Message, Severity: checks.High, Points: 12,
	Needs: signatureFacts,
	Eval: func(p *checks.Pass) {
		if len(facts.Signatures.Of(p.View).Signatures) > 0 {
			return
		}
		from := facts.Tree.Of(p.View).Header().All("From")
		p.Report(checks.Finding{Where: "header:DKIM-Signature", Message: "there is no DKIM-Signature field", Evidence: facts.SeenFields(from...)})
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "dkim-invalid",
	Title:    "A DKIM signature of the message is valid",
	Why:      "Receivers treat the message as unsigned, and a DMARC policy that lives by DKIM turns against it.",
	Fix:      "Body changed: sign last, behind every footer, scanner and line wrapper. Header changed: sign as the last step too. No key: publish the record of the selector that signs.",
	Refs:     []string{"RFC 6376 §6.1", "RFC 6376 §3.9"},
	Category: category, Scope: checks.Message, Severity: checks.High, Points: 14,
	Needs: signatureFacts,
	Eval: func(p *checks.Pass) {
		passed, unknown := outcomes(p)
		if passed > 0 {
			return
		}
		eachSignature(p, func(f *message.Field, s *dkim.Signature) {
			if s.Result == dkim.ResultTempError {
				p.Unknownf(f.Where(), "%s", s.Error)
			} else if unknown == 0 {
				p.Report(checks.Finding{Where: f.Where(), Message: named(s) + ": " + s.Error, Evidence: whyInvalid(f, s)})
			}
		})
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "dkim-partial",
	Title:    "Every DKIM signature of the message is valid",
	Why:      "One good signature is enough, but a broken one beside it is the sign of a signer that is misconfigured or of a server that changes signed mail.",
	Fix:      "Take the signer that no longer works out, or have it sign last.",
	Refs:     []string{"RFC 6376 §4.2", "RFC 6376 §6.1"},
	Category: category, Scope: checks.Message, Severity: checks.Low, Points: 1,
	Needs: signatureFacts,
	Eval: func(p *checks.Pass) {
		passed, unknown := outcomes(p)
		if passed == 0 && unknown == 0 {
			p.Skipf("no signature is valid") // dkim-invalid says so
			return
		}
		eachSignature(p, func(f *message.Field, s *dkim.Signature) {
			switch {
			case s.Result == dkim.ResultTempError:
				p.Unknownf(f.Where(), "%s", s.Error)
			case s.Result != dkim.ResultPass && passed > 0:
				p.Report(checks.Finding{Where: f.Where(), Message: named(s) + ": " + s.Error, Evidence: whyInvalid(f, s)})
			}
		})
	},
})

// outcomes counts the signatures that pass, and those that may.
func outcomes(p *checks.Pass) (passed, unknown int) {
	for _, s := range facts.Signatures.Of(p.View).Signatures {
		switch s.Result {
		case dkim.ResultPass:
			passed++
		case dkim.ResultTempError:
			unknown++
		}
	}
	return passed, unknown
}

// causes are the issues of a signature that tell why it does not verify.
var causes = map[dkim.Code]bool{
	dkim.CodeBodyChanged: true, dkim.CodeHeaderChanged: true, dkim.CodeOtherKey: true, dkim.CodeOtherwiseValid: true,
}

// whyInvalid is the signature, the likely cause and, where the key is at fault,
// the key record.
func whyInvalid(f *message.Field, s *dkim.Signature) []checks.Evidence {
	evidence := facts.SeenFields(f)
	for _, issue := range s.Issues {
		if causes[issue.Code] {
			evidence = append(evidence, checks.Evidence{Source: "likely cause", Text: issue.Message})
		}
	}
	if s.Fault == dkim.FaultKey {
		evidence = append(evidence, seenKey(s)...)
	}
	return evidence
}

// whereKey is the place of a signature's key record.
func whereKey(s *dkim.Signature) string { return facts.Where(s.Key.Name, dns.TypeTXT) }
