package cmd

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/postmuster/postmuster/internal/sink/fault"
)

// newFaults is no command but a topic of help. What it prints is a script, so
// that somebody can begin with it: postmuster help faults > faults.yaml
func newFaults() *cobra.Command {
	return &cobra.Command{
		Use:   "faults",
		Short: "The language of sink --faults, in an example that can be used",
		Long:  strings.TrimSpace(fault.Example),
	}
}
