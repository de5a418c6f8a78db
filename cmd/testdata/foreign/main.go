// Program foreign is postmuster with one more check, as a third party would
// build it.
package main

import (
	"os"
	"strings"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/checks/all"
	"github.com/postmuster/postmuster/checks/fact"
	"github.com/postmuster/postmuster/checks/facts"
	"github.com/postmuster/postmuster/cmd"
)

var mxOurs = &checks.Check{
	ID:       "house-mx-ours",
	Title:    "Mail is received by our own hosts",
	Why:      "Mail that goes elsewhere is not archived.",
	Fix:      "Point the MX records at hosts below mail.example.com.",
	Refs:     []string{"house rule 7"},
	Category: "house", Scope: checks.Domain, Severity: checks.High, Points: 10,
	Needs: []fact.Key{facts.MXRouting},
	Eval: func(p *checks.Pass) {
		for _, host := range facts.MXRouting.Of(p.View).Hosts {
			if !strings.HasSuffix(host.Name, ".mail.example.com") {
				p.Report(checks.Finding{Where: "dns:" + p.Subject.Domain + "/MX", Message: host.Name + " is not ours"})
			}
		}
	},
}

func main() { os.Exit(cmd.Main(append(all.Checks(), mxOurs))) }
