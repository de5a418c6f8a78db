package header

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/checks/fact"
	"github.com/postmuster/postmuster/checks/facts"
	"github.com/postmuster/postmuster/internal/dns"
	"github.com/postmuster/postmuster/internal/message"
	"github.com/postmuster/postmuster/internal/proto/dmarc"
)

var _ = suite.Add(&checks.Check{
	ID:       "from-missing",
	Title:    "The message has a From field",
	Why:      "Gmail and others refuse a message without an author, and DMARC has nothing to judge.",
	Fix:      "Set From to an address of a domain of yours that receives mail.",
	Refs:     []string{"RFC 5322 §3.6", "https://support.google.com/mail/answer/81126"},
	Category: identity, Scope: checks.Message, Severity: checks.Blocker, Points: 30,
	Needs: treeFact,
	Eval: func(p *checks.Pass) {
		f := header(p).First("From")
		switch {
		case f == nil:
			missing(p, "From")
		case f.Unfolded() == "":
			report(p, "the From field is empty", f)
		}
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "from-multiple-headers",
	Title:    "The message has one From field only",
	Why:      "Readers may be shown another author than the one that was authenticated: Gmail and others refuse such a message.",
	Fix:      "Emit From once. Usually the application and the library that it sends with each add one.",
	Refs:     []string{"RFC 5322 §3.6", "RFC 9989 §5.3", "https://support.google.com/mail/answer/81126"},
	Category: identity, Scope: checks.Message, Severity: checks.Blocker, Points: 30,
	Needs: treeFact,
	Eval: func(p *checks.Pass) {
		if all := header(p).All("From"); len(all) > 1 {
			report(p, fmt.Sprintf("there are %d From fields", len(all)), all[:min(len(all), maxFindings)]...)
		}
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "from-multiple-addresses",
	Title:    "The From field holds one address only",
	Why:      "A message of several authors needs a Sender field and cannot be judged by DMARC if they are of different domains; Gmail refuses it.",
	Fix:      "Put one address into From, and the others into Reply-To or Cc.",
	Refs:     []string{"RFC 5322 §3.6.2", "RFC 9989 §5.3"},
	Category: identity, Scope: checks.Message, Severity: checks.High, Points: 12,
	Needs: treeFact,
	Eval: func(p *checks.Pass) {
		f, author := from(p)
		if f == nil {
			return
		}
		if n := len(withDomain(author.List)); n > 1 {
			report(p, fmt.Sprintf("From holds %d addresses", n), f)
		}
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "from-invalid",
	Title:    "The From field holds an address that can exist on the Internet",
	Why:      "Receivers that cannot read the author refuse the message, and nobody can answer it.",
	Fix:      "Write From as Name <local@domain>, with the name in quotes where it has a comma or another special character.",
	Refs:     []string{"RFC 5322 §3.4", "RFC 5321 §2.3.5"},
	Category: identity, Scope: checks.Message, Severity: checks.Blocker, Points: 25,
	Needs: treeFact,
	Eval: func(p *checks.Pass) {
		f, author := from(p)
		if f == nil {
			return
		}
		if problem := invalid(author); problem != "" {
			report(p, problem, f)
		}
	},
})

// invalid says why an address list names nobody on the Internet.
func invalid(a message.Addresses) string {
	for _, d := range a.Defects {
		switch d.Kind {
		case message.AddressSyntax:
			return "From is no list of addresses: " + d.Detail
		case message.AddressNoDomain:
			return "an address of From has no domain: " + d.Detail
		case message.AddressDomainSyntax:
			return "the domain of From is no domain name: " + d.Detail
		}
	}
	if len(a.List) == 0 {
		return "From holds no address"
	}
	for _, mailbox := range a.List {
		domain := strings.ToLower(strings.TrimSuffix(mailbox.Domain, "."))
		tld := domain[strings.LastIndexByte(domain, '.')+1:]
		if tld == domain && !strings.HasPrefix(domain, "[") || slices.Contains(localTLDs, tld) {
			return "the domain of From, " + mailbox.Domain + ", does not exist on the Internet"
		}
	}
	return ""
}

// localTLDs are names at the end of domains that the DNS will never hold (RFC
// 6761, RFC 6762, RFC 8375), or that hosts without a real name bear.
var localTLDs = []string{"local", "localhost", "localdomain", "invalid", "internal", "lan", "home", "corp"}

var _ = suite.Add(&checks.Check{
	ID:       "from-display-name-address-mismatch",
	Title:    "The display name of From holds no address of another domain",
	Why:      "A name that looks like an address of somebody else is the mark of phishing: filters set the message aside.",
	Fix:      "Use the brand's or the person's name.",
	Refs:     []string{"https://support.google.com/mail/answer/81126"},
	Category: identity, Scope: checks.Message, Severity: checks.High, Points: 10,
	Needs: treeFact,
	Eval: func(p *checks.Pass) {
		f, author := from(p)
		if f == nil {
			return
		}
		for _, mailbox := range withDomain(author.List) {
			named := addressLike.FindString(mailbox.Name)
			if named != "" && !sameOrganization(facts.DomainOf(named), mailbox.Domain) {
				report(p, "the name shows "+named+", the address is "+mailbox.Addr(), f)
				return
			}
		}
	},
})

var addressLike = regexp.MustCompile(`[\pL\pN._%+-]+@[\pL\pN-]+(\.[\pL\pN-]+)+`)

func sameOrganization(a, b string) bool {
	return dmarc.PSLOrgDomain(a) == dmarc.PSLOrgDomain(facts.DomainOf("@"+b))
}

var _ = suite.Add(&checks.Check{
	ID:       "from-display-name-missing",
	Title:    "From has a display name",
	Why:      "Readers see the bare address where others show who writes.",
	Fix:      "Write From as Name <local@domain>.",
	Refs:     []string{"RFC 5322 §3.4"},
	Category: identity, Scope: checks.Message, Severity: checks.Info,
	Needs: treeFact,
	Eval: func(p *checks.Pass) {
		f, author := from(p)
		if f == nil {
			return
		}
		if list := withDomain(author.List); len(list) > 0 && list[0].Name == "" {
			report(p, "From has no display name", f)
		}
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "from-display-name-eq-address",
	Title:    "The display name of From is not the address once more",
	Why:      "It tells readers nothing, and filters count it.",
	Fix:      "Use the brand's or the person's name.",
	Refs:     []string{"RFC 5322 §3.4"},
	Category: identity, Scope: checks.Message, Severity: checks.Low, Points: 1,
	Needs: treeFact,
	Eval: func(p *checks.Pass) {
		f, author := from(p)
		if f == nil {
			return
		}
		if list := withDomain(author.List); len(list) > 0 && strings.EqualFold(strings.Trim(list[0].Name, "<> '"), list[0].Addr()) {
			report(p, "the display name is the address", f)
		}
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "from-no-space",
	Title:    "A space stands between the name of From and its address",
	Why:      "It is allowed, but hardly anything except bulk mailers of spam writes it so: filters count it.",
	Fix:      "Let a library write the field: Name <local@domain>.",
	Refs:     []string{"RFC 5322 §3.4"},
	Category: identity, Scope: checks.Message, Severity: checks.Low, Points: 2,
	Needs: treeFact,
	Eval: func(p *checks.Pass) {
		f, author := from(p)
		if f == nil {
			return
		}
		if message.Has(author.Defects, message.AddressNoSpace) {
			report(p, "no space stands between name and address", f)
		}
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "from-domain-no-mx",
	Title:    "The From domain receives mail",
	Why:      "Nobody can answer, and receivers distrust or refuse mail from an author who cannot be reached.",
	Fix:      "Publish an MX record for the domain, or write from one that has it.",
	Refs:     []string{"RFC 5321 §5.1", "RFC 7505 §4.2"},
	Category: identity, Scope: checks.Message, Severity: checks.High, Points: 8,
	Needs: []fact.Key{facts.FromRouting},
	Eval: func(p *checks.Pass) {
		if p.Subject.Domain == "" {
			p.Skipf("the message has no From domain")
			return
		}
		reportNoMX(p, p.Subject.Domain, facts.FromRouting.Of(p.View))
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "return-path-no-mx",
	Title:    "The MAIL FROM domain receives mail",
	Why:      "Bounces have nowhere to go, and many receivers refuse a MAIL FROM that cannot be answered.",
	Fix:      "Publish an MX record for the domain, or send with a MAIL FROM that has it.",
	Refs:     []string{"RFC 5321 §4.5.5", "RFC 7505 §4.2"},
	Category: identity, Scope: checks.Message, Severity: checks.High, Points: 8,
	Needs: []fact.Key{facts.Envelope, facts.MailFromRouting},
	Eval: func(p *checks.Pass) {
		envelope := facts.Envelope.Of(p.View)
		if envelope.MailFrom == "" {
			p.Skipf("the reverse-path is null, as that of bounces must be")
			return
		}
		domain := facts.DomainOf(envelope.MailFrom)
		if domain == "" {
			p.Report(checks.Finding{Where: "smtp:MAIL", Message: "MAIL FROM has no domain", Evidence: checks.Seen("MAIL FROM", "<"+envelope.MailFrom+">")})
			return
		}
		reportNoMX(p, domain, facts.MailFromRouting.Of(p.View))
	},
})

func reportNoMX(p *checks.Pass, domain string, r facts.Routing) {
	f := checks.Finding{Where: facts.Where(domain, dns.TypeMX), Evidence: checks.Seen(dns.Absolute(domain)+" MX", "no record")}
	switch {
	case r.Receives():
		return
	case r.Null:
		f.Message = domain + " says that it receives no mail"
		f.Evidence = checks.Seen(dns.Absolute(domain)+" MX", "0 .")
	default:
		f.Message = domain + " has neither an MX record nor an address"
	}
	p.Report(f)
}

// from returns the From field and its addresses; without one the check is
// skipped.
func from(p *checks.Pass) (*message.Field, message.Addresses) {
	f := field(p, "From")
	if f == nil {
		return nil, message.Addresses{}
	}
	return f, message.ParseAddresses(f.Unfolded())
}

// withDomain leaves out what is no address: "Example, Inc. <a@example.com>"
// without its quotes seems to be two.
func withDomain(list []message.Address) []message.Address {
	var addresses []message.Address
	for _, a := range list {
		if a.Domain != "" {
			addresses = append(addresses, a)
		}
	}
	return addresses
}
