// Package mx checks where a domain's mail goes: its MX records and the hosts
// that they name (RFC 5321 §5.1).
package mx

import (
	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/checks/facts"
	"github.com/postmuster/postmuster/internal/dns"
)

const category = "mx"

var suite checks.Suite

// Checks returns the checks of this package.
func Checks() checks.Suite { return suite }

func where(domain string) string { return facts.Where(domain, dns.TypeMX) }

// published is the domain's MX records as evidence.
func published(p *checks.Pass) []checks.Evidence {
	answer := facts.MX.Of(p.View)
	source := dns.Absolute(p.Subject.Domain) + " MX"
	if answer.Status() != dns.StatusData {
		return checks.Seen(source, string(answer.Status()))
	}
	var texts []string
	for _, mx := range answer.MXs() {
		texts = append(texts, mx.String())
	}
	return checks.Seen(source, texts...)
}

// noMX skips a check that judges MX hosts, where no MX record names one.
func noMX(p *checks.Pass, r facts.Routing) bool {
	if r.Implicit || len(r.Hosts) == 0 {
		p.Skipf("no MX record names a host")
		return true
	}
	return false
}
