package spf

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestIsRecord(t *testing.T) {
	for _, test := range []struct {
		rule, text string
		want       bool
	}{
		{"version and terms", "v=spf1 -all", true},
		{"version alone", "v=spf1", true},
		{"version in any case", "V=sPf1 -all", true},
		{"another version", "v=spf10", false},
		{"a tab is not a space", "v=spf1\t-all", false},
		{"space before", " v=spf1 -all", false},
		{"another text", "google-site-verification=x", false},
		{"nothing", "", false},
	} {
		if got := IsRecord(test.text); got != test.want {
			t.Errorf("%s: IsRecord(%q) = %v, want %v", test.rule, test.text, got, test.want)
		}
	}
}

func TestParseKeepsWhatWasWritten(t *testing.T) {
	r := Parse("v=spf1  MX/24//64 ~Include:%{d2}.Example.net ra=abuse redirect=_spf.example.org ")
	if !r.Valid() {
		t.Fatalf("Issues = %v, want none", r.Issues)
	}
	var texts []string
	for _, term := range r.Terms {
		texts = append(texts, term.Text)
		if got := r.Text[term.Position : term.Position+len(term.Text)]; got != term.Text {
			t.Errorf("at the position of %q stands %q", term.Text, got)
		}
	}
	want := []string{"MX/24//64", "~Include:%{d2}.Example.net", "ra=abuse", "redirect=_spf.example.org"}
	if diff := cmp.Diff(want, texts); diff != "" {
		t.Error(diff)
	}
	mx, include := r.Terms[0], r.Terms[1]
	if mx.Kind != KindMX || mx.Name != "MX" || mx.Bits4 != 24 || mx.Bits6 != 64 || mx.Qualifier != QualifierPass {
		t.Errorf("mx = %+v", mx)
	}
	if include.Kind != KindInclude || include.Qualifier != QualifierSoftfail || include.Domain.Text != "%{d2}.Example.net" {
		t.Errorf("include = %+v", include)
	}
	if got, want := r.String(), "v=spf1 mx/24//64 ~include:%{d2}.Example.net ra=abuse redirect=_spf.example.org"; got != want {
		t.Errorf("String() = %q, want %q", got, want)
	}
}

func TestParseTerms(t *testing.T) {
	for _, test := range []struct{ rule, term, want string }{
		{"plus is the default", "+all", "all"},
		{"ip4 without a length", "ip4:192.0.2.1", "ip4:192.0.2.1"},
		{"ip4 with the default length", "ip4:192.0.2.1/32", "ip4:192.0.2.1"},
		{"ip4 for everybody", "ip4:0.0.0.0/0", "ip4:0.0.0.0/0"},
		{"ip6 in any case", "IP6:2001:DB8::/32", "ip6:2001:db8::/32"},
		{"a slash inside a domain-spec", "a:foo:bar/baz.example.com/24", "a:foo:bar/baz.example.com/24"},
		{"only an IPv6 length", "a//64", "a//64"},
		{"digits of a macro are no length", "exists:%{ir}.%{v}/8.%{d2}", "exists:%{ir}.%{v}/8.%{d2}"},
		{"a slash as a macro's delimiter", "a:%{l/}.example.com/28", "a:%{l/}.example.com/28"},
		{"a final dot", "include:example.com.", "include:example.com."},
		{"ends in a macro", "a:%{d}", "a:%{d}"},
		{"ends in an escaped percent", "a:example.%%", "a:example.%%"},
		{"an unknown modifier", "foo.bar-1_x=%{c}:/=", "foo.bar-1_x=%{c}:/="},
		{"a modifier without a value", "x=", "x="},
		{"ptr with a domain", "ptr:example.com", "ptr:example.com"},
		{"a top label of punycode", "a:example.xn--zckzah", "a:example.xn--zckzah"},
	} {
		r := Parse("v=spf1 " + test.term)
		if !r.Valid() || len(r.Terms) != 1 || r.Terms[0].String() != test.want {
			t.Errorf("%s: Parse(%q) = %v, %v, want %q", test.rule, test.term, r.Terms, r.Issues, test.want)
		}
	}
}

