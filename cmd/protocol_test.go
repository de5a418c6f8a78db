package cmd

import (
	"bytes"
	"context"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postmuster/postmuster/internal/dns"
	"github.com/postmuster/postmuster/internal/proto/dnsbl"
	"github.com/postmuster/postmuster/internal/proto/mtasts"
	"github.com/postmuster/postmuster/internal/proto/tlsrpt"
)

// shown is what a person and a script see of an answer.
func shown(a answer) outcome {
	p := newPage(80)
	a.text(p)
	return outcome{code: a.code, out: p.String()}
}

func TestMTASTSText(t *testing.T) {
	l := testEnv(t)
	r := mtastsReport{
		Discovery: mtasts.Discovery{
			Domain: "example.com", State: mtasts.StateValid, RecordName: "_mta-sts.example.com", RecordStatus: dns.StatusData,
			Texts: []string{"v=STSv1; id=1"}, Record: &mtasts.Record{Text: "v=STSv1; id=1", Valid: true},
			PolicyURL: "https://mta-sts.example.com/.well-known/mta-sts.txt", Response: &mtasts.Response{Status: 200, ContentType: "text/plain"},
			Policy: &mtasts.Policy{Text: "version: STSv1\nmode: enforce\nmx: *.example.com\nmax_age: 86400\n", Valid: true,
				Mode: mtasts.ModeEnforce, MX: []mtasts.MX{{Pattern: "*.example.com", Valid: true}}, MaxAge: 86400},
			PolicyIssues: []mtasts.Issue{{Severity: mtasts.SeverityWarning, Message: "max_age is short", Position: 47}},
		},
		MX: []mtastsMX{
			{Host: "mx1.example.com", Covered: true, Pattern: "*.example.com"},
			{Host: "mx.example.net", Problems: []string{"no mx pattern of the policy matches it"}},
			{Host: "mx2.example.com", Covered: true, Pattern: "*.example.com", Unknown: []string{"192.0.2.11: connect: timeout"}},
		},
	}
	l.golden("mta_sts_text", shown(answer{code: r.code(), text: r.write}))
	r.MX = r.MX[:1]
	if code := r.code(); code != exitMet {
		t.Errorf("exit code %d for a policy that is kept, want %d", code, exitMet)
	}
	r.State = mtasts.StateUnknown
	if code := r.code(); code != exitUndecided {
		t.Errorf("exit code %d for one that is not known, want %d", code, exitUndecided)
	}
}

// TestMTASTSJSON: the keys that programs read, the response's among them.
func TestMTASTSJSON(t *testing.T) {
	l := testEnv(t)
	l.zone("_fail._mta-sts.silent.test. TXT \"SERVFAIL\"\n_fail._smtp._tls.silent.test. TXT \"SERVFAIL\"\n")
	got := l.ask("mta-sts", "--json", "example.com")
	l.wantCode(got, exitNotMet)
	object := l.wantKeys(got, "domain", "state", "reason", "record_name", "record_status", "texts", "record_issues", "policy_url", "response",
		"policy_issues", "mx", "mx_error")
	if diff := cmp.Diff(map[string]any{"problem": "no host", "detail": "mta-sts.example.com has no address"}, object["response"]); diff != "" {
		t.Errorf("the response (-want +got):\n%s", diff)
	}
	for _, command := range []string{"mta-sts", "tls-rpt"} {
		got := l.ask(command, "silent.test")
		l.wantCode(got, exitUndecided)
		if !strings.Contains(got.out, ".silent.test. TXT: no answer\n") {
			t.Errorf("%s: it is not said that no answer came:\n%s", command, got.out)
		}
	}
}

