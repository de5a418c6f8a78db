package cmd

import (
	"strings"
	"testing"
)

// spfZone is a domain with the usual services, one of which is gone.
const spfZone = `
example.com. TXT "v=spf1 mx a:out.example.com include:_spf.news.test include:_spf.crm.test -all"
example.com. MX 10 mx.example.com.
mx.example.com. A 192.0.2.10
mx.example.com. AAAA 2001:db8::10
out.example.com. A 192.0.2.25
_spf.news.test. TXT "v=spf1 include:_a.news.test ip4:203.0.113.0/26 ~all"
_a.news.test. TXT "v=spf1 ip4:203.0.113.16/28 ip4:10.1.2.0/24 ~all"
_spf.crm.test. TXT "v=spf1 exists:%{i}.crm.test ip6:2001:db8:5::/48 ~all"
example.net. TXT "v=spf1 include:_spf.gone.test include:_spf.news.test -all"
example.org. TXT "v=spf1 include:_spf.silent.test ip4:192.0.2.1 -all"
_fail._spf.silent.test. TXT "SERVFAIL"
loop.test. TXT "v=spf1 redirect=loop.test"
macro.test. TXT "v=spf1 exists:%{ir}.%{v}._spf.%{d2} -all"
two.test. TXT "v=spf1 -all"
two.test. TXT "v=spf1 mx -all"
a.test. TXT "v=spf1 exp=why.a.test -all"
why.a.test. TXT "%{i} may not send for %{d}"
`

func TestSPFEval(t *testing.T) {
	l := testEnv(t)
	l.zone(spfZone)
	tests := []struct {
		name string
		args []string
		code int
	}{
		{"pass", []string{"--ip", "203.0.113.20", "--from", "bounces@example.com"}, exitMet},
		{"fail", []string{"--ip", "198.51.100.1", "--from", "example.com", "--helo", "mail.example.com"}, exitNotMet},
		{"explained", []string{"a.test", "--ip", "198.51.100.1"}, exitNotMet},
		{"permerror", []string{"--ip", "198.51.100.1", "--helo", "example.net"}, exitNotMet},
		{"temperror", []string{"--ip", "198.51.100.1", "--helo", "example.org"}, exitUndecided},
		{"none", []string{"--ip", "198.51.100.1", "--helo", "nothing.test"}, exitNotMet},
		{"loop", []string{"--ip", "198.51.100.1", "--helo", "loop.test"}, exitNotMet},
		{"macro", []string{"--ip", "198.51.100.1", "--helo", "macro.test"}, exitNotMet},
	}
	for _, test := range tests {
		got := l.ask(append([]string{"spf", "eval"}, test.args...)...)
		l.wantCode(got, test.code)
		l.golden("spf_eval_"+test.name, got)
	}
}

func TestSPFEvalJSON(t *testing.T) {
	l := testEnv(t)
	l.zone(spfZone)
	got := l.ask("spf", "eval", "--json", "--ip", "203.0.113.20", "--from", "bounces@example.com")
	object := l.wantKeys(got, "result", "explanation", "domain", "matched", "reason", "lookups", "void_lookups", "record", "trace", "queries")
	if object["result"] != "pass" || object["lookups"] != 4.0 {
		t.Errorf("result %v after %v lookups, want pass after 4", object["result"], object["lookups"])
	}
}

func TestSPFEvalUsage(t *testing.T) {
	l := testEnv(t)
	l.wantUsage(l.ask("spf", "eval", "example.com"), "--ip")
	l.wantUsage(l.ask("spf", "eval", "--ip", "192.0.2.1"), "whose policy")
	l.wantUsage(l.ask("spf", "eval", "--ip", "192.0.2.256", "example.com"), `"192.0.2.256" is not an address`)
	l.wantUsage(l.ask("spf", "eval", "--ip", "192.0.2.1", "not a domain"), `"not a domain"`)
	l.wantUsage(l.run("spf", "evil"), `"evil" is none of eval, tree, lint, flatten`)
	l.wantUsage(l.ask("spf", "eval", "--ip", "192.0.2.1", "--format", "xml", "example.com"), "table, json")
}

