package dmarc

import (
	"fmt"
	"slices"
	"strings"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/checks/fact"
	"github.com/postmuster/postmuster/checks/facts"
	"github.com/postmuster/postmuster/internal/dns"
	"github.com/postmuster/postmuster/internal/proto/dmarc"
)

var _ = suite.Add(&checks.Check{
	ID:       "dmarc-present",
	Title:    "A DMARC policy applies to the domain",
	Why:      "Gmail, Yahoo and Microsoft ask bulk senders for one, and without it anybody can put the domain into a From field.",
	Fix:      "Publish one TXT record at _dmarc below the domain, in place of what stands there and does not count; v=DMARC1; p=none; rua=mailto:… is a start that harms nothing.",
	Refs:     []string{"RFC 9989 §4.10", "https://support.google.com/mail/answer/81126"},
	Category: category, Scope: checks.Domain, Severity: checks.High, Points: 12,
	Profiles: []checks.Profile{checks.Sender, checks.SendOnly, checks.Parked},
	Needs:    []fact.Key{facts.DMARC, facts.DMARCTexts, facts.Exists},
	Eval: func(p *checks.Pass) {
		d := facts.DMARC.Of(p.View)
		switch {
		case !facts.Exists.Of(p.View):
			p.Skipf("the domain does not exist")
		case d.Record == nil:
			p.Report(checks.Finding{
				Where: where(p.Subject.Domain), Message: "no DMARC record that counts, at the domain or above it", Evidence: walked(d),
				Record: firstRecord(p.Subject.Domain, facts.DMARCTexts.Of(p.View)),
			})
		}
	},
})

// firstRecord is the record to publish where none counts: what stands there with
// its version mended, if that is all that it lacks, else one that harms nothing.
// Of several that are valid one must go, and no other would help.
func firstRecord(domain string, published []string) string {
	const version = "v=" + dmarc.Version
	text := version + "; p=none; rua=mailto:dmarc-reports@" + domain
	for _, p := range published {
		if record, _ := dmarc.Parse(p); record.Valid {
			return ""
		}
		if len(p) < len(version) || !strings.EqualFold(p[:len(version)], version) {
			continue
		}
		mended := version + p[len(version):]
		if record, _ := dmarc.Parse(mended); record.Valid {
			text = mended
		}
	}
	return fmt.Sprintf("%s TXT %q", dns.Absolute(recordName(domain)), text)
}

var _ = suite.Add(&checks.Check{
	ID:       "dmarc-multiple-records",
	Title:    "There is at most one DMARC record at a name",
	Why:      "Receivers that find two must use neither: the domain is without a policy of its own.",
	Fix:      "Keep one record, and remove the others.",
	Refs:     []string{"RFC 9989 §4.10"},
	Category: category, Scope: checks.Domain, Severity: checks.High, Points: 12,
	Needs: []fact.Key{facts.DMARCTexts},
	Eval: func(p *checks.Pass) {
		var valid []string
		for _, text := range facts.DMARCTexts.Of(p.View) {
			if record, _ := dmarc.Parse(text); record.Valid {
				valid = append(valid, text)
			}
		}
		if len(valid) > 1 {
			p.Report(checks.Finding{
				Where: where(p.Subject.Domain), Message: "more than one DMARC record",
				Evidence: checks.Seen(dns.Absolute(recordName(p.Subject.Domain))+" TXT", valid...),
			})
		}
		if len(valid) == 0 {
			p.Skipf("no DMARC record at the domain itself")
		}
	},
})

// notSyntax are the errors in a record that other checks judge.
var notSyntax = []dmarc.Code{dmarc.CodeURI, dmarc.CodeURIScheme, dmarc.CodeRemovedTag, dmarc.CodeTesting, dmarc.CodePolicyWeaker, dmarc.CodeNoRUA}

var _ = suite.Add(&checks.Check{
	ID:       "dmarc-syntax",
	Title:    "The DMARC record reads as it is meant",
	Why:      "Receivers ignore a record that does not begin with v=DMARC1, and a tag that they cannot read counts as absent.",
	Fix:      "Correct the tag at the place shown.",
	Refs:     []string{"RFC 9989 §4.7", "RFC 9989 §4.8"},
	Category: category, Scope: checks.Domain, Severity: checks.High, Points: 10,
	Needs: []fact.Key{facts.DMARC, facts.DMARCTexts},
	Eval: func(p *checks.Pass) {
		invalid := 0
		for _, text := range facts.DMARCTexts.Of(p.View) {
			record, issues := dmarc.Parse(text)
			if record.Valid || !meantAsDMARC(issues) {
				continue
			}
			invalid++
			p.Report(checks.Finding{
				Where: where(p.Subject.Domain), Message: issues[0].Message,
				Evidence: checks.Seen(dns.Absolute(recordName(p.Subject.Domain))+" TXT", text),
			})
		}
		d := facts.DMARC.Of(p.View)
		if d.Record == nil && invalid == 0 {
			p.Skipf("no DMARC record applies")
			return
		}
		issueFindings(p, d, func(i dmarc.Issue) bool {
			return i.Severity == dmarc.SeverityError && !slices.Contains(notSyntax, i.Code)
		})
	},
})

// meantAsDMARC tells a record that misses the mark from a text that was never
// meant as one.
func meantAsDMARC(issues []dmarc.Issue) bool {
	return slices.ContainsFunc(issues, func(i dmarc.Issue) bool {
		return i.Code == dmarc.CodeVersion || i.Code == dmarc.CodeVersionFirst || i.Code == dmarc.CodeLeadingSpace
	})
}

var _ = suite.Add(&checks.Check{
	ID:       "dmarc-removed-tags",
	Title:    "The DMARC record has no tags that were removed",
	Why:      "pct, rf and ri are ignored since RFC 9989; older receivers still heed pct, so that receivers treat the mail differently.",
	Fix:      "Remove the tags. To try a stricter policy out, use t=y.",
	Refs:     []string{"RFC 9989 §4.7"},
	Category: category, Scope: checks.Domain, Severity: checks.Info,
	Needs: []fact.Key{facts.DMARC},
	Eval: func(p *checks.Pass) {
		if d, ok := found(p); ok {
			issueFindings(p, d, func(i dmarc.Issue) bool { return i.Code == dmarc.CodeRemovedTag })
		}
	},
})
