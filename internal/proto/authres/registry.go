package authres

import (
	"slices"
	"strings"
)

// A method is an entry of the registry "Email Authentication Methods" with the
// results that "Email Authentication Result Names" gives it (RFC 8601 §2.7, §6).
type method struct {
	obsolete   bool
	results    []string
	properties []string // PTYPE.PROPERTY
}

var (
	dkimResults  = []string{"none", "pass", "fail", "policy", "neutral", "temperror", "permerror"}
	spfResults   = []string{"none", "pass", "fail", "softfail", "policy", "neutral", "temperror", "permerror"}
	plainResults = []string{"none", "pass", "fail", "temperror", "permerror"}
)

// methods holds the registry as of April 2025, with the polrec properties of
// RFC 9989.
var methods = map[string]method{
	"arc":        {results: []string{"none", "pass", "fail"}, properties: []string{"smtp.remote-ip", "header.oldest-pass"}}, // RFC 8617 §6
	"auth":       {results: plainResults, properties: []string{"smtp.auth", "smtp.mailfrom"}},
	"dkim":       {results: dkimResults, properties: []string{"header.d", "header.i", "header.b", "header.a", "header.s"}},
	"dkim-adsp":  {obsolete: true, results: []string{"none", "pass", "unknown", "fail", "discard", "nxdomain", "temperror", "permerror"}, properties: []string{"header.from"}},
	"dkim-atps":  {results: plainResults, properties: []string{"header.from"}}, // RFC 6541
	"dmarc":      {results: plainResults, properties: []string{"header.from", "polrec.p", "polrec.domain"}},
	"dnswl":      {results: []string{"pass", "none", "temperror", "permerror"}, properties: []string{"dns.zone", "policy.ip", "policy.txt", "dns.sec"}}, // RFC 8904
	"domainkeys": {obsolete: true, results: dkimResults, properties: []string{"header.d", "header.from", "header.sender"}},
	"iprev":      {results: []string{"pass", "fail", "temperror", "permerror"}, properties: []string{"policy.iprev"}},
	"rrvs":       {results: []string{"none", "unknown", "temperror", "permerror", "pass", "fail"}, properties: []string{"smtp.rcptto"}},              // RFC 7293
	"sender-id":  {obsolete: true, results: spfResults},                                                                                              // header.NAME, whichever field was used
	"smime":      {results: dkimResults, properties: []string{"body.smime-part", "body.smime-identifier", "body.smime-serial", "body.smime-issuer"}}, // RFC 7281
	"spf":        {results: spfResults, properties: []string{"smtp.mailfrom", "smtp.helo"}},
	"vbr":        {results: plainResults, properties: []string{"header.md", "header.mv"}}, // RFC 6212
}

// identify marks what of a result is registered, and says what is not. Names
// that begin with x- are private on purpose.
func (p *parser) identify(r *Result) {
	m, known := methods[r.Method]
	r.MethodKnown = known
	r.ValueKnown = slices.Contains(m.results, r.Value)
	for i := range r.Properties {
		r.Properties[i].Known = slices.Contains(m.properties, r.Properties[i].Type+"."+r.Properties[i].Name)
	}
	switch {
	case m.obsolete:
		p.issue(CodeMethod, SeverityInfo, r.Position, "the method %s is obsolete", r.Method)
	case !known && !strings.HasPrefix(r.Method, "x-"):
		p.issue(CodeMethod, SeverityInfo, r.Position, "the method %.40q is not registered", r.Method)
	}
	if known && !r.ValueKnown && r.Value != "" {
		p.issue(CodeValue, SeverityWarning, r.ValueAt, "%.40q is no result of %s", r.Value, r.Method)
	}
	for _, q := range r.Properties {
		if known && len(m.properties) > 0 && q.Type != "" && !q.Known && !strings.HasPrefix(q.Type, "x-") && !strings.HasPrefix(q.Name, "x-") {
			p.issue(CodePropertyName, SeverityInfo, q.Position, "%s.%.40s is not registered for %s", q.Type, q.Name, r.Method)
		}
	}
}
