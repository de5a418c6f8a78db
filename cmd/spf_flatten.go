package cmd

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/postmuster/postmuster/internal/dns"
	"github.com/postmuster/postmuster/internal/proto/spf"
	"github.com/postmuster/postmuster/internal/report"
)

// flattenWarning is what a person should know before they publish addresses
// instead of names.
const flattenWarning = "Flattening is a loan: the services behind the includes change their addresses without telling you, " +
	"and from then on their mail fails SPF until you flatten again. Do it by a program, every few hours, or better: " +
	"drop the includes that no longer send for you, or give a service a subdomain of its own."

func newSPFFlatten(env *Env) *cobra.Command {
	var f protocolFlags
	c := &cobra.Command{
		Use:   "flatten DOMAIN",
		Short: "Write a policy with addresses instead of includes",
		Long: `Write the SPF policy of a domain with addresses instead of names, in as many
records as keep each below 450 octets, in strings of at most 255 (RFC 7208 §3.3,
§3.4). Terms that depend on the client stay.

` + strings.Join(report.Wrap(flattenWarning, defaultColumns), "\n") + `

Exit codes: 0 here are the records; 1 there is no policy, or a part of it is
broken; 2 usage; 3 a part could not be found out, and its addresses would be
lost.`,
		Example: `  postmuster spf flatten example.com
  postmuster spf flatten --format json example.com`,
		Args: oneArgument("a domain"),
		RunE: func(cmd *cobra.Command, args []string) error {
			domain, err := parseName(args[0])
			if err != nil {
				return err
			}
			return f.run(cmd.Context(), env, func(ctx context.Context, n *network) (answer, error) {
				return flattened(spf.Analyse(ctx, n.DNS, domain)), nil
			})
		},
	}
	f.register(c)
	return c
}

// flatReport is a policy before and after.
type flatReport struct {
	Domain  string           `json:"domain"`
	Records []spf.FlatRecord `json:"records"`
	Kept    []string         `json:"kept"` // terms that cannot be written as addresses
	Before  int              `json:"lookups_before"`
	After   int              `json:"lookups_after"`
	Warning string           `json:"warning"`
	Error   string           `json:"error"`
}

func flattened(n *spf.Node) answer {
	r := flatReport{Domain: n.Domain, Records: []spf.FlatRecord{}, Kept: []string{}, Before: n.Lookups}
	flat, err := spf.Flatten(n)
	if err != nil {
		r.Error = err.Error()
		return answer{value: r, code: flattenFailure(n), text: func(p *page) {
			p.line("%s cannot be flattened", n.Domain)
			p.field("because", "%s", r.Error)
		}}
	}
	r.Records, r.Kept, r.After, r.Warning = flat.Records, present(flat.Kept), flat.Lookups, flattenWarning
	return answer{value: r, text: r.write}
}

// flattenFailure tells a tree that is broken from one that is not known.
func flattenFailure(n *spf.Node) int {
	code := exitNotMet
	if n.State == spf.StateUnknown {
		code = exitUndecided
	}
	n.Walk(func(_ *spf.Node, b *spf.Branch) {
		if spfUnknown(b.State) {
			code = exitUndecided
		}
	})
	return code
}

func (r flatReport) write(p *page) {
	p.line("%s: %s, and %s before", r.Domain, plural(r.After, "lookup", "lookups"), fmt.Sprint(r.Before))
	p.head("Publish")
	for _, record := range r.Records {
		p.line("%s TXT %s", dns.Absolute(record.Name), dns.TXT{Strings: record.Strings})
	}
	if len(r.Kept) > 0 {
		p.head("Kept, as they cannot be written as addresses")
		for _, term := range r.Kept {
			p.para(2, "%s", term)
		}
	}
	p.blank()
	p.para(0, "%s", r.Warning)
}
