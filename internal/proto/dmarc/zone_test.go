package dmarc

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/postmuster/postmuster/internal/dns"
)

// A zone answers from lines such as
//
//	_dmarc.example.com v=DMARC1; p=none    a TXT record
//	www.example.com A                      a name that exists
//	_dmarc.example.net SERVFAIL            a question without an answer
//	_dmarc.example.org CNAME x.example     an alias
//
// A name with a name below it exists.
type zone struct {
	t     testing.TB
	lines [][2]string
	asked []string
}

func newZone(t testing.TB, text string) *zone {
	z := &zone{t: t}
	for line := range strings.Lines(text) {
		if name, data, ok := strings.Cut(strings.TrimSpace(line), " "); ok {
			z.lines = append(z.lines, [2]string{name, data})
		}
	}
	return z
}

func (z *zone) Resolve(ctx context.Context, q dns.Question) (*dns.Answer, error) {
	z.asked = append(z.asked, q.Name)
	if err := ctx.Err(); err != nil {
		return nil, &dns.Error{Question: q, Cause: dns.CauseCanceled, Err: err}
	}
	a := &dns.Answer{Question: q, Rcode: dns.RcodeNXDomain, Elapsed: time.Millisecond}
	for _, line := range z.lines {
		name, data := line[0], line[1]
		if dns.Within(name, q.Name) && data != "SERVFAIL" {
			a.Rcode = dns.RcodeNoError
		}
		if name != q.Name {
			continue
		}
		target, isAlias := strings.CutPrefix(data, "CNAME ")
		switch {
		case data == "SERVFAIL":
			return nil, &dns.Error{Question: q, Cause: dns.CauseRcode, Rcode: dns.RcodeServFail}
		case data == "TIMEOUT":
			return nil, &dns.Error{Question: q, Cause: dns.CauseTimeout}
		case isAlias:
			a.Records = append(a.Records, dns.Record{Name: name, Data: dns.CNAME{Target: target}})
			next, err := z.Resolve(ctx, dns.Question{Name: target, Type: q.Type})
			if err != nil {
				return nil, err
			}
			a.Rcode, a.Records = next.Rcode, append(a.Records, next.Records...)
		case data == "A":
			if q.Type == dns.TypeA {
				a.Records = append(a.Records, dns.Record{Name: name, Data: dns.A{Addr: netip.MustParseAddr("192.0.2.1")}})
			}
		case q.Type == dns.TypeTXT:
			a.Records = append(a.Records, dns.Record{Name: name, Data: dns.TXT{Strings: []string{data}}})
		}
	}
	return a, nil
}

// once fails the test if a question was asked twice.
func (z *zone) once() {
	z.t.Helper()
	for i, name := range z.asked {
		if slices.Contains(z.asked[:i], name) && strings.HasPrefix(name, "_dmarc.") {
			z.t.Errorf("asked twice: %s", name)
		}
	}
}
