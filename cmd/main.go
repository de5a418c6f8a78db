// Package cmd is the command line of postmuster: one file for each command.
//
// Only this package wires the real network, clock, files and terminal. A
// program with checks of its own calls Main with them:
//
//	func main() { os.Exit(cmd.Main(append(all.Checks(), mine...))) }
package cmd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/postmuster/postmuster/checks"
)

// The exit codes are a promise to scripts.
const (
	exitMet       = 0 // the gate is met
	exitNotMet    = 1 // the gate is not met
	exitUsage     = 2 // usage or configuration error
	exitUndecided = 3 // too little could be found out to say
)

// Main runs the program with these checks and returns its exit code: 0 gate
// met, 1 gate not met, 2 usage or configuration error, 3 too little could be
// found out to say.
func Main(suite checks.Suite) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends what does not heed the first
	return Run(ctx, System(suite), os.Args[1:])
}

// Run runs one command line in an environment and returns its exit code.
func Run(ctx context.Context, env *Env, args []string) int {
	if err := env.Suite.Validate(); err != nil {
		fmt.Fprintf(env.Err, "postmuster: the suite of checks is not valid:\n%v\n", err)
		return exitUsage
	}
	own := *env
	own.In = interruptible(ctx.Done(), env.In)
	root := newRoot(&own)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	var code exitCode
	switch {
	case err == nil:
		return exitMet
	case errors.As(err, &code):
		return int(code)
	case errors.Is(err, errInterrupted):
		fmt.Fprintln(env.Err, "postmuster: interrupted")
		return exitUndecided
	default:
		fmt.Fprintf(env.Err, "postmuster: %s\n", oneLine(err))
		return exitUsage
	}
}

// oneLine puts the suggestions that cobra adds in lines of their own behind the
// error.
func oneLine(err error) string {
	text, names, found := strings.Cut(err.Error(), "\n\nDid you mean this?\n")
	if !found {
		return text
	}
	return text + "; did you mean " + strings.Join(strings.Fields(names), " or ") + "?"
}

// exitCode is the error of a command that has said all there is to say.
type exitCode int

func (c exitCode) Error() string { return fmt.Sprintf("exit code %d", int(c)) }

func newRoot(env *Env) *cobra.Command {
	root := &cobra.Command{
		Use:   "postmuster",
		Short: "Will mail arrive, and why not?",
		Long: `postmuster tells a sender whether mail will arrive, and why not.

It audits domains (SPF, DKIM, DMARC, MX, STARTTLS, blocklists, …), scores
messages, and receives test sends over SMTP. What it could not find out it says;
it never calls that missing.

Exit codes: 0 gate met, 1 gate not met, 2 usage or configuration error,
3 too little could be found out to say.`,
		Example: `  postmuster demo
  postmuster audit example.com
  postmuster score mail.eml`,
		Version:       version(),
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetOut(env.Out)
	root.SetErr(env.Err)
	root.SetIn(env.In)
	root.SetVersionTemplate("{{.Name}} {{.Version}}\n")
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		if _, ok := errors.AsType[*pflag.NotExistError](err); ok {
			return fmt.Errorf("%w; %s --help shows those that there are", err, c.CommandPath())
		}
		return err
	})
	root.AddCommand(
		newAudit(env), newScore(env), newSink(env), newWait(env), newDemo(env), newChecks(env), newExplain(env),
		newSPF(env), newDKIM(env), newDMARC(env), newARC(env), newMTASTS(env), newTLSRPT(env), newDANE(env), newDNSSEC(env),
		newBIMI(env), newBlocklist(env), newSMTP(env), newLint(env), newFaults(),
	)
	return root
}