func TestTLSRPTText(t *testing.T) {
	l := testEnv(t)
	d := tlsrpt.Discovery{
		Domain: "example.com", Name: "_smtp._tls.example.com", State: tlsrpt.StateValid, Status: dns.StatusData,
		Texts: []string{"v=TLSRPTv1; rua=mailto:tls@example.com"},
		Record: &tlsrpt.Record{Text: "v=TLSRPTv1; rua=mailto:tls@example.com", Valid: true,
			RUA: []tlsrpt.URI{{Text: "mailto:tls@example.com", Valid: true}}},
	}
	l.golden("tls_rpt_text", shown(answer{code: tlsrptCode(d.State), text: func(p *page) { tlsrptText(p, &d) }}))
}

func TestBlocklistText(t *testing.T) {
	l := testEnv(t)
	dead := blocklistZone{Proof: dnsbl.Proof{Zone: "broken.test", Kind: dnsbl.KindIPv4}, NotAsked: "blocked query: the list refuses this resolver", Effect: dnsbl.EffectBlock}
	r := &blocklistReport{
		Zones: []blocklistZone{{Proof: dnsbl.Proof{Zone: "bl.test", Kind: dnsbl.KindIPv4, Usable: true}, Effect: dnsbl.EffectBlock, Removal: "https://bl.test/removal"}, dead},
		Subjects: []blocklistSubject{
			{Subject: "192.0.2.1", Kind: dnsbl.KindIPv4, Listings: []dnsbl.Listing{{Zone: "bl.test", State: dnsbl.StateListed, Effect: dnsbl.EffectBlock,
				Matches: []dnsbl.Match{{Code: netip.MustParseAddr("127.0.0.2"), Meaning: "spam source"}}, TXT: []string{"see https://bl.test/192.0.2.1"}}}},
			{Subject: "192.0.2.2", Kind: dnsbl.KindIPv4, Listings: []dnsbl.Listing{{Zone: "bl.test", State: dnsbl.StateNotListed}}},
		},
	}
	l.golden("blocklist_text", shown(answer{code: r.code(), text: r.write}))
	r.Subjects = r.Subjects[1:]
	if code := r.code(); code != exitUndecided {
		t.Errorf("exit code %d though a list could not be asked, want %d", code, exitUndecided)
	}
	r.Zones = r.Zones[:1]
	if code := r.code(); code != exitMet {
		t.Errorf("exit code %d for a clean address, want %d", code, exitMet)
	}
}

func TestLint(t *testing.T) {
	l := testEnv(t)
	for _, test := range []struct {
		kind, text string
		code       int
	}{
		{"spf", "v=spf1 -all", exitMet},
		{"spf", "v=spf1 -al", exitNotMet},
		{"dkim", "v=DKIM1; k=ed25519; p=O2onvM62pC1io6jQKm8Nc2UyFXcd4kOmOsBIoYtZ2ik=", exitMet},
		{"dkim", "v=DKIM1; p=AAAA", exitNotMet},
		{"dmarc", "v=DMARC1; p=none", exitMet},
		{"dmarc", "p=none", exitNotMet},
		{"bimi", "v=BIMI1; l=https://example.com/logo.svg", exitMet},
		{"bimi", "v=BIMI1; l=http://example.com/logo.svg", exitNotMet},
		{"authres", "mx.example.org; spf=pass smtp.mailfrom=example.com", exitMet},
		{"authres", "mx.example.org; spf", exitNotMet},
		{"spf", "", exitNotMet},
	} {
		got := l.run("lint", "--json", "--kind", test.kind, "--text", test.text)
		l.wantCode(got, test.code)
		object := l.wantKeys(got, "valid", "issues")
		if object["valid"] != (test.code == exitMet) {
			t.Errorf("valid is %v:\n%s", object["valid"], got)
		}
		for _, i := range object["issues"].([]any) {
			for _, key := range []string{"severity", "message", "position"} {
				if _, ok := i.(map[string]any)[key]; !ok {
					t.Errorf("an issue has no %s: %v", key, i)
				}
			}
		}
	}
	l.wantUsage(l.run("lint", "--kind", "spam", "--text", "x"), "there are spf, dkim, dmarc, mtasts, mtasts-policy, tlsrpt, bimi, authres")
	l.wantUsage(l.run("lint", "--kind", "spf"), "--text")
}

