// Package dkim checks the DKIM keys that a domain publishes (RFC 6376).
//
// Which selectors a domain uses cannot be asked: they stand in its signatures.
// So keys that no guess finds are unknown, not missing, unless the name server
// says that there is nothing at all below _domainkey.
package dkim

import (
	"fmt"
	"strings"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/checks/facts"
	"github.com/postmuster/postmuster/internal/dns"
	"github.com/postmuster/postmuster/internal/proto/dkim"
)

const category = "dkim"

var suite checks.Suite

// Checks returns the checks of this package.
func Checks() checks.Suite { return suite }

func where(k facts.Key) string { return facts.Where(k.Name, dns.TypeTXT) }

// seen is what stands at a selector.
func seen(k facts.Key) []checks.Evidence {
	var texts []string
	for _, r := range k.Records {
		texts = append(texts, r.Text)
	}
	evidence := checks.Seen(dns.Absolute(k.Name)+" TXT", texts...)
	if k.Alias != "" {
		evidence = append(checks.Seen(dns.Absolute(k.Name)+" CNAME", dns.Absolute(k.Alias)), evidence...)
	}
	if len(evidence) == 0 {
		evidence = checks.Seen(dns.Absolute(k.Name)+" TXT", "no record")
	}
	return evidence
}

// eachSelector calls f for every selector that was named, or at which anything
// stands; without any the check is skipped. Selectors that could not be asked
// are noted.
func eachSelector(p *checks.Pass, f func(facts.Key)) {
	found := facts.DKIMKeys.Of(p.View)
	for _, k := range found.Unknown {
		p.Unknownf(where(k), "%v", k.Err)
	}
	for _, k := range found.Keys {
		f(k)
	}
	if len(found.Keys) == 0 {
		p.Skipf("none of the %d selectors asked for has a key; --selector names the one in use", len(found.Asked))
	}
}

// eachKey calls f for every key record that was found; without any there is
// nothing to judge.
func eachKey(p *checks.Pass, f func(facts.Key)) {
	some := false
	eachSelector(p, func(k facts.Key) {
		if k.Status != dkim.KeyNone {
			some = true
			f(k)
		}
	})
	if !some {
		p.Skipf("no key was found; --selector names the selector in use")
	}
}

// faults returns what keeps verifiers from using a key, other than its length
// and its being revoked, which other checks judge.
func faults(k facts.Key) []string {
	var texts []string
	for _, issue := range k.Issues {
		switch issue.Code {
		case dkim.CodeRevoked, dkim.CodeKeyTooShort, dkim.CodeKeyShort, dkim.CodeTesting, dkim.CodeDanglingAlias:
			continue
		}
		if issue.Severity == dkim.SeverityError {
			texts = append(texts, fmt.Sprintf("%s at %d", issue.Message, issue.Position))
		}
	}
	return texts
}

func list(texts []string) string { return strings.Join(texts, "; ") }
