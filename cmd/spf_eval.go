package cmd

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"github.com/spf13/cobra"

	"github.com/postmuster/postmuster/internal/proto/spf"
)

// clientFlags tell which client said what.
type clientFlags struct {
	ip, from, helo string
}

func newSPFEval(env *Env) *cobra.Command {
	var f protocolFlags
	var client clientFlags
	c := &cobra.Command{
		Use:   "eval [DOMAIN]",
		Short: "What does SPF say about a client?",
		Long: `Evaluate SPF as a receiver does (RFC 7208) for a client's address and the names
that it gives, and show every step: the terms visited, what they asked, what
they counted.

The policy is that of --from's domain; of --helo where there is no --from; of
DOMAIN where it is named.

Exit codes: 0 pass; 1 any other result; 2 usage; 3 temperror: the DNS could not
be asked.`,
		Example: `  postmuster spf eval --ip 192.0.2.1 --from bounces@example.com
  postmuster spf eval --ip 2001:db8::1 --helo mail.example.com
  postmuster spf eval example.com --ip 192.0.2.1 --zone example.com.zone   # before it is published`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			request, err := client.request(args)
			if err != nil {
				return err
			}
			return f.run(cmd.Context(), env, func(ctx context.Context, n *network) (answer, error) {
				request.At = n.Now()
				checker := spf.Checker{Resolver: n.DNS, Receiver: f.net.helo(env), Trace: true}
				return spfEvaluation(checker.Check(ctx, request), request), nil
			})
		},
	}
	f.register(c)
	c.Flags().StringVar(&client.ip, "ip", "", "the client's `address`")
	c.Flags().StringVar(&client.from, "from", "", "the reverse-path `address` of MAIL FROM, <> for a null one; a domain will do")
	c.Flags().StringVar(&client.helo, "helo", "", "the `name` that the client gave in EHLO")
	return c
}

func (f *clientFlags) request(args []string) (spf.Request, error) {
	r := spf.Request{Helo: strings.TrimSpace(f.helo)}
	if f.ip == "" {
		return r, errors.New("spf eval: --ip with the client's address was expected")
	}
	ip, err := netip.ParseAddr(f.ip)
	if err != nil {
		return r, fmt.Errorf("--ip %q is not an address", f.ip)
	}
	r.IP = ip.WithZone("")
	from := strings.Trim(strings.TrimSpace(f.from), "<>")
	if from != "" && !strings.Contains(from, "@") {
		from = "@" + from
	}
	r.MailFrom = from
	if len(args) == 1 {
		if r.Domain, err = parseName(args[0]); err != nil {
			return r, err
		}
		if r.MailFrom == "" {
			r.MailFrom = "@" + r.Domain
		}
	}
	if r.MailFrom == "" && r.Helo == "" {
		return r, errors.New("spf eval: --from, --helo or a domain was expected: whose policy is it?")
	}
	return r, nil
}

func spfEvaluation(e *spf.Evaluation, r spf.Request) answer {
	a := answer{value: e, code: exitNotMet, text: func(p *page) { spfEvaluationText(p, e, r) }}
	switch e.Result {
	case spf.ResultPass:
		a.code = exitMet
	case spf.ResultTempError:
		a.code = exitUndecided
	}
	return a
}

func spfEvaluationText(p *page, e *spf.Evaluation, r spf.Request) {
	p.line("%s", e.Result)
	p.labels = 11
	p.field("client", "%s", r.IP)
	p.field("domain", "%s", e.Domain)
	p.field("because", "%s", e.Reason)
	if e.Matched != nil {
		p.field("matched", "%s in the record of %s", e.Matched.Term, e.Matched.Domain)
	}
	p.field("explained", "%s", e.Explanation)
	p.field("lookups", "%d of at most %d, %d of at most %d that found nothing", e.Lookups, spf.LookupLimit, e.VoidLookups, spf.VoidLookupLimit)
	if e.Record == "" {
		return
	}
	p.head("%s", e.Domain)
	p.para(0, "%s", e.Record)
	p.tree(spfSteps(e.Trace))
}

func spfSteps(steps []spf.Step) []leaf {
	leaves := make([]leaf, 0, len(steps))
	for _, s := range steps {
		l := leaf{text: s.Term, side: spfStepSide(s), below: spfSteps(s.Steps)}
		if s.Record != "" {
			l.notes = append(l.notes, s.Record)
		}
		leaves = append(leaves, l)
	}
	return leaves
}

// spfStepSide is what stands beside a term: its outcome, what its macros became,
// and what it counts. Why an included policy gave its result stands below it.
func spfStepSide(s spf.Step) string {
	side := string(s.Outcome)
	if strings.Contains(s.Term, "%") && len(s.Steps) == 0 && s.Target != "" {
		side += " at " + s.Target
	}
	if len(s.Steps) > 0 {
		side += ": " + s.Target + " gives " + string(s.Result)
	} else if s.Reason != "" {
		side += ": " + s.Reason
	}
	if s.Lookup > 0 {
		side += fmt.Sprintf(" (lookup %d)", s.Lookup)
	}
	if s.Void {
		side += " (found nothing)"
	}
	return side
}
