package cmd

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/postmuster/postmuster/internal/dns"
	"github.com/postmuster/postmuster/internal/proto/dkim"
)

func newDKIMKey(env *Env) *cobra.Command {
	var f protocolFlags
	c := &cobra.Command{
		Use:   "key SELECTOR DOMAIN",
		Short: "Look at a published key",
		Long: `Look up a DKIM key and judge it: its type and size, its flags, what verifiers
stumble over.

Exit codes: 0 verifiers can use it; 1 there is none, it is revoked or cannot be
used; 2 usage; 3 it could not be looked up.`,
		Example: `  postmuster dkim key s1 example.com
  postmuster dkim key --format json s1 example.com
  postmuster dkim key --zone example.com.zone s1 example.com   # before it is published`,
		Args: cobra.MatchAll(func(c *cobra.Command, args []string) error {
			if len(args) != 2 {
				return fmt.Errorf("%s: a selector and a domain were expected, as in dkim key s1 example.com", ownPath(c))
			}
			return nil
		}),
		RunE: func(cmd *cobra.Command, args []string) error {
			selector := strings.TrimSpace(args[0])
			domain, err := parseName(args[1])
			if err != nil {
				return err
			}
			if _, err := dkim.KeyName(selector, domain); err != nil {
				return err // which names the selector
			}
			return f.run(cmd.Context(), env, func(ctx context.Context, n *network) (answer, error) {
				return dkimKeyAnswer(dkim.LookupKey(ctx, n.DNS, selector, domain)), nil
			})
		},
	}
	f.register(c)
	return c
}

// dkimKeyReport is a key as programs read it.
type dkimKeyReport struct {
	Name    string              `json:"name"`
	Status  dkim.KeyStatus      `json:"status"`
	Bits    int                 `json:"key_bits"`
	Key     *dkim.KeyRecord     `json:"key"` // null where there is none
	Records []dkim.PublishedKey `json:"records"`
	Alias   string              `json:"alias"`
	Issues  []issue             `json:"issues"`
	Error   string              `json:"error"`
}

func dkimKeyAnswer(k dkim.KeyLookup, err error) answer {
	r := dkimKeyReport{Name: k.Name, Status: k.Status, Key: k.Key, Records: present(k.Records), Alias: k.Alias, Issues: dkimIssues(k.Issues)}
	if k.Key != nil {
		r.Bits, r.Error = k.Key.Bits, k.Key.Fault
	}
	code := exitNotMet
	switch {
	case k.Status == dkim.KeyUnknown:
		code = exitUndecided
		if err != nil {
			r.Error = err.Error()
		}
	case k.Status == dkim.KeyFound && usable(r.Issues):
		code = exitMet
	}
	return answer{value: r, code: code, text: r.write}
}

func (r dkimKeyReport) write(p *page) {
	p.line("%s: %s", dns.Absolute(r.Name), r.Status)
	p.field("because", "%s", r.Error)
	p.field("alias", "%s", r.Alias)
	if k := r.Key; k != nil {
		p.field("type", "%s", k.KeyType)
		if k.Bits > 0 {
			p.field("size", "%d bits", k.Bits)
		}
		p.field("flags", "%s", strings.Join(k.Flags, ", "))
		p.field("hashes", "%s", strings.Join(k.Hashes, ", "))
		p.field("services", "%s", strings.Join(k.Services, ", "))
		p.field("notes", "%s", k.Notes)
	}
	for _, record := range r.Records {
		p.field("record", "%s", record.Text)
	}
	text := ""
	if len(r.Records) == 1 {
		text = r.Records[0].Text
	}
	p.issues(r.Issues, text)
}
