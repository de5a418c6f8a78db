package spf

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postmuster/postmuster/internal/dns"
)

func check(r dns.Resolver, ip, from string) *Evaluation {
	c := &Checker{Resolver: r, Trace: true}
	return c.Check(context.Background(), Request{IP: netip.MustParseAddr(ip), Helo: "helo.example.org", MailFrom: from})
}

func TestCheck(t *testing.T) {
	zone := newZone(t, `
		example.com TXT v=spf1 ip4:192.0.2.0/24 include:_spf.example.net mx -all
		example.com MX mx.example.com
		mx.example.com A 198.51.100.25
		_spf.example.net TXT v=spf1 ip6:2001:db8::/32 -all
		two.example.com TXT v=spf1 -all
		two.example.com TXT v=spf1 +all
		glue.example.com TXT v=spf1 ip4:192. | 0.2.1 -all
		alias.example.com CNAME example.com
		down.example.com FAIL SERVFAIL
		inc.example.com TXT v=spf1 include:down.example.com -all
		incnone.example.com TXT v=spf1 include:helo.example.org -all
		mxdown.example.com TXT v=spf1 mx:slow.example.com -all
		slow.example.com MX down.example.com
		ptrdown.example.com TXT v=spf1 ptr -all
		9.2.0.192.in-addr.arpa FAIL timeout
		nullmx.example.com TXT v=spf1 mx -all
		nullmx.example.com MX .
		loop.example.com TXT v=spf1 redirect=loop.example.com
		nowhere.example.com TXT v=spf1 redirect=helo.example.org
		helo.example.org TXT hello
	`)
	for _, test := range []struct {
		rule, ip, from string
		want           Result
		matched        string
	}{
		{"a network", "192.0.2.9", "a@example.com", ResultPass, "ip4:192.0.2.0/24"},
		{"a mapped address is IPv4", "::ffff:192.0.2.9", "a@example.com", ResultPass, "ip4:192.0.2.0/24"},
		{"an include", "2001:db8::1", "a@example.com", ResultPass, "include:_spf.example.net"},
		{"an MX host", "198.51.100.25", "a@example.com", ResultPass, "mx"},
		{"nobody else", "203.0.113.1", "a@example.com", ResultFail, "-all"},
		{"the domain in any case", "192.0.2.9", "a@EXAMPLE.com.", ResultPass, "ip4:192.0.2.0/24"},
		{"two policies", "192.0.2.9", "a@two.example.com", ResultPermError, ""},
		{"strings are joined without a space", "192.0.2.1", "a@glue.example.com", ResultPass, "ip4:192.0.2.1"},
		{"a CNAME", "192.0.2.9", "a@alias.example.com", ResultPass, "ip4:192.0.2.0/24"},
		{"no such domain", "192.0.2.9", "a@nx.example.com", ResultNone, ""},
		{"no policy", "192.0.2.9", "a@mx.example.com", ResultNone, ""},
		{"the policy cannot be had", "192.0.2.9", "a@down.example.com", ResultTempError, ""},
		{"an include cannot be had", "192.0.2.9", "a@inc.example.com", ResultTempError, ""},
		{"an include without a policy", "192.0.2.9", "a@incnone.example.com", ResultPermError, ""},
		{"an MX host cannot be had", "192.0.2.9", "a@mxdown.example.com", ResultTempError, ""},
		{"a ptr that cannot be had does not match", "192.0.2.9", "a@ptrdown.example.com", ResultFail, "-all"},
		{"a null MX is no host", "192.0.2.9", "a@nullmx.example.com", ResultFail, "-all"},
		{"a redirect to itself", "192.0.2.9", "a@loop.example.com", ResultPermError, ""},
		{"a redirect to nothing", "192.0.2.9", "a@nowhere.example.com", ResultPermError, ""},
		{"an address as the domain", "192.0.2.9", "a@[192.0.2.1]", ResultNone, ""},
		{"a name without a dot", "192.0.2.9", "a@localhost", ResultNone, ""},
	} {
		got := check(zone, test.ip, test.from)
		matched := ""
		if got.Matched != nil {
			matched = got.Matched.Term
		}
		if got.Result != test.want || matched != test.matched {
			t.Errorf("%s: %s, matched %q (%s), want %s, matched %q", test.rule, got.Result, matched, got.Reason, test.want, test.matched)
		}
		if got.Reason == "" {
			t.Errorf("%s: no reason is given", test.rule)
		}
		if (got.Err != nil) != (test.want == ResultTempError) {
			t.Errorf("%s: Err = %v with %s", test.rule, got.Err, got.Result)
		}
	}
}

