package spf

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/postmuster/postmuster/internal/dns"
)

func TestFlatten(t *testing.T) {
	const others = `
		example.com A 192.0.2.1
		example.com MX mx.example.com
		mx.example.com AAAA 2001:db8::25
		net.example.com TXT v=spf1 ip4:198.51.100.0/25 ip4:198.51.100.128/25 include:deep.example.com -all
		deep.example.com TXT v=spf1 a:mx.example.com ~all
		odd.example.com TXT v=spf1 -ip4:203.0.113.1 ip4:203.0.113.0/24 -all
		dyn.example.com TXT v=spf1 exists:%{i}.example.net -all
		last.example.com TXT v=spf1 ip4:203.0.113.9 ~all
	`
	for _, test := range []struct {
		rule, record, want string
		lookups            int
	}{
		{"nothing to do", "v=spf1 -all", "v=spf1 -all", 0},
		{"names become addresses", "v=spf1 a mx -all", "v=spf1 ip4:192.0.2.1 ip6:2001:db8::25 -all", 0},
		{"networks are joined", "v=spf1 include:net.example.com ~all", "v=spf1 ip4:198.51.100.0/24 ip6:2001:db8::25 ~all", 0},
		{"an include keeps its qualifier", "v=spf1 ?include:net.example.com -all", "v=spf1 ?ip4:198.51.100.0/24 ?ip6:2001:db8::25 -all", 0},
		{"order and qualifiers stay", "v=spf1 ip4:192.0.2.7 -ip4:192.0.2.0/24 a -all", "v=spf1 ip4:192.0.2.7 -ip4:192.0.2.0/24 ip4:192.0.2.1 -all", 0},
		{"an include that says more stays", "v=spf1 include:odd.example.com a -all", "v=spf1 include:odd.example.com ip4:192.0.2.1 -all", 1},
		{"what depends on the client stays", "v=spf1 exists:%{i}.example.net include:dyn.example.com ptr -all",
			"v=spf1 exists:%{i}.example.net include:dyn.example.com ptr -all", 4},
		{"a redirect is taken over, without exp", "v=spf1 exp=why.example.com redirect=last.example.com", "v=spf1 ip4:203.0.113.9 ~all", 0},
		{"a redirect that says more stays", "v=spf1 a exp=why.example.com redirect=dyn.example.com", "v=spf1 ip4:192.0.2.1 exp=why.example.com redirect=dyn.example.com", 2},
		{"what is never evaluated goes", "v=spf1 -all mx", "v=spf1 -all", 0},
		{"names without addresses go", "v=spf1 a:nx.example.com -all", "v=spf1 -all", 0},
	} {
		flat, err := Flatten(analyse(t, "example.com TXT "+test.record+others))
		if err != nil {
			t.Errorf("%s: %v", test.rule, err)
			continue
		}
		if len(flat.Records) != 1 || flat.Records[0].Text != test.want || flat.Lookups != test.lookups {
			t.Errorf("%s: %+v with %d lookups, want %q with %d", test.rule, flat.Records, flat.Lookups, test.want, test.lookups)
		}
	}
}

func TestFlattenRefusesWhatItCannotSee(t *testing.T) {
	for _, test := range []struct{ rule, zone, want string }{
		{"no policy", "", "publishes no policy"},
		{"an unknown host", "example.com TXT v=spf1 mx -all\nexample.com FAIL SERVFAIL", "SERVFAIL"},
		{"an unknown include", "example.com TXT v=spf1 include:a.example.com -all\na.example.com FAIL SERVFAIL", "SERVFAIL"},
		{"an unknown host below", "example.com TXT v=spf1 include:a.example.com -all\na.example.com TXT v=spf1 a:b.example.com\nb.example.com FAIL timeout", "timeout"},
		{"an include without a policy", "example.com TXT v=spf1 include:a.example.com -all", "publishes no policy"},
		{"a loop", "example.com TXT v=spf1 include:example.com -all", "led here"},
	} {
		_, err := Flatten(analyse(t, test.zone))
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", test.rule, err, test.want)
		}
	}
}

func TestFlattenSplits(t *testing.T) {
	var zone strings.Builder
	zone.WriteString("example.com TXT v=spf1 include:_spf1.example.com ?include:b.example.com ptr ~all\n")
	for _, name := range []string{"_spf1", "b"} {
		fmt.Fprintf(&zone, "%s.example.com TXT v=spf1", name)
		for i := range 40 {
			fmt.Fprintf(&zone, " ip6:2001:db8:%x:%x::/64", name[0], 2*i)
		}
		zone.WriteString("\n")
	}
	flat, err := Flatten(analyse(t, zone.String()))
	if err != nil {
		t.Fatal(err)
	}
	published := newFakeResolver()
	names := map[string]bool{}
	for _, r := range flat.Records {
		if len(r.Text) > maxRecord {
			t.Errorf("%s takes %d octets", r.Name, len(r.Text))
		}
		if strings.Join(r.Strings, "") != r.Text || slices.ContainsFunc(r.Strings, func(s string) bool { return len(s) > maxString }) {
			t.Errorf("%s: the strings %q are not its text", r.Name, r.Strings)
		}
		if names[r.Name] || r.Name == "_spf1.example.com" {
			t.Errorf("the name %s is in use", r.Name)
		}
		names[r.Name] = true
		published.add(r.Name, dns.TXT{Strings: r.Strings})
	}
	for _, test := range []struct {
		ip   string
		want Result
	}{
		{"2001:db8:5f:0::1", ResultPass}, {"2001:db8:5f:4e::1", ResultPass}, {"2001:db8:5f:1::1", ResultSoftfail},
		{"2001:db8:62:4e::1", ResultNeutral}, {"192.0.2.1", ResultSoftfail},
	} {
		before, after := check(newZone(t, zone.String()), test.ip, "a@example.com"), check(published, test.ip, "a@example.com")
		if before.Result != test.want || after.Result != test.want {
			t.Errorf("%s: %s before and %s after, want %s", netip.MustParseAddr(test.ip), before.Result, after.Result, test.want)
		}
	}
	if got := Analyse(context.Background(), published, "example.com").Lookups; got != flat.Lookups {
		t.Errorf("Lookups = %d, but the records cost %d", flat.Lookups, got)
	}
}
