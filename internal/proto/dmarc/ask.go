package dmarc

import (
	"context"
	"errors"

	"github.com/postmuster/postmuster/internal/dns"
)

// A Query is a question that was asked, and what came back.
type Query struct {
	Name    string   `json:"name"`
	Type    string   `json:"type"`
	Rcode   string   `json:"rcode,omitempty"` // empty when no answer came
	Answers []string `json:"answers"`         // the texts of TXT records, the data of others
	MS      int64    `json:"ms"`
	Error   string   `json:"error,omitempty"` // why there is no answer
}

// An asker asks each question once, however many walks pass by it.
type asker struct {
	resolver dns.Resolver
	seen     map[dns.Question]asked
	walks    map[string]TreeWalk // of identifiers
	queries  []Query             // in the order asked
}

func newAsker(r dns.Resolver) *asker {
	return &asker{resolver: r, seen: make(map[dns.Question]asked), walks: make(map[string]TreeWalk)}
}

type asked struct {
	query  Query
	answer *dns.Answer // nil when there is none
	err    error       // why not; nil for a name that cannot exist
}

func (a *asker) ask(ctx context.Context, q dns.Question) asked {
	if found, ok := a.seen[q]; ok {
		return found
	}
	found := asked{query: Query{Name: q.Name, Type: q.Type.String(), Answers: []string{}}}
	answer, err := a.resolve(ctx, q)
	if err != nil {
		found.query.Error = reason(err)
		if !dns.IsBadName(err) { // what cannot be asked cannot have been published
			found.err = err
		}
		found.fromError(err)
	} else {
		found.answer = answer
		found.query.Rcode = answer.Rcode.String()
		found.query.MS = answer.Elapsed.Milliseconds()
		found.query.Answers = append(found.query.Answers, texts(answer)...)
	}
	a.seen[q] = found
	a.queries = append(a.queries, found.query)
	return found
}

func (a *asker) resolve(ctx context.Context, q dns.Question) (*dns.Answer, error) {
	if len(q.Name) > maxName {
		return nil, &dns.Error{Question: q, Cause: dns.CauseBadName}
	}
	return a.resolver.Resolve(ctx, q)
}

func (f *asked) fromError(err error) {
	var e *dns.Error
	if !errors.As(err, &e) {
		return
	}
	f.query.MS = e.Elapsed.Milliseconds()
	if e.Cause == dns.CauseRcode {
		f.query.Rcode = e.Rcode.String()
	}
}

// reason returns what came back in place of an answer: "SERVFAIL", "timeout".
func reason(err error) string {
	var e *dns.Error
	if errors.As(err, &e) {
		return e.Reason()
	}
	return err.Error()
}

func texts(answer *dns.Answer) []string {
	if answer.Question.Type == dns.TypeTXT {
		return answer.TXTs()
	}
	var list []string
	for _, r := range answer.Matching() {
		list = append(list, r.Data.String())
	}
	return list
}