func TestCheckAsksForTheRightIdentity(t *testing.T) {
	zone := newZone(t, `
		helo.example.org TXT v=spf1 exists:%{l}.%{o}.%{h}.%{d} -all
		postmaster.helo.example.org.helo.example.org.helo.example.org A 127.0.0.2
		example.com TXT v=spf1 -all
	`)
	if got := check(zone, "192.0.2.1", ""); got.Result != ResultPass || got.Domain != "helo.example.org" {
		t.Errorf("a null reverse-path: %s for %s, want pass for helo.example.org", got.Result, got.Domain)
	}
	c := &Checker{Resolver: zone}
	got := c.Check(context.Background(), Request{IP: netip.MustParseAddr("192.0.2.1"), MailFrom: "a@example.org", Domain: "example.com"})
	if got.Result != ResultFail || got.Domain != "example.com" {
		t.Errorf("a domain of the caller's: %s for %s, want fail for example.com", got.Result, got.Domain)
	}
	if got := c.Check(context.Background(), Request{MailFrom: "a@example.com"}); got.Result != ResultNone {
		t.Errorf("no client: %s, want none", got.Result)
	}
}

func TestCheckIDNDomain(t *testing.T) {
	zone := newZone(t, "xn--bcher-kva.example TXT v=spf1 +all")
	if got := check(zone, "192.0.2.1", "a@bücher.example"); got.Result != ResultPass || got.Domain != "xn--bcher-kva.example" {
		t.Errorf("%s for %s, want pass for the A-label", got.Result, got.Domain)
	}
}

// repeat writes n copies of a term, %d being the copy's number.
func repeat(n int, term string) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(" " + strings.ReplaceAll(term, "%d", fmt.Sprint(i)))
	}
	return b.String()
}

func TestCheckLimits(t *testing.T) {
	hosts := "a.example.com A 198.51.100.1\n"
	mx := func(name string, n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "%s MX mx%d.example.com\nmx%d.example.com A 198.51.100.2\n", name, i, i)
		}
		return b.String()
	}
	for _, test := range []struct {
		rule, zone     string
		want           Result
		lookups, voids int
	}{
		{"ten lookups", hosts + "example.com TXT v=spf1" + repeat(10, "a:a.example.com") + " -all", ResultFail, 10, 0},
		{"eleven lookups", hosts + "example.com TXT v=spf1" + repeat(11, "a:a.example.com") + " -all", ResultPermError, 11, 0},
		{"lookups of an include count", hosts + "example.com TXT v=spf1 include:i.example.com -all\ni.example.com TXT v=spf1" + repeat(10, "a:a.example.com"),
			ResultPermError, 11, 0},
		{"a redirect counts", hosts + "example.com TXT v=spf1" + repeat(10, "a:a.example.com") + " redirect=a.example.com", ResultPermError, 11, 0},
		{"all and networks do not count", "example.com TXT v=spf1" + repeat(20, "ip4:198.51.100.%d") + " -all", ResultFail, 0, 0},
		{"what stands after a match does not count", "example.com TXT v=spf1 ip4:192.0.2.1" + repeat(11, "a:a.example.com"), ResultPass, 0, 0},
		{"two voids", "example.com TXT v=spf1" + repeat(2, "a:nx%d.example.com") + " -all", ResultFail, 2, 2},
		{"three voids", "example.com TXT v=spf1" + repeat(3, "a:nx%d.example.com") + " -all", ResultPermError, 3, 3},
		{"a name without addresses is void", "example.com TXT v=spf1" + repeat(3, "a:example.com") + " -all", ResultPermError, 3, 3},
		{"hosts of one mx are one void", "example.com TXT v=spf1 mx -all" + "\nexample.com MX nx1.example.com\nexample.com MX nx2.example.com\nexample.com MX nx3.example.com",
			ResultFail, 1, 1},
		{"the hops of a CNAME are one void", "c1.example.com CNAME c2.example.com\nc2.example.com CNAME nx.example.com\nexample.com TXT v=spf1 a:c1.example.com -all",
			ResultFail, 1, 1},
		{"an unaskable name is no void", "example.com TXT v=spf1 a:a..example.com a:b..example.com a:c..example.com -all", ResultFail, 3, 0},
		{"an unused exp is no void", "example.com TXT v=spf1 a:nx1.example.com a:nx2.example.com exp=nx3.example.com -all", ResultFail, 2, 2},
		{"ten MX hosts", mx("example.com", 10) + "example.com TXT v=spf1 mx -all", ResultFail, 1, 0},
		{"eleven MX hosts", mx("example.com", 11) + "example.com TXT v=spf1 mx -all", ResultPermError, 1, 0},
		{"an include of an include that loops", "example.com TXT v=spf1 include:b.example.com -all\nb.example.com TXT v=spf1 include:example.com -all",
			ResultPermError, 11, 0},
	} {
		got := check(newZone(t, test.zone), "192.0.2.1", "a@example.com")
		if got.Result != test.want || got.Lookups != test.lookups || got.VoidLookups != test.voids {
			t.Errorf("%s: %s with %d lookups and %d voids (%s), want %s with %d and %d", test.rule,
				got.Result, got.Lookups, got.VoidLookups, got.Reason, test.want, test.lookups, test.voids)
		}
	}
}

