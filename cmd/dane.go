package cmd

import (
	"context"
	"crypto/x509"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/postmuster/postmuster/checks/fact"
	"github.com/postmuster/postmuster/checks/facts"
	"github.com/postmuster/postmuster/internal/audit"
	"github.com/postmuster/postmuster/internal/dns"
	"github.com/postmuster/postmuster/internal/proto/dane"
	"github.com/postmuster/postmuster/internal/proto/dnssec"
	"github.com/postmuster/postmuster/internal/smtp"
)

func newDANE(env *Env) *cobra.Command {
	var f daneFlags
	c := &cobra.Command{
		Use:   "dane DOMAIN",
		Short: "Do the mail servers satisfy their TLSA records? (RFC 7672)",
		Long: `Look up the TLSA records of a domain's mail servers, hold a session with each, and
compare the certificates with the records.

DANE rests on DNSSEC: that the resolver validated is believed of one on this
machine, or with --trust-ad.

Exit codes: 0 every mail server has records and satisfies them; 1 one has none, or
does not satisfy them, or the zone is not signed; 2 usage; 3 it could not be found
out.`,
		Example: `  postmuster dane example.com
  postmuster dane --resolver 127.0.0.1 --json example.com
  postmuster dane check --host mx.example.com --certs chain.pem --tlsa '3 1 1 8d02…'`,
		Args: func(c *cobra.Command, args []string) error { return oneArgument("a domain, or check")(c, args) },
		RunE: func(cmd *cobra.Command, args []string) error {
			domain, err := audit.ParseDomain(args[0])
			if err != nil {
				return err
			}
			return f.run(cmd.Context(), env, func(ctx context.Context, n *network) (answer, error) {
				return f.ask(ctx, n, domain), nil
			})
		},
	}
	f.register(c)
	c.Flags().BoolVar(&f.noSMTP, "no-smtp", false, "connect to no mail servers: judge the records alone")
	c.AddCommand(newDANECheck(env))
	return c
}

type daneFlags struct {
	mxFlags
	noSMTP bool
}

// daneReport is DANE of a domain.
type daneReport struct {
	Domain string          `json:"domain"`
	MX     dnssec.Security `json:"mx_dnssec"` // of the MX records: without it there is no DANE (RFC 7672 §2.2.1)
	Hosts  []daneHost      `json:"hosts"`
	Error  string          `json:"error"`

	mx     dnssec.Result
	noSMTP bool
}

// daneHost is DANE of one mail server.
type daneHost struct {
	Host     string          `json:"host"`
	Name     string          `json:"name"`
	Status   dns.Status      `json:"status"`
	Address  dnssec.Security `json:"address_dnssec"` // of its address: without it no sender asks for TLSA (RFC 7672 §2.2.2)
	DNSSEC   dnssec.Security `json:"dnssec"`
	Records  []string        `json:"records"`
	Scheme   dane.Scheme     `json:"scheme"`
	Advice   []issue         `json:"advice"`
	Sessions []daneSession   `json:"sessions"`
	Error    string          `json:"error"`

	secured facts.SecuredHost
	tlsa    []dns.TLSA
}

// daneSession is what a server presented beside its records.
type daneSession struct {
	Address string       `json:"address"`
	Verdict dane.Verdict `json:"verdict"` // empty where nothing was presented
	Matches []daneMatch  `json:"matches"`
	Error   string       `json:"error"`

	conclusive bool // the error says something about the server
}

// daneMatch is what a record says about a chain.
type daneMatch struct {
	Record      string `json:"record"`
	Valid       bool   `json:"valid"`
	Certificate int    `json:"certificate"`
	Reason      string `json:"reason"`
}

func daneMatches(matches []dane.Match) []daneMatch {
	out := make([]daneMatch, 0, len(matches))
	for _, m := range matches {
		out = append(out, daneMatch{Record: m.Record.String(), Valid: m.Valid, Certificate: m.Certificate, Reason: m.Reason})
	}
	return out
}

func (f *daneFlags) ask(ctx context.Context, n *network, domain string) answer {
	set := f.facts(domain, n)
	set.Options.NoSMTP = f.noSMTP
	r := &daneReport{Domain: domain, Hosts: []daneHost{}, noSMTP: f.noSMTP}
	r.mx, _ = facts.DNSSEC.Get(ctx, set) // what could not be found out is in the value
	r.MX = r.mx.Security
	if err := r.hosts(ctx, set); err != nil && r.MX != dnssec.Bogus {
		return unanswered(domain, err)
	}
	return answer{value: r, code: r.code(), text: r.write}
}

// hosts looks at the mail servers.
func (r *daneReport) hosts(ctx context.Context, set *fact.Set) error {
	secured, err := facts.SecuredHosts.Get(ctx, set)
	if err != nil {
		return err
	}
	if len(secured) == 0 {
		r.Error = "no mail server"
	}
	var sessions []facts.Session
	if !r.noSMTP {
		if sessions, err = facts.Sessions.Get(ctx, set); err != nil {
			return err
		}
	}
	for _, s := range secured {
		host := newDANEHost(s)
		for _, s := range sessions {
			if s.Host.Name == host.Host && len(host.tlsa) > 0 {
				host.Sessions = append(host.Sessions, host.judge(s.Session, r.Domain, set.Net.Now()))
			}
		}
		r.Hosts = append(r.Hosts, host)
	}
	return nil
}

