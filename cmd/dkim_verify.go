package cmd

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/postmuster/postmuster/internal/proto/dkim"
)

func newDKIMVerify(env *Env) *cobra.Command {
	var f protocolFlags
	c := &cobra.Command{
		Use:   "verify FILE | -",
		Short: "Verify every signature of a message, and say why one fails",
		Long: `Verify the DKIM signatures of a message. Each is shown with its key, its hashes
set side by side and, where it fails, the likely cause: a footer, line ends, a
changed field.

Old messages: --at judges expiry by another time.

Exit codes: 0 there are signatures and all pass; 1 one fails, or there is none;
2 usage; 3 none fails, and a key could not be looked up.`,
		Example: `  postmuster dkim verify mail.eml
  postmuster dkim verify --at 2026-05-01 --json old.eml
  postmuster dkim verify --zone example.com.zone - < mail.eml   # with a key not yet published`,
		Args: oneArgument("a message file, or - for standard input"),
		RunE: func(cmd *cobra.Command, args []string) error {
			m, err := readMessage(env, args[0])
			if err != nil {
				return err
			}
			return f.run(cmd.Context(), env, func(ctx context.Context, n *network) (answer, error) {
				r := dkim.Verify(ctx, n.DNS, m.Canonical(), n.Now())
				return answer{value: r, code: dkimCode(r), text: func(p *page) { dkimReportText(p, m.Path, r) }}, nil
			})
		},
	}
	f.register(c)
	return c
}

func dkimCode(r *dkim.Report) int {
	code := exitMet
	for _, s := range r.Signatures {
		switch s.Result {
		case dkim.ResultPass:
		case dkim.ResultTempError, dkim.ResultPolicy:
			code = worse(code, exitUndecided)
		default:
			code = worse(code, exitNotMet)
		}
	}
	if len(r.Signatures) == 0 {
		return exitNotMet
	}
	return code
}

func dkimReportText(p *page, path string, r *dkim.Report) {
	passed := 0
	for _, s := range r.Signatures {
		if s.Result == dkim.ResultPass {
			passed++
		}
	}
	switch {
	case len(r.Signatures) == 0:
		p.line("%s: no DKIM signature", path)
	case len(r.Signatures) == 1:
		p.line("%s: %s", path, r.Signatures[0].Result)
	default:
		p.line("%s: %d of %d signatures pass", path, passed, len(r.Signatures))
	}
	p.notes(dkimIssues(r.Issues))
	for _, s := range r.Signatures[:min(len(r.Signatures), dkim.MaxSignatures)] {
		dkimSignatureText(p, &s) // the report's issues say how many were left out
	}
}

func dkimSignatureText(p *page, s *dkim.Signature) {
	p.labels = 11
	p.head("%s", dkimHeadline(s))
	p.field("because", "%s", s.Error)
	p.field("algorithm", "%s", dkimAlgorithm(s))
	p.field("canonical", "%s", s.Canonicalization)
	p.field("identity", "%s", s.Identity)
	p.field("signs", "%s", strings.Join(s.SignedHeaders, ", "))
	if len(s.Oversigned) > 0 {
		p.field("sealed", "%s: a second field would break the signature", strings.Join(s.Oversigned, ", "))
	}
	if s.Length != nil {
		p.field("length", "l=%d: what follows in the body is not signed", *s.Length)
	}
	p.field("signed at", "%s", unixTime(s.Time))
	p.field("expires", "%s", unixTime(s.Expiration))
	dkimBodyHash(p, s)
	if s.Fault == dkim.FaultSignature {
		p.field("header hash", "mismatch: the signature in b= is not of this header by this key")
	} else if s.Result == dkim.ResultPass {
		p.field("header hash", "match")
	}
	p.notes(dkimIssues(s.Issues))
}

func dkimHeadline(s *dkim.Signature) string {
	where := "a signature that cannot be read"
	if s.Domain != "" || s.Selector != "" {
		where = fmt.Sprintf("d=%s s=%s", s.Domain, s.Selector)
	}
	text := fmt.Sprintf("%s: %s", where, s.Result)
	if s.Fault != "" {
		text += " (" + string(s.Fault) + ")"
	}
	return text
}

func dkimAlgorithm(s *dkim.Signature) string {
	if s.KeyBits == 0 {
		return s.Algorithm
	}
	return fmt.Sprintf("%s, a key of %d bits", s.Algorithm, s.KeyBits)
}

// dkimBodyHash sets the hash in the signature beside that of the body.
func dkimBodyHash(p *page, s *dkim.Signature) {
	p.field("body hash", "%s", s.BodyHash)
	if s.BodyHash != dkim.BodyHashMismatch {
		return
	}
	signed, _ := s.Tag("bh")
	p.verbatim("", "bh= says        "+strings.Join(strings.Fields(signed), ""))
	p.verbatim("", "the body gives  "+s.BodyHashComputed)
}

func unixTime(seconds *int64) string {
	if seconds == nil {
		return ""
	}
	return time.Unix(*seconds, 0).UTC().Format("2006-01-02 15:04:05 UTC")
}