func TestCheckIgnoresPTRNamesBeyondTen(t *testing.T) {
	var b strings.Builder
	for i := range 11 {
		fmt.Fprintf(&b, "1.2.0.192.in-addr.arpa PTR h%d.example.org\n", i)
	}
	b.WriteString("1.2.0.192.in-addr.arpa PTR mail.example.com\nmail.example.com A 192.0.2.1\nexample.com TXT v=spf1 ptr -all")
	got := check(newZone(t, b.String()), "192.0.2.1", "a@example.com")
	if got.Result != ResultFail || got.Matched == nil {
		t.Errorf("%s (%s), want fail by -all", got.Result, got.Reason)
	}
}

func TestCheckWiderLimits(t *testing.T) {
	zone := newZone(t, "a.example.com A 198.51.100.1\nexample.com TXT v=spf1"+repeat(12, "a:a.example.com")+repeat(4, "a:nx%d.example.com")+" -all")
	c := &Checker{Resolver: zone, Limits: Limits{Lookups: 20, VoidLookups: 5}}
	got := c.Check(context.Background(), Request{IP: netip.MustParseAddr("192.0.2.1"), MailFrom: "a@example.com"})
	if got.Result != ResultFail || got.Lookups != 16 || got.VoidLookups != 4 {
		t.Errorf("%s with %d lookups and %d voids, want fail with 16 and 4", got.Result, got.Lookups, got.VoidLookups)
	}
}

func TestCheckExplanation(t *testing.T) {
	const policies = `
		example.com TXT v=spf1 include:inc.example.com -all exp=why.%{d}
		inc.example.com TXT v=spf1 -all exp=inner.example.com
		inner.example.com TXT never seen
		redirect.example.com TXT v=spf1 redirect=inc.example.com exp=why.example.com
		soft.example.com TXT v=spf1 ~all exp=why.example.com
	`
	for _, test := range []struct{ rule, zone, from, want string }{
		{"the macros of explanations", "why.example.com TXT %{i} is not %{h}, says %{r} to %{c} at %{t}", "a@example.com",
			"192.0.2.1 is not helo.example.org, says mx.example.net to 192.0.2.1 at 1780000000"},
		{"that of a redirect's target", "", "a@redirect.example.com", "never seen"},
		{"only of a fail", "why.example.com TXT no", "a@soft.example.com", ""},
		{"in several strings", "why.example.com TXT one |  two", "a@example.com", "one two"},
		{"none", "", "a@example.com", "default"},
		{"two", "why.example.com TXT one\nwhy.example.com TXT two", "a@example.com", "default"},
		{"not to be had", "why.example.com FAIL SERVFAIL", "a@example.com", "default"},
		{"a syntax error", "why.example.com TXT 100% sure", "a@example.com", "default"},
		{"a reply of two lines", "why.example.com TXT %{l}", "a\r\n250 OK@example.com", "default"},
	} {
		c := &Checker{Resolver: newZone(t, policies+test.zone), Receiver: "mx.example.net", DefaultExplanation: "default"}
		got := c.Check(context.Background(), Request{IP: netip.MustParseAddr("192.0.2.1"), Helo: "helo.example.org",
			MailFrom: test.from, At: time.Unix(1780000000, 0)})
		if got.Explanation != test.want {
			t.Errorf("%s: %q, want %q", test.rule, got.Explanation, test.want)
		}
	}
}

