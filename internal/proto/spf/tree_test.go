package spf

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func analyse(t *testing.T, zone string) *Node {
	t.Helper()
	return Analyse(context.Background(), newZone(t, zone), "example.com")
}

// outline writes a tree as "term state lookups [void] networks", indented.
func outline(n *Node) []string {
	lines := []string{fmt.Sprintf("%s: %s, %d lookups, %d voids (%d, %d)", n.Domain, n.State, n.Lookups, n.VoidLookups, n.VoidLookups4, n.VoidLookups6)}
	for _, b := range n.Terms {
		line := fmt.Sprintf("  %s %s %d", b.Term.Text, b.State, b.Lookups)
		if b.Void {
			line += " void"
		}
		for _, network := range b.Networks {
			line += " " + network.Prefix.String()
		}
		lines = append(lines, line)
		if b.Node != nil {
			for _, below := range outline(b.Node) {
				lines = append(lines, "  "+below)
			}
		}
	}
	return lines
}

func TestAnalyse(t *testing.T) {
	got := outline(analyse(t, `
		example.com TXT v=spf1 a/24 mx include:_spf.example.net exists:%{i}.example.org a:nx.example.com ptr -all mx:late.example.com redirect=x.example.com exp=why.example.com
		example.com A 192.0.2.77
		example.com MX mx1.example.com
		example.com MX mx2.example.com
		mx1.example.com A 198.51.100.1
		mx1.example.com AAAA 2001:db8::1
		mx2.example.com A 198.51.100.2
		_spf.example.net TXT v=spf1 ip4:203.0.113.0/25 include:%{o}._spf.example.net ~all
		example.com._spf.example.net TXT v=spf1 a:gone.example.net
	`))
	want := []string{
		"example.com: ok, 8 lookups, 2 voids (2, 4)",
		"  a/24 ok 1 192.0.2.0/24",
		"  mx ok 1 198.51.100.1/32 2001:db8::1/128 198.51.100.2/32",
		"  include:_spf.example.net ok 3",
		"  _spf.example.net: ok, 2 lookups, 1 voids (1, 1)",
		"    ip4:203.0.113.0/25 ok 0 203.0.113.0/25",
		"    include:%{o}._spf.example.net ok 2",
		"    example.com._spf.example.net: ok, 1 lookups, 1 voids (1, 1)",
		"      a:gone.example.net ok 1 void",
		"    ~all ok 0",
		"  exists:%{i}.example.org macro 1",
		"  a:nx.example.com ok 1 void",
		"  ptr macro 1",
		"  -all ok 0",
		"  mx:late.example.com ignored 0",
		"  redirect=x.example.com ignored 0",
		"  exp=why.example.com none 0",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestAnalyseStates(t *testing.T) {
	for _, test := range []struct {
		rule, zone string
		root       State
		first      State // of the record's first term
		reason     string
	}{
		{"no policy", "example.com TXT hello", StateNone, "", "publishes no policy"},
		{"two policies", "example.com TXT v=spf1\nexample.com TXT v=spf1 -all", StatePermError, "", "publishes 2 policies"},
		{"a syntax error", "example.com TXT v=spf1 moo -all", StatePermError, StatePermError, "no mechanism"},
		{"the policy cannot be had", "example.com FAIL SERVFAIL", StateUnknown, "", "SERVFAIL"},
		{"an include without a policy", "example.com TXT v=spf1 include:nx.example.com -all", StateOK, StateNone, "publishes no policy"},
		{"an include that cannot be had", "example.com TXT v=spf1 include:down.example.com -all\ndown.example.com FAIL timeout", StateOK, StateUnknown, "timeout"},
		{"an include with an error", "example.com TXT v=spf1 include:bad.example.com -all\nbad.example.com TXT v=spf1 ip4:1", StateOK, StatePermError, "not an IPv4 address"},
		{"an include of itself", "example.com TXT v=spf1 include:Example.com -all", StateOK, StateLoop, "led here"},
		{"a redirect to itself", "example.com TXT v=spf1 redirect=example.com", StateOK, StateLoop, "led here"},
		{"addresses that cannot be had", "example.com TXT v=spf1 a:down.example.com -all\ndown.example.com FAIL SERVFAIL", StateOK, StateUnknown, "SERVFAIL"},
		{"MX hosts that cannot be had", "example.com TXT v=spf1 mx -all\nexample.com MX down.example.com\ndown.example.com FAIL timeout", StateOK, StateUnknown, "timeout"},
		{"eleven MX hosts", "example.com TXT v=spf1 mx -all" + strings.Repeat("\nexample.com MX mx.example.com", 11), StateOK, StatePermError, "11 MX hosts"},
		{"a name that cannot be asked for", "example.com TXT v=spf1 a:a..example.com -all", StateOK, StateNone, "asked for"},
		{"an invalid explanation", "example.com TXT v=spf1 exp=why.example.com -all\nwhy.example.com TXT 100%", StateOK, StateNone, "invalid"},
	} {
		n := analyse(t, test.zone)
		reason := n.Reason
		if n.State != test.root {
			t.Errorf("%s: %s (%s), want %s", test.rule, n.State, n.Reason, test.root)
		}
		if test.first != "" {
			if got := n.Terms[0].State; got != test.first {
				t.Errorf("%s: %s is %s, want %s", test.rule, n.Terms[0].Term.Text, got, test.first)
			}
			reason = n.Terms[0].Reason
		}
		if !strings.Contains(reason, test.reason) {
			t.Errorf("%s: the reason is %q, want it to contain %q", test.rule, reason, test.reason)
		}
	}
}

func TestAnalyseCountsRepeatedIncludes(t *testing.T) {
	n := analyse(t, `
		example.com TXT v=spf1 include:a.example.com include:b.example.com -all
		a.example.com TXT v=spf1 include:b.example.com -all
		b.example.com TXT v=spf1 a:host.example.com a:nx.example.com -all
		host.example.com A 192.0.2.1
	`)
	if n.Lookups != 7 || n.VoidLookups != 2 {
		t.Errorf("%d lookups and %d voids, want 7 and 2", n.Lookups, n.VoidLookups)
	}
	if b := n.Terms[1]; b.State != StateRepeated || b.Lookups != 3 || len(b.Node.Networks()) != 1 {
		t.Errorf("the repeated include is %s with %d lookups and networks %v", b.State, b.Lookups, b.Node.Networks())
	}
	if got := n.Networks(); len(got) != 1 {
		t.Errorf("Networks() = %v, want the host once", got)
	}
}

// Each domain includes the next one twice: the count doubles with every level.
func TestAnalyseIsBounded(t *testing.T) {
	var b strings.Builder
	b.WriteString("example.com TXT v=spf1 include:d0.example.com include:d0.example.com\n")
	for i := range 150 {
		fmt.Fprintf(&b, "d%d.example.com TXT v=spf1 include:d%d.example.com include:d%d.example.com -all\n", i, i+1, i+1)
	}
	zone := newZone(t, b.String())
	n := Analyse(context.Background(), zone, "example.com")
	if n.Lookups != maxCount {
		t.Errorf("%d lookups, want the bound of %d", n.Lookups, maxCount)
	}
	if len(zone.asked) > maxAnalysed+1 {
		t.Errorf("%d questions for at most %d terms", len(zone.asked), maxAnalysed)
	}
	n.Networks()
	if _, err := Flatten(n); err == nil {
		t.Error("a tree that was not seen whole is flattened")
	}
	if text, err := json.Marshal(n); err != nil || len(text) > 1<<20 {
		t.Errorf("the tree takes %d octets of JSON (%v)", len(text), err)
	}
}

func TestAnalyseBoundsNetworks(t *testing.T) {
	n := analyse(t, "example.com TXT v=spf1"+strings.Repeat(" ip4:192.0.2.1", maxBranches)+" -all")
	if n.State != StateNotAsked || len(n.Terms) != maxBranches {
		t.Errorf("%s with %d terms, want %s with %d", n.State, len(n.Terms), StateNotAsked, maxBranches)
	}
}

func TestAnalyseListsVoids(t *testing.T) {
	n := analyse(t, `
		example.com TXT v=spf1 mx include:nx.example.net exists:example.com -all
		example.com MX mx1.example.com
		example.com MX mx2.example.com
		mx1.example.com A 192.0.2.1
	`)
	var got []string
	n.Walk(func(_ *Node, b *Branch) {
		for _, q := range b.VoidQueries {
			got = append(got, fmt.Sprintf("%s: %s %s", b.Term.Text, q.Question, q.Answer.Status()))
		}
	})
	want := []string{
		"mx: mx1.example.com. AAAA NODATA", "mx: mx2.example.com. A NXDOMAIN", "mx: mx2.example.com. AAAA NXDOMAIN",
		"include:nx.example.net: nx.example.net. TXT NXDOMAIN", "exists:example.com: example.com. A NODATA",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestNodeNetworks(t *testing.T) {
	n := analyse(t, `
		example.com TXT v=spf1 -ip4:192.0.2.1 ip4:192.0.2.0/28 ?include:maybe.example.com include:sure.example.com redirect=last.example.com
		maybe.example.com TXT v=spf1 ip4:198.51.100.0/24
		sure.example.com TXT v=spf1 ip6:2001:db8::/64 ~ip4:203.0.113.1 -all
		last.example.com TXT v=spf1 ip4:192.0.2.128/28 +all
	`)
	var got []string
	for _, network := range n.Networks() {
		got = append(got, network.Domain+" "+network.Prefix.String())
	}
	want := []string{"example.com 192.0.2.0/28", "sure.example.com 2001:db8::/64",
		"last.example.com 192.0.2.128/28", "last.example.com 0.0.0.0/0", "last.example.com ::/0"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	visited := 0
	n.Walk(func(*Node, *Branch) { visited++ })
	if visited != 11 {
		t.Errorf("Walk visits %d branches, want 11", visited)
	}
}

// TestNodeBeyond: what the networks of a policy do not tell is named, so that
// nobody takes their number for the whole.
func TestNodeBeyond(t *testing.T) {
	n := analyse(t, `
		example.com TXT v=spf1 exists:%{i}.example.com exists:gone.example.com exists:there.example.com -ptr ?include:maybe.example.com include:sure.example.com include:down.example.com a:down.example.com ~all
		there.example.com A 192.0.2.1
		maybe.example.com TXT v=spf1 ptr -all
		sure.example.com TXT v=spf1 ptr:example.net ip4:192.0.2.1 -all exp=%{i}.example.com
		down.example.com FAIL SERVFAIL
	`)
	terms := func(branches []*Branch) []string {
		var texts []string
		for _, b := range branches {
			texts = append(texts, b.Term.Text)
		}
		return texts
	}
	dynamic, unknown := n.Beyond()
	if diff := cmp.Diff([]string{"exists:%{i}.example.com", "exists:there.example.com", "ptr:example.net"}, terms(dynamic)); diff != "" {
		t.Errorf("dynamic (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"include:down.example.com", "a:down.example.com"}, terms(unknown)); diff != "" {
		t.Errorf("unknown (-want +got):\n%s", diff)
	}
}
