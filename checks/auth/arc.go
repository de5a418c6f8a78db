package auth

import (
	"fmt"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/checks/fact"
	"github.com/postmuster/postmuster/checks/facts"
	"github.com/postmuster/postmuster/internal/proto/arc"
)

var _ = suite.Add(&checks.Check{
	ID:       "arc-chain-broken",
	Title:    "The chain of ARC seals holds",
	Why:      "Receivers that look at ARC take a broken chain as a sign that the message was changed on its way, and believe none of its seals.",
	Fix:      "Mend the seal that is named, or stop sealing: ARC is being retired. A message that is new needs no seal.",
	Refs:     []string{"RFC 8617 §5.2"},
	Category: category, Scope: checks.Message, Severity: checks.Low, Points: 2,
	Needs: []fact.Key{facts.ARCChain},
	Eval: func(p *checks.Pass) {
		report := facts.ARCChain.Of(p.View)
		switch report.Result {
		case arc.ResultNone:
			p.Skipf("there are no ARC fields")
		case arc.ResultFail:
			var evidence []checks.Evidence
			for _, i := range report.Instances {
				evidence = append(evidence, checks.Seen(fmt.Sprintf("i=%d", i.Instance), fmt.Sprintf("d=%.80s cv=%.20s", i.Domain, i.CV))...)
			}
			p.Report(checks.Finding{Where: "header:ARC-Seal", Message: report.Error, Evidence: evidence})
		}
	},
})
