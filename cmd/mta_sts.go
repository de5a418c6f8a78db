package cmd

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/postmuster/postmuster/checks/facts"
	"github.com/postmuster/postmuster/internal/audit"
	"github.com/postmuster/postmuster/internal/proto/mtasts"
	"github.com/postmuster/postmuster/internal/smtp"
)

func newMTASTS(env *Env) *cobra.Command {
	var f mxFlags
	var noSMTP bool
	c := &cobra.Command{
		Use:   "mta-sts DOMAIN",
		Short: "What does MTA-STS ask of senders, and do the mail servers keep it? (RFC 8461)",
		Long: `Look up the MTA-STS record of a domain, fetch its policy, and compare the policy
with the domain's mail servers: whether it covers them, and whether their
certificates are what it demands.

Exit codes: 0 record and policy can be used and every mail server keeps the policy;
1 there is none, it cannot be used, or a server does not keep it; 2 usage; 3 it
could not be found out.`,
		Example: `  postmuster mta-sts example.com
  postmuster mta-sts --no-smtp example.com
  postmuster mta-sts --json example.com`,
		Args: oneArgument("a domain"),
		RunE: func(cmd *cobra.Command, args []string) error {
			domain, err := audit.ParseDomain(args[0])
			if err != nil {
				return err
			}
			return f.run(cmd.Context(), env, func(ctx context.Context, n *network) (answer, error) {
				r := mtastsReport{Discovery: mtasts.Discover(ctx, n.DNS, facts.PolicyFetcher(n.HTTPS), domain), MX: []mtastsMX{}}
				if r.Policy != nil && r.Policy.Valid {
					r.compare(ctx, &f, n, noSMTP)
				}
				return answer{value: r, code: r.code(), text: r.write}, nil
			})
		},
	}
	f.register(c)
	c.Flags().BoolVar(&noSMTP, "no-smtp", false, "connect to no mail servers")
	return c
}

// mtastsReport is a domain's policy, and how its mail servers keep it.
type mtastsReport struct {
	mtasts.Discovery
	MX      []mtastsMX `json:"mx"`
	MXError string     `json:"mx_error"`
}

// mtastsMX is a mail server beside the policy.
type mtastsMX struct {
	Host    string `json:"host"`
	Covered bool   `json:"covered"`
	Pattern string `json:"pattern"` // that covers it
	// Problems are why senders would not deliver in mode enforce; Unknown is
	// what could not be found out about it.
	Problems []string `json:"problems"`
	Unknown  []string `json:"unknown"`
}

// compare sets the mail servers beside the policy.
func (r *mtastsReport) compare(ctx context.Context, f *mxFlags, n *network, noSMTP bool) {
	set := f.facts(r.Domain, n)
	set.Options.NoSMTP = noSMTP
	routing, err := facts.MXRouting.Get(ctx, set)
	if err != nil {
		r.MXError = err.Error()
		return
	}
	var sessions []facts.Session
	if !noSMTP {
		if sessions, err = facts.Sessions.Get(ctx, set); err != nil {
			r.MXError = err.Error()
		}
	}
	for _, h := range routing.Hosts {
		mx := mtastsMX{Host: h.Name, Problems: []string{}, Unknown: []string{}}
		pattern, covered := r.Policy.Match(h.Name)
		mx.Covered, mx.Pattern = covered, pattern.Pattern
		if !covered {
			mx.Problems = append(mx.Problems, "no mx pattern of the policy matches it")
		}
		for _, s := range sessions {
			if s.Host.Name == h.Name {
				mx.judge(s.Session)
			}
		}
		r.MX = append(r.MX, mx)
	}
}