// TestLintFindsTheErrorAmongTheAdvice: what is listed is bounded, and the error
// that decides comes last.
func TestLintFindsTheErrorAmongTheAdvice(t *testing.T) {
	l := testEnv(t)
	for kind, text := range map[string]string{
		"spf":           "v=spf1 " + strings.Repeat("ip4:10.0.0.1 ", 150) + "moo -all",
		"dkim":          "p=O2onvM62pC1io6jQKm8Nc2UyFXcd4kOmOsBIoYtZ2ik=" + strings.Repeat("; x=", 150) + "; k=moo",
		"dmarc":         "v=DMARC1" + strings.Repeat(";", 150) + "p=moo",
		"mtasts":        "v=STSv1" + strings.Repeat(";", 150) + "id=-",
		"mtasts-policy": "version: STSv1\n" + strings.Repeat("moo: 1\n", 150) + "mode: moo\n",
		"tlsrpt":        "v=TLSRPTv1" + strings.Repeat("; x=1", 150) + "; rua=moo",
		"bimi":          "v=BIMI1" + strings.Repeat("; x=1", 150) + "; l=moo",
		"authres":       "mx.example.org" + strings.Repeat("; spf=moo", 150) + "; moo",
	} {
		if got := l.run("lint", "--kind", kind, "--text", text); got.code != exitNotMet {
			t.Errorf("%s: exit code %d, want %d:\n%.300s", kind, got.code, exitNotMet, got.out)
		}
	}
}

// TestProtocolCommandsExplainThemselves: each says its exit codes and has two
// examples.
func TestProtocolCommandsExplainThemselves(t *testing.T) {
	l := testEnv(t)
	for _, command := range []string{
		"spf eval", "spf tree", "spf lint", "spf flatten", "dkim verify", "dkim key", "dkim sign", "dmarc eval", "dmarc walk", "dmarc lint",
		"arc verify", "mta-sts", "tls-rpt", "dane", "dane check", "dnssec", "bimi", "bimi lint-svg", "blocklist", "smtp", "lint",
	} {
		got := l.run(append(strings.Fields(command), "--help")...)
		l.wantCode(got, exitMet)
		_, examples, _ := strings.Cut(got.out, "Examples:")
		if strings.Count(examples, "postmuster "+command) < 2 || !strings.Contains(got.out, "Exit codes: 0") {
			t.Errorf("%s --help has not two examples and its exit codes:\n%s", command, got.out)
		}
		for _, line := range strings.Split(got.out, "\n") {
			if len([]rune(line)) > 100 && !strings.HasPrefix(line, "      --") && !strings.HasPrefix(line, "  -") {
				t.Errorf("%s --help has a line of %d columns: %s", command, len(line), line)
			}
		}
	}
}

func TestFixedValuesAreCompleted(t *testing.T) {
	l := testEnv(t)
	for _, test := range [][]string{
		{"json", "spf", "tree", "--format", ""}, {"mtasts-policy", "lint", "--kind", ""}, {"relaxed/simple", "dkim", "sign", "--canonicalization", ""},
	} {
		got := l.run(append([]string{"__complete"}, test[1:]...)...)
		if !strings.Contains(got.out, test[0]+"\n") {
			t.Errorf("%v does not offer %s:\n%s", test[1:], test[0], got)
		}
	}
}

func TestAnInterruptedCommandSaysSo(t *testing.T) {
	l := testEnv(t)
	l.zone(spfZone)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	env := *l.Env
	var out, err bytes.Buffer
	env.Out, env.Err = &out, &err
	code := Run(ctx, &env, []string{"spf", "tree", "example.com", "--resolver", l.resolver})
	if code != exitUndecided || out.Len() > 0 || err.String() != "postmuster: interrupted\n" {
		t.Errorf("exit code %d, output %q, error output %q", code, &out, &err)
	}
}
