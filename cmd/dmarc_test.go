package cmd

import "testing"

const dmarcZone = `
_dmarc.example.com. TXT "v=DMARC1; p=reject; sp=quarantine; np=reject; t=y; rua=mailto:dmarc@example.com,mailto:in@reports.test"
news.example.com. A 192.0.2.1
_dmarc.example.net. TXT "v=spf1 -all"
_dmarc.net. TXT "v=DMARC1; p=reject; psd=y"
_dmarc.example.org. TXT "v=DMARC1; p=none; pct=50"
_dmarc.two.test. TXT "v=DMARC1; p=reject"
_dmarc.two.test. TXT "v=DMARC1; p=none"
_dmarc.two.test. TXT "google-site-verification=1"
_fail._dmarc.silent.test. TXT "SERVFAIL"
`

func TestDMARCEval(t *testing.T) {
	l := testEnv(t)
	l.zone(dmarcZone)
	tests := []struct {
		name string
		args []string
		code int
	}{
		{"pass", []string{"--from", "example.com", "--spf", "pass:bounces.example.com", "--dkim", "fail:example.com"}, exitMet},
		{"fail", []string{"--from", "me@news.example.com", "--spf", "pass:example.net", "--dkim", "pass:mailer.test"}, exitNotMet},
		{"none", []string{"--from", "nothing.test"}, exitNotMet},
		{"temperror", []string{"--from", "silent.test", "--dkim", "pass:silent.test"}, exitUndecided},
	}
	for _, test := range tests {
		got := l.ask(append([]string{"dmarc", "eval"}, test.args...)...)
		l.wantCode(got, test.code)
		l.golden("dmarc_eval_"+test.name, got)
	}
}

func TestDMARCEvalJSON(t *testing.T) {
	l := testEnv(t)
	l.zone(dmarcZone)
	object := l.wantKeys(l.ask("dmarc", "eval", "--json", "--from", "news.example.com", "--spf", "pass:example.com"),
		"result", "reason", "record_domain", "record", "org_domain", "policy", "policy_source", "effective_policy",
		"spf_aligned", "dkim_aligned", "identifiers", "queries", "psl")
	for key, want := range map[string]any{"policy": "quarantine", "policy_source": "sp", "effective_policy": "none", "spf_aligned": true} {
		if object[key] != want {
			t.Errorf("%s is %v, want %v", key, object[key], want)
		}
	}
	psl := object["psl"].(map[string]any)
	for _, key := range []string{"org_domain", "result", "differs"} {
		if _, ok := psl[key]; !ok {
			t.Errorf("psl has no %s: %v", key, psl)
		}
	}
}

func TestDMARCEvalUsage(t *testing.T) {
	l := testEnv(t)
	l.wantUsage(l.ask("dmarc", "eval"), "--from")
	l.wantUsage(l.ask("dmarc", "eval", "--from", "example.com", "--spf", "passed"), `"passed" is not RESULT:DOMAIN`)
	l.wantUsage(l.ask("dmarc", "eval", "--from", "example.com", "--dkim", "pass:"), "a domain like example.com was expected")
}

func TestDMARCWalk(t *testing.T) {
	l := testEnv(t)
	l.zone(dmarcZone)
	for name, code := range map[string]int{
		"a.b.gone.example.com": exitMet, "news.example.com": exitMet, "www.example.net": exitMet, "example.org": exitMet,
		"nothing.test": exitNotMet, "two.test": exitNotMet, "silent.test": exitUndecided,
	} {
		got := l.ask("dmarc", "walk", name)
		l.wantCode(got, code)
		l.golden("dmarc_walk_"+name, got)
	}
	l.wantKeys(l.ask("dmarc", "walk", "--json", "example.com"), "author_domain", "org_domain", "record_domain", "location", "record",
		"issues", "policy", "policy_source", "effective_policy", "walk", "queries", "psl", "destinations")
}

func TestDMARCLint(t *testing.T) {
	l := testEnv(t)
	got := l.run("dmarc", "lint", "v=DMARC1; pct=50; p=rejct; rua=dmarc@example.com")
	l.wantCode(got, exitNotMet)
	l.golden("dmarc_lint", got)
	l.wantCode(l.run("dmarc", "lint", "v=dmarc1; p=reject"), exitNotMet)
	l.wantCode(l.run("dmarc", "lint", "v=DMARC1; rua=mailto:dmarc@example.com"), exitMet) // RFC 9989 §4.7: p is recommended
	l.wantUsage(l.run("dmarc", "lint"), "the text of a record")
}
