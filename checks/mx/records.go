package mx

import (
	"fmt"
	"strings"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/checks/fact"
	"github.com/postmuster/postmuster/checks/facts"
	"github.com/postmuster/postmuster/internal/dns"
)

var _ = suite.Add(&checks.Check{
	ID:       "mx-present",
	Title:    "The domain can receive mail",
	Why:      "Without an MX record and without an address nobody can write to the domain: replies and bounces are lost, and receivers refuse mail whose sender cannot be answered.",
	Fix:      "Publish MX records. A domain that receives nothing says so with a null MX: 0 and a single dot.",
	Refs:     []string{"RFC 5321 §5.1", "RFC 7505"},
	Category: category, Scope: checks.Domain, Severity: checks.High, Points: 12,
	Profiles: []checks.Profile{checks.Sender, checks.ReceiveOnly, checks.SendOnly},
	Needs:    []fact.Key{facts.MXRouting, facts.MX, facts.Exists},
	Eval: func(p *checks.Pass) {
		routing := facts.MXRouting.Of(p.View)
		switch {
		case !facts.Exists.Of(p.View):
			p.Skipf("the domain does not exist")
		case routing.Null && len(routing.Hosts) == 0:
			p.Skipf("a null MX says that the domain receives nothing")
		case !routing.Receives():
			p.Report(checks.Finding{
				Where: where(p.Subject.Domain), Message: "there is neither an MX record nor an address", Evidence: published(p),
			})
		}
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "mx-implicit",
	Title:    "MX records say where mail goes",
	Why:      "Without them mail goes to the domain's own address, which often is a web server that does not take it.",
	Fix:      "Publish an MX record that names the mail server, or a null MX (0 and a single dot) if the domain receives nothing.",
	Refs:     []string{"RFC 5321 §5.1", "RFC 7505"},
	Category: category, Scope: checks.Domain, Severity: checks.Low, Points: 3,
	Needs: []fact.Key{facts.MXRouting, facts.MX},
	Eval: func(p *checks.Pass) {
		routing := facts.MXRouting.Of(p.View)
		switch {
		case routing.Implicit:
			evidence := append(published(p), checks.Seen(dns.Absolute(p.Subject.Domain)+" A, AAAA", addresses(routing.Hosts[0]))...)
			p.Report(checks.Finding{Where: where(p.Subject.Domain), Message: "there is no MX record, so mail goes to the domain's own address", Evidence: evidence})
		case len(routing.Hosts) == 0:
			p.Skipf("the domain receives nothing")
		}
	},
})

func addresses(h facts.MXHost) string {
	texts := make([]string, len(h.Addrs))
	for i, a := range h.Addrs {
		texts[i] = a.String()
	}
	return strings.Join(texts, ", ")
}

var _ = suite.Add(&checks.Check{
	ID:       "mx-null-with-others",
	Title:    "A null MX stands alone",
	Why:      "A null MX says that the domain takes no mail; beside other MX records senders disagree about what is meant, and some refuse to send.",
	Fix:      "Remove the null MX if the domain receives mail, or the other records if it does not.",
	Refs:     []string{"RFC 7505 §3"},
	Category: category, Scope: checks.Domain, Severity: checks.High, Points: 10,
	Needs: []fact.Key{facts.MXRouting, facts.MX},
	Eval: func(p *checks.Pass) {
		routing := facts.MXRouting.Of(p.View)
		if !routing.Null {
			p.Skipf("there is no null MX")
			return
		}
		if len(routing.Hosts) > 0 {
			p.Report(checks.Finding{Where: where(p.Subject.Domain), Message: "a null MX stands beside other MX records", Evidence: published(p)})
		}
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "mx-duplicate",
	Title:    "No two MX records name the same host",
	Why:      "The second one adds no redundancy, and hides that there is none.",
	Fix:      "Remove the duplicates, or name the host that was meant.",
	Refs:     []string{"RFC 5321 §5.1"},
	Category: category, Scope: checks.Domain, Severity: checks.Low, Points: 2,
	Needs: []fact.Key{facts.MXRouting, facts.MX},
	Eval: func(p *checks.Pass) {
		routing := facts.MXRouting.Of(p.View)
		if noMX(p, routing) {
			return
		}
		times := map[string]int{}
		for _, h := range routing.Hosts {
			name := dns.Canonical(h.Name)
			times[name]++
			if times[name] == 2 {
				p.Report(checks.Finding{Where: where(p.Subject.Domain), Message: fmt.Sprintf("%s is named more than once", name), Evidence: published(p)})
			}
		}
	},
})
