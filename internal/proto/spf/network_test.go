package spf

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func networks(prefixes string) []Network {
	var list []Network
	for i, text := range strings.Fields(prefixes) {
		list = append(list, Network{Prefix: netip.MustParsePrefix(text), Term: fmt.Sprintf("t%d", i), Position: i})
	}
	return list
}

func TestUnionAndCount(t *testing.T) {
	for _, test := range []struct{ rule, in, want, ipv4, ipv6 string }{
		{"nothing", "", "", "0", "0"},
		{"one inside another", "192.0.2.0/24 192.0.2.5/32", "192.0.2.0/24", "256", "0"},
		{"two halves", "192.0.2.128/25 192.0.2.0/25", "192.0.2.0/24", "256", "0"},
		{"neighbours that are no halves", "192.0.2.64/26 192.0.2.128/26", "192.0.2.64/26 192.0.2.128/26", "128", "0"},
		{"halves of halves", "192.0.2.0/26 192.0.2.64/26 192.0.2.128/25 192.0.3.0/24", "192.0.2.0/23", "512", "0"},
		{"both families", "::/1 0.0.0.0/1 8000::/1 128.0.0.0/1", "0.0.0.0/0 ::/0", "4294967296", "340282366920938463463374607431768211456"},
	} {
		var got []string
		for _, p := range Union(networks(test.in)) {
			got = append(got, p.String())
		}
		if joined := strings.Join(got, " "); joined != test.want {
			t.Errorf("%s: Union = %q, want %q", test.rule, joined, test.want)
		}
		if ipv4, ipv6 := Count(networks(test.in)); ipv4.String() != test.ipv4 || ipv6.String() != test.ipv6 {
			t.Errorf("%s: Count = %s, %s, want %s, %s", test.rule, ipv4, ipv6, test.ipv4, test.ipv6)
		}
	}
}

func TestOverlaps(t *testing.T) {
	var got []string
	for _, o := range Overlaps(networks("192.0.2.5/32 192.0.0.0/16 192.0.2.0/24 192.0.2.0/24 198.51.100.0/24 2001:db8::/32 ::/0")) {
		got = append(got, o.Inner.Term+" in "+o.Outer.Term)
	}
	want := []string{"t2 in t1", "t3 in t2", "t0 in t3", "t5 in t6"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestReservedAndWide(t *testing.T) {
	for _, test := range []struct {
		prefix, purpose string
		wide            bool
	}{
		{"192.168.7.0/24", "private use", false},
		{"10.0.0.0/8", "private use", true},
		{"198.51.100.1/32", "documentation", false},
		{"2001:db8:1::/48", "documentation", false},
		{"fe80::1/128", "link local", false},
		{"8.0.0.0/9", "", false},
		{"8.0.0.0/8", "", true},
		{"192.0.0.0/16", "", false}, // holds more than its reserved parts
		{"::/0", "", true},
		{"2a00::/12", "", true},
		{"2a00:1450::/32", "", false},
	} {
		p := netip.MustParsePrefix(test.prefix)
		if purpose, _ := Reserved(p); purpose != test.purpose {
			t.Errorf("Reserved(%s) = %q, want %q", p, purpose, test.purpose)
		}
		if Wide(p) != test.wide {
			t.Errorf("Wide(%s) = %v, want %v", p, Wide(p), test.wide)
		}
	}
}
