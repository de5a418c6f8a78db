package dnstest

import (
	"context"
	"errors"
	"strings"
	"sync"

	"github.com/postmuster/postmuster/internal/dns"
	"github.com/postmuster/postmuster/internal/probe/dns/wire"
	"github.com/postmuster/postmuster/internal/probe/zone"
)

// maxChain bounds the CNAMEs followed, as resolvers do.
const maxChain = 16

// A World answers questions in memory. It is a dns.Resolver and safe for
// concurrent use.
type World struct {
	tree       *zone.Tree
	behaviours behaviours
	secure     bool // everything is

	mu      sync.Mutex
	queries []dns.Question
}

var _ dns.Resolver = (*World)(nil)

func parse(zoneText string) (*World, error) {
	entries, err := zone.Read(strings.NewReader(zoneText), "world", ".")
	if err != nil {
		return nil, err
	}
	w := &World{behaviours: behaviours{fail: map[string][]behaviour{}, secure: map[string]bool{}}}
	var records []zone.Entry
	for _, e := range entries {
		taken, err := w.behaviours.take(e)
		if err != nil {
			return nil, err
		}
		if !taken {
			records = append(records, e)
		}
	}
	w.tree, err = zone.NewTree(".", records)
	return w, err
}

// Queries returns the questions asked so far, in order. To a Server, a
// question that was asked again over TCP counts twice.
func (w *World) Queries() []dns.Question {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]dns.Question(nil), w.queries...)
}

// Count returns how often a question was asked.
func (w *World) Count(name string, t dns.Type) int {
	n := 0
	for _, q := range w.Queries() {
		if q.Type == t && dns.EqualNames(q.Name, name) {
			n++
		}
	}
	return n
}

func (w *World) log(q dns.Question) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.queries = append(w.queries, q)
}

// Resolve answers as the probe would that asked a Server of this world.
func (w *World) Resolve(ctx context.Context, q dns.Question) (*dns.Answer, error) {
	q.Name = wire.Askable(q.Name)
	w.log(q)
	fail := func(cause dns.Cause, reason string) error {
		return &dns.Error{Question: q, Cause: cause, Server: server, Err: errors.New(reason)}
	}
	if err := ctx.Err(); err != nil {
		return nil, &dns.Error{Question: q, Cause: dns.CauseCanceled, Err: err}
	}
	if err := wire.CheckName(q.Name); err != nil {
		return nil, fail(dns.CauseBadName, err.Error())
	}
	r := w.reply(q)
	answer := r.answer
	switch r.behaviour.kind {
	case kindRcode:
		return nil, &dns.Error{Question: q, Cause: dns.CauseRcode, Rcode: r.behaviour.rcode,
			ExtendedErrors: r.behaviour.ede, Server: server}
	case kindTimeout:
		return nil, fail(dns.CauseTimeout, "no answer")
	case kindGarbage, kindWrongName, kindWrongID:
		return nil, fail(dns.CauseMalformed, string(r.behaviour.kind))
	case kindTruncate:
		answer.TCP = true
	}
	if r.loop {
		return nil, fail(dns.CauseLoop, "the chain does not end")
	}
	return answer, nil
}

const server = "world"

// A reply is what the world says to a question, and what goes wrong with it.
type reply struct {
	answer    *dns.Answer
	behaviour behaviour // of the first name in the chain that has one
	loop      bool
}

func (w *World) reply(q dns.Question) reply {
	a := &dns.Answer{Question: q, AuthenticData: true, Server: server}
	r := reply{answer: a}
	seen := map[string]bool{}
	for name := q.Name; ; {
		a.AuthenticData = a.AuthenticData && (w.secure || w.behaviours.isSecure(name, q.Type))
		// A resolver that does not validate an answer does not say that it did.
		a.AuthenticData = a.AuthenticData && !q.CheckingDisabled
		if b, ok := w.behaviours.of(name, q); ok && r.behaviour.kind == "" {
			r.behaviour = b
		}
		if r.loop = seen[dns.Canonical(name)] || len(seen) > maxChain; r.loop {
			return r
		}
		seen[dns.Canonical(name)] = true
		entries, exists := w.tree.Find(name)
		target := w.add(a, entries, q)
		if target == "" {
			w.deny(a, name, exists)
			return r
		}
		name = target
	}
}

// add adds the records that answer q and returns the CNAME's target, if that
// is what there is.
func (w *World) add(a *dns.Answer, entries []zone.Entry, q dns.Question) (target string) {
	for _, e := range entries {
		switch d := e.Record.Data.(type) {
		case dns.CNAME:
			a.Records = append(a.Records, e.Record)
			if q.Type != dns.TypeCNAME {
				target = d.Target
			}
		case dns.RRSIG:
			if q.Type == dns.TypeRRSIG || q.WantDNSSEC && d.Covered == q.Type {
				a.Records = append(a.Records, e.Record)
			}
		default:
			if e.Record.Type() == q.Type {
				a.Records = append(a.Records, e.Record)
			}
		}
	}
	return target
}

// deny makes a a negative answer if the chain's end has no records.
func (w *World) deny(a *dns.Answer, name string, exists bool) {
	if len(a.Matching()) > 0 {
		return
	}
	if !exists {
		a.Rcode = dns.RcodeNXDomain
	}
	a.Authority = []dns.Record{w.soa(name)}
}

// soa returns the SOA of the zone that holds name: the closest in the world,
// or one made up.
func (w *World) soa(name string) dns.Record {
	labels := dns.Labels(name)
	for i := range labels {
		entries, _ := w.tree.Find(strings.Join(labels[i:], "."))
		for _, e := range entries {
			if e.Record.Type() == dns.TypeSOA {
				return e.Record
			}
		}
	}
	owner := "."
	if len(labels) > 0 {
		owner = labels[len(labels)-1]
	}
	return dns.Record{Name: owner, TTL: 300, Data: dns.SOA{MName: "ns.test", RName: "hostmaster.test",
		Serial: 1, Refresh: 7200, Retry: 3600, Expire: 1209600, Minimum: 300}}
}
