package cmd

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/postmuster/postmuster/internal/proto/dmarc"
)

func newDMARC(env *Env) *cobra.Command {
	return group("dmarc", "Evaluate, walk or judge DMARC (RFC 9989, and RFC 7489 beside it)",
		newDMARCEval(env), newDMARCWalk(env), newDMARCLint(env))
}

func newDMARCLint(env *Env) *cobra.Command {
	return newLintOf(env, "dmarc", &cobra.Command{
		Use:   "lint TEXT | -",
		Short: "Judge a record's text, without asking anybody",
		Long: `Judge the text of a DMARC record by RFC 9989: what it says, what receivers ignore
since, what only some understand.

` + lintExitCodes,
		Example: `  postmuster dmarc lint 'v=DMARC1; p=reject; rua=mailto:dmarc@example.com'
  postmuster dmarc lint --format json 'v=DMARC1; p=none; pct=50'`,
	})
}

// psl writes what a receiver with the public suffix list concludes.
func (p *page) psl(psl dmarc.PSL) {
	p.head("A receiver that still follows RFC 7489, with the public suffix list")
	p.field("org domain", "%s", psl.OrgDomain)
	p.field("result", "%s", psl.Result)
	p.field("because", "%s", psl.Reason)
	if psl.RecordDomain != "" {
		p.field("record", "at _dmarc.%s", psl.RecordDomain)
	}
	if psl.Policy != "" {
		text := fmt.Sprintf("%s (%s=)", psl.Policy, psl.PolicySource)
		if psl.Percent < 100 {
			text += fmt.Sprintf(", for %d %% of the mail that fails", psl.Percent)
		}
		p.field("policy", "%s", text)
	}
	switch {
	case psl.Differs && len(psl.Differences) > 0:
		p.field("differs", "in %s", strings.Join(psl.Differences, ", "))
	case psl.Differs:
		p.field("differs", "yes")
	default:
		p.field("differs", "no: it concludes the same")
	}
}