func TestCheckTrace(t *testing.T) {
	zone := newZone(t, `
		example.com TXT v=spf1 a include:_spf.example.net redirect=last.example.com
		example.com A 198.51.100.1
		_spf.example.net TXT v=spf1 ip4:198.51.100.7 exists:%{ir}.list.example.net ~all
		last.example.com TXT v=spf1 -all
	`)
	got := check(zone, "192.0.2.1", "a@example.com")
	var lines []string
	var list func(depth string, steps []Step)
	list = func(depth string, steps []Step) {
		for _, s := range steps {
			var asked []string
			for _, q := range s.Queries {
				asked = append(asked, q.Question.String())
			}
			lines = append(lines, fmt.Sprintf("%s%s [%d] %s: %s (%s)", depth, s.Term, s.Lookup, s.Outcome, s.Reason, strings.Join(asked, ", ")))
			list(depth+"> ", s.Steps)
		}
	}
	list("", got.Trace)
	want := []string{
		"a [1] no match: the client is not at the name's addresses (example.com. A)",
		"include:_spf.example.net [2] no match: _spf.example.net gives softfail: ~all matches (_spf.example.net. TXT)",
		"> ip4:198.51.100.7 [0] no match: the client is not in the network ()",
		"> exists:%{ir}.list.example.net [3] no match: there is no such name, or it has no address (1.2.0.192.list.example.net. A)",
		"> ~all [0] match: all matches every client ()",
		"redirect=last.example.com [4] redirect: -all matches (last.example.com. TXT)",
		"> -all [0] match: all matches every client ()",
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Error(diff)
	}
	var asked []string
	for _, q := range got.Queries {
		asked = append(asked, q.Question.Name+" "+q.Question.Type.String())
	}
	if !slices.Equal(asked, zone.asked) {
		t.Errorf("Queries = %v, but %v were asked", asked, zone.asked)
	}
	if want := (&Match{"last.example.com", "-all"}); *got.Matched != *want {
		t.Errorf("Matched = %v, want %v", got.Matched, want)
	}
	if got.VoidLookups != 1 || !got.Trace[1].Steps[1].Void {
		t.Error("the void lookup is not marked at its term")
	}
}

func TestCheckJSON(t *testing.T) {
	zone := newZone(t, "example.com TXT v=spf1 a -all\nexample.com FAIL SERVFAIL")
	text, err := json.Marshal(check(zone, "192.0.2.1", "a@example.com"))
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"result", "explanation", "domain", "matched", "lookups", "void_lookups", "trace", "queries"} {
		if _, ok := got[key]; !ok {
			t.Errorf("%s lacks %q", text, key)
		}
	}
	want := []any{
		map[string]any{"name": "example.com", "type": "TXT", "rcode": "NOERROR", "answers": []any{`example.com. 300 TXT "v=spf1 a -all"`}, "ms": 0.0},
		map[string]any{"name": "example.com", "type": "A", "rcode": "SERVFAIL", "answers": []any{}, "error": "SERVFAIL", "ms": 0.0},
	}
	if diff := cmp.Diff(want, got["queries"]); diff != "" {
		t.Error(diff)
	}
}

// FuzzCheck evaluates and analyses hostile records that include themselves.
func FuzzCheck(f *testing.F) {
	f.Add("v=spf1 include:%{d} redirect=%{o}", "%{s}%{p}%{l99r-}", "a-b@c", uint8(4))
	f.Add("v=spf1 mx a:%{l}.%{d} ptr exists:%{ir}.%{v}.%{d2} -all exp=x.example.com", "%{c} %{R}", "", uint8(16))
	f.Add("v=spf1 include:x.example.com include:x.example.com -all", "v=spf1 include:example.com mx/0 a//0", "..@..", uint8(4))
	f.Fuzz(func(t *testing.T, record, other, local string, family uint8) {
		zone := newZone(t, "example.com MX x.example.com\nx.example.com A 192.0.2.7\n7.2.0.192.in-addr.arpa PTR x.example.com")
		zone.add("example.com", dns.TXT{Strings: []string{record}})
		zone.add("x.example.com", dns.TXT{Strings: []string{other}})
		ip := netip.MustParseAddr("192.0.2.7")
		if family > 4 {
			ip = netip.MustParseAddr("2001:db8::7")
		}
		req := Request{IP: ip, Helo: local, MailFrom: local + "@example.com"}
		plain := (&Checker{Resolver: zone}).Check(context.Background(), req)
		traced := (&Checker{Resolver: zone, Trace: true}).Check(context.Background(), req)
		if plain.Result != traced.Result || plain.Explanation != traced.Explanation || plain.Lookups != traced.Lookups {
			t.Fatalf("tracing changes %s to %s", plain.Result, traced.Result)
		}
		if limit := 1 + LookupLimit*(1+MXLimit) + PTRLimit + 2; len(traced.Queries) > limit {
			t.Fatalf("%d questions, more than %d", len(traced.Queries), limit)
		}
		for _, issue := range Parse(record).Issues {
			if IsRecord(record) && traced.Result == ResultPass {
				t.Fatalf("%q passes in spite of %s", record, issue.Message)
			}
		}
		tree := Analyse(context.Background(), zone, "example.com")
		tree.Networks()
		if flat, err := Flatten(tree); err == nil {
			for _, r := range flat.Records {
				if again := Parse(r.Text); !again.Valid() {
					t.Fatalf("flattened to %q: %v", r.Text, again.Issues)
				}
			}
		}
	})
}
