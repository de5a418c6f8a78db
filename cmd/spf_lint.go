package cmd

import (
	"github.com/spf13/cobra"
)

func newSPFLint(env *Env) *cobra.Command {
	return newLintOf(env, "spf", &cobra.Command{
		Use:   "lint TEXT | -",
		Short: "Judge a record's text, without asking anybody",
		Long: `Judge the text of an SPF record: every term, also after a mistake, each with its
place. Nobody is asked; spf tree follows the includes.

` + lintExitCodes,
		Example: `  postmuster spf lint 'v=spf1 include:_spf.example.net -all'
  postmuster spf lint --format json 'v=spf1 ip4:192.0.2.300 ~all'
  dig +short TXT example.com | grep spf1 | xargs postmuster spf lint`,
	})
}
