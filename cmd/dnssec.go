package cmd

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/postmuster/postmuster/checks/facts"
	"github.com/postmuster/postmuster/internal/audit"
	"github.com/postmuster/postmuster/internal/dns"
	"github.com/postmuster/postmuster/internal/proto/dnssec"
)

func newDNSSEC(env *Env) *cobra.Command {
	var f mxFlags
	c := &cobra.Command{
		Use:   "dnssec DOMAIN",
		Short: "Is the domain signed, do validators accept it, and for how long? (RFC 4035)",
		Long: `Ask for a domain's MX records, its mail servers' addresses and their TLSA records, and
say of each answer whether it is secure, insecure (not signed), bogus (refused by
validating resolvers) or unknown. Read the zone's keys, signatures and DS records,
and say what is wrong with them or soon will be.

That the resolver validated is believed of one on this machine, or with --trust-ad.
A resolver that answers SERVFAIL is asked again with validation switched off, which
tells a bogus answer from a name server that fails.

Exit codes: 0 the domain is signed, and validates; 1 it is not signed, or validators
refuse it or the way to its mail servers; 2 usage; 3 it could not be found out.`,
		Example: `  postmuster dnssec example.com
  postmuster dnssec --resolver 127.0.0.1 --json example.com
  postmuster dnssec --at 2026-12-24 example.com   # will the signatures last until then?`,
		Args: oneArgument("a domain"),
		RunE: func(cmd *cobra.Command, args []string) error {
			domain, err := audit.ParseDomain(args[0])
			if err != nil {
				return err
			}
			return f.run(cmd.Context(), env, func(ctx context.Context, n *network) (answer, error) {
				r := f.dnssec(ctx, n, domain)
				return answer{value: r, code: r.code(), text: r.write}, nil
			})
		},
	}
	f.protocolFlags.register(c)
	return c
}

// dnssecReport is DNSSEC of a domain and of the way that its mail takes.
type dnssecReport struct {
	Domain   string          `json:"domain"`
	Security dnssec.Security `json:"security"`
	Reason   string          `json:"reason"`
	Advice   string          `json:"advice"`
	Zone     dnssecZone      `json:"zone"`
	Path     []dnssecAnswer  `json:"path"`
	Trace    []dnssecStep    `json:"trace"`
	Error    string          `json:"error"` // why the mail servers are not known
}

// dnssecAnswer is how far one answer can be trusted.
type dnssecAnswer struct {
	Name           string                `json:"name"`
	Type           string                `json:"type"`
	Security       dnssec.Security       `json:"security"`
	Status         dns.Status            `json:"status"`
	Reason         string                `json:"reason"`
	ExtendedErrors []dnssecExtendedError `json:"extended_errors"`
}

type dnssecExtendedError struct {
	Code    uint16 `json:"code"`
	Text    string `json:"text"`
	Meaning string `json:"meaning"`
}

// dnssecZone is what the zone publishes for validators.
type dnssecZone struct {
	Name       string        `json:"name"`
	Signed     bool          `json:"signed"`
	DS         []string      `json:"ds"`
	Keys       []string      `json:"keys"`
	Signatures []string      `json:"signatures"`
	NSEC3      []string      `json:"nsec3"`
	Issues     []dnssecIssue `json:"issues"`
	Unknown    []string      `json:"unknown"`

	summary string
	draft   bool
}

type dnssecIssue struct {
	Severity dnssec.Severity `json:"severity"`
	Code     dnssec.Code     `json:"code"`
	Message  string          `json:"message"`
	Owner    string          `json:"owner"`
	Type     string          `json:"type"`
	Record   string          `json:"record"`
}

// dnssecStep is a question and what it taught.
type dnssecStep struct {
	Name             string `json:"name"`
	Type             string `json:"type"`
	CheckingDisabled bool   `json:"checking_disabled"`
	Server           string `json:"server"`
	Outcome          string `json:"outcome"`
	Note             string `json:"note"`
}

// dnssec finds it all out. What could not be is in the values.
func (f *mxFlags) dnssec(ctx context.Context, n *network, domain string) *dnssecReport {
	set := f.facts(domain, n)
	r := &dnssecReport{Domain: domain, Path: []dnssecAnswer{}, Trace: []dnssecStep{}}
	mx, _ := facts.DNSSEC.Get(ctx, set)
	r.Security, r.Reason, r.Advice = mx.Security, mx.Reason, mx.Advice
	r.add(mx)
	hosts, err := facts.SecuredHosts.Get(ctx, set)
	if err != nil && mx.Answer == nil {
		r.Error = err.Error()
	}
	for _, h := range hosts {
		r.add(h.Address)
		r.add(h.TLSA)
	}
	zone, _ := facts.SignedZone.Get(ctx, set)
	r.Zone = newDNSSECZone(zone)
	r.trace(zone.Steps)
	return r
}

