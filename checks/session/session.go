// Package session checks the SMTP session that a message came in, as a mailbox
// provider would see it: TLS, the client's name and address, and its manners.
//
// A client on this network is not the one that providers will see: what it says
// of itself is then inconclusive, and so is everything for a file.
package session

import (
	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/checks/fact"
	"github.com/postmuster/postmuster/checks/facts"
)

const category = "transport"

var suite checks.Suite

// Checks returns the checks of this package.
func Checks() checks.Suite { return suite }

// outside are the facts for what a client on the Internet did on the wire.
var outside = []fact.Key{facts.Client, facts.Wire}

func report(p *checks.Pass, where, message, source, seen string) {
	p.Report(checks.Finding{Where: where, Message: message, Evidence: checks.Seen(source, seen)})
}
