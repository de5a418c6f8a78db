package auth

import (
	"strings"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/checks/facts"
	"github.com/postmuster/postmuster/internal/message"
	"github.com/postmuster/postmuster/internal/proto/dkim"
)

// oneClickFields must be signed for one-click to count (RFC 8058 §4).
var oneClickFields = []string{"List-Unsubscribe", "List-Unsubscribe-Post"}

var _ = suite.Add(&checks.Check{
	ID:       "dkim-list-unsub-not-signed",
	Title:    "A valid DKIM signature covers both fields of one-click unsubscribe",
	Why:      "Receivers must not offer one-click for fields that anybody could have added: to Gmail and Yahoo the message has none.",
	Fix:      "Add List-Unsubscribe and List-Unsubscribe-Post to the fields that the signer signs.",
	Refs:     []string{"RFC 8058 §4", "RFC 8058 §3.1"},
	Category: category, Scope: checks.Message, Severity: checks.High, Points: 10,
	Needs: signatureFacts,
	Eval: func(p *checks.Pass) {
		header := facts.Tree.Of(p.View).Header()
		if header.First(oneClickFields[0]) == nil || header.First(oneClickFields[1]) == nil {
			p.Skipf("the message offers no one-click unsubscribe")
			return
		}
		if signatures := facts.Signatures.Of(p.View).Signatures; len(signatures) == 0 {
			p.Report(checks.Finding{
				Where: "header:DKIM-Signature", Message: "nothing signs List-Unsubscribe and List-Unsubscribe-Post",
				Evidence: facts.SeenFields(header.First(oneClickFields[0]), header.First(oneClickFields[1])),
			})
			return
		}
		if !coveredOrUnknown(p) {
			eachSignature(p, func(f *message.Field, s *dkim.Signature) {
				p.Report(checks.Finding{Where: f.Where(), Message: named(s) + " " + notCovering(s), Evidence: seenTag(f, s, "h")})
			})
		}
	},
})

// coveredOrUnknown reports whether a valid signature covers both fields; one
// that does, and may be valid, is noted.
func coveredOrUnknown(p *checks.Pass) bool {
	maybe := []checks.Unknown{}
	fields := signatureFields(p)
	for _, s := range facts.Signatures.Of(p.View).Signatures {
		if len(uncovered(&s)) > 0 {
			continue
		}
		switch f := fields[s.Offset]; {
		case s.Result == dkim.ResultPass:
			return true
		case s.Result == dkim.ResultTempError && f != nil:
			maybe = append(maybe, checks.Unknown{Where: f.Where(), Reason: s.Error})
		}
	}
	for _, u := range maybe {
		p.Unknownf(u.Where, "%s", u.Reason)
	}
	return len(maybe) > 0
}

func uncovered(s *dkim.Signature) []string {
	var missing []string
	for _, name := range oneClickFields {
		if !containsFold(s.SignedHeaders, name) {
			missing = append(missing, name)
		}
	}
	return missing
}

func notCovering(s *dkim.Signature) string {
	if missing := uncovered(s); len(missing) > 0 {
		return "does not cover " + strings.Join(missing, " and ")
	}
	return "is not valid: " + s.Error
}
