package cmd

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/internal/report"
	"github.com/postmuster/postmuster/internal/verdict"
)

// checkDoc is a check as programs read it.
type checkDoc struct {
	Check    string           `json:"check"`
	Scope    checks.Scope     `json:"scope"`
	Category string           `json:"category"`
	Title    string           `json:"title"`
	Severity checks.Severity  `json:"severity"`
	Points   int              `json:"points"`
	UpTo     int              `json:"up_to,omitempty"`
	Profiles []checks.Profile `json:"profiles"`
	Why      string           `json:"why"`
	Fix      string           `json:"fix"`
	Refs     []string         `json:"refs"`
}

func docOf(c *checks.Check) checkDoc {
	profiles := c.Profiles
	if len(profiles) == 0 {
		profiles = checks.ProfilesOf(c.Scope)
	}
	return checkDoc{
		Check: c.ID, Scope: c.Scope, Category: c.Category, Title: c.Title, Severity: c.Severity, Points: c.Points,
		UpTo: c.UpTo, Profiles: profiles, Why: c.Why, Fix: c.Fix, Refs: c.Refs,
	}
}

func newChecks(env *Env) *cobra.Command {
	var format string
	var asJSON bool
	var selection verdict.Selection
	c := &cobra.Command{
		Use:   "checks",
		Short: "List the checks",
		Example: `  postmuster checks
  postmuster checks --select 'spf-*'
  postmuster checks --format json`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if err := selection.Validate(env.Suite); err != nil {
				return err
			}
			var selected checks.Suite
			for _, check := range env.Suite.Sorted() {
				if selection.Wants(check.ID) {
					selected = append(selected, check)
				}
			}
			if asJSON {
				format = "json"
			}
			return listChecks(env, selected, format)
		},
	}
	addFormat(c, &format, &asJSON, listFormats)
	c.Flags().StringSliceVar(&selection.Select, "select", nil, "only checks whose ID matches this `glob`")
	c.Flags().StringSliceVar(&selection.Skip, "skip", nil, "no checks whose ID matches this `glob`")
	return c
}

// listFormats are the formats of what is not a report.
var listFormats = []string{"table", "json", "markdown"}

func addFormat(c *cobra.Command, format *string, asJSON *bool, formats []string) {
	c.Flags().StringVar(format, "format", formats[0], "output `format`: "+strings.Join(formats, ", "))
	c.Flags().BoolVar(asJSON, "json", false, "the same as --format json")
	fixedCompletion(c, "format", formats)
}

func fixedCompletion(c *cobra.Command, flag string, values []string) {
	err := c.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
	if err != nil {
		panic(err) // the flag's name is misspelt
	}
}

func listChecks(env *Env, suite checks.Suite, format string) error {
	switch format {
	case "json":
		docs := make([]checkDoc, len(suite))
		for i, c := range suite {
			docs[i] = docOf(c)
		}
		return writeJSON(env.Out, docs)
	case "markdown":
		_, err := io.WriteString(env.Out, ChecksMarkdown(suite))
		return err
	case "table":
		return checksTable(env, suite)
	default:
		return fmt.Errorf("unknown format %q; there are %s", format, strings.Join(listFormats, ", "))
	}
}

func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

func checksTable(env *Env, suite checks.Suite) error {
	rows := make([][]string, len(suite))
	for i, c := range suite {
		rows[i] = []string{c.ID, string(c.Severity), fmt.Sprint(c.MostPoints()), c.Title}
	}
	return report.Table(env.Out, env.style(false, false), []string{"Check", "Severity", "At most", "A healthy subject"}, rows)
}

func points(c *checks.Check) string {
	if c.UpTo > 0 {
		return fmt.Sprintf("%d each, at most %d", c.Points, c.UpTo)
	}
	return fmt.Sprint(c.Points)
}

// ChecksMarkdown is the README's table of checks.
func ChecksMarkdown(suite checks.Suite) string {
	var b strings.Builder
	b.WriteString("| check | severity | points | a healthy subject | see |\n|---|---|---|---|---|\n")
	escape := strings.NewReplacer("|", `\|`, "<", "&lt;", "\n", " ")
	for _, c := range suite.Sorted() {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", c.ID, c.Severity, points(c), escape.Replace(c.Title), escape.Replace(strings.Join(c.Refs, ", ")))
	}
	return b.String()
}
