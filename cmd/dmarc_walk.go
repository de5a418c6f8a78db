package cmd

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/postmuster/postmuster/internal/dns"
	"github.com/postmuster/postmuster/internal/proto/dmarc"
)

func newDMARCWalk(env *Env) *cobra.Command {
	var f protocolFlags
	c := &cobra.Command{
		Use:   "walk DOMAIN",
		Short: "Find a domain's policy, every step of the tree walk shown",
		Long: `Walk the DNS tree from a domain towards the root (RFC 9989 §4.10), as receivers do
to find the policy for its mail: each question, what came back, why the walk went
on or stopped. Then the policy, who may receive its reports (RFC 9990), and what a
receiver concludes that follows RFC 7489 with the public suffix list.

Exit codes: 0 a policy applies; 1 none does, or the record cannot be used; 2 usage;
3 it could not be found out.`,
		Example: `  postmuster dmarc walk example.com
  postmuster dmarc walk a.b.c.example.com
  postmuster dmarc walk --format json example.com`,
		Args: oneArgument("a domain"),
		RunE: func(cmd *cobra.Command, args []string) error {
			domain, err := parseName(args[0])
			if err != nil {
				return err
			}
			return f.run(cmd.Context(), env, func(ctx context.Context, n *network) (answer, error) {
				w := dmarcWalkReport{Discovery: dmarc.Discover(ctx, n.DNS, domain), Destinations: []dmarc.Destination{}}
				if r := w.Record; r != nil {
					w.Destinations = dmarc.AuthorizeReports(ctx, n.DNS, w.RecordDomain, slices.Concat(r.RUA, r.RUF))
				}
				return answer{value: w, code: w.code(), text: w.write}, nil
			})
		},
	}
	f.register(c)
	return c
}

// dmarcWalkReport is the discovery of a policy, and who gets its reports.
type dmarcWalkReport struct {
	dmarc.Discovery
	Destinations []dmarc.Destination `json:"destinations"`
}

func (w dmarcWalkReport) code() int {
	switch w.Result {
	case "":
		return exitMet
	case dmarc.ResultTempError:
		return exitUndecided
	}
	return exitNotMet
}

func (w dmarcWalkReport) write(p *page) {
	p.labels = 11
	p.line("The walk from %s", w.AuthorDomain)
	for i, s := range w.Walk.Steps {
		dmarcStep(p, i+1, s)
	}
	p.head("The policy for mail from %s", w.AuthorDomain)
	p.field("result", "%s", w.Result)
	p.field("because", "%s", w.Reason)
	p.field("org domain", "%s", w.OrgDomain)
	if w.RecordDomain != "" {
		p.field("record", "at _dmarc.%s, the %s", w.RecordDomain, w.Location)
	}
	if w.Exists == dmarc.ExistsNot {
		p.field("exists", "no: there is no such name, so np= counts")
	}
	p.field("policy", "%s", dmarcPolicy(w.Policy, w.PolicySource, w.EffectivePolicy))
	if w.Record != nil {
		p.issues(dmarcIssues(w.Issues), w.Record.Text)
	}
	w.writeDestinations(p)
	p.psl(w.PSL)
}

func (w dmarcWalkReport) writeDestinations(p *page) {
	if len(w.Destinations) == 0 {
		return
	}
	p.head("Reports")
	for _, d := range w.Destinations {
		text := string(d.Authorization)
		if d.Authorization == dmarc.AuthNotNeeded {
			text = "of the same organization, which needs no permission"
		}
		if d.Reason != "" {
			text += ": " + d.Reason
		}
		p.para(2, "%s: %s", d.URI.Text, text)
	}
}

// dmarcStep writes one question of the walk and what it led to.
func dmarcStep(p *page, n int, s dmarc.Step) {
	outcome := string(s.Status)
	if s.Err != nil {
		outcome = s.Error
	}
	p.line("%3d  %s TXT: %s", n, dns.Absolute(s.Name), outcome)
	if s.Record != nil {
		p.para(5, "%s", s.Record.Text)
	}
	for _, d := range s.Dropped {
		p.para(5, "%s", d.Text)
		p.para(7, "left out: %s", d.Why)
	}
	if s.Stop != "" {
		p.para(5, "%s", stopText(s))
	}
}

func stopText(s dmarc.Step) string {
	switch s.Stop {
	case dmarc.StopPSDNo:
		return "stop: psd=n says that " + s.Domain + " is an organizational domain"
	case dmarc.StopPSDYes:
		return "stop: psd=y says that " + s.Domain + " is a public suffix"
	case dmarc.StopNoLabels:
		return "stop: the last label was asked"
	default:
		return strings.TrimSpace("stop: " + string(s.Stop))
	}
}
