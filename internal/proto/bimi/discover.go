package bimi

import (
	"context"
	"fmt"
	"strings"

	"github.com/postmuster/postmuster/internal/dns"
)

// A Query says whose record is wanted.
type Query struct {
	Author    string // the domain of the From field
	Org       string // its organisational domain; may be the same, or empty
	Selector  string // of the BIMI-Selector field; DefaultSelector when empty
	LocalPart string // of the From field's address, for lps=; may be empty
}

// Status is how a discovery ended.
type Status string

// The ways in which a discovery ends.
const (
	StatusFound    Status = "found"
	StatusDeclined Status = "declined" // found, and it asks for no logo
	StatusNone     Status = "none"     // no record at either name
	StatusMultiple Status = "multiple" // several records at one name: none of them counts
	StatusInvalid  Status = "invalid"  // a record that cannot be used
)

// A Discovery is where a record was looked for and what was there.
type Discovery struct {
	Status   Status
	Name     string   // where the record stands: "default._bimi.example.com"; empty when None
	Domain   string   // the author or the organisational domain, whose record it is
	Selector string   // the selector of Name: lps= may have changed it
	Texts    []string // what begins with v=BIMI1 at Name; one unless Multiple
	Record   Record
	Issues   []Issue
	Answers  []*dns.Answer // in the order asked
}

// Name returns the name that holds a domain's assertion record (§4.3).
func Name(selector, domain string) string { return selector + "._bimi." + domain }

// Discover looks for the assertion record of a message: at the author domain,
// then at the organisational domain (§7.2). The error means that the DNS could
// not be asked, and nothing is known.
func Discover(ctx context.Context, r dns.Resolver, q Query) (Discovery, error) {
	if q.Selector == "" {
		q.Selector = DefaultSelector
	}
	domains := []string{q.Author}
	if q.Org != "" && !dns.EqualNames(q.Org, q.Author) {
		domains = append(domains, q.Org)
	}
	d := Discovery{Status: StatusNone}
	for _, domain := range domains {
		texts, err := d.lookup(ctx, r, q.Selector, domain)
		if err != nil {
			return d, err
		}
		if len(texts) == 0 {
			continue // only nothing at all leads to the organisational domain
		}
		d.settle(q.Selector, domain, texts)
		return d, d.followLocalPart(ctx, r, q.LocalPart)
	}
	return d, nil
}

// lookup asks for the records of one name. Other TXT records are left out, and
// mentioned.
func (d *Discovery) lookup(ctx context.Context, r dns.Resolver, selector, domain string) ([]string, error) {
	name := Name(selector, domain)
	answer, err := dns.LookupTXT(ctx, r, name)
	if dns.IsBadName(err) {
		return nil, nil // no such name can exist
	}
	if err != nil {
		return nil, err
	}
	d.Answers = append(d.Answers, answer)
	var texts []string
	for _, text := range answer.TXTs() {
		if IsRecord(text) {
			texts = append(texts, text)
			continue
		}
		d.Issues = append(d.Issues, Issue{SeverityInfo, CodeUnrelated,
			fmt.Sprintf("a TXT record at %s does not begin with v=BIMI1, and receivers ignore it: %q", name, text[:min(len(text), 64)]), 0})
	}
	return texts, nil
}

// IsRecord reports whether a TXT record is an assertion record: whether it
// begins with v=BIMI1, spelled so.
func IsRecord(text string) bool {
	first, _, _ := strings.Cut(text[:min(len(text), 64)], ";")
	t, problem := parseTag(first, 0)
	return problem == "" && t.name == "v" && t.value == "BIMI1"
}

// settle takes the records of one name for the answer.
func (d *Discovery) settle(selector, domain string, texts []string) {
	d.Name, d.Domain, d.Selector, d.Texts = Name(selector, domain), domain, selector, texts
	if len(texts) > 1 {
		d.Status = StatusMultiple
		d.Issues = append(d.Issues, Issue{SeverityError, CodeMultiple, fmt.Sprintf("there are %d records at %s", len(texts), d.Name), 0})
		return
	}
	var issues []Issue
	d.Record, issues = Parse(texts[0])
	d.Issues = append(d.Issues, issues...)
	switch {
	case !Usable(issues):
		d.Status = StatusInvalid
	case d.Record.Declined:
		d.Status = StatusDeclined
	default:
		d.Status = StatusFound
	}
}

// followLocalPart looks for the record of the sender's own that lps= announces.
// Without exactly one that can be used, the record found before stays.
func (d *Discovery) followLocalPart(ctx context.Context, r dns.Resolver, local string) error {
	if d.Status != StatusFound && d.Status != StatusDeclined {
		return nil
	}
	selector, ok := NormalizeLocalPart(local)
	if !ok || !d.Record.matches(selector) || strings.EqualFold(selector, d.Selector) {
		return nil
	}
	texts, err := d.lookup(ctx, r, selector, d.Domain)
	if err != nil {
		return err
	}
	own := *d
	own.Issues = append([]Issue{}, d.Issues...)
	if len(texts) > 0 {
		own.settle(selector, d.Domain, texts)
	}
	if len(texts) != 1 || own.Status == StatusInvalid {
		if len(texts) > 0 {
			d.Issues = append(d.Issues, Issue{SeverityWarning, CodeMultiple,
				fmt.Sprintf("what stands at %s for this sender cannot be used", Name(selector, d.Domain)), 0})
		}
		return nil
	}
	*d = own
	return nil
}
