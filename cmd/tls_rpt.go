package cmd

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/postmuster/postmuster/internal/audit"
	"github.com/postmuster/postmuster/internal/proto/tlsrpt"
)

func newTLSRPT(env *Env) *cobra.Command {
	var f protocolFlags
	c := &cobra.Command{
		Use:   "tls-rpt DOMAIN",
		Short: "Where do senders report that TLS failed? (RFC 8460)",
		Long: `Look up and judge the TLS-RPT record of a domain.

Exit codes: 0 there is a record, and senders can use it; 1 there is none, or it
cannot be used; 2 usage; 3 it could not be found out.`,
		Example: `  postmuster tls-rpt example.com
  postmuster tls-rpt --json example.com
  postmuster tls-rpt --zone example.com.zone example.com   # before it is published`,
		Args: oneArgument("a domain"),
		RunE: func(cmd *cobra.Command, args []string) error {
			domain, err := audit.ParseDomain(args[0])
			if err != nil {
				return err
			}
			return f.run(cmd.Context(), env, func(ctx context.Context, n *network) (answer, error) {
				d := tlsrpt.Discover(ctx, n.DNS, domain)
				return answer{value: d, code: tlsrptCode(d.State), text: func(p *page) { tlsrptText(p, &d) }}, nil
			})
		},
	}
	f.register(c)
	return c
}

func tlsrptCode(s tlsrpt.State) int {
	switch s {
	case tlsrpt.StateValid:
		return exitMet
	case tlsrpt.StateUnknown:
		return exitUndecided
	}
	return exitNotMet
}

func tlsrptText(p *page, d *tlsrpt.Discovery) {
	p.line("%s: %s", d.Domain, d.State)
	p.field("because", "%s", d.Reason)
	p.field("asked", "%s", asked(d.Name, "TXT", d.Status))
	for _, text := range d.Texts {
		p.field("record", "%s", text)
	}
	text := ""
	if d.Record != nil {
		text = d.Record.Text
		for _, uri := range d.Record.RUA {
			p.field("reports to", "%s", uri.Text)
		}
	}
	p.issues(tlsrptIssues(d.Issues), text)
}