func (r *dnssecReport) add(result dnssec.Result) {
	a := dnssecAnswer{Name: result.Name, Type: result.Type.String(), Security: result.Security, Status: result.Status,
		Reason: result.Reason, ExtendedErrors: []dnssecExtendedError{}}
	for _, e := range result.ExtendedErrors {
		a.ExtendedErrors = append(a.ExtendedErrors, dnssecExtendedError{Code: e.Code, Text: e.Text, Meaning: dnssec.Explain(e)})
	}
	r.Path = append(r.Path, a)
	r.trace(result.Steps)
}

// trace adds steps, each once: the way up from one host is that of another too.
func (r *dnssecReport) trace(steps []dnssec.Step) {
	for _, s := range steps {
		step := dnssecStep{Name: s.Question.Name, Type: s.Question.Type.String(),
			CheckingDisabled: s.Question.CheckingDisabled, Server: s.Server, Outcome: s.Outcome, Note: s.Note}
		if !slices.Contains(r.Trace, step) {
			r.Trace = append(r.Trace, step)
		}
	}
}

func newDNSSECZone(z *dnssec.Zone) dnssecZone {
	out := dnssecZone{Name: z.Name, Signed: z.Signed, DS: []string{}, Keys: []string{}, Signatures: []string{}, NSEC3: []string{},
		Issues: []dnssecIssue{}, Unknown: []string{}, summary: z.Summary(), draft: z.Draft}
	for _, d := range z.DS {
		out.DS = append(out.DS, fmt.Sprintf("%s (%s, %s)", d, dnssec.AlgorithmName(d.Algorithm), dnssec.DigestName(d.DigestType)))
	}
	for _, k := range z.Keys {
		out.Keys = append(out.Keys, k.Describe())
	}
	for _, s := range z.Signatures {
		out.Signatures = append(out.Signatures, s.Describe())
	}
	for _, p := range z.NSEC3 {
		out.NSEC3 = append(out.NSEC3, p.String())
	}
	for _, i := range z.Issues {
		out.Issues = append(out.Issues, dnssecIssue{Severity: i.Severity, Code: i.Code, Message: i.Message, Owner: i.Owner, Type: i.Type.String(), Record: i.Record})
	}
	for _, g := range z.Gaps {
		out.Unknown = append(out.Unknown, g.Question.String()+": "+g.Reason)
	}
	return out
}

// code is by the domain, and by what is bogus on the way to its mail servers.
func (r *dnssecReport) code() int {
	code := exitMet
	for i, a := range r.Path {
		switch {
		case a.Security == dnssec.Bogus || i == 0 && a.Security == dnssec.Insecure:
			code = worse(code, exitNotMet)
		case a.Security == dnssec.Unknown:
			code = worse(code, exitUndecided)
		}
	}
	return code
}

func (r *dnssecReport) write(p *page) {
	p.line("%s: %s", r.Domain, r.Security)
	p.field("because", "%s", r.Reason)
	p.field("advice", "%s", r.Advice)
	r.Zone.write(p)
	p.head("the way that mail takes")
	for _, a := range r.Path {
		a.write(p, r.Reason)
	}
	p.field("unknown", "%s", r.Error)
	p.head("asked")
	for _, s := range r.Trace {
		s.write(p)
	}
}

func (z *dnssecZone) write(p *page) {
	if z.draft {
		p.head("the zone is not published yet")
	} else if z.Name == "" {
		p.head("the zone could not be found out")
	} else {
		p.head("zone %s: %s", z.Name, z.summary)
	}
	for _, list := range []struct {
		label string
		texts []string
	}{{"DS", z.DS}, {"key", z.Keys}, {"signature", z.Signatures}, {"NSEC3", z.NSEC3}, {"unknown", z.Unknown}} {
		for _, text := range list.texts {
			p.verbatim(list.label, text)
		}
	}
	for _, i := range z.Issues {
		p.hang("  "+padRight(string(i.Severity), 8), i.Message)
		if i.Record != "" {
			p.line("           %s", i.Record)
		}
	}
}

// write says the reason where it is another than the domain's.
func (a *dnssecAnswer) write(p *page, known string) {
	p.hang("  "+padRight(string(a.Security), p.labels), fmt.Sprintf("%s %s: %s", dns.Absolute(a.Name), a.Type, cmp.Or(string(a.Status), "no answer")))
	if a.Reason != known {
		p.para(4, "%s", a.Reason)
	}
}

func (s *dnssecStep) write(p *page) {
	question := dns.Absolute(s.Name) + " " + s.Type
	if s.CheckingDisabled {
		question += ", validation switched off"
	}
	p.para(2, "%s: %s", question, s.Outcome)
	if s.Note != "" {
		p.para(4, "%s", s.Note)
	}
}
