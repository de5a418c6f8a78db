package dns

import (
	"strings"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/checks/fact"
	"github.com/postmuster/postmuster/checks/facts"
	"github.com/postmuster/postmuster/internal/dns"
)

var _ = suite.Add(&checks.Check{
	ID:       "ptr-sender",
	Title:    "Every sending address has a name that leads back to it",
	Why:      "Gmail, Yahoo and Apple refuse mail from addresses without matching forward and reverse DNS.",
	Fix:      "Have the owner of the address set its PTR record to the host's name, and give that name the address.",
	Refs:     []string{"https://support.google.com/mail/answer/81126", "RFC 1912 §2.1"},
	Category: reverseCategory, Scope: checks.Domain, Severity: checks.High, Points: 10,
	Profiles: []checks.Profile{checks.Sender, checks.SendOnly},
	Needs:    []fact.Key{facts.ReverseDNS},
	Eval: func(p *checks.Pass) {
		judged := judgeReverse(p, func(r facts.Reverse) bool { return r.Sender }, func(r facts.Reverse) string {
			return firstProblem(noName(r), notConfirmed(r))
		})
		if judged == 0 {
			p.Skipf("no sending address is known; --sender-ip names one")
		}
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "ptr-present",
	Title:    "Every address of an MX host has a PTR record",
	Why:      "Many domains send from their MX hosts, and receivers refuse mail from addresses without a name.",
	Fix:      "Have the owner of the address set its PTR record to the host's name.",
	Refs:     []string{"RFC 1912 §2.1", "https://support.google.com/mail/answer/81126"},
	Category: reverseCategory, Scope: checks.Domain, Severity: checks.Low, Points: 2, UpTo: 4,
	Needs: []fact.Key{facts.ReverseDNS},
	Eval: func(p *checks.Pass) {
		if judgeReverse(p, ofMX, noName) == 0 {
			p.Skipf("no MX host has a public address")
		}
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "ptr-confirmed",
	Title:    "The name of every address of an MX host leads back to the address",
	Why:      "A name that does not lead back proves nothing: receivers treat the address as one without a name.",
	Fix:      "Give the name in the PTR record the address, or set the PTR record to a name that has it.",
	Refs:     []string{"RFC 1912 §2.1", "RFC 8601 §2.7.3"},
	Category: reverseCategory, Scope: checks.Domain, Severity: checks.Low, Points: 2, UpTo: 4,
	Needs: []fact.Key{facts.ReverseDNS},
	Eval: func(p *checks.Pass) {
		named := func(r facts.Reverse) bool { return ofMX(r) && (r.Err != nil || len(r.Names) > 0) }
		if judgeReverse(p, named, notConfirmed) == 0 {
			p.Skipf("no address of an MX host has a PTR record")
		}
	},
})

func ofMX(r facts.Reverse) bool { return !r.Sender }

// judgeReverse reports what is wrong with the wanted addresses, and returns how
// many there are.
func judgeReverse(p *checks.Pass, wanted func(facts.Reverse) bool, problem func(facts.Reverse) string) (judged int) {
	for _, r := range facts.ReverseDNS.Of(p.View) {
		if !wanted(r) {
			continue
		}
		judged++
		name := dns.ReverseName(r.Addr)
		if r.Err != nil {
			p.Unknownf(facts.Where(name, dns.TypePTR), "%v", r.Err)
			continue
		}
		if message := problem(r); message != "" {
			p.Report(checks.Finding{
				Where: facts.Where(name, dns.TypePTR), Message: label(r) + " " + message,
				Evidence: checks.Seen(dns.Absolute(name)+" PTR", evidence(r)),
			})
		}
	}
	return judged
}

func label(r facts.Reverse) string {
	if r.Host != "" {
		return r.Host + " [" + r.Addr.String() + "]"
	}
	return r.Addr.String()
}

func evidence(r facts.Reverse) string {
	if len(r.Names) == 0 {
		return "no record"
	}
	return strings.Join(r.Names, ", ")
}

func noName(r facts.Reverse) string {
	if len(r.Names) > 0 {
		return ""
	}
	return "has no PTR record"
}

// notConfirmed is silent about an address without a name: that is another question.
func notConfirmed(r facts.Reverse) string {
	if len(r.Names) == 0 || r.Confirmed {
		return ""
	}
	return "has a name that does not lead back to it"
}

func firstProblem(problems ...string) string {
	for _, p := range problems {
		if p != "" {
			return p
		}
	}
	return ""
}
