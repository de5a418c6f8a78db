package cmd

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/postmuster/postmuster/internal/audit"
	"github.com/postmuster/postmuster/internal/proto/dmarc"
)

// The results that SPF and DKIM can have (RFC 8601 §2.7.1, §2.7.2).
var (
	spfResults  = []string{"pass", "fail", "softfail", "neutral", "none", "permerror", "temperror"}
	dkimResults = []string{"pass", "fail", "neutral", "none", "policy", "permerror", "temperror"}
)

func newDMARCEval(env *Env) *cobra.Command {
	var f protocolFlags
	var from, spfResult string
	var dkims []string
	c := &cobra.Command{
		Use:   "eval --from DOMAIN",
		Short: "What does DMARC conclude from these results of SPF and DKIM?",
		Long: `Evaluate DMARC by RFC 9989 for a message from an author domain, given what SPF
and DKIM found, and say what a receiver concludes that still follows RFC 7489
with the public suffix list.

--spf and --dkim give a result and the domain it is about: that of MAIL FROM, and
d= of a signature.

Exit codes: 0 pass; 1 fail, none or permerror; 2 usage; 3 temperror: the DNS could
not be asked.`,
		Example: `  postmuster dmarc eval --from example.com --spf pass:bounces.example.com
  postmuster dmarc eval --from news.example.com --dkim pass:example.com --dkim fail:example.net
  postmuster dmarc eval --from example.com --spf pass:example.net --zone example.com.zone`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			in, err := dmarcInput(from, spfResult, dkims)
			if err != nil {
				return err
			}
			return f.run(cmd.Context(), env, func(ctx context.Context, n *network) (answer, error) {
				e := dmarc.Evaluate(ctx, n.DNS, in)
				return answer{value: e, code: dmarcCode(e.Result), text: func(p *page) { dmarcEvaluationText(p, &e) }}, nil
			})
		},
	}
	f.register(c)
	c.Flags().StringVar(&from, "from", "", "the author `domain`, that of the From field; an address will do")
	c.Flags().StringVar(&spfResult, "spf", "", "SPF's `RESULT:DOMAIN`")
	c.Flags().StringSliceVar(&dkims, "dkim", nil, "a signature's `RESULT:DOMAIN` (repeatable)")
	return c
}

func dmarcInput(from, spfResult string, dkims []string) (dmarc.Input, error) {
	var in dmarc.Input
	if from == "" {
		return in, errors.New("dmarc eval: --from with the author domain was expected")
	}
	author, err := audit.ParseDomain(from[strings.LastIndexByte(from, '@')+1:])
	if err != nil {
		return in, fmt.Errorf("--from: %w", err)
	}
	in.From = author
	if spfResult != "" {
		if in.SPF, err = parseAuth("--spf", spfResult, spfResults); err != nil {
			return in, err
		}
	}
	for _, text := range dkims {
		auth, err := parseAuth("--dkim", text, dkimResults)
		if err != nil {
			return in, err
		}
		in.DKIM = append(in.DKIM, auth)
	}
	return in, nil
}

func parseAuth(flag, text string, results []string) (dmarc.Auth, error) {
	result, domain, found := strings.Cut(text, ":")
	result = strings.ToLower(result)
	if !found || !slices.Contains(results, result) {
		return dmarc.Auth{}, fmt.Errorf("%s %q is not RESULT:DOMAIN with a result of %s", flag, text, strings.Join(results, ", "))
	}
	name, err := parseName(domain)
	if err != nil {
		return dmarc.Auth{}, fmt.Errorf("%s: %w", flag, err)
	}
	return dmarc.Auth{Result: result, Domain: name}, nil
}

func dmarcCode(r dmarc.Result) int {
	switch r {
	case dmarc.ResultPass:
		return exitMet
	case dmarc.ResultTempError:
		return exitUndecided
	}
	return exitNotMet
}

func dmarcEvaluationText(p *page, e *dmarc.Evaluation) {
	p.labels = 11
	p.line("%s", e.Result)
	p.field("because", "%s", e.Reason)
	p.field("from", "%s", e.Discovery.AuthorDomain)
	p.field("org domain", "%s", e.OrgDomain)
	if e.RecordDomain != "" {
		p.field("record", "at _dmarc.%s: %s", e.RecordDomain, e.Record)
	}
	p.field("policy", "%s", dmarcPolicy(e.Policy, e.PolicySource, e.EffectivePolicy))
	if len(e.Identifiers) > 0 {
		p.head("Identifiers")
	}
	for _, id := range e.Identifiers {
		text := fmt.Sprintf("%s for %s: %s (%s)", id.Result, id.Domain, id.Alignment, alignmentMode(id.Mode))
		if id.OrgDomain != "" {
			text += ", its organizational domain is " + id.OrgDomain
		}
		if id.Reason != "" {
			text += "; " + id.Reason
		}
		p.field(id.Method, "%s", text)
	}
	p.psl(e.PSL)
}

func alignmentMode(m dmarc.Mode) string {
	if m == dmarc.ModeStrict {
		return "strict"
	}
	return "relaxed"
}

func dmarcPolicy(policy dmarc.Policy, source dmarc.Source, effective dmarc.Policy) string {
	if policy == "" {
		return ""
	}
	text := fmt.Sprintf("%s (%s=)", policy, source)
	if effective != policy && effective != "" {
		text += fmt.Sprintf(", in effect %s", effective)
	}
	return text
}
