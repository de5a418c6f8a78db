package dnsbl_test

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/postmuster/postmuster/internal/dns"
	"github.com/postmuster/postmuster/internal/proto/dnsbl"
)

// A list that answers what it likes.
type hostileList struct {
	addrs []netip.Addr
	text  string
}

func (l hostileList) Resolve(_ context.Context, q dns.Question) (*dns.Answer, error) {
	a := &dns.Answer{Question: q}
	if q.Type == dns.TypeTXT {
		a.Records = []dns.Record{{Name: q.Name, Data: dns.TXT{Strings: []string{l.text}}}}
		return a, nil
	}
	for _, addr := range l.addrs {
		a.Records = append(a.Records, dns.Record{Name: q.Name, Data: dns.A{Addr: addr}})
	}
	return a, nil
}

// Whatever a list answers and says, the listing is of a sensible size, and what
// is no answer of a list is no listing.
func TestHostileAnswers(t *testing.T) {
	listed := []netip.Addr{netip.MustParseAddr("127.0.0.2")}
	many := slices.Repeat(listed, 10_000)
	for name, tt := range map[string]struct {
		list hostileList
		want dnsbl.State
	}{
		"text that says nothing":       {hostileList{listed, "hello"}, dnsbl.StateListed},
		"64 KB of text":                {hostileList{listed, strings.Repeat("x", 64<<10)}, dnsbl.StateListed},
		"NULs":                         {hostileList{listed, strings.Repeat("\x00", 255)}, dnsbl.StateListed},
		"invalid UTF-8":                {hostileList{listed, strings.Repeat("\xff", 255)}, dnsbl.StateListed},
		"10,000 addresses":             {hostileList{many, "hello"}, dnsbl.StateListed},
		"addresses of the network":     {hostileList{[]netip.Addr{netip.MustParseAddr("198.51.100.9")}, "hello"}, dnsbl.StateUnknown},
		"a refusal among the listings": {hostileList{append(slices.Clone(listed), netip.MustParseAddr("127.255.255.254")), "hello"}, dnsbl.StateUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			l := dnsbl.Check(t.Context(), tt.list, named(t, "zen.spamhaus.org"), subject(t, "192.0.2.1"))
			if l.State != tt.want || len(l.Matches) > 32 || len(l.TXT) > 32 {
				t.Errorf("%s, %d matches, %d texts, want %s", l.State, len(l.Matches), len(l.TXT), tt.want)
			}
			for _, q := range l.Queries {
				if len(q.Answers) > 32 {
					t.Errorf("%d answers are kept", len(q.Answers))
				}
			}
		})
	}
}
