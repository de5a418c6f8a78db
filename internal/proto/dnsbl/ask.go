package dnsbl

import (
	"context"
	"errors"
	"net/netip"
	"strings"

	"github.com/postmuster/postmuster/internal/dns"
)

// maxAnswers bounds the addresses and texts read from one answer: a list that
// gives more than one for each of its sublists is broken.
const maxAnswers = 32

// A Query is a question that was asked, and what came back. A zone's key is
// not shown in it.
type Query struct {
	Name    string   `json:"name"`
	Type    string   `json:"type"`
	Rcode   string   `json:"rcode,omitempty"` // empty when no answer came
	Answers []string `json:"answers"`
	MS      int64    `json:"ms"`
	Error   string   `json:"error,omitempty"`
}

// An asker asks one zone, and keeps what it asked.
type asker struct {
	resolver dns.Resolver
	zone     Zone
	queries  []Query
}

// found is what a zone has at an entry.
type found struct {
	addrs []netip.Addr
	err   error // an *dns.Error; the name cannot be asked, or no answer came
}

func (a *asker) addresses(ctx context.Context, entry string) found {
	answer, err := a.ask(ctx, entry, dns.TypeA)
	if err != nil {
		return found{err: err}
	}
	addrs := answer.Addrs()
	return found{addrs: addrs[:min(len(addrs), maxAnswers)]}
}

// texts returns the list's own words. Not to get them changes nothing.
func (a *asker) texts(ctx context.Context, entry string) []string {
	answer, err := a.ask(ctx, entry, dns.TypeTXT)
	if err != nil {
		return nil
	}
	var texts []string
	for _, text := range answer.TXTs() {
		texts = append(texts, a.zone.hideKey(text))
	}
	return texts[:min(len(texts), maxAnswers)]
}

func (a *asker) ask(ctx context.Context, entry string, t dns.Type) (*dns.Answer, error) {
	q := dns.Question{Name: entry + "." + a.zone.origin(), Type: t}
	query := Query{Name: entry + "." + a.zone.Name, Type: t.String(), Answers: []string{}}
	answer, err := a.resolver.Resolve(ctx, q)
	if err != nil {
		err = a.zone.hideKeyInError(err, query.Name)
		query.fail(err)
	} else {
		query.Rcode, query.MS = answer.Rcode.String(), answer.Elapsed.Milliseconds()
		for _, r := range answer.Matching() {
			query.Answers = append(query.Answers, a.zone.hideKey(r.Data.String()))
		}
		query.Answers = query.Answers[:min(len(query.Answers), maxAnswers)]
	}
	a.queries = append(a.queries, query)
	return answer, err
}

func (q *Query) fail(err error) {
	q.Error = reasonOf(err)
	var e *dns.Error
	if errors.As(err, &e) {
		q.MS = e.Elapsed.Milliseconds()
		if e.Cause == dns.CauseRcode {
			q.Rcode = e.Rcode.String()
		}
	}
}

// hideKey takes a customer's key out of a text: it would let others ask in the
// customer's name, and reports get published.
func (z Zone) hideKey(text string) string {
	if z.key == "" {
		return text
	}
	return strings.ReplaceAll(text, z.key, "KEY")
}

func (z Zone) hideKeyInError(err error, shown string) error {
	var e *dns.Error
	if z.key == "" || !errors.As(err, &e) {
		return err
	}
	hidden := *e
	hidden.Question.Name = shown
	hidden.ExtendedErrors = nil
	for _, ext := range e.ExtendedErrors {
		ext.Text = z.hideKey(ext.Text)
		hidden.ExtendedErrors = append(hidden.ExtendedErrors, ext)
	}
	if e.Err != nil {
		hidden.Err = errors.New(z.hideKey(e.Err.Error()))
	}
	return &hidden
}
