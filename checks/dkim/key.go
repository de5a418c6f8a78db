package dkim

import (
	"fmt"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/checks/fact"
	"github.com/postmuster/postmuster/checks/facts"
	"github.com/postmuster/postmuster/internal/proto/dkim"
)

var _ = suite.Add(&checks.Check{
	ID:       "dkim-key-syntax",
	Title:    "Every DKIM key record can be used",
	Why:      "Verifiers cannot use the key, so no signature with its selector counts.",
	Fix:      "Publish the record again as the signer gives it; a line break or a quote that was copied along is the usual cause.",
	Refs:     []string{"RFC 6376 §3.6.1", "RFC 8463 §4"},
	Category: category, Scope: checks.Domain, Severity: checks.High, Points: 10,
	Needs: []fact.Key{facts.DKIMKeys},
	Eval: func(p *checks.Pass) {
		eachKey(p, func(k facts.Key) {
			if texts := faults(k); len(texts) > 0 {
				p.Report(checks.Finding{Where: where(k), Message: list(texts), Evidence: seen(k)})
			}
		})
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "dkim-key-revoked",
	Title:    "No selector that was found is revoked",
	Why:      "An empty p= says that signatures with the selector no longer count. That is right after a rotation, and wrong while something still signs with it.",
	Fix:      "Nothing, if the key was retired on purpose. Otherwise publish the key again.",
	Refs:     []string{"RFC 6376 §3.6.1"},
	Category: category, Scope: checks.Domain, Severity: checks.Info,
	Needs: []fact.Key{facts.DKIMKeys},
	Eval: func(p *checks.Pass) {
		eachKey(p, func(k facts.Key) {
			if k.Status == dkim.KeyRevoked && !k.Named {
				p.Report(checks.Finding{Where: where(k), Message: "the key of selector " + k.Selector + " is revoked", Evidence: seen(k)})
			}
		})
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "dkim-key-weak",
	Title:    "Every RSA key has at least 1024 bits",
	Why:      "Verifiers must not accept signatures with a shorter key, and anybody can compute the private one.",
	Fix:      "Generate a key of 2048 bits under a new selector, sign with it, and revoke this one.",
	Refs:     []string{"RFC 8301 §3.2"},
	Category: category, Scope: checks.Domain, Severity: checks.High, Points: 12,
	Needs: []fact.Key{facts.DKIMKeys},
	Eval: func(p *checks.Pass) {
		eachKey(p, func(k facts.Key) {
			if bits := rsaBits(k); bits > 0 && bits < dkim.MinRSABits {
				p.Report(checks.Finding{Where: where(k), Message: fmt.Sprintf("the key has %d bits", bits), Evidence: seen(k)})
			}
		})
	},
})

// advisedRSABits is what RFC 8301 §3.2 and the mailbox providers ask signers for.
const advisedRSABits = 2048

var _ = suite.Add(&checks.Check{
	ID:       "dkim-key-below-2048",
	Title:    "Every RSA key has at least 2048 bits",
	Why:      "Keys of 1024 bits are accepted today, but within reach of a determined attacker.",
	Fix:      "Generate a key of 2048 bits under a new selector, sign with it, and revoke this one.",
	Refs:     []string{"RFC 8301 §3.2"},
	Category: category, Scope: checks.Domain, Severity: checks.Low, Points: 2,
	Needs: []fact.Key{facts.DKIMKeys},
	Eval: func(p *checks.Pass) {
		eachKey(p, func(k facts.Key) {
			if bits := rsaBits(k); bits >= dkim.MinRSABits && bits < advisedRSABits {
				p.Report(checks.Finding{Where: where(k), Message: fmt.Sprintf("the key has %d bits", bits), Evidence: seen(k)})
			}
		})
	},
})

func rsaBits(k facts.Key) int {
	if k.Key == nil || k.Key.KeyType != "rsa" {
		return 0
	}
	return k.Key.Bits
}

var _ = suite.Add(&checks.Check{
	ID:       "dkim-testing",
	Title:    "No key is marked as being tested",
	Why:      "With t=y verifiers may treat signed mail as if it were unsigned.",
	Fix:      "Remove the y from t= once signing works.",
	Refs:     []string{"RFC 6376 §3.6.1"},
	Category: category, Scope: checks.Domain, Severity: checks.Low, Points: 2,
	Needs: []fact.Key{facts.DKIMKeys},
	Eval: func(p *checks.Pass) {
		eachKey(p, func(k facts.Key) {
			if k.Key != nil && k.Key.Testing() && k.Status != dkim.KeyRevoked {
				p.Report(checks.Finding{Where: where(k), Message: "the record of selector " + k.Selector + " says t=y", Evidence: seen(k)})
			}
		})
	},
})
