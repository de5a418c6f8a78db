package cmd

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/postmuster/postmuster/internal/proto/authres"
	"github.com/postmuster/postmuster/internal/proto/bimi"
	"github.com/postmuster/postmuster/internal/proto/dkim"
	"github.com/postmuster/postmuster/internal/proto/dmarc"
	"github.com/postmuster/postmuster/internal/proto/mtasts"
	"github.com/postmuster/postmuster/internal/proto/spf"
	"github.com/postmuster/postmuster/internal/proto/tlsrpt"
)

const lintExitCodes = "Exit codes: 0 it can be used, with whatever is worth saying; 1 it, or a part of\nit, cannot; 2 usage."

// linters judge the texts of records and policies by their kind.
var linters = map[string]func(text string) []issue{
	"spf": func(text string) []issue { return spfIssues(spf.Lint(text)) },
	"dkim": func(text string) []issue {
		key, issues := dkim.ParseKeyRecord(text)
		return withFault(dkimIssues(issues), key.Fault)
	},
	"dmarc": func(text string) []issue {
		record, issues := dmarc.Parse(text)
		return withVerdict(dmarcIssues(issues), record.Valid, "not a DMARC record")
	},
	"mtasts": func(text string) []issue {
		record, issues := mtasts.Parse(text)
		return withVerdict(mtastsIssues(issues), record.Valid, "not an MTA-STS record")
	},
	"mtasts-policy": func(text string) []issue {
		policy, issues := mtasts.ParsePolicy([]byte(text))
		return withVerdict(mtastsIssues(issues), policy.Valid, "not an MTA-STS policy")
	},
	"tlsrpt": func(text string) []issue {
		record, issues := tlsrpt.Parse(text)
		return withVerdict(tlsrptIssues(issues), record.Valid, "not a TLS-RPT record")
	},
	"bimi": func(text string) []issue {
		_, issues := bimi.Parse(text)
		return bimiIssues(issues)
	},
	"authres": func(text string) []issue {
		_, issues := authres.Parse(text)
		return authresIssues(issues)
	},
}

// lintKinds are the kinds in the order of the documentation.
var lintKinds = []string{"spf", "dkim", "dmarc", "mtasts", "mtasts-policy", "tlsrpt", "bimi", "authres"}

// withVerdict makes sure that a text which cannot be used has an error that says
// so.
func withVerdict(issues []issue, valid bool, message string) []issue {
	if valid || !usable(issues) {
		return issues
	}
	return append(issues, issue{Severity: "error", Code: "invalid", Message: message})
}

func withFault(issues []issue, fault string) []issue { return withVerdict(issues, fault == "", fault) }

// A lintReport is what is odd about a text.
type lintReport struct {
	Valid  bool    `json:"valid"`
	Issues []issue `json:"issues"`

	what string // "the record"
	text string // that the positions are places in; may be empty
}

func (r lintReport) answer() answer {
	a := answer{value: r, text: r.write}
	if !r.Valid {
		a.code = exitNotMet
	}
	return a
}

func (r lintReport) write(p *page) {
	switch {
	case len(r.Issues) == 0:
		p.line("valid: nothing is odd about it")
	case r.Valid:
		p.line("valid, with %s", plural(len(r.Issues), "remark", "remarks"))
	default:
		p.line("not valid: %s cannot be used", r.what)
	}
	p.issues(r.Issues, r.text)
}

func newLint(env *Env) *cobra.Command {
	var output outputFlags
	var kind, text string
	c := &cobra.Command{
		Use:   "lint --kind KIND --text TEXT",
		Short: "Judge the text of a record or policy, without asking anybody",
		Long: `Judge the text of one record or policy, each complaint with its place. Nobody is
asked. --text - reads standard input.

` + lintExitCodes,
		Example: `  postmuster lint --kind spf --text 'v=spf1 mx -all'
  postmuster lint --kind dmarc --text 'v=DMARC1; p=reject' --format json
  postmuster lint --kind mtasts-policy --text - < mta-sts.txt`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !slices.Contains(lintKinds, kind) {
				return fmt.Errorf("--kind %q: there are %s", kind, strings.Join(lintKinds, ", "))
			}
			if !cmd.Flags().Changed("text") {
				return fmt.Errorf("lint: --text with the text to judge was expected, or --text - for standard input")
			}
			return lintText(env, &output, kind, text)
		},
	}
	output.register(c)
	c.Flags().StringVar(&kind, "kind", "", "what the text is: "+strings.Join(lintKinds, ", "))
	fixedCompletion(c, "kind", lintKinds)
	c.Flags().StringVar(&text, "text", "", "the `text` to judge, or - for standard input")
	return c
}

// newLintOf completes a command that judges a text of one kind.
func newLintOf(env *Env, kind string, c *cobra.Command) *cobra.Command {
	var output outputFlags
	c.Args = oneArgument("the text of a record")
	c.RunE = func(_ *cobra.Command, args []string) error { return lintText(env, &output, kind, args[0]) }
	output.register(c)
	return c
}

func lintText(env *Env, output *outputFlags, kind, argument string) error {
	if err := output.check(); err != nil {
		return err
	}
	text, err := textArgument(env, argument)
	if err != nil {
		return err
	}
	issues := linters[kind](text)
	what := "the record"
	switch kind {
	case "mtasts-policy":
		what = "the policy"
	case "dmarc": // a wrong tag counts as absent (RFC 9989 §4.7)
		what = "the record, or a part of it,"
	case "authres":
		what = "the field, or a part of it,"
	}
	return output.write(env, lintReport{Valid: usable(issues), Issues: issues, what: what, text: text}.answer())
}

func dkimIssues(issues []dkim.Issue) []issue {
	return issuesOf(issues, func(i dkim.Issue) issue {
		return issue{Severity: string(i.Severity), Code: string(i.Code), Message: i.Message, Position: i.Position}
	})
}

func dmarcIssues(issues []dmarc.Issue) []issue {
	return issuesOf(issues, func(i dmarc.Issue) issue {
		return issue{Severity: string(i.Severity), Code: string(i.Code), Message: i.Message, Position: i.Position}
	})
}

func mtastsIssues(issues []mtasts.Issue) []issue {
	return issuesOf(issues, func(i mtasts.Issue) issue {
		return issue{Severity: string(i.Severity), Code: string(i.Code), Message: i.Message, Position: i.Position}
	})
}

func tlsrptIssues(issues []tlsrpt.Issue) []issue {
	return issuesOf(issues, func(i tlsrpt.Issue) issue {
		return issue{Severity: string(i.Severity), Code: string(i.Code), Message: i.Message, Position: i.Position}
	})
}

func bimiIssues(issues []bimi.Issue) []issue {
	return issuesOf(issues, func(i bimi.Issue) issue {
		return issue{Severity: string(i.Severity), Code: string(i.Code), Message: i.Message, Position: i.Position}
	})
}

func authresIssues(issues []authres.Issue) []issue {
	return issuesOf(issues, func(i authres.Issue) issue {
		return issue{Severity: string(i.Severity), Code: string(i.Code), Message: i.Message, Position: i.Position}
	})
}