func TestParseErrors(t *testing.T) {
	for _, test := range []struct {
		rule, text string
		code       Code
		position   int
	}{
		{"another version", "v=spf10 -all", CodeVersion, 0},
		{"no version", "ip4:192.0.2.1 -all", CodeVersion, 0},
		{"space before the version", "  v=spf1 -all", CodeLeadingSpace, 0},
		{"a quote before the version", `"v=spf1 -all`, CodeLeadingSpace, 0},
		{"an octet beyond ASCII", "v=spf1 a:\xefexample.com -all", CodeNonASCII, 9},
		{"a line end", "v=spf1 a\r\nmx -all", CodeControl, 8},
		{"an unknown mechanism", "v=spf1 a moo -all", CodeUnknownMechanism, 9},
		{"ipv4 for ip4", "v=spf1 ipv4:192.0.2.1 -all", CodeUnknownMechanism, 7},
		{"redirect with a colon", "v=spf1 redirect:example.com", CodeUnknownMechanism, 7},
		{"a bare IPv4 address", "v=spf1 192.0.2.1 -all", CodeMissingKeyword, 7},
		{"a bare IPv6 network", "v=spf1 2001:db8::/32 -all", CodeMissingKeyword, 7},
		{"a bare name", "v=spf1 _spf.example.com -all", CodeMissingKeyword, 7},
		{"a modifier's name begins with a letter", "v=spf1 1up=x", CodeModifierName, 7},
		{"a modifier without a name", "v=spf1 =x", CodeModifierName, 7},
		{"all with an argument", "v=spf1 -all:x", CodeArgument, 11},
		{"include without a domain", "v=spf1 include -all", CodeArgument, 14},
		{"ip4 without a network", "v=spf1 ip4 -all", CodeArgument, 10},
		{"ptr with a length", "v=spf1 ptr/24 -all", CodeArgument, 10},
		{"an empty domain", "v=spf1 include: -all", CodeDomain, 15},
		{"an empty redirect", "v=spf1 redirect=", CodeDomain, 16},
		{"a domain without a dot", "v=spf1 a:museum", CodeDomain, 9},
		{"an address as a's domain", "v=spf1 a:192.0.2.33", CodeDomain, 17},
		{"include with a length", "v=spf1 include:example.com/24", CodeDomain, 23},
		{"a macro without a letter", "v=spf1 a:%{}.example.com", CodeMacro, 11},
		{"an unknown macro letter", "v=spf1 a:%{a}.example.com", CodeMacro, 11},
		{"a macro for explanations only", "v=spf1 exp=%{r}.example.com -all", CodeMacro, 13},
		{"a macro that keeps nothing", "v=spf1 a:%{d0}.example.com", CodeMacro, 12},
		{"a macro without an end", "v=spf1 a:%{d.example.com", CodeMacro, 9},
		{"an unknown transformer", "v=spf1 a:%{dx}.example.com", CodeMacro, 12},
		{"a lone percent sign", "v=spf1 foo=%abc -all", CodeMacro, 11},
		{"not an IPv4 address", "v=spf1 ip4:192.0.2 -all", CodeAddress, 11},
		{"octets without leading zeros", "v=spf1 ip4:192.0.02.1 -all", CodeAddress, 11},
		{"an address with a port", "v=spf1 ip4:192.0.2.1:25 -all", CodeAddress, 11},
		{"an address with a zone", "v=spf1 ip6:fe80::1%eth0 -all", CodeAddress, 11},
		{"ip4 with an IPv6 address", "v=spf1 ip4:2001:db8::1 -all", CodeAddressFamily, 11},
		{"ip6 with an IPv4 address", "v=spf1 ip6:192.0.2.1 -all", CodeAddressFamily, 11},
		{"a length over 32", "v=spf1 ip4:192.0.2.0/33 -all", CodeCIDR, 21},
		{"a length with a leading zero", "v=spf1 ip4:192.0.2.0/024 -all", CodeCIDR, 21},
		{"no length", "v=spf1 ip4:192.0.2.0/ -all", CodeCIDR, 21},
		{"a's IPv6 length over 128", "v=spf1 a/24//129 -all", CodeCIDR, 13},
		{"two IPv4 lengths", "v=spf1 a/24/64 -all", CodeCIDR, 8},
		{"two redirects", "v=spf1 redirect=a.example.com redirect=b.example.com", CodeDuplicateModifier, 30},
		{"two exps", "v=spf1 exp=a.example.com -all exp=b.example.com", CodeDuplicateModifier, 30},
		{"all joined to an address", "v=spf1 ip4:192.0.2.1-all", CodeGluedAll, 20},
		{"all joined to all", "v=spf1 ~all-all", CodeGluedAll, 11},
	} {
		r := Parse(test.text)
		if r.Valid() {
			t.Errorf("%s: %q is valid", test.rule, test.text)
			continue
		}
		if got := r.Issues[0]; got.Code != test.code || got.Position != test.position || got.Severity != SeverityError {
			t.Errorf("%s: %q: %s at %d (%s), want %s at %d", test.rule, test.text, got.Code, got.Position, got.Message, test.code, test.position)
		}
	}
}

func TestParseReadsOnAfterAnError(t *testing.T) {
	r := Parse("v=spf1 moo ip4:192.0.2.0/33 -all bar/x ip4:198.51.100.1")
	var got []Code
	for _, issue := range r.Issues {
		got = append(got, issue.Code)
	}
	if diff := cmp.Diff([]Code{CodeUnknownMechanism, CodeCIDR, CodeUnknownMechanism}, got); diff != "" {
		t.Error(diff)
	}
	if last := r.Terms[len(r.Terms)-1]; !last.Valid || last.Prefix != netip.MustParsePrefix("198.51.100.1/32") {
		t.Errorf("the last term = %+v", last)
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"v=spf1 -all", "v=spf1 a:%{l1r+-}.%{d2}/24//64 mx ?exists:%{ir}.%{v}.example.com redirect=_spf.%{o}",
		"v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 ~all", " v=spf1 \t=all %", "v=spf1 a/24/64 a://1 %{d}", "V=SPF1 -ip4:1.2.3.4-all x=%%%_%-",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r := Parse(text)
		for _, term := range r.Terms {
			if text[term.Position:term.Position+len(term.Text)] != term.Text {
				t.Fatalf("the term %q is not at %d", term.Text, term.Position)
			}
		}
		for _, issue := range LintTXT([]string{text[:len(text)/2], text[len(text)/2:]}) {
			if issue.Position < 0 || issue.Position > len(text) {
				t.Fatalf("%s is at %d of %d", issue.Code, issue.Position, len(text))
			}
		}
		if !r.Valid() {
			return
		}
		again := Parse(r.String())
		if !again.Valid() || again.String() != r.String() || len(again.Terms) != len(r.Terms) {
			t.Fatalf("%q becomes %q becomes %q (%v)", text, r.String(), again.String(), again.Issues)
		}
	})
}
