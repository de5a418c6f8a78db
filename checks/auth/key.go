package auth

import (
	"fmt"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/internal/message"
	"github.com/postmuster/postmuster/internal/proto/dkim"
)

// recommendedBits is what RFC 8301 §3.2 and Gmail advise for RSA.
const recommendedBits = 2048

var _ = suite.Add(&checks.Check{
	ID:       "dkim-key-short",
	Title:    "The RSA keys of the DKIM signatures have at least 1024 bits",
	Why:      "Verifiers must not accept signatures with a shorter key, and anybody can compute the private one.",
	Fix:      "Generate a key of 2048 bits under a new selector, sign with it, and revoke this one.",
	Refs:     []string{"RFC 8301 §3.2", "https://support.google.com/mail/answer/81126"},
	Category: category, Scope: checks.Message, Severity: checks.High, Points: 12,
	Needs: signatureFacts,
	Eval: func(p *checks.Pass) {
		eachKey(p, func(s *dkim.Signature) string {
			if bits := rsaBits(s); bits > 0 && bits < dkim.MinRSABits {
				return fmt.Sprintf("%s signs with a key of %d bits", named(s), bits)
			}
			return ""
		})
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "dkim-key-under-2048",
	Title:    "The RSA keys of the DKIM signatures have at least 2048 bits",
	Why:      "Keys of 1024 bits are accepted, but within reach of those who can pay for the computation.",
	Fix:      "Generate a key of 2048 bits under a new selector and sign with it.",
	Refs:     []string{"RFC 8301 §3.2", "https://support.google.com/mail/answer/81126"},
	Category: category, Scope: checks.Message, Severity: checks.Low, Points: 2,
	Needs: signatureFacts,
	Eval: func(p *checks.Pass) {
		eachKey(p, func(s *dkim.Signature) string {
			if bits := rsaBits(s); bits >= dkim.MinRSABits && bits < recommendedBits {
				return fmt.Sprintf("%s signs with a key of %d bits", named(s), bits)
			}
			return ""
		})
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "dkim-testing-flag",
	Title:    "No key of the DKIM signatures says that the domain is testing",
	Why:      "With t=y verifiers may treat signed mail as if it were not signed.",
	Fix:      "Take t=y out of the key record.",
	Refs:     []string{"RFC 6376 §3.6.1"},
	Category: category, Scope: checks.Message, Severity: checks.Low, Points: 2,
	Needs: signatureFacts,
	Eval: func(p *checks.Pass) {
		eachKey(p, func(s *dkim.Signature) string {
			if s.Key.Key != nil && s.Key.Key.Testing() {
				return "the key of " + named(s) + " has the flag t=y"
			}
			return ""
		})
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "dkim-selector-revoked",
	Title:    "No key of the DKIM signatures is revoked",
	Why:      "An empty p= says that signatures with the selector no longer count, and something still signs with it.",
	Fix:      "Sign with the selector that is in use now; or publish the key again if it was revoked by mistake.",
	Refs:     []string{"RFC 6376 §3.6.1", "RFC 6376 §6.1.2"},
	Category: category, Scope: checks.Message, Severity: checks.High, Points: 12,
	Needs: signatureFacts,
	Eval: func(p *checks.Pass) {
		eachKey(p, func(s *dkim.Signature) string {
			if s.Key.Status == dkim.KeyRevoked {
				return "the key of " + named(s) + " is revoked"
			}
			return ""
		})
	},
})

// eachKey reports what is wrong with the key of each signature, once for each
// key; one that could not be found out is noted.
func eachKey(p *checks.Pass, problem func(*dkim.Signature) string) {
	seen := map[string]bool{}
	eachSignature(p, func(_ *message.Field, s *dkim.Signature) {
		if s.Key == nil || s.Key.Name == "" || seen[s.Key.Name] {
			return
		}
		seen[s.Key.Name] = true
		if s.Key.Status == dkim.KeyUnknown {
			p.Unknownf(whereKey(s), "%s", s.Error)
			return
		}
		if message := problem(s); message != "" {
			p.Report(checks.Finding{Where: whereKey(s), Message: message, Evidence: seenKey(s)})
		}
	})
}

func rsaBits(s *dkim.Signature) int {
	if s.Key.Key == nil || s.Key.Key.KeyType != "rsa" {
		return 0
	}
	return s.Key.Key.Bits
}
