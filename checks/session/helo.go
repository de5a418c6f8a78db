package session

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/checks/fact"
	"github.com/postmuster/postmuster/checks/facts"
	"github.com/postmuster/postmuster/internal/dns"
)

var _ = suite.Add(&checks.Check{
	ID:       "helo-invalid",
	Title:    "The client gives its full name in EHLO",
	Why:      "localhost, a bare address or a single word are what infected machines say: many receivers refuse them.",
	Fix:      "Set the mail server's host name to a full name that the DNS knows.",
	Refs:     []string{"RFC 5321 §4.1.1.1", "RFC 5321 §2.3.5"},
	Category: category, Scope: checks.Message, Severity: checks.Medium, Points: 6,
	Needs: []fact.Key{facts.Client},
	Eval: func(p *checks.Pass) {
		helo, ok := name(p)
		if !ok {
			return
		}
		if problem := badName(helo); problem != "" {
			report(p, "smtp:EHLO", "the name in EHLO "+problem, "EHLO", helo)
		}
	},
})

// badName says why a name in EHLO is no name of a host on the Internet. An
// address literal is allowed (RFC 5321 §4.1.3).
func badName(helo string) string {
	if isLiteral(helo) {
		return ""
	}
	if _, err := netip.ParseAddr(strings.Trim(helo, "[]")); err == nil {
		return "is an address without its brackets"
	}
	host := strings.ToLower(strings.TrimSuffix(helo, "."))
	dot := strings.LastIndexByte(host, '.')
	switch {
	case strings.Trim(host, "abcdefghijklmnopqrstuvwxyz0123456789-.") != "" || strings.Contains(host, ".."):
		return "is no domain name"
	case dot <= 0:
		return "has no dot"
	case slices.Contains([]string{"local", "localhost", "localdomain", "internal", "lan", "home", "invalid"}, host[dot+1:]):
		return "does not exist on the Internet"
	}
	return ""
}

func isLiteral(helo string) bool {
	inner, opened := strings.CutPrefix(helo, "[")
	inner, closed := strings.CutSuffix(inner, "]")
	if !opened || !closed {
		return false
	}
	if six, ok := strings.CutPrefix(strings.ToLower(inner), "ipv6:"); ok {
		addr, err := netip.ParseAddr(six)
		return err == nil && addr.Is6()
	}
	addr, err := netip.ParseAddr(inner)
	return err == nil && addr.Is4()
}

var _ = suite.Add(&checks.Check{
	ID:       "helo-not-resolvable",
	Title:    "The name in EHLO leads to the client",
	Why:      "A name that does not exist, or is another host's, makes receivers distrust the client.",
	Fix:      "Give the name in EHLO the address that the server sends from, or say the name that has it.",
	Refs:     []string{"RFC 5321 §4.1.4", "RFC 5321 §2.3.5"},
	Category: category, Scope: checks.Message, Severity: checks.Low, Points: 3,
	Needs: []fact.Key{facts.Client, facts.HELOAddresses},
	Eval: func(p *checks.Pass) {
		helo, ok := name(p)
		if !ok {
			return
		}
		if isLiteral(helo) || badName(helo) != "" {
			p.Skipf("the name in EHLO is no full name")
			return
		}
		addrs, where := facts.HELOAddresses.Of(p.View), facts.Where(helo, dns.TypeA)
		switch client := facts.Client.Of(p.View).Addr; {
		case len(addrs) == 0:
			report(p, where, helo+" has no address", dns.Absolute(helo)+" A, AAAA", "no record")
		case !slices.Contains(addrs, client):
			report(p, where, helo+" does not lead to "+client.String(), dns.Absolute(helo)+" A, AAAA", join(addrs))
		}
	},
})

// name is what the client said in EHLO; where nobody told it is noted.
func name(p *checks.Pass) (string, bool) {
	helo := facts.Client.Of(p.View).HELO
	if helo == "" {
		p.Unknownf("smtp:EHLO", "the name in EHLO is not known; give it with --helo")
	}
	return helo, helo != ""
}

func join(addrs []netip.Addr) string {
	texts := make([]string, len(addrs))
	for i, a := range addrs {
		texts[i] = a.String()
	}
	return strings.Join(texts, ", ")
}
