package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/postmuster/postmuster/internal/audit"
)

// protocolFormats are the formats of the commands on one protocol.
var protocolFormats = []string{"table", "json"}

// An answer is what a command on one protocol found out.
type answer struct {
	value any         // as programs read it
	text  func(*page) // as people read it
	code  int
}

// outputFlags say how an answer is written.
type outputFlags struct {
	format, file string
	asJSON       bool
}

func (f *outputFlags) register(c *cobra.Command) {
	addFormat(c, &f.format, &f.asJSON, protocolFormats)
	c.Flags().StringVarP(&f.file, "output", "o", "", "write the result to this `file`, and only when it is whole")
}

func (f *outputFlags) check() error {
	if f.asJSON {
		f.format = "json"
	}
	if !slices.Contains(protocolFormats, f.format) {
		return fmt.Errorf("--format %q: there are %s", f.format, strings.Join(protocolFormats, ", "))
	}
	return nil
}

// write writes an answer. Its error is an exitCode unless the writing failed.
func (f *outputFlags) write(env *Env, a answer) error {
	to := func(w io.Writer) error {
		if f.format == "json" {
			return writeJSON(w, a.value)
		}
		p := newPage(env.style(true, false).Width)
		a.text(p)
		_, err := io.WriteString(w, p.String())
		return err
	}
	var err error
	if f.file == "" {
		err = to(env.Out)
	} else {
		err = writeWhole(f.file, to)
	}
	if err == nil && a.code != exitMet {
		return exitCode(a.code)
	}
	return err
}

// protocolFlags are the flags of a command on one protocol that asks the network.
type protocolFlags struct {
	outputFlags
	net     netFlags
	timeout time.Duration
}

func (f *protocolFlags) register(c *cobra.Command) {
	f.outputFlags.register(c)
	f.net.register(c)
	c.Flags().DurationVar(&f.timeout, "timeout", audit.DefaultTimeout, "the time for the whole command; what is not known by then is not called missing")
}

// run asks, and writes the answer.
func (f *protocolFlags) run(ctx context.Context, env *Env, ask func(context.Context, *network) (answer, error)) error {
	if err := f.check(); err != nil {
		return err
	}
	if f.timeout <= 0 {
		return fmt.Errorf("--timeout %s: it must be more than 0", f.timeout)
	}
	n, err := f.net.open(env)
	if err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	a, err := ask(limited, n)
	if err := errors.Join(err, n.close(&f.net)); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return errInterrupted
	}
	n.port25.report(env.Err)
	return f.write(env, a)
}

// parseName reads the name of a domain, also of one that holds only records, such
// as _spf.example.com, which no mail is sent from.
func parseName(text string) (string, error) {
	name := strings.TrimSuffix(strings.TrimSpace(text), ".")
	if !strings.Contains(name, "_") {
		return audit.ParseDomain(text)
	}
	if _, err := audit.ParseDomain(strings.ReplaceAll(name, "_", "x")); err != nil {
		_, err := audit.ParseDomain(text)
		return "", err
	}
	return strings.ToLower(name), nil
}

// textArgument returns a text to judge: the argument itself, or what standard
// input holds where it is a dash.
func textArgument(env *Env, text string) (string, error) {
	if text != "-" {
		return text, nil
	}
	// A text is a record or a policy; the largest that any protocol allows is
	// an MTA-STS policy of 64 KB (RFC 8461 §3.3), and more is for the linters to
	// complain about.
	const most = 1 << 20
	read, err := io.ReadAll(io.LimitReader(env.In, most+1))
	if err != nil {
		return "", fmt.Errorf("read standard input: %w", err)
	}
	if len(read) > most {
		return "", fmt.Errorf("standard input holds more than %d octets; the text of one record was expected", most)
	}
	return strings.TrimRight(string(read), "\r\n"), nil
}

// ownPath is a command's path below the program, whose name every complaint begins
// with anyway.
func ownPath(c *cobra.Command) string {
	_, path, _ := strings.Cut(c.CommandPath(), " ")
	return path
}

// oneArgument asks for exactly one argument and says what it is.
func oneArgument(what string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		switch len(args) {
		case 1:
			return nil
		case 0:
			return fmt.Errorf("%s: name %s", ownPath(c), what)
		default:
			return fmt.Errorf("%s: %s was expected, and %d arguments are given; put quotes around one with spaces", ownPath(c), what, len(args))
		}
	}
}

// group is a command that only holds others.
func group(use, short string, below ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{
		Use: use, Short: short,
		Args: func(c *cobra.Command, args []string) error {
			names := make([]string, 0, len(below))
			for _, b := range below {
				names = append(names, b.Name())
			}
			if len(args) == 0 {
				return fmt.Errorf("%s: one of %s was expected", ownPath(c), strings.Join(names, ", "))
			}
			return fmt.Errorf("%s: %q is none of %s", ownPath(c), args[0], strings.Join(names, ", "))
		},
		RunE: func(*cobra.Command, []string) error { return nil }, // Args refuses everything
	}
	c.AddCommand(below...)
	return c
}
