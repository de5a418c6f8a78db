package cmd

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/postmuster/postmuster/internal/proto/arc"
	"github.com/postmuster/postmuster/internal/proto/dkim"
)

func newARC(env *Env) *cobra.Command {
	return group("arc", "Validate a chain of forwarders (RFC 8617)", newARCVerify(env))
}

func newARCVerify(env *Env) *cobra.Command {
	var f protocolFlags
	c := &cobra.Command{
		Use:   "verify FILE | -",
		Short: "Validate the ARC chain of a message",
		Long: `Validate the Authenticated Received Chain of a message: who sealed it, what each
found, and which seal does not hold.

The protocol is being retired; build no policy on it.

Exit codes: 0 the chain passes; 1 it fails, or there is none; 2 usage; 3 a key
could not be looked up.`,
		Example: `  postmuster arc verify forwarded.eml
  postmuster arc verify --json --at 2026-05-01 old.eml`,
		Args: oneArgument("a message file, or - for standard input"),
		RunE: func(cmd *cobra.Command, args []string) error {
			m, err := readMessage(env, args[0])
			if err != nil {
				return err
			}
			return f.run(cmd.Context(), env, func(ctx context.Context, n *network) (answer, error) {
				r := arc.Verify(ctx, n.DNS, m.Canonical(), n.Now())
				return answer{value: r, code: arcCode(r), text: func(p *page) { arcText(p, m.Path, r) }}, nil
			})
		},
	}
	f.register(c)
	return c
}

func arcCode(r *arc.Report) int {
	switch {
	case r.Result == arc.ResultPass:
		return exitMet
	case r.TempError:
		return exitUndecided
	}
	return exitNotMet
}

func arcText(p *page, path string, r *arc.Report) {
	p.line("%s: %s", path, arcHeadline(r))
	p.labels = 11
	if r.Result == arc.ResultNone {
		p.field("because", "the message has no ARC fields")
	}
	p.field("because", "%s", r.Error)
	if r.Result == arc.ResultPass && r.OldestPass > 0 {
		p.field("changed", "the message has not changed since i=%d", r.OldestPass)
	}
	for _, i := range r.Instances {
		p.head("%s", arcInstance(&i))
		p.field("because", "%s", i.Error)
		arcFound(p, &i)
		arcSignature(p, "message", i.MessageSignature)
		arcSignature(p, "seal", i.Seal)
	}
	p.blank()
	p.para(0, "ARC is being retired: build no policy on it.")
}

// arcHeadline is the result; that of a chain whose keys could not be looked up is
// no verdict.
func arcHeadline(r *arc.Report) string {
	if r.TempError {
		return string(r.Result) + " for now: a key could not be looked up"
	}
	return string(r.Result)
}

func arcInstance(i *arc.Instance) string {
	if i.Domain == "" && i.CV == "" {
		return fmt.Sprintf("i=%d, whose seal is missing or cannot be read", i.Instance)
	}
	return fmt.Sprintf("i=%d %s, which found cv=%s", i.Instance, i.Domain, i.CV)
}

// arcFound writes what the sealer found out about the message, a line for each
// method.
func arcFound(p *page, i *arc.Instance) {
	if i.AuthRes == nil {
		return
	}
	p.field("found by", "%s", i.AuthRes.AuthServID)
	for _, r := range i.AuthRes.Results {
		text := r.Method + "=" + r.Value
		for _, q := range r.Properties {
			text += " " + strings.TrimPrefix(q.Type+"."+q.Name, ".") + "=" + q.Value
		}
		if r.Reason != "" {
			text += ": " + r.Reason
		}
		p.field("found", "%s", text)
	}
	p.notes(authresIssues(i.AuthResIssues))
}

func arcSignature(p *page, label string, s *dkim.Signature) {
	if s == nil {
		return
	}
	text := dkimHeadline(s)
	if s.Error != "" {
		text += ": " + s.Error
	}
	p.field(label, "%s", text)
	p.notes(dkimIssues(s.Issues))
}
