package spf

import (
	"context"

	"github.com/postmuster/postmuster/internal/dns"
)

// A fakeResolver answers from memory. Names exist if they have a record, or if a
// name below them has one.
type fakeResolver struct {
	records map[string]map[dns.Type][]dns.Record
	silent  map[string]bool // no answer for the types it has no records of
	asked   []dns.Question
}

func newFakeResolver() *fakeResolver {
	return &fakeResolver{records: map[string]map[dns.Type][]dns.Record{}, silent: map[string]bool{}}
}

func (f *fakeResolver) add(name string, data dns.Data) {
	key := dns.Canonical(name)
	if f.records[key] == nil {
		f.records[key] = map[dns.Type][]dns.Record{}
	}
	f.records[key][data.Type()] = append(f.records[key][data.Type()], dns.Record{Name: name, TTL: 300, Data: data})
}

func (f *fakeResolver) timeout(name string) { f.silent[dns.Canonical(name)] = true }

func (f *fakeResolver) Resolve(_ context.Context, q dns.Question) (*dns.Answer, error) {
	f.asked = append(f.asked, q)
	answer := &dns.Answer{Question: q}
	name := dns.Canonical(q.Name)
	for range 8 {
		if records := f.records[name][q.Type]; len(records) > 0 {
			answer.Records = append(answer.Records, records...)
			return answer, nil
		}
		if f.silent[name] {
			return nil, &dns.Error{Question: q, Cause: dns.CauseTimeout}
		}
		alias := f.records[name][dns.TypeCNAME]
		if len(alias) == 0 {
			if len(f.records[name]) == 0 {
				answer.Rcode = dns.RcodeNXDomain
			}
			return answer, nil
		}
		answer.Records = append(answer.Records, alias...)
		name = dns.Canonical(alias[0].Data.(dns.CNAME).Target)
	}
	return nil, &dns.Error{Question: q, Cause: dns.CauseLoop}
}