// judge asks of a session what RFC 8461 §4 demands: STARTTLS, and a certificate
// for the host that leads to a root.
func (m *mtastsMX) judge(s *smtp.Session) {
	at := s.Target.Addr.Addr().String() + ": "
	switch {
	case s.TLS != nil && s.TLS.Alert != "":
		m.Problems = append(m.Problems, at+"TLS fails: "+s.TLS.Alert)
	case s.TLS != nil && s.TLS.ChainError != "":
		m.Problems = append(m.Problems, at+s.TLS.ChainError)
	case s.TLS != nil && s.TLS.NameError != "":
		m.Problems = append(m.Problems, at+s.TLS.NameError)
	case s.TLS != nil:
	case s.EHLO != nil && s.Result == smtp.ResultOK:
		m.Problems = append(m.Problems, at+"STARTTLS is not offered")
	case s.Result.Conclusive():
		m.Problems = append(m.Problems, at+s.Reason)
	default:
		m.Unknown = append(m.Unknown, at+s.Reason)
	}
}

func (r mtastsReport) code() int {
	switch r.State {
	case mtasts.StateValid:
	case mtasts.StateUnknown:
		return exitUndecided
	default:
		return exitNotMet
	}
	code := exitMet
	if r.MXError != "" {
		code = exitUndecided
	}
	for _, mx := range r.MX {
		if len(mx.Problems) > 0 {
			code = worse(code, exitNotMet)
		} else if len(mx.Unknown) > 0 {
			code = worse(code, exitUndecided)
		}
	}
	return code
}

func (r mtastsReport) write(p *page) {
	p.line("%s: %s", r.Domain, r.State)
	p.field("because", "%s", r.Reason)
	p.field("asked", "%s", asked(r.RecordName, "TXT", r.RecordStatus))
	for _, text := range r.Texts {
		p.field("record", "%s", text)
	}
	text := ""
	if r.Record != nil {
		text = r.Record.Text
	}
	p.issues(mtastsIssues(r.RecordIssues), text)
	r.writePolicy(p)
	r.writeMX(p)
}

func (r mtastsReport) writePolicy(p *page) {
	if r.Response == nil {
		return
	}
	p.head("%s", r.PolicyURL)
	if r.Response.Problem != "" {
		p.field(string(r.Response.Problem), "%s", r.Response.Detail)
	} else {
		p.field("response", "%s", strings.TrimSuffix(fmt.Sprintf("status %d, %s", r.Response.Status, r.Response.ContentType), ", "))
	}
	p.field("location", "%s", r.Response.Location)
	text := ""
	if r.Policy != nil {
		text = r.Policy.Text
		p.field("mode", "%s", modeText(r.Policy.Mode))
		for _, mx := range r.Policy.MX {
			p.field("mx", "%s", mx.Pattern)
		}
		if r.Policy.MaxAge > 0 {
			p.field("max_age", "%d seconds, which is %s", r.Policy.MaxAge, days(r.Policy.MaxAge))
		}
	}
	p.issues(mtastsIssues(r.PolicyIssues), text)
}

func days(seconds int) string {
	d := time.Duration(seconds) * time.Second
	if d < 48*time.Hour {
		return plural(int(d.Hours()), "hour", "hours")
	}
	return plural(int(d.Hours()/24), "day", "days")
}

func modeText(m mtasts.Mode) string {
	switch m {
	case mtasts.ModeEnforce:
		return "enforce: senders do not deliver to a server that does not keep the policy"
	case mtasts.ModeTesting:
		return "testing: senders deliver, and report"
	case mtasts.ModeNone:
		return "none: as if there were no policy"
	}
	return string(m)
}

func (r mtastsReport) writeMX(p *page) {
	if r.MXError == "" && len(r.MX) == 0 {
		return
	}
	p.head("The mail servers")
	p.field("unknown", "%s", r.MXError)
	for _, mx := range r.MX {
		switch {
		case len(mx.Problems) > 0:
			p.para(2, "%s does not keep the policy", mx.Host)
		case len(mx.Unknown) > 0:
			p.para(2, "%s could not be judged", mx.Host)
		default:
			p.para(2, "%s keeps the policy (mx: %s)", mx.Host, mx.Pattern)
		}
		for _, text := range append(mx.Problems, mx.Unknown...) {
			p.para(4, "%s", text)
		}
	}
}
