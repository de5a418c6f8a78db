package auth

import (
	"strings"
	"time"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/checks/fact"
	"github.com/postmuster/postmuster/checks/facts"
	"github.com/postmuster/postmuster/internal/message"
	"github.com/postmuster/postmuster/internal/proto/dkim"
)

var _ = suite.Add(&checks.Check{
	ID:       "dkim-sha1",
	Title:    "No DKIM signature uses SHA-1",
	Why:      "Verifiers must not accept rsa-sha1: the signature does not count.",
	Fix:      "Set the signer to rsa-sha256, or to ed25519-sha256 beside it.",
	Refs:     []string{"RFC 8301 §3.1"},
	Category: category, Scope: checks.Message, Severity: checks.High, Points: 12,
	Needs: signatureFacts,
	Eval:  judgeIssue(dkim.CodeSHA1, "signs with SHA-1", "a"),
})

var _ = suite.Add(&checks.Check{
	ID:       "dkim-from-not-signed",
	Title:    "Every DKIM signature covers the From field",
	Why:      "A signature that leaves the author out is void: anybody could put another author in.",
	Fix:      "Put From into the signer's list of fields.",
	Refs:     []string{"RFC 6376 §5.4", "RFC 6376 §6.1.1"},
	Category: category, Scope: checks.Message, Severity: checks.Blocker, Points: 20,
	Needs: signatureFacts,
	Eval:  judgeIssue(dkim.CodeFromNotSigned, "does not cover From", "h"),
})

var _ = suite.Add(&checks.Check{
	ID:       "dkim-body-length-tag",
	Title:    "No DKIM signature limits how much of the body it covers",
	Why:      "With l= anybody can add to the body of a signed message, up to one that shows nothing of the original. Some receivers ignore such signatures.",
	Fix:      "Turn the l= tag off in the signer.",
	Refs:     []string{"RFC 6376 §8.2", "RFC 6376 §3.5"},
	Category: category, Scope: checks.Message, Severity: checks.Medium, Points: 5,
	Needs: signatureFacts,
	Eval:  judgeIssue(dkim.CodeBodyLength, "covers only the beginning of the body", "l"),
})

var _ = suite.Add(&checks.Check{
	ID:       "dkim-expired",
	Title:    "Every DKIM signature is of this time",
	Why:      "Verifiers may refuse a signature that has expired, or that is dated in the future.",
	Fix:      "Give signatures more time with x=: a message can wait for days in a queue. Set the signer's clock.",
	Refs:     []string{"RFC 6376 §3.5"},
	Category: category, Scope: checks.Message, Severity: checks.Medium, Points: 6,
	Needs: append([]fact.Key{facts.Receipt}, signatureFacts...),
	Eval: func(p *checks.Pass) {
		at := facts.Receipt.Of(p.View).At
		eachSignature(p, func(f *message.Field, s *dkim.Signature) {
			for _, issue := range s.Issues {
				if issue.Code == dkim.CodeExpired || issue.Code == dkim.CodeFuture {
					evidence := append(seenTag(f, s, "t"), seenTag(f, s, "x")...)
					evidence = append(evidence, checks.Evidence{Source: "received", Text: at.UTC().Format(time.RFC3339)})
					p.Report(checks.Finding{Where: f.Where(), Message: named(s) + ": " + issue.Message, Evidence: evidence})
				}
			}
		})
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "dkim-no-oversign",
	Title:    "A DKIM signature keeps further From, To, Subject and Date fields from being added",
	Why:      "A signed message can be sent again with a second Subject or To that readers see and nobody signed.",
	Fix:      "List these fields once more in h= than the message has them; signers call it oversigning.",
	Refs:     []string{"RFC 6376 §8.15", "RFC 6376 §5.4"},
	Category: category, Scope: checks.Message, Severity: checks.Info,
	Needs: signatureFacts,
	Eval: func(p *checks.Pass) {
		passed, unknown := outcomes(p)
		if passed == 0 && unknown == 0 {
			p.Skipf("no signature is valid")
			return
		}
		missing, first := []string{"From", "To", "Subject", "Date"}, (*message.Field)(nil)
		eachSignature(p, func(f *message.Field, s *dkim.Signature) {
			if s.Result != dkim.ResultPass {
				return
			}
			open := notOversigned(s)
			if first == nil || len(open) < len(missing) {
				missing, first = open, f
			}
		})
		switch {
		case first != nil && len(missing) > 0:
			p.Report(checks.Finding{
				Where: first.Where(), Message: "the signature lets further fields be added: " + strings.Join(missing, ", "),
				Evidence: facts.SeenFields(first),
			})
		case first == nil:
			p.Unknownf("header:DKIM-Signature", "the key of no signature could be found out")
		}
	},
})

// notOversigned returns the fields that readers see of which another could be
// added without breaking the signature.
func notOversigned(s *dkim.Signature) []string {
	var open []string
	for _, name := range []string{"From", "To", "Subject", "Date"} {
		if !containsFold(s.Oversigned, name) {
			open = append(open, name)
		}
	}
	return open
}

func containsFold(list []string, name string) bool {
	for _, s := range list {
		if strings.EqualFold(s, name) {
			return true
		}
	}
	return false
}

// judgeIssue returns an Eval that reports the signatures of which this is said.
func judgeIssue(code dkim.Code, says, tag string) func(*checks.Pass) {
	return func(p *checks.Pass) {
		eachSignature(p, func(f *message.Field, s *dkim.Signature) {
			for _, issue := range s.Issues {
				if issue.Code == code {
					p.Report(checks.Finding{Where: f.Where(), Message: named(s) + " " + says, Evidence: seenTag(f, s, tag)})
					return
				}
			}
		})
	}
}

// seenTag is one tag of a signature as evidence.
func seenTag(f *message.Field, s *dkim.Signature, tag string) []checks.Evidence {
	value, ok := s.Tag(tag)
	if !ok {
		return nil
	}
	return checks.Seen(f.Where(), tag+"="+strings.Join(strings.Fields(value), " "))
}
