package dmarc

import (
	"context"
	"strings"

	"github.com/postmuster/postmuster/internal/dns"
)

// A Step is one query of a tree walk.
type Step struct {
	Domain string `json:"domain"` // "example.com" for _dmarc.example.com
	Query
	Status  dns.Status `json:"status,omitempty"` // empty when no answer came
	Record  *Record    `json:"record,omitempty"` // the one valid record
	Issues  []Issue    `json:"issues,omitempty"` // of Record
	Dropped []Dropped  `json:"dropped,omitempty"`
	Stop    Stop       `json:"stop,omitempty"` // set on the last step

	Err error `json:"-"` // an *dns.Error: the name could not be asked
}

// Dropped is a text that the walk does not use, and why.
type Dropped struct {
	Text string `json:"text"`
	Why  string `json:"why"`
}

// Stop says why a walk ended.
type Stop string

// The ends of a walk.
const (
	StopPSDNo    Stop = "psd=n"
	StopPSDYes   Stop = "psd=y"
	StopNoLabels Stop = "no labels left"
	StopError    Stop = "dns error"
)

// A TreeWalk is every step from a name towards the root (RFC 9989 §4.10).
type TreeWalk struct {
	Start     string `json:"start"` // as A-labels, in lower case
	Steps     []Step `json:"steps"`
	OrgDomain string `json:"org_domain"` // empty when it could not be found out
	// PSLOrgDomain is the organizational domain of RFC 7489 §3.2.
	PSLOrgDomain string `json:"psl_org_domain"`
	Error        string `json:"error,omitempty"` // why OrgDomain is not known

	Err error `json:"-"` // an *dns.Error, or ErrNotDomain
}

// Walk walks from name to the root in at most eight queries.
func Walk(ctx context.Context, r dns.Resolver, name string) TreeWalk {
	return newAsker(r).walk(ctx, name)
}

// shortLabels is how many labels the second query of a walk keeps at most, so
// that no name costs more than eight queries (RFC 9989 §4.10 step 4).
const shortLabels = 7

func (a *asker) walk(ctx context.Context, name string) TreeWalk {
	start, err := canonicalDomain(name)
	if err != nil {
		return TreeWalk{Start: name, Error: err.Error(), Err: err}
	}
	w := TreeWalk{Start: start, PSLOrgDomain: PSLOrgDomain(start)}
	for _, domain := range targets(start) {
		step := a.step(ctx, domain)
		switch {
		case step.Err != nil:
			step.Stop = StopError
		case step.Record != nil && step.Record.PSD == PSDNo:
			step.Stop = StopPSDNo
		case step.Record != nil && step.Record.PSD == PSDYes:
			step.Stop = StopPSDYes
		case !strings.Contains(domain, "."):
			step.Stop = StopNoLabels
		}
		w.Steps = append(w.Steps, step)
		if step.Err != nil {
			w.Err, w.Error = step.Err, "query "+dns.Absolute(step.Name)+" TXT: "+step.Error
			return w
		}
		if step.Stop != "" {
			break
		}
	}
	w.OrgDomain = w.orgDomain()
	return w
}

// targets returns the domains that a walk asks if nothing stops it.
func targets(start string) []string {
	labels := strings.Split(start, ".")
	list := []string{start}
	for n := min(len(labels)-1, shortLabels); n > 0; n-- {
		list = append(list, lastLabels(labels, n))
	}
	return list
}

func lastLabels(labels []string, n int) string {
	return strings.Join(labels[len(labels)-n:], ".")
}

// orgDomain selects the organizational domain (RFC 9989 §4.10.2). A record with
// psd=n or psd=y can only be the last, for the walk stops there.
func (w TreeWalk) orgDomain() string {
	last := w.Steps[len(w.Steps)-1]
	if last.Stop == StopPSDYes && last.Domain != w.Start {
		labels := strings.Split(w.Start, ".")
		return lastLabels(labels, strings.Count(last.Domain, ".")+2)
	}
	for i := len(w.Steps) - 1; i >= 0; i-- {
		if w.Steps[i].Record != nil {
			return w.Steps[i].Domain
		}
	}
	return w.Start
}

// at returns the step that asked a domain.
func (w TreeWalk) at(domain string) (Step, bool) {
	for _, s := range w.Steps {
		if s.Domain == domain {
			return s, true
		}
	}
	return Step{}, false
}

// psd returns the step with the record of the public suffix above the start.
func (w TreeWalk) psd() (Step, bool) {
	if len(w.Steps) == 0 {
		return Step{}, false
	}
	last := w.Steps[len(w.Steps)-1]
	return last, last.Stop == StopPSDYes
}

// step asks for the records of one domain and drops what does not count.
func (a *asker) step(ctx context.Context, domain string) Step {
	found := a.ask(ctx, dns.Question{Name: "_dmarc." + domain, Type: dns.TypeTXT})
	s := Step{Domain: domain, Query: found.query, Err: found.err}
	if found.answer == nil {
		return s
	}
	s.Status = found.answer.Status()
	var valid []string
	for _, text := range found.answer.TXTs() {
		if isDMARC(text) && len(text) <= maxRecord {
			valid = append(valid, text)
		} else {
			s.Dropped = append(s.Dropped, Dropped{text, whyDropped(text)})
		}
	}
	if len(valid) > 1 {
		for _, text := range valid {
			s.Dropped = append(s.Dropped, Dropped{text, "one of several DMARC records: none of them counts"})
		}
		return s
	}
	for _, text := range valid {
		record, issues := Parse(text)
		s.Record, s.Issues = &record, issues
	}
	return s
}

func whyDropped(text string) string {
	_, issues := Parse(text)
	for _, i := range issues {
		if i.Severity == SeverityError { // the first one tells why it is no record
			return i.Message
		}
	}
	return "not a DMARC record"
}
