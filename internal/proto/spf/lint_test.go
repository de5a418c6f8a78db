package spf

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// summary writes issues as "severity code@position".
func summary(issues []Issue) []string {
	list := []string{}
	for _, i := range issues {
		list = append(list, fmt.Sprintf("%s %s@%d", i.Severity, i.Code, i.Position))
	}
	return list
}

func TestLint(t *testing.T) {
	for _, test := range []struct {
		rule, text string
		want       []string
	}{
		{"a healthy record", "v=spf1 mx include:_spf.example.com ~all", nil},
		{"upper case is fine", "V=SPF1 MX -ALL", nil},
		{"a healthy redirect", "v=spf1 redirect=_spf.example.com", nil},
		{"errors come along", "v=spf1 moo -all", []string{"error unknown-mechanism@7"}},
		{"terms after all", "v=spf1 -all mx", []string{"warning after-all@12"}},
		{"an error after all", "v=spf1 -all moo", []string{"error unknown-mechanism@12"}},
		{"exp after all is fine", "v=spf1 -all exp=why.example.com", nil},
		{"two all", "v=spf1 mx ~all -all", []string{"warning duplicate-all@15"}},
		{"all joined to a name", "v=spf1 a:example.com-all", []string{"warning glued-all@7"}},
		{"redirect beside all", "v=spf1 redirect=a.example.com -all", []string{"warning redirect-and-all@7"}},
		{"ptr", "v=spf1 ptr -all", []string{"warning ptr@7"}},
		{"everybody", "v=spf1 all", []string{"warning pass-all@7"}},
		{"nobody in particular", "v=spf1 mx ?all", []string{"warning neutral-all@10"}},
		{"no end", "v=spf1 mx", []string{"warning no-all@9"}},
		{"a broken end is not a missing one", "v=spf1 mx -all:", []string{"error argument@14"}},
		{"an unknown modifier", "v=spf1 foo=bar -all", []string{"info unknown-modifier@7"}},
		{"failure reports", "v=spf1 ra=postmaster rp=10 rr=f:s -all", []string{"info reporting@7", "info reporting@21", "info reporting@27"}},
		{"reports to nobody", "v=spf1 rp=10 -all", []string{"warning reporting@7"}},
		{"reports of an unknown kind", "v=spf1 ra=a rr=x -all", []string{"info reporting@7", "warning reporting@12"}},
		{"reports over a hundred percent", "v=spf1 ra=a rp=101 -all", []string{"info reporting@7", "warning reporting@12"}},
		{"a report address with a domain", "v=spf1 ra=a@example.com -all", []string{"warning reporting@7"}},
		{"a wide network", "v=spf1 ip4:8.0.0.0/8 -all", []string{"warning wide-network@7"}},
		{"a large network is not yet wide", "v=spf1 ip4:52.100.0.0/14 -all", nil},
		{"a wide IPv6 network", "v=spf1 ip6:2000::/3 -all", []string{"warning wide-network@7"}},
		{"a wide a", "v=spf1 a/0 -all", []string{"warning wide-network@7"}},
		{"private addresses", "v=spf1 ip4:10.1.2.0/24 -all", []string{"warning reserved-network@7"}},
		{"loopback", "v=spf1 ip6:::1 -all", []string{"warning reserved-network@7"}},
		{"a mapped address", "v=spf1 ip6:::ffff:192.0.2.1 -all", []string{"warning mapped-ip6@7"}},
		{"host bits", "v=spf1 ip4:52.100.0.1/14 -all", []string{"info host-bits@7"}},
		{"a network in another", "v=spf1 ip4:52.100.1.1 ip4:52.100.0.0/16 -all", []string{"info overlap@7"}},
		{"the same term twice", "v=spf1 include:a.example.com ~Include:A.example.com -all", []string{"warning duplicate-term@29"}},
		{"the same network twice", "v=spf1 ip4:52.100.0.0 ip4:52.100.0.0/32 -all", []string{"warning duplicate-term@22"}},
		{"eleven lookups", "v=spf1 include:%{d}.x.example.com " + tenA + "-all", []string{"error lookup-limit@133"}},
		{"lookups after all do not count", "v=spf1 -all redirect=a.example.com", []string{"warning redirect-and-all@12"}},
		{"a final space", "v=spf1 -all ", []string{"info trailing-space@11"}},
	} {
		want := test.want
		if want == nil {
			want = []string{}
		}
		if diff := cmp.Diff(want, summary(Lint(test.text))); diff != "" {
			t.Errorf("%s: Lint(%q):\n%s", test.rule, test.text, diff)
		}
	}
}

// tenA is ten terms that ask the DNS.
var tenA = func() string {
	var b strings.Builder
	for i := range 10 {
		fmt.Fprintf(&b, "a:%c.x.test ", 'a'+i)
	}
	return b.String()
}()

func TestLintIsBounded(t *testing.T) {
	if got := len(Lint("v=spf1" + strings.Repeat(" moo", 1000))); got != maxIssues {
		t.Errorf("%d issues, want the bound of %d", got, maxIssues)
	}
}

func TestLintLength(t *testing.T) {
	record := func(n int) string { return "v=spf1 x=" + strings.Repeat("x", n-len("v=spf1 x= -all")) + " -all" }
	for _, test := range []struct {
		octets int
		want   []string
	}{
		{255, []string{}},
		{256, []string{"info long-string@255"}},
		{450, []string{"info long-string@255"}},
		{451, []string{"info long-string@255", "info long-record@450"}},
		{513, []string{"info long-string@255", "warning long-record@512"}},
	} {
		got := summary(Lint(record(test.octets)))[1:] // the first is about the modifier
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%d octets: %s", test.octets, diff)
		}
	}
}

func TestLintTXT(t *testing.T) {
	for _, test := range []struct {
		rule    string
		strings []string
		joins   bool
	}{
		{"a space at the end", []string{"v=spf1 mx ", "-all"}, false},
		{"a space at the beginning", []string{"v=spf1 mx", " -all"}, false},
		{"two terms become one", []string{"v=spf1 ip4:52.100.0.1", "include:a.example.com -all"}, true},
		{"a name swallows the next term", []string{"v=spf1 include:a.example.com", "include:b.example.com -all"}, true},
		{"the version swallows the first term", []string{"v=spf1", "mx -all"}, true},
		{"a name in two strings is fine", []string{"v=spf1 include:_spf.exam", "ple.com -all"}, false},
		{"an address in two strings is fine", []string{"v=spf1 ip4:52.1", "00.0.1 -all"}, false},
	} {
		joins := false
		for _, issue := range LintTXT(test.strings) {
			joins = joins || issue.Code == CodeStringJoin
		}
		if joins != test.joins {
			t.Errorf("%s: LintTXT(%q) reports a join: %v, want %v", test.rule, test.strings, joins, test.joins)
		}
	}
	if got := summary(LintTXT([]string{"v=spf1 x=" + strings.Repeat("x", 300) + " -all"})); got[0] != "error long-string@0" {
		t.Errorf("a string over 255 octets: %v", got)
	}
}