func TestSPFTree(t *testing.T) {
	l := testEnv(t)
	l.zone(spfZone)
	for domain, code := range map[string]int{
		"example.com": exitMet, "example.net": exitNotMet, "example.org": exitUndecided, "two.test": exitNotMet, "nothing.test": exitNotMet,
	} {
		got := l.ask("spf", "tree", domain)
		l.wantCode(got, code)
		l.golden("spf_tree_"+domain, got)
	}
}

// TestSPFTreeOfStringsWithoutASpace: receivers join the strings of a record as they
// are, which is hard to see in what a provider's form shows.
func TestSPFTreeOfStringsWithoutASpace(t *testing.T) {
	l := testEnv(t)
	l.zone(`joined.test. TXT "v=spf1 ip4:192.0.2.0/24" "include:_spf.news.test -all"`)
	got := l.ask("spf", "tree", "joined.test")
	l.wantCode(got, exitNotMet)
	if !strings.Contains(got.out, "strings are joined without a space") {
		t.Errorf("the cause is not named:\n%s", got)
	}
}

func TestSPFTreeJSON(t *testing.T) {
	l := testEnv(t)
	l.zone(spfZone)
	object := l.wantKeys(l.ask("spf", "tree", "--json", "example.com"), "domain", "state", "reason", "record", "lookups", "lookup_limit",
		"void_lookups", "void_lookups_ipv4", "void_lookups_ipv6", "void_lookup_limit", "addresses", "complete", "dynamic", "networks", "contributors",
		"overlaps", "reserved", "wide", "issues", "problems", "tree")
	if addresses := object["addresses"].(map[string]any); addresses["ipv4"] != 322.0 || addresses["ipv6"] != "1208925819614629174706177" {
		t.Errorf("addresses %v", addresses)
	}
}

func TestSPFFlatten(t *testing.T) {
	l := testEnv(t)
	l.zone(spfZone)
	got := l.ask("spf", "flatten", "example.com")
	l.wantCode(got, exitMet)
	l.golden("spf_flatten", got)
	l.wantCode(l.ask("spf", "flatten", "example.net"), exitNotMet)
	l.wantCode(l.ask("spf", "flatten", "example.org"), exitUndecided)
	l.wantKeys(l.ask("spf", "flatten", "--json", "example.com"), "domain", "records", "kept", "lookups_before", "lookups_after", "warning", "error")
}

func TestSPFLint(t *testing.T) {
	l := testEnv(t)
	got := l.run("spf", "lint", "v=spf1 ip4:192.0.2.5/24 includ:example.net -all mx")
	l.wantCode(got, exitNotMet)
	l.golden("spf_lint", got)
	l.In = strings.NewReader("v=spf1 mx -all\n")
	got = l.run("spf", "lint", "--json", "-")
	l.wantCode(got, exitMet)
	l.wantKeys(got, "valid", "issues")
}

func TestSPFOfAZoneFile(t *testing.T) {
	l := testEnv(t)
	l.zone("")
	zone := l.file("example.com.zone", "$ORIGIN example.com.\n@ 300 SOA ns hostmaster 1 1 1 1 1\n@ 300 TXT \"v=spf1 ip4:192.0.2.1 -all\"\n")
	l.wantCode(l.ask("spf", "eval", "--zone", zone, "--ip", "192.0.2.1", "--from", "a@example.com"), exitMet)
	record := l.dir + "/case.rec"
	l.zone(spfZone)
	before := l.ask("spf", "tree", "example.com", "--record", record)
	after := l.run("spf", "tree", "example.com", "--replay", record)
	if before != after {
		t.Errorf("the replay differs:\n%s\n%s", before, after)
	}
	if got := l.ask("spf", "tree", "two.test", "-v"); !strings.Contains(got.err, "query two.test. TXT at "+l.resolver) {
		t.Errorf("-v does not show the question: %s", got)
	}
}
