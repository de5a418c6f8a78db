package session

import (
	"fmt"
	"net/netip"
	"regexp"
	"strings"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/checks/fact"
	"github.com/postmuster/postmuster/checks/facts"
	"github.com/postmuster/postmuster/internal/dns"
)

var senderFact = []fact.Key{facts.SenderAddress}

var _ = suite.Add(&checks.Check{
	ID:       "client-ptr-missing",
	Title:    "The client's address has a PTR record",
	Why:      "Gmail, Yahoo and Apple refuse mail from addresses without a name.",
	Fix:      "Have the owner of the address set its PTR record to the server's name.",
	Refs:     []string{"https://support.google.com/mail/answer/81126", "RFC 1912 §2.1"},
	Category: category, Scope: checks.Message, Severity: checks.Blocker, Points: 15,
	Needs: senderFact,
	Eval: func(p *checks.Pass) {
		if r := facts.SenderAddress.Of(p.View); len(r.Names) == 0 {
			reportName(p, r, r.Addr.String()+" has no PTR record")
		}
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "client-ptr-unconfirmed",
	Title:    "The name of the client's address leads back to it",
	Why:      "Anybody can claim any name in a PTR record: Gmail refuses mail from addresses whose name does not lead back.",
	Fix:      "Give the name in the PTR record the address, or set the PTR record to a name that has it.",
	Refs:     []string{"https://support.google.com/mail/answer/81126", "RFC 8601 §2.7.3"},
	Category: category, Scope: checks.Message, Severity: checks.High, Points: 12,
	Needs: senderFact,
	Eval: func(p *checks.Pass) {
		r := facts.SenderAddress.Of(p.View)
		switch {
		case len(r.Names) == 0:
			p.Skipf("the address has no name")
		case r.Err != nil:
			p.Unknownf(whereName(r), "%v", r.Err)
		case !r.Confirmed:
			reportName(p, r, "no name of "+r.Addr.String()+" leads back to it")
		}
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "client-ptr-generic",
	Title:    "The name of the client's address is not one that the network made up",
	Why:      "Names made of the address are those of homes and of rented machines: Yahoo asks for others, and filters count them.",
	Fix:      "Have the owner of the address set its PTR record to the server's own name.",
	Refs:     []string{"https://senders.yahooinc.com/best-practices/", "https://spamassassin.apache.org/ (RDNS_DYNAMIC)"},
	Category: category, Scope: checks.Message, Severity: checks.Medium, Points: 6,
	Needs: senderFact,
	Eval: func(p *checks.Pass) {
		r := facts.SenderAddress.Of(p.View)
		if len(r.Names) == 0 {
			p.Skipf("the address has no name")
			return
		}
		for _, name := range r.Names {
			if !generic(name, r.Addr) {
				return
			}
		}
		reportName(p, r, "the name of "+r.Addr.String()+" looks made up by the network")
	},
})

var networkWord = regexp.MustCompile(`(?i)(^|[.-])(dyn|dynamic|dynip|a?dsl|vdsl|dhcp|dip|pool|ppp|pppoe|dialup|cable|catv|broadband|cpe)\d*([.-]|$)`)

// generic reports whether a name holds its IPv4 address, forwards or backwards,
// or a word for lines to homes.
func generic(name string, addr netip.Addr) bool {
	if networkWord.MatchString(name) {
		return true
	}
	if !addr.Is4() {
		return false
	}
	o := addr.As4()
	plain := "-" + strings.NewReplacer(".", "-", "_", "-", "ip", "ip-", "host", "host-").Replace(strings.ToLower(name)) + "-"
	return strings.Contains(plain, fmt.Sprintf("-%d-%d-%d-%d-", o[0], o[1], o[2], o[3])) ||
		strings.Contains(plain, fmt.Sprintf("-%d-%d-%d-%d-", o[3], o[2], o[1], o[0])) ||
		strings.Contains(plain, fmt.Sprintf("%02x%02x%02x%02x", o[0], o[1], o[2], o[3]))
}

func whereName(r facts.Reverse) string { return facts.Where(dns.ReverseName(r.Addr), dns.TypePTR) }

func reportName(p *checks.Pass, r facts.Reverse, message string) {
	names := "no record"
	if len(r.Names) > 0 {
		names = strings.Join(r.Names, ", ")
	}
	report(p, whereName(r), message, dns.Absolute(dns.ReverseName(r.Addr))+" PTR", names)
}
