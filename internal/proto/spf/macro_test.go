package spf

import (
	"context"
	"net/netip"
	"strings"
	"testing"
)

// The examples of RFC 7208 §7.4, and the transformers' other uses.
func TestExpand(t *testing.T) {
	zone := newZone(t, `
		3.2.0.192.in-addr.arpa PTR other.example.org
		3.2.0.192.in-addr.arpa PTR mx.email.example.com
		other.example.org A 192.0.2.3
		mx.email.example.com A 192.0.2.3
	`)
	for _, test := range []struct{ macro, ip, want string }{
		{"%{s}", "192.0.2.3", "strong-bad@email.example.com"},
		{"%{o}", "192.0.2.3", "email.example.com"},
		{"%{d}", "192.0.2.3", "email.example.com"},
		{"%{d4}", "192.0.2.3", "email.example.com"},
		{"%{d3}", "192.0.2.3", "email.example.com"},
		{"%{d2}", "192.0.2.3", "example.com"},
		{"%{d1}", "192.0.2.3", "com"},
		{"%{dr}", "192.0.2.3", "com.example.email"},
		{"%{d2r}", "192.0.2.3", "example.email"},
		{"%{l}", "192.0.2.3", "strong-bad"},
		{"%{l-}", "192.0.2.3", "strong.bad"},
		{"%{lr}", "192.0.2.3", "strong-bad"},
		{"%{lr-}", "192.0.2.3", "bad.strong"},
		{"%{l1r-}", "192.0.2.3", "strong"},
		{"%{ir}.%{v}._spf.%{d2}", "192.0.2.3", "3.2.0.192.in-addr._spf.example.com"},
		{"%{lr-}.lp._spf.%{d2}", "192.0.2.3", "bad.strong.lp._spf.example.com"},
		{"%{lr-}.lp.%{ir}.%{v}._spf.%{d2}", "192.0.2.3", "bad.strong.lp.3.2.0.192.in-addr._spf.example.com"},
		{"%{ir}.%{v}.%{l1r-}.lp._spf.%{d2}", "192.0.2.3", "3.2.0.192.in-addr.strong.lp._spf.example.com"},
		{"%{d2}.trusted-domains.example.net", "192.0.2.3", "example.com.trusted-domains.example.net"},
		{"%{ir}.%{v}._spf.%{d2}", "2001:db8::cb01",
			"1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6._spf.example.com"},
		{"%{i}", "2001:db8::cb01", "2.0.0.1.0.d.b.8.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.c.b.0.1"},
		{"%{c}", "2001:db8::cb01", "2001:db8::cb01"},
		{"%{c}", "::ffff:192.0.2.3", "192.0.2.3"},
		{"%{p}", "192.0.2.3", "mx.email.example.com"},
		{"%{p}", "192.0.2.9", "unknown"},
		{"%{S}", "192.0.2.3", "strong-bad%40email.example.com"},
		{"%{h} %{r} %{t}", "192.0.2.3", "helo.example.org unknown -62135596800"},
		{"%{d99999999999999999999}", "192.0.2.3", "email.example.com"},
		{"a%%b%_c%-d", "192.0.2.3", "a%b c%20d"},
	} {
		c := &Checker{Resolver: zone}
		s := c.newSession(Request{IP: netip.MustParseAddr(test.ip), Helo: "helo.example.org", MailFrom: "strong-bad@email.example.com"})
		m, _, syntax := parseMacroString(test.macro, inExplanation)
		if syntax != nil {
			t.Errorf("%s: %s", test.macro, syntax.message)
			continue
		}
		got, ok := m.expand(func(letter byte) string { return s.value(context.Background(), "email.example.com", letter) })
		if !ok || got != test.want {
			t.Errorf("%s for %s = %q, want %q", test.macro, test.ip, got, test.want)
		}
	}
}

func TestExpandIsBounded(t *testing.T) {
	m, _, _ := parseMacroString(strings.Repeat("%{l}", 1000), inExplanation)
	if _, ok := m.expand(func(byte) string { return strings.Repeat("x", 1000) }); ok {
		t.Error("a megabyte was made of four thousand octets")
	}
}

func TestFitName(t *testing.T) {
	label := strings.Repeat("x", 49)
	long := strings.Repeat(label+".", 6) + "example.com"
	if got, want := fitName("left."+long), strings.Repeat(label+".", 4)+"example.com"; got != want {
		t.Errorf("fitName leaves %d octets: %q, want %q", len(got), got, want)
	}
	if got := fitName("example.com."); got != "example.com" {
		t.Errorf("fitName(%q) = %q", "example.com.", got)
	}
}

// A backslash of a local part is an octet of the name, not an escape in it.
func TestQuestionNameEscapes(t *testing.T) {
	zone := newZone(t, "example.com TXT v=spf1 exists:%{l}.x.example.com -all")
	check(zone, "192.0.2.1", `a\b@example.com`)
	if got, want := zone.asked[1], `a\\b.x.example.com A`; got != want {
		t.Errorf("asked %q, want %q", got, want)
	}
}
