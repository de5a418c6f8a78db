package brand

import (
	"fmt"
	"strings"
	"time"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/checks/fact"
	"github.com/postmuster/postmuster/checks/facts"
	"github.com/postmuster/postmuster/internal/dns"
	"github.com/postmuster/postmuster/internal/proto/bimi"
)

const draft = "draft-brand-indicators-for-message-identification-12"

// seen are the record's texts as evidence.
func seen(d bimi.Discovery) []checks.Evidence {
	return checks.Seen(dns.Absolute(d.Name)+" TXT", d.Texts...)
}

func where(d bimi.Discovery) string { return facts.Where(d.Name, dns.TypeTXT) }

// wanted returns the record with which the domain asks for a logo, and skips the
// check where there is none.
func wanted(p *checks.Pass) (bimi.Discovery, bool) {
	d := facts.BIMI.Of(p.View)
	if d.Status == bimi.StatusFound {
		return d, true
	}
	p.Skipf("%s", map[bimi.Status]string{
		bimi.StatusNone:     "there is no BIMI record",
		bimi.StatusDeclined: "the BIMI record asks for no logo",
		bimi.StatusMultiple: "there is more than one BIMI record",
		bimi.StatusInvalid:  "the BIMI record cannot be used",
	}[d.Status])
	return d, false
}

