// Package auth checks how a message is authenticated in the session that it came
// in: SPF (RFC 7208), DKIM (RFC 6376), DMARC (RFC 9989).
//
// What depends on a session is inconclusive where there is none, and what
// depends on the DNS where it does not answer.
package auth

import (
	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/checks/fact"
	"github.com/postmuster/postmuster/checks/facts"
	"github.com/postmuster/postmuster/internal/dns"
	"github.com/postmuster/postmuster/internal/message"
	"github.com/postmuster/postmuster/internal/proto/dkim"
)

const category = "authentication"

var suite checks.Suite

// Checks returns the checks of this package.
func Checks() checks.Suite { return suite }

// signatureFacts are what eachSignature reads.
var signatureFacts = []fact.Key{facts.Tree, facts.Signatures}

// eachSignature calls f for every signature and the field that it stands in;
// without any the check is skipped, for dkim-missing asks for one.
func eachSignature(p *checks.Pass, f func(field *message.Field, s *dkim.Signature)) {
	report := facts.Signatures.Of(p.View)
	if len(report.Signatures) == 0 {
		p.Skipf("there is no DKIM signature")
		return
	}
	fields := signatureFields(p)
	for i := range report.Signatures {
		if field := fields[report.Signatures[i].Offset]; field != nil {
			f(field, &report.Signatures[i])
		}
	}
}

// signatureFields returns the fields of signatures by their place in the message;
// those further down than is read are not among them.
func signatureFields(p *checks.Pass) map[int]*message.Field {
	fields := map[int]*message.Field{}
	for _, f := range facts.Tree.Of(p.View).Header().All("DKIM-Signature") {
		fields[f.Offset] = f
	}
	return fields
}

// named tells a signature from others: "d=example.com s=s1".
func named(s *dkim.Signature) string { return "d=" + s.Domain + " s=" + s.Selector }

// seenKey is the key record of a signature as evidence.
func seenKey(s *dkim.Signature) []checks.Evidence {
	if s.Key == nil || s.Key.Name == "" {
		return nil
	}
	source := dns.Absolute(s.Key.Name) + " TXT"
	if len(s.Key.Records) == 0 {
		return checks.Seen(source, "no record")
	}
	var evidence []checks.Evidence
	for _, r := range s.Key.Records {
		evidence = append(evidence, checks.Seen(source, r.Text)...)
	}
	return evidence
}
