package transport

import (
	"slices"
	"strings"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/checks/fact"
	"github.com/postmuster/postmuster/checks/facts"
	"github.com/postmuster/postmuster/internal/dns"
	"github.com/postmuster/postmuster/internal/proto/mtasts"
)

const mtastsCategory = "mta-sts"

// receiving are the domains whose mail servers others deliver to. For the rest
// there is no TLS to demand.
var receiving = []checks.Profile{checks.Sender, checks.ReceiveOnly}

// announced returns what is known about the domain's MTA-STS, and skips the check
// where senders are told of none.
func announced(p *checks.Pass) (mtasts.Discovery, bool) {
	d := facts.MTASTS.Of(p.View)
	if d.State == mtasts.StateNone {
		p.Skipf("there is no MTA-STS record")
		return d, false
	}
	return d, true
}

// receivesNothing skips a check where no mail server is named, and where a null MX
// says that there is none.
func receivesNothing(p *checks.Pass) bool {
	r := facts.MXRouting.Of(p.View)
	if r.Receives() && !r.Null {
		return false
	}
	p.Skipf("the domain takes no mail")
	return true
}

// asked is an answer for TXT records as evidence.
func asked(name string, status dns.Status, texts []string) []checks.Evidence {
	if len(texts) == 0 {
		texts = []string{string(status)}
	}
	return checks.Seen(dns.Absolute(name)+" TXT", texts...)
}