var _ = suite.Add(&checks.Check{
	ID:       "bimi-present",
	Title:    "The domain has a BIMI record",
	Why:      "With one, mailbox providers such as Gmail, Yahoo and Apple can show the domain's logo beside its mail. Nothing depends on it.",
	Fix:      "With DMARC enforced, publish v=BIMI1; l=https://…/logo.svg; a=https://…/mark.pem as a TXT record at default._bimi below the domain. To decline, publish v=BIMI1; l=; a=;",
	Refs:     []string{draft + " §4.3", draft + " §4.3.1"},
	Category: category, Scope: checks.Domain, Profiles: sending, Severity: checks.Info,
	Needs: []fact.Key{facts.BIMI, facts.Exists},
	Eval: func(p *checks.Pass) {
		d := facts.BIMI.Of(p.View)
		switch {
		case !facts.Exists.Of(p.View):
			p.Skipf("the domain does not exist")
		case d.Status == bimi.StatusNone:
			f := checks.Finding{Where: facts.Where(bimi.Name(bimi.DefaultSelector, p.Subject.Domain), dns.TypeTXT), Message: "there is no BIMI record"}
			for _, a := range d.Answers {
				f.Evidence = append(f.Evidence, checks.Seen(a.Question.String(), append([]string{string(a.Status())}, a.TXTs()...)...)...)
			}
			p.Report(f)
		}
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "bimi-multiple-records",
	Title:    "There is at most one BIMI record at a name",
	Why:      "Receivers that find two use neither, and show no logo.",
	Fix:      "Keep one record, and remove the others.",
	Refs:     []string{draft + " §7.2"},
	Category: category, Scope: checks.Domain, Profiles: sending, Severity: checks.Low, Points: 2,
	Needs: []fact.Key{facts.BIMI},
	Eval: func(p *checks.Pass) {
		switch d := facts.BIMI.Of(p.View); d.Status {
		case bimi.StatusNone:
			p.Skipf("there is no BIMI record")
		case bimi.StatusMultiple:
			p.Report(checks.Finding{Where: where(d), Message: "more than one record begins with v=BIMI1", Evidence: seen(d)})
		}
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "bimi-syntax",
	Title:    "The BIMI record is as the grammar wants it",
	Why:      "Receivers that cannot read the record show no logo.",
	Fix:      "Write v=BIMI1 first, and https URIs in l= and a=, with semicolons between the tags.",
	Refs:     []string{draft + " §4.3"},
	Category: category, Scope: checks.Domain, Profiles: sending, Severity: checks.Low, Points: 2,
	Needs: []fact.Key{facts.BIMI},
	Eval: func(p *checks.Pass) {
		d := facts.BIMI.Of(p.View)
		if d.Status == bimi.StatusNone || d.Status == bimi.StatusMultiple {
			p.Skipf("there is not one BIMI record") // bimi-present and bimi-multiple-records tell
			return
		}
		for _, i := range d.Issues {
			if i.Severity != bimi.SeverityInfo {
				p.Report(checks.Finding{Where: where(d), Message: i.Message, Evidence: seen(d)})
			}
		}
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "bimi-dmarc",
	Title:    "The DMARC policy is strong enough for a logo",
	Why:      "Receivers show no logo for a domain that lets forged mail through, and say nothing about it.",
	Fix:      "Publish p=quarantine or p=reject, and no weaker sp=, without pct.",
	Refs:     []string{draft + " §1", draft + " §2"},
	Category: category, Scope: checks.Domain, Profiles: sending, Severity: checks.Low, Points: 2,
	Needs: []fact.Key{facts.BIMI, facts.DMARC},
	Eval: func(p *checks.Pass) {
		if _, ok := wanted(p); !ok {
			return
		}
		d := facts.DMARC.Of(p.View)
		tag := func(name string) string {
			if d.Record == nil {
				return ""
			}
			t, _ := d.Record.Tag(name)
			return t.Value
		}
		at := "_dmarc." + p.Subject.Domain
		evidence := checks.Seen(dns.Absolute(at)+" TXT", "no DMARC record that counts, here or above")
		if d.Record != nil {
			at = "_dmarc." + d.RecordDomain
			evidence = checks.Seen(dns.Absolute(at)+" TXT", d.Record.Text)
		}
		for _, i := range bimi.DMARCIssues(tag("p"), tag("sp"), tag("pct")) {
			p.Report(checks.Finding{Where: facts.Where(at, dns.TypeTXT), Message: i.Message, Evidence: evidence})
		}
	},
})

// served skips the check when no document came; other checks tell why.
func served(p *checks.Pass, f facts.BIMIFile, what string) bool {
	switch {
	case f.Response == nil:
		p.Skipf("no BIMI record names a %s", what)
	case !f.Known():
		p.Unknownf(f.Request.URL, "%s", f.Reason)
	case !f.Served():
		p.Skipf("no %s is served", what)
	default:
		return true
	}
	return false
}

// judgeFetch reports why a document did not come.
func judgeFetch(p *checks.Pass, f facts.BIMIFile, what string) {
	switch {
	case served(p, f, what) || f.Response == nil || !f.Known():
	case f.Reason != "":
		p.Report(checks.Finding{Where: f.Request.URL, Message: "the " + what + " cannot be fetched", Evidence: checks.Seen(f.Request.URL, f.Reason)})
	default:
		p.Report(checks.Finding{
			Where: f.Request.URL, Message: "the " + what + " is not served with status 200",
			Evidence: checks.Seen(f.Request.URL, fmt.Sprintf("status %d", f.Status)),
		})
	}
}

var _ = suite.Add(&checks.Check{
	ID:       "bimi-logo-fetch",
	Title:    "The logo can be fetched",
	Why:      "Receivers that cannot fetch the logo show none.",
	Fix:      "Serve the file at the URI in l= over HTTPS with a valid certificate.",
	Refs:     []string{draft + " §4.3"},
	Category: category, Scope: checks.Domain, Profiles: sending, Severity: checks.Low, Points: 2,
	Needs: []fact.Key{facts.BIMILogo},
	Eval:  func(p *checks.Pass) { judgeFetch(p, facts.BIMILogo.Of(p.View), "logo") },
})

var _ = suite.Add(&checks.Check{
	ID:       "bimi-logo-media-type",
	Title:    "The logo is served as an SVG image",
	Why:      "Some receivers go by the media type, and show no logo.",
	Fix:      "Serve the file with Content-Type: image/svg+xml.",
	Refs:     []string{draft + " §4.3.2"},
	Category: category, Scope: checks.Domain, Profiles: sending, Severity: checks.Low, Points: 1,
	Needs: []fact.Key{facts.BIMILogo},
	Eval: func(p *checks.Pass) {
		f := facts.BIMILogo.Of(p.View)
		if !served(p, f, "logo") {
			return
		}
		mediaType, _, _ := strings.Cut(f.ContentType, ";")
		if !strings.EqualFold(strings.TrimSpace(mediaType), "image/svg+xml") {
			p.Report(checks.Finding{
				Where: f.Request.URL, Message: "the media type is not image/svg+xml", Evidence: checks.Seen(f.Request.URL, "Content-Type: "+f.ContentType),
			})
		}
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "bimi-logo-profile",
	Title:    "The logo is of the SVG Tiny Portable/Secure profile",
	Why:      "Receivers show no logo that holds scripts, images or references, is too large, or does not say that it is of the profile.",
	Fix:      "Export the logo as SVG Tiny PS: version 1.2, baseProfile tiny-ps, a title, square, at most 32 KB. postmuster bimi lint-svg shows the places.",
	Refs:     []string{"draft-svg-tiny-ps-abrotman §2"},
	Category: category, Scope: checks.Domain, Profiles: sending, Severity: checks.Low, Points: 2,
	Needs: []fact.Key{facts.BIMILogo},
	Eval: func(p *checks.Pass) {
		f := facts.BIMILogo.Of(p.View)
		if served(p, f, "logo") {
			report(p, f, f.SVG.Issues, func(i bimi.Issue) string { return excerpt(f.SVG.Text, i.Position) })
		}
	},
})

// report reports the issues of a file that matter, with what is at their place.
func report(p *checks.Pass, f facts.BIMIFile, issues []bimi.Issue, at func(bimi.Issue) string) {
	for _, i := range issues {
		if i.Severity != bimi.SeverityInfo {
			p.Report(checks.Finding{Where: f.Request.URL, Message: i.Message, Evidence: checks.Seen(f.Request.URL, at(i))})
		}
	}
}

// excerpt is the text at an offset: enough of it to find the place.
func excerpt(text []byte, offset int) string {
	const length = 60
	start := min(max(offset, 0), len(text))
	line, _, _ := strings.Cut(string(text[start:min(len(text), start+length)]), "\n")
	return strings.ToValidUTF8(line, "\uFFFD")
}

var _ = suite.Add(&checks.Check{
	ID:       "bimi-certificate-present",
	Title:    "The BIMI record names a mark certificate",
	Why:      "Gmail and Apple show a logo only with one that proves the right to it; Yahoo shows some without.",
	Fix:      "Get a Verified Mark Certificate for a registered trademark, or a Common Mark Certificate, and name its file in a=.",
	Refs:     []string{draft + " §4.3", "https://support.google.com/a/answer/10911320"},
	Category: category, Scope: checks.Domain, Profiles: sending, Severity: checks.Info,
	Needs: []fact.Key{facts.BIMI},
	Eval: func(p *checks.Pass) {
		if d, ok := wanted(p); ok && d.Record.Evidence == "" {
			p.Report(checks.Finding{Where: where(d), Message: "a= names no mark certificate", Evidence: seen(d)})
		}
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "bimi-certificate-fetch",
	Title:    "The mark certificate can be fetched",
	Why:      "Receivers that cannot fetch the mark certificate show no logo, or only the ones that need none do.",
	Fix:      "Serve the PEM file at the URI in a= over HTTPS with a valid certificate.",
	Refs:     []string{draft + " §4.3", "draft-fetch-validation-vmc-wchuang §4"},
	Category: category, Scope: checks.Domain, Profiles: sending, Severity: checks.Low, Points: 2,
	Needs: []fact.Key{facts.BIMIMark},
	Eval:  func(p *checks.Pass) { judgeFetch(p, facts.BIMIMark.Of(p.View), "mark certificate") },
})

var _ = suite.Add(&checks.Check{
	ID:       "bimi-certificate",
	Title:    "The mark certificate is for this domain and this logo, and in its time",
	Why:      "Receivers that verify the mark certificate show no logo otherwise. Whether an authority that they know issued it is not judged here.",
	Fix:      "Serve the file as the authority delivered it, leaf first, and the logo that is inside it; renew it in time.",
	Refs:     []string{"draft-fetch-validation-vmc-wchuang §4", "draft-fetch-validation-vmc-wchuang §5"},
	Category: category, Scope: checks.Domain, Profiles: sending, Severity: checks.Low, Points: 2,
	Needs: []fact.Key{facts.BIMIMark},
	Eval: func(p *checks.Pass) {
		f := facts.BIMIMark.Of(p.View)
		if !served(p, f, "mark certificate") {
			return
		}
		report(p, f, f.Mark.Issues, func(i bimi.Issue) string { return certificate(f.Mark, i.Position) })
	},
})

// certificate describes one of the file's certificates.
func certificate(m bimi.Mark, index int) string {
	if index < 0 || index >= len(m.Chain) {
		return fmt.Sprintf("%d certificates", len(m.Chain))
	}
	c := m.Chain[index]
	names := c.DNSNames[:min(len(c.DNSNames), maxNames)]
	return fmt.Sprintf("mark certificate of %s for %s, valid from %s to %s", c.Subject.CommonName, strings.Join(names, ", "),
		c.NotBefore.UTC().Format(time.DateOnly), c.NotAfter.UTC().Format(time.DateOnly))
}

const maxNames = 5 // of a certificate, in evidence