// newDANEHost is what a host's records say.
func newDANEHost(s facts.SecuredHost) daneHost {
	h := daneHost{Host: s.Name, Name: s.TLSA.Name, Status: s.TLSA.Status, Address: s.Address.Security, DNSSEC: s.TLSA.Security,
		Records: []string{}, Advice: []issue{}, Sessions: []daneSession{}, secured: s}
	if s.TLSA.Answer == nil {
		h.Error = s.TLSA.Reason
		return h
	}
	h.tlsa = s.TLSA.Answer.TLSAs()
	if len(h.tlsa) == 0 {
		return h
	}
	for _, r := range h.tlsa {
		h.Records = append(h.Records, r.String())
	}
	h.Scheme = dane.SchemeOf(h.tlsa)
	h.Advice = daneIssues(dane.Advise(h.tlsa))
	return h
}

func daneIssues(issues []dane.Issue) []issue {
	return issuesOf(issues, func(i dane.Issue) issue {
		return issue{Severity: string(i.Severity), Code: string(i.Code), Message: i.Message, Position: i.Position}
	})
}

// judge compares what a server presented with its records. The certificate may
// also go by the name of the domain (RFC 7672 §3.2.2).
func (h *daneHost) judge(s *smtp.Session, domain string, at time.Time) daneSession {
	out := daneSession{Address: s.Target.Addr.Addr().String(), Matches: []daneMatch{}}
	var chain []*x509.Certificate
	if s.TLS != nil {
		chain = s.TLS.Chain
	}
	if len(chain) == 0 {
		out.Error, out.conclusive = "no certificate was presented: "+s.Reason, s.Result.Conclusive()
		if s.Result == smtp.ResultOK {
			out.Error = "STARTTLS is not offered, so mail is not delivered"
		}
		return out
	}
	result := dane.Check(chain, []string{h.Host, domain}, h.tlsa, at)
	out.Verdict, out.Matches = result.Verdict, daneMatches(result.Matches)
	return out
}

func (r *daneReport) code() int {
	code := daneCode(r.MX)
	if r.Error != "" {
		code = exitNotMet
	}
	for _, h := range r.Hosts {
		code = worse(code, h.code(r.noSMTP))
	}
	return code
}

// daneCode: DANE rests on what is secure.
func daneCode(s dnssec.Security) int {
	switch s {
	case dnssec.Secure:
		return exitMet
	case dnssec.Unknown:
		return exitUndecided
	}
	return exitNotMet
}

func (h *daneHost) code(noSMTP bool) int {
	switch {
	case h.Error != "":
		return exitUndecided
	case len(h.tlsa) == 0 || h.Scheme == dane.SchemeUnusable:
		return exitNotMet
	}
	code := worse(daneCode(h.DNSSEC), daneCode(h.Address))
	if len(h.Sessions) == 0 && !noSMTP {
		code = worse(code, exitUndecided)
	}
	for _, s := range h.Sessions {
		switch {
		case s.Verdict == dane.VerdictValid:
		case s.Error != "" && !s.conclusive:
			code = worse(code, exitUndecided)
		default:
			code = worse(code, exitNotMet)
		}
	}
	return code
}

func (r *daneReport) write(p *page) {
	p.line("%s", r.Domain)
	p.field("result", "%s", r.Error)
	p.field("MX records", "%s", describeSecurity(r.mx))
	for _, h := range r.Hosts {
		h.write(p)
	}
}

// describeSecurity says what the security of an answer means for DANE.
func describeSecurity(r dnssec.Result) string {
	switch r.Security {
	case dnssec.Secure:
		return "secure: signed, and validated"
	case dnssec.Insecure:
		return "insecure: not signed, so senders do not use DANE; " + r.Reason
	case dnssec.Bogus:
		return "bogus: senders that validate do not deliver; " + r.Reason
	}
	return "unknown: " + r.Reason + "; " + r.Advice
}

func (h *daneHost) write(p *page) {
	p.head("%s", h.Host)
	p.field("asked", "%s", asked(h.Name, "TLSA", h.Status))
	p.field("unknown", "%s", h.Error)
	if h.Error != "" {
		return
	}
	if h.Address != dnssec.Secure && len(h.tlsa) > 0 {
		p.field("address", "%s", describeSecurity(h.secured.Address))
	}
	if len(h.tlsa) == 0 && h.DNSSEC == dnssec.Bogus {
		p.field("DNSSEC", "%s", describeSecurity(h.secured.TLSA))
		return
	}
	if len(h.tlsa) == 0 {
		p.field("result", "no TLSA record: senders use no DANE with this host")
		return
	}
	p.field("DNSSEC", "%s", describeSecurity(h.secured.TLSA))
	for _, text := range h.Records {
		p.verbatim("record", text)
	}
	p.field("scheme", "%s", h.Scheme)
	p.notes(h.Advice)
	for _, s := range h.Sessions {
		s.write(p)
	}
}

func (s daneSession) write(p *page) {
	verdict := string(s.Verdict)
	if s.Error != "" {
		verdict = s.Error
	}
	p.para(2, "%s: %s", s.Address, verdict)
	writeMatches(p, s.Matches)
}

// writeMatches says of each record what it is about, those that match first.
func writeMatches(p *page, matches []daneMatch) {
	sorted := slices.Clone(matches)
	slices.SortStableFunc(sorted, func(a, b daneMatch) int {
		switch {
		case a.Valid == b.Valid:
			return 0
		case a.Valid:
			return -1
		}
		return 1
	})
	for _, m := range sorted {
		p.para(4, "%s", m.Record)
		p.para(6, "%s", m.describe())
	}
}

func (m daneMatch) describe() string {
	switch {
	case m.Valid && m.Certificate == dane.NotPresented:
		return "matches: an issuer that was not presented"
	case m.Valid:
		return fmt.Sprintf("matches certificate %d of the chain", m.Certificate+1)
	}
	return "does not match: " + m.Reason
}
