//go:build unix

package spf

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"time"

	blitiri "blitiri.com.ar/go/spf"

	"github.com/postmuster/postmuster/internal/dns"
)

// A memory holds the same zone for both sides, each in the form that its own
// resolver hands out.
type memory struct {
	answers map[dns.Question]*dns.Answer

	txt   map[string][]string
	mx    map[string][]*net.MX
	addrs map[string][]net.IPAddr
}

func (m *memory) Resolve(_ context.Context, q dns.Question) (*dns.Answer, error) {
	if a := m.answers[q]; a != nil {
		return a, nil
	}
	return &dns.Answer{Question: q, Rcode: dns.RcodeNXDomain}, nil
}

func (m *memory) LookupTXT(_ context.Context, name string) ([]string, error)  { return m.txt[name], nil }
func (m *memory) LookupMX(_ context.Context, name string) ([]*net.MX, error)  { return m.mx[name], nil }
func (m *memory) LookupAddr(_ context.Context, addr string) ([]string, error) { return nil, nil }
func (m *memory) LookupIPAddr(_ context.Context, h string) ([]net.IPAddr, error) {
	return m.addrs[h], nil
}

func (m *memory) add(name string, data ...dns.Data) {
	q := dns.Question{Name: name, Type: data[0].Type()}
	a := &dns.Answer{Question: q}
	for _, d := range data {
		a.Records = append(a.Records, dns.Record{Name: name, TTL: 300, Data: d})
		switch d := d.(type) {
		case dns.TXT:
			m.txt[name] = append(m.txt[name], d.Text())
		case dns.MX:
			m.mx[name] = append(m.mx[name], &net.MX{Host: d.Host + ".", Pref: d.Preference})
		case dns.A:
			m.addrs[name] = append(m.addrs[name], net.IPAddr{IP: d.Addr.AsSlice()})
		}
	}
	m.answers[q] = a
}

// newMemory is a policy like many: five includes of twelve networks, mx and a.
func newMemory() *memory {
	m := &memory{answers: map[dns.Question]*dns.Answer{}, txt: map[string][]string{},
		mx: map[string][]*net.MX{}, addrs: map[string][]net.IPAddr{}}
	var policy strings.Builder
	policy.WriteString("v=spf1 a mx")
	for i := range 5 {
		fmt.Fprintf(&policy, " include:_spf%d.example.net", i)
		var inner strings.Builder
		inner.WriteString("v=spf1")
		for j := range 12 {
			fmt.Fprintf(&inner, " ip4:198.51.%d.%d/28", 100+i, 16*j)
		}
		m.add(fmt.Sprintf("_spf%d.example.net", i), dns.TXT{Strings: []string{inner.String() + " ~all"}})
	}
	m.add("example.com", dns.TXT{Strings: []string{"site-verification=0123456789abcdef"}}, dns.TXT{Strings: []string{policy.String() + " -all"}})
	m.add("example.com", dns.A{Addr: netip.MustParseAddr("203.0.113.1")})
	m.add("example.com", dns.MX{Preference: 10, Host: "mx1.example.com"}, dns.MX{Preference: 20, Host: "mx2.example.com"})
	m.add("mx1.example.com", dns.A{Addr: netip.MustParseAddr("203.0.113.25")})
	m.add("mx2.example.com", dns.A{Addr: netip.MustParseAddr("203.0.113.26")})
	return m
}

// BenchmarkCheck evaluates a client that nothing authorises beside
// blitiri.com.ar/go/spf, in turns. x-rate is our evaluations per CPU second
// in relation to blitiri's: over 1, we are faster.
func BenchmarkCheck(b *testing.B) {
	const turn = 50
	zone := newMemory()
	for _, trace := range []bool{false, true} {
		b.Run(fmt.Sprintf("trace=%v", trace), func(b *testing.B) {
			c := &Checker{Resolver: zone, Trace: trace}
			req := Request{IP: netip.MustParseAddr("192.0.2.1"), Helo: "helo.example.org", MailFrom: "a@example.com"}
			ip := net.ParseIP("192.0.2.1")
			var ours, theirs time.Duration
			b.ReportAllocs()
			for b.Loop() {
				start := cpuTime(b)
				for range turn {
					if got := c.Check(b.Context(), req); got.Result != ResultFail || got.Lookups != 7 {
						b.Fatalf("%s after %d lookups (%s)", got.Result, got.Lookups, got.Reason)
					}
				}
				ours += cpuTime(b) - start
				start = cpuTime(b)
				for range turn {
					got, err := blitiri.CheckHostWithSender(ip, "helo.example.org", "a@example.com", blitiri.WithResolver(zone), blitiri.WithContext(b.Context()))
					if got != blitiri.Fail {
						b.Fatalf("blitiri: %s, %v", got, err)
					}
				}
				theirs += cpuTime(b) - start
			}
			n := float64(b.N * turn)
			b.ReportMetric(float64(ours.Nanoseconds())/n, "ns/eval")
			b.ReportMetric(float64(theirs.Nanoseconds())/n, "blitiri-ns/eval")
			b.ReportMetric(float64(theirs)/float64(ours), "x-rate")
		})
	}
}

// cpuTime is what the process has used, so that others on the machine do not
// count.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
