package cmd

import (
	"github.com/spf13/cobra"

	"github.com/postmuster/postmuster/internal/proto/bimi"
)

func newBIMILintSVG(env *Env) *cobra.Command {
	var output outputFlags
	c := &cobra.Command{
		Use:   "lint-svg FILE | -",
		Short: "Judge a logo by the SVG Tiny Portable/Secure profile",
		Long: `Judge an SVG file, plain or gzip, by the profile that BIMI demands: elements,
attributes, references, size, title, a square, no scripts.

` + lintExitCodes,
		Example: `  postmuster bimi lint-svg logo.svg
  postmuster bimi lint-svg --format json logo.svgz`,
		Args: oneArgument("an SVG file, or - for standard input"),
		RunE: func(_ *cobra.Command, args []string) error {
			if err := output.check(); err != nil {
				return err
			}
			file, err := readSome(env, args[0], "an SVG file", maxIndicator)
			if err != nil {
				return err
			}
			svg := bimi.LintSVG(file)
			issues := bimiIssues(svg.Issues)
			return output.write(env, lintReport{Valid: usable(issues), Issues: issues, what: "the file", text: string(svg.Text)}.answer())
		},
	}
	output.register(c)
	return c
}