var _ = suite.Add(&checks.Check{
	ID:    "mta-sts-present",
	Title: "The domain has an MTA-STS policy",
	Why:   "Without MTA-STS or DANE, who can interfere with the network can keep senders from TLS and read the mail; no mail is lost by that.",
	Fix: "Serve a policy with mode: testing at https://mta-sts.DOMAIN/.well-known/mta-sts.txt, publish v=STSv1; id=1 as a TXT record at _mta-sts below the domain, " +
		"and a TLS-RPT record. Change to mode: enforce once the reports are clean.",
	Refs:     []string{"RFC 8461 §3", "RFC 8461 §8.3"},
	Category: mtastsCategory, Scope: checks.Domain, Profiles: receiving, Severity: checks.Info,
	Needs: []fact.Key{facts.MTASTS, facts.MXRouting},
	Eval: func(p *checks.Pass) {
		if receivesNothing(p) {
			return
		}
		if d := facts.MTASTS.Of(p.View); d.State == mtasts.StateNone {
			p.Report(checks.Finding{
				Where: facts.Where(d.RecordName, dns.TypeTXT), Message: "there is no MTA-STS record",
				Evidence: asked(d.RecordName, d.RecordStatus, d.Texts),
			})
		}
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "mta-sts-policy-announced",
	Title:    "An MTA-STS policy that is served is announced by a record",
	Why:      "Senders ask for a policy only when the record says that there is one: as it is, it protects nothing.",
	Fix:      "Publish the record shown, or take the policy away.",
	Refs:     []string{"RFC 8461 §3.1"},
	Category: mtastsCategory, Scope: checks.Domain, Profiles: receiving, Severity: checks.Low, Points: 2,
	Needs: []fact.Key{facts.MTASTS},
	Eval: func(p *checks.Pass) {
		d := facts.MTASTS.Of(p.View)
		switch {
		case d.State == mtasts.StateNone && d.Response.Problem == mtasts.ProblemUnknown:
			p.Unknownf(d.PolicyURL, "%s", d.Response.Detail)
		case d.Policy == nil || !d.Policy.Valid:
			p.Skipf("there is no policy to announce")
		case d.State == mtasts.StateNone:
			p.Report(checks.Finding{
				Where: facts.Where(d.RecordName, dns.TypeTXT), Message: "no record announces the policy at " + d.PolicyURL,
				Evidence: append(asked(d.RecordName, d.RecordStatus, d.Texts), checks.Seen(d.PolicyURL, d.Policy.Text)...),
				Record:   dns.Absolute(d.RecordName) + ` TXT "v=STSv1; id=1"`,
			})
		}
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "mta-sts-multiple-records",
	Title:    "There is at most one MTA-STS record",
	Why:      "Senders that find two must act as if there were none, and the policy protects nothing.",
	Fix:      "Keep one record, and remove the others.",
	Refs:     []string{"RFC 8461 §3.1"},
	Category: mtastsCategory, Scope: checks.Domain, Profiles: receiving, Severity: checks.Medium, Points: 5,
	Needs: []fact.Key{facts.MTASTS},
	Eval: func(p *checks.Pass) {
		d, ok := announced(p)
		if !ok || d.Record != nil {
			return
		}
		p.Report(checks.Finding{
			Where: facts.Where(d.RecordName, dns.TypeTXT), Message: "more than one record begins with v=STSv1",
			Evidence: asked(d.RecordName, d.RecordStatus, d.Texts),
		})
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "mta-sts-record-syntax",
	Title:    "The MTA-STS record is as the grammar wants it",
	Why:      "Senders act as if a record that they cannot read were not there, and the policy protects nothing.",
	Fix:      `Publish "v=STSv1; id=…" with an id of at most 32 letters and digits, which changes whenever the policy does.`,
	Refs:     []string{"RFC 8461 §3.1"},
	Category: mtastsCategory, Scope: checks.Domain, Profiles: receiving, Severity: checks.Medium, Points: 5,
	Needs: []fact.Key{facts.MTASTS},
	Eval: func(p *checks.Pass) {
		d, ok := announced(p)
		if !ok {
			return
		}
		if d.Record == nil {
			p.Skipf("there is more than one record") // mta-sts-multiple-records tells
			return
		}
		for _, i := range d.RecordIssues {
			if i.Severity != mtasts.SeverityInfo {
				p.Report(checks.Finding{
					Where: facts.Where(d.RecordName, dns.TypeTXT), Message: i.Message,
					Evidence: asked(d.RecordName, d.RecordStatus, []string{d.Record.Text}),
				})
			}
		}
	},
})

// How far a fetch of the policy came.
var (
	notThere      = []mtasts.Problem{mtasts.ProblemNoHost, mtasts.ProblemRefused}
	notAuthentic  = []mtasts.Problem{mtasts.ProblemTLS, mtasts.ProblemCertificate}
	notADocument  = []mtasts.Problem{mtasts.ProblemProtocol, mtasts.ProblemTooLarge}
	fetchProblems = [][]mtasts.Problem{notThere, notAuthentic, notADocument}
)

// judgeFetch judges one stage of fetching the policy: these problems belong to
// it. It returns the response when this stage was passed.
func judgeFetch(p *checks.Pass, stage int, message string) (d mtasts.Discovery, ok bool) {
	if d, ok = announced(p); !ok {
		return d, false
	}
	r := d.Response
	switch at := slices.IndexFunc(fetchProblems, func(l []mtasts.Problem) bool { return slices.Contains(l, r.Problem) }); {
	case r.Problem == "" || at > stage:
		return d, true
	case at < 0:
		p.Unknownf(d.PolicyURL, "%s", r.Detail)
	case at < stage:
		p.Skipf("there was no response to judge: %s", r.Detail)
	default:
		p.Report(checks.Finding{Where: d.PolicyURL, Message: message, Evidence: checks.Seen(d.PolicyURL, r.Detail)})
	}
	return d, false
}

var _ = suite.Add(&checks.Check{
	ID:       "mta-sts-policy-host",
	Title:    "The host of the MTA-STS policy exists and listens",
	Why:      "Senders that hold no copy of the policy deliver without it; a copy is good for max_age only.",
	Fix:      "Give mta-sts below the domain an address where a web server listens on port 443. To end MTA-STS, remove the record as well.",
	Refs:     []string{"RFC 8461 §3.2", "RFC 8461 §3.3", "RFC 8461 §8.3"},
	Category: mtastsCategory, Scope: checks.Domain, Profiles: receiving, Severity: checks.Medium, Points: 5,
	Needs: []fact.Key{facts.MTASTS},
	Eval:  func(p *checks.Pass) { judgeFetch(p, 0, "the policy host cannot be connected to") },
})

var _ = suite.Add(&checks.Check{
	ID:       "mta-sts-policy-certificate",
	Title:    "The host of the MTA-STS policy has a valid certificate",
	Why:      "Senders must not take a policy from a host that cannot prove its name, and deliver without it.",
	Fix:      "Get a certificate for mta-sts.DOMAIN from a public authority, and serve the whole chain.",
	Refs:     []string{"RFC 8461 §3.3"},
	Category: mtastsCategory, Scope: checks.Domain, Profiles: receiving, Severity: checks.Medium, Points: 5,
	Needs: []fact.Key{facts.MTASTS},
	Eval:  func(p *checks.Pass) { judgeFetch(p, 1, "TLS with the policy host fails") },
})

var _ = suite.Add(&checks.Check{
	ID:    "mta-sts-policy-response",
	Title: "The MTA-STS policy is served as plain text, with status 200",
	Why:   "Senders must not follow a redirect, and take no other status or media type for a policy: they deliver without it.",
	Fix: "Answer the URL itself with status 200 and Content-Type: text/plain. " +
		"A redirect of everything to www, or to a page that asks to log in, is the usual cause.",
	Refs:     []string{"RFC 8461 §3.2", "RFC 8461 §3.3"},
	Category: mtastsCategory, Scope: checks.Domain, Profiles: receiving, Severity: checks.Medium, Points: 5,
	Needs: []fact.Key{facts.MTASTS},
	Eval: func(p *checks.Pass) {
		d, ok := judgeFetch(p, 2, "what the policy host answers cannot be read")
		if !ok {
			return
		}
		r := d.Response
		switch {
		case r.Location != "" && r.Status/100 == 3:
			p.Report(response(d, "the policy host redirects, which senders must not follow", "Location: "+r.Location))
		case r.Status != 200:
			p.Report(response(d, "the policy host does not answer with status 200"))
		}
		for _, i := range d.PolicyIssues {
			if isResponse(i) {
				p.Report(response(d, i.Message, "Content-Type: "+r.ContentType))
			}
		}
	},
})

func response(d mtasts.Discovery, message string, header ...string) checks.Finding {
	return checks.Finding{Where: d.PolicyURL, Message: message, Evidence: checks.Seen(d.PolicyURL, append([]string{status(d.Response.Status)}, header...)...)}
}

// served returns the text of the policy, and skips the check where none came.
func served(p *checks.Pass) (mtasts.Discovery, bool) {
	d, ok := announced(p)
	switch {
	case !ok:
		return d, false
	case d.Response.Problem == mtasts.ProblemUnknown:
		p.Unknownf(d.PolicyURL, "%s", d.Response.Detail)
		return d, false
	case d.Policy == nil:
		p.Skipf("no policy is served")
		return d, false
	case !d.Policy.Valid && slices.ContainsFunc(d.PolicyIssues, isResponse):
		p.Skipf("what is served is no plain text") // mta-sts-policy-response tells
		return d, false
	}
	return d, true
}

func isResponse(i mtasts.Issue) bool { return i.Code == mtasts.CodeResponse }

var _ = suite.Add(&checks.Check{
	ID:       "mta-sts-policy-syntax",
	Title:    "The MTA-STS policy is as the grammar wants it",
	Why:      "Senders that cannot read the policy deliver without it; some are stricter than others.",
	Fix:      "Write version: STSv1, mode:, max_age: in seconds, and an mx: for every MX host, each on a line of its own.",
	Refs:     []string{"RFC 8461 §3.2"},
	Category: mtastsCategory, Scope: checks.Domain, Profiles: receiving, Severity: checks.Medium, Points: 5,
	Needs: []fact.Key{facts.MTASTS},
	Eval: func(p *checks.Pass) {
		d, ok := served(p)
		if !ok {
			return
		}
		for _, i := range d.PolicyIssues {
			other := isResponse(i) || i.Code == mtasts.CodeMaxAge && i.Severity == mtasts.SeverityWarning
			if i.Severity != mtasts.SeverityInfo && !other {
				p.Report(checks.Finding{Where: d.PolicyURL, Message: i.Message, Evidence: checks.Seen(d.PolicyURL, lineAt(d.Policy.Text, i.Position))})
			}
		}
	},
})

// lineAt is the line of a text that holds an offset.
func lineAt(text string, offset int) string {
	offset = min(max(offset, 0), len(text))
	start := strings.LastIndexByte(text[:offset], '\n') + 1
	line, _, _ := strings.Cut(text[start:], "\n")
	return strings.TrimSuffix(line, "\r")
}

// inMode returns a policy that senders can use, when it has one of the modes.
func inMode(p *checks.Pass, modes ...mtasts.Mode) (mtasts.Discovery, bool) {
	d := facts.MTASTS.Of(p.View)
	switch {
	case d.State == mtasts.StateUnknown:
		p.Unknownf(d.PolicyURL, "%s", d.Reason)
	case d.State != mtasts.StateValid:
		p.Skipf("there is no MTA-STS policy that senders can use")
	case !slices.Contains(modes, d.Policy.Mode):
		p.Skipf("the mode of the MTA-STS policy is %s", d.Policy.Mode)
	default:
		return d, true
	}
	return d, false
}

// policyField is a line of the policy as evidence.
func policyField(d mtasts.Discovery, name string) []checks.Evidence {
	for _, f := range d.Policy.Fields {
		if f.Name == name {
			return checks.Seen(d.PolicyURL, lineAt(d.Policy.Text, f.Position))
		}
	}
	return nil
}

const (
	aDay  = 24 * 3600
	aWeek = 7 * aDay
)

var _ = suite.Add(&checks.Check{
	ID:       "mta-sts-max-age",
	Title:    "Senders keep the MTA-STS policy for a week at least",
	Why:      "A sender that has forgotten the policy believes whoever keeps it from fetching the policy again: an attacker need only wait.",
	Fix:      "Set max_age to some weeks: 2592000 is 30 days. A change of the policy reaches senders through the id all the same.",
	Refs:     []string{"RFC 8461 §3.2", "RFC 8461 §10.2"},
	Category: mtastsCategory, Scope: checks.Domain, Profiles: receiving, Severity: checks.Low, Points: 1,
	Needs: []fact.Key{facts.MTASTS},
	Eval: func(p *checks.Pass) {
		if d, ok := inMode(p, mtasts.ModeEnforce, mtasts.ModeTesting); ok && d.Policy.MaxAge < aWeek {
			p.Report(checks.Finding{Where: d.PolicyURL, Message: "max_age is shorter than a week", Evidence: policyField(d, "max_age")})
		}
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "mta-sts-enforced",
	Title:    "The MTA-STS policy is enforced",
	Why:      "In mode testing and none senders deliver whatever they find, so that the policy protects nothing; testing is for the time until the reports are clean.",
	Fix:      "When TLS reports show no failures, change to mode: enforce and give the record a new id.",
	Refs:     []string{"RFC 8461 §5"},
	Category: mtastsCategory, Scope: checks.Domain, Profiles: receiving, Severity: checks.Info,
	Needs: []fact.Key{facts.MTASTS},
	Eval: func(p *checks.Pass) {
		d, ok := inMode(p, mtasts.ModeEnforce, mtasts.ModeTesting, mtasts.ModeNone)
		if ok && d.Policy.Mode != mtasts.ModeEnforce {
			p.Report(checks.Finding{Where: d.PolicyURL, Message: "the mode is " + string(d.Policy.Mode), Evidence: policyField(d, "mode")})
		}
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "mta-sts-removal",
	Title:    "An MTA-STS policy of mode none is for a short time only",
	Why:      "Mode none ends MTA-STS, and may vanish once every sender has forgotten the policy before it; a long max_age puts that day off.",
	Fix:      "Set max_age: 86400, wait for the longest max_age that was ever published, and then remove the record and the policy.",
	Refs:     []string{"RFC 8461 §8.3"},
	Category: mtastsCategory, Scope: checks.Domain, Profiles: receiving, Severity: checks.Info,
	Needs: []fact.Key{facts.MTASTS},
	Eval: func(p *checks.Pass) {
		if d, ok := inMode(p, mtasts.ModeNone); ok && d.Policy.MaxAge > aDay {
			p.Report(checks.Finding{Where: d.PolicyURL, Message: "the mode is none, and max_age more than a day", Evidence: policyField(d, "max_age")})
		}
	},
})
