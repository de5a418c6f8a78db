package spf

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"github.com/postmuster/postmuster/internal/dns"
)

// A fakeResolver answers from memory and remembers what it was asked.
type fakeResolver struct {
	records  map[string]map[dns.Type][]dns.Record
	failures map[string]dns.Error // of the types that the name has no records of

	mu    sync.Mutex
	asked []string
}

func newFakeResolver() *fakeResolver {
	return &fakeResolver{records: map[string]map[dns.Type][]dns.Record{}, failures: map[string]dns.Error{}}
}

// newZone reads one record a line: "NAME TYPE DATA", with TXT data to the end of
// the line, strings separated by " | ". The type FAIL makes a name's other
// questions fail: with SERVFAIL, or "timeout".
func newZone(t testing.TB, text string) *fakeResolver {
	t.Helper()
	zone := newFakeResolver()
	for line := range strings.Lines(text) {
		name, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		if name == "" {
			continue
		}
		rtype, data, _ := strings.Cut(rest, " ")
		switch rtype {
		case "TXT":
			zone.add(name, dns.TXT{Strings: strings.Split(data, " | ")})
		case "A":
			zone.add(name, dns.A{Addr: netip.MustParseAddr(data)})
		case "AAAA":
			zone.add(name, dns.AAAA{Addr: netip.MustParseAddr(data)})
		case "MX":
			zone.add(name, dns.MX{Preference: 10, Host: data})
		case "PTR":
			zone.add(name, dns.PTR{Host: data})
		case "CNAME":
			zone.add(name, dns.CNAME{Target: data})
		case "FAIL":
			zone.fail(name, data)
		default:
			t.Fatalf("%q: no such type in a test zone", line)
		}
	}
	return zone
}

func (f *fakeResolver) add(name string, data dns.Data) {
	key := dns.Canonical(name)
	if f.records[key] == nil {
		f.records[key] = map[dns.Type][]dns.Record{}
	}
	f.records[key][data.Type()] = append(f.records[key][data.Type()], dns.Record{Name: name, TTL: 300, Data: data})
}

func (f *fakeResolver) fail(name, how string) {
	failure := dns.Error{Cause: dns.CauseTimeout}
	if rcode, err := dns.ParseRcode(how); err == nil {
		failure = dns.Error{Cause: dns.CauseRcode, Rcode: rcode}
	}
	f.failures[dns.Canonical(name)] = failure
}

func (f *fakeResolver) Resolve(ctx context.Context, q dns.Question) (*dns.Answer, error) {
	f.mu.Lock()
	f.asked = append(f.asked, fmt.Sprintf("%s %s", q.Name, q.Type))
	f.mu.Unlock()
	if ctx.Err() != nil {
		return nil, &dns.Error{Question: q, Cause: dns.CauseCanceled, Err: ctx.Err()}
	}
	answer := &dns.Answer{Question: q}
	name := dns.Canonical(q.Name)
	for range 8 {
		if records := f.records[name][q.Type]; len(records) > 0 {
			answer.Records = append(answer.Records, records...)
			return answer, nil
		}
		if failure, ok := f.failures[name]; ok {
			failure.Question = q
			return nil, &failure
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
