package cmd

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/postmuster/postmuster/internal/audit"
	"github.com/postmuster/postmuster/internal/proto/dane"
)

// maxChainFile is room for all certificates that dane looks at, and more.
const maxChainFile = 1 << 20

func newDANECheck(env *Env) *cobra.Command {
	var output outputFlags
	var hosts []string
	var certs, tlsa, at string
	c := &cobra.Command{
		Use:   "check --host H --certs PEM --tlsa 'U S M HEX[,...]'",
		Short: "Would this chain satisfy these TLSA records? Without asking anybody",
		Long: `Compare a chain of certificates, leaf first, with TLSA records, as a sender does
(RFC 7672): before a certificate is installed, or before records are published.

Exit codes: 0 the records authenticate the chain; 1 they do not; 2 usage.`,
		Example: `  postmuster dane check --host mx.example.com --certs chain.pem --tlsa '3 1 1 8d02536c…'
  postmuster dane check --at 2026-12-24 --host mx.example.com --certs new.pem \
    --tlsa '2 1 1 0b9f…,3 1 1 8d02…'
  postmuster dane check --json --host mx.example.com --host example.com --certs chain.pem \
    --tlsa '2 0 1 b5bb…'`,
		Args: cobra.NoArgs,
		RunE: func(_ *cobra.Command, _ []string) error {
			if err := output.check(); err != nil {
				return err
			}
			if len(hosts) == 0 || certs == "" || tlsa == "" {
				return errors.New("dane check: --host, --certs and --tlsa were expected")
			}
			for i, host := range hosts {
				name, err := audit.ParseDomain(host)
				if err != nil {
					return fmt.Errorf("--host: %w", err)
				}
				hosts[i] = name
			}
			now, err := (&netFlags{at: at}).clock(env.Now)
			if err != nil {
				return err
			}
			chain, err := readChain(env, certs)
			if err != nil {
				return fmt.Errorf("--certs: %w", err)
			}
			result, issues := dane.CheckText(tlsa, chain, hosts, now())
			return output.write(env, newDANECheckReport(result, issues, tlsa).answer())
		},
	}
	output.register(c)
	c.Flags().StringSliceVar(&hosts, "host", nil, "the `name` of the mail server; again for other names by which it may go")
	c.Flags().StringVar(&certs, "certs", "", "the PEM `file` with the chain, leaf first")
	c.Flags().StringVar(&tlsa, "tlsa", "", "the `records`, U S M HEX, separated by commas")
	c.Flags().StringVar(&at, "at", "", "the `time` to judge by, 2026-11-23 or 2026-11-23T10:00:00Z (default: now)")
	return c
}

// daneCheckReport is what records say about a chain.
type daneCheckReport struct {
	lintReport
	Verdict dane.Verdict `json:"verdict"`
	Matches []daneMatch  `json:"matches"`
}

func newDANECheckReport(r dane.Result, issues []dane.Issue, text string) daneCheckReport {
	ours := daneIssues(issues)
	return daneCheckReport{
		lintReport: lintReport{Valid: usable(ours) && r.Verdict == dane.VerdictValid, Issues: ours, text: text},
		Verdict:    r.Verdict, Matches: daneMatches(r.Matches),
	}
}

func (r daneCheckReport) answer() answer {
	a := answer{value: r, text: r.write}
	if !r.Valid {
		a.code = exitNotMet
	}
	return a
}

func (r daneCheckReport) write(p *page) {
	p.line("%s", r.verdict())
	writeMatches(p, r.Matches)
	if len(r.Issues) > 0 {
		p.blank()
	}
	p.issues(r.Issues, r.text)
}

func (r daneCheckReport) verdict() string {
	switch r.Verdict {
	case dane.VerdictValid:
		return "valid: the records authenticate the chain"
	case dane.VerdictNoUsable:
		return "no usable records: senders use TLS, and authenticate nobody"
	case dane.VerdictInvalid:
		return "invalid: no record authenticates the chain, and senders do not deliver"
	}
	return strings.TrimSpace("not valid " + string(r.Verdict))
}

// readChain reads certificates in their order.
func readChain(env *Env, path string) ([]*x509.Certificate, error) {
	text, err := readSome(env, path, "a chain of certificates in PEM", maxChainFile)
	if err != nil {
		return nil, err
	}
	var chain []*x509.Certificate
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("%s: certificate %d: %w", path, len(chain)+1, err)
		}
		chain = append(chain, cert)
	}
	if len(chain) == 0 {
		return nil, fmt.Errorf("%s: no certificate in it; a chain of certificates in PEM was expected", path)
	}
	return chain, nil
}
