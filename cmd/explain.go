package cmd

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/postmuster/postmuster/checks"
)

func newExplain(env *Env) *cobra.Command {
	var format string
	var asJSON bool
	c := &cobra.Command{
		Use:   "explain ID",
		Short: "Explain one check in full: what, why, fix, references",
		Example: `  postmuster explain spf-lookup-limit
  postmuster explain dmarc-present --format json`,
		Args: cobra.ExactArgs(1),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			ids := make([]string, len(env.Suite))
			for i, c := range env.Suite {
				ids[i] = c.ID
			}
			return ids, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error {
			check := env.Suite.Find(args[0])
			if check == nil {
				return unknownCheck(env.Suite, args[0])
			}
			if asJSON {
				format = "json"
			}
			switch format {
			case "json":
				return writeJSON(env.Out, docOf(check))
			case "text":
				return explain(env, check)
			default:
				return fmt.Errorf("unknown format %q; there are text, json", format)
			}
		},
	}
	addFormat(c, &format, &asJSON, []string{"text", "json"})
	return c
}

// unknownCheck says which checks come near to what was typed.
func unknownCheck(suite checks.Suite, id string) error {
	var near []string
	for _, c := range suite {
		if strings.Contains(c.ID, id) || strings.HasPrefix(c.ID, strings.SplitN(id, "-", 2)[0]+"-") {
			near = append(near, c.ID)
		}
	}
	if len(near) == 0 {
		return fmt.Errorf("no check is called %q; postmuster checks lists them", id)
	}
	return fmt.Errorf("no check is called %q; there are %s", id, strings.Join(near, ", "))
}

func explain(env *Env, c *checks.Check) error {
	doc := docOf(c)
	p := newPage(env.style(false, false).Width)
	p.labels = len("references  ")
	p.line("%s", doc.Check)
	p.para(2, "%s.", doc.Title)
	p.blank()
	p.field("judges", "%ss (%s)", doc.Scope, join(doc.Profiles))
	p.field("severity", "%s, %s points off in category %s", doc.Severity, points(c), doc.Category)
	p.field("why", "%s", doc.Why)
	p.field("fix", "%s", doc.Fix)
	p.field("references", "%s", strings.Join(doc.Refs, ", "))
	_, err := io.WriteString(env.Out, p.String())
	return err
}

func join[T ~string](values []T) string {
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = string(v)
	}
	return strings.Join(texts, ", ")
}
