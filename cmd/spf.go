package cmd

import (
	"github.com/spf13/cobra"

	"github.com/postmuster/postmuster/internal/proto/spf"
)

func newSPF(env *Env) *cobra.Command {
	return group("spf", "Evaluate, draw, judge or flatten an SPF policy (RFC 7208)",
		newSPFEval(env), newSPFTree(env), newSPFLint(env), newSPFFlatten(env))
}

func spfIssues(issues []spf.Issue) []issue {
	return issuesOf(issues, func(i spf.Issue) issue {
		return issue{Severity: string(i.Severity), Code: string(i.Code), Message: i.Message, Position: i.Position}
	})
}
