package dmarc

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDiscover(t *testing.T) {
	tests := []struct {
		name   string
		zone   string
		author string
		want   string // "RECORD DOMAIN SOURCE POLICY>EFFECTIVE", or a result
		psl    string // the same by RFC 7489; "=" when nothing differs
	}{
		{"the author domain's record", "_dmarc.example.com v=DMARC1;p=reject;sp=none", "example.com", "example.com p reject", "="},
		{"the organizational domain's, for a name that exists", "_dmarc.example.com v=DMARC1;p=reject;sp=none\na.example.com A", "a.example.com", "example.com sp none", "="},
		{"without sp, p", "_dmarc.example.com v=DMARC1;p=reject\na.example.com A", "a.example.com", "example.com p reject", "="},
		{"np for a name that does not exist", "_dmarc.example.com v=DMARC1;p=none;sp=quarantine;np=reject", "a.example.com", "example.com np reject", "example.com sp quarantine"},
		{"np is not for a name that exists", "_dmarc.example.com v=DMARC1;p=none;sp=quarantine;np=reject\na.example.com A", "a.example.com", "example.com sp quarantine", "="},
		{"a name with only names below it exists", "_dmarc.example.com v=DMARC1;p=none;np=reject\nx.a.example.com A", "a.example.com", "example.com p none", "="},
		{"an alias exists, wherever it leads", "_dmarc.example.com v=DMARC1;p=none;np=reject\na.example.com CNAME gone.example.net", "a.example.com", "example.com p none", "="},
		{"np without anything else falls to sp", "_dmarc.example.com v=DMARC1;p=none;sp=reject", "gone.example.com", "example.com sp reject", "="},
		{"np is not for the domain itself", "_dmarc.example.com v=DMARC1;p=none;np=reject", "example.com", "example.com p none", "="},
		{"a record between does not count", "_dmarc.mail.example.com v=DMARC1;p=none\n_dmarc.example.com v=DMARC1;p=reject", "a.mail.example.com", "example.com p reject", "="},
		{"the author's own record counts, though below", "_dmarc.mail.example.com v=DMARC1;p=none\n_dmarc.example.com v=DMARC1;p=reject", "mail.example.com", "mail.example.com p none", "="},
		{"a record that only the walk finds", "_dmarc.mail.example.com v=DMARC1;p=quarantine", "a.mail.example.com", "mail.example.com p quarantine", "none"},
		{"the public suffix's record", "_dmarc.example v=DMARC1;p=reject;sp=quarantine;psd=y\nbank.example A", "bank.example", "example sp quarantine", "none"},
		{"the public suffix's record, for no such name", "_dmarc.example v=DMARC1;p=none;np=reject;psd=y", "bank.example", "example np reject", "none"},
		{"the public suffix's is not used where the organization has one", "_dmarc.bank.example v=DMARC1;p=none\n_dmarc.example v=DMARC1;p=reject;psd=y", "a.bank.example", "bank.example p none", "="},
		{"mail from a public suffix itself", "_dmarc.example v=DMARC1;p=reject;sp=none;psd=y", "example", "example p reject", "="},
		{"an organization below psd=n", "_dmarc.a.example.com v=DMARC1;p=reject;psd=n\n_dmarc.example.com v=DMARC1;p=none", "b.a.example.com", "a.example.com p reject", "example.com p none"},
		{"no record", "", "example.com", "none", "="},
		{"no record below a suffix of the list", "", "a.example.co.uk", "none", "="},
		{"two records are none", "_dmarc.example.com v=DMARC1;p=none\n_dmarc.example.com v=DMARC1;p=reject", "example.com", "none", "="},
		{"two records, then the organizational domain's", "_dmarc.a.example.com v=DMARC1;p=none\n_dmarc.a.example.com v=DMARC1;p=none\n_dmarc.example.com v=DMARC1;p=reject", "a.example.com",
			"example.com p reject", "none"},
		{"other texts are none", "_dmarc.example.com v=spf1 -all", "example.com", "none", "="},
		{"t=y: reject becomes quarantine", "_dmarc.example.com v=DMARC1;p=reject;t=y", "example.com", "example.com p reject>quarantine", "example.com p reject"},
		{"t=y: quarantine becomes none", "_dmarc.example.com v=DMARC1;p=quarantine;t=y", "example.com", "example.com p quarantine>none", "example.com p quarantine"},
		{"t=y: none stays", "_dmarc.example.com v=DMARC1;p=none;t=y", "example.com", "example.com p none", "="},
		{"pct is for RFC 7489", "_dmarc.example.com v=DMARC1;p=reject;pct=10", "example.com", "example.com p reject", "example.com p reject"},
		{"pct of nothing", "_dmarc.example.com v=DMARC1;p=none;pct=10", "example.com", "example.com p none", "="},
		{"invalid p with rua", "_dmarc.example.com v=DMARC1;p=x;rua=mailto:a@example.com", "example.com", "example.com p none", "="},
		{"invalid p without rua", "_dmarc.example.com v=DMARC1;p=x", "example.com", "permerror", "="},
		{"invalid p without rua does not lead on to the parent", "_dmarc.a.example.com v=DMARC1;p=x\n_dmarc.example.com v=DMARC1;p=reject", "a.example.com", "permerror", "="},
		{"invalid sp with rua, for the domain itself", "_dmarc.example.com v=DMARC1;p=reject;sp=x;rua=mailto:a@example.com", "example.com", "example.com p none", "="},
		{"invalid np is for RFC 9989 alone", "_dmarc.example.com v=DMARC1;p=reject;np=x", "example.com", "permerror", "example.com p reject"},
		{"SERVFAIL at the author domain", "_dmarc.example.com SERVFAIL", "example.com", "temperror", "="},
		{"SERVFAIL in mid-walk", "_dmarc.mail.example.com SERVFAIL\n_dmarc.example.com v=DMARC1;p=reject", "a.mail.example.com", "temperror", "example.com p reject"},
		{"SERVFAIL above the author's own record", "_dmarc.example.com v=DMARC1;p=reject\n_dmarc.com SERVFAIL", "example.com", "example.com p reject", "="},
		{"a timeout at the top level", "_dmarc.com TIMEOUT", "example.com", "temperror", "none"},
		{"existence not known, and it matters", "_dmarc.example.com v=DMARC1;p=none;np=reject\na.example.com SERVFAIL", "a.example.com", "temperror", "example.com p none"},
		{"existence not known, and it does not matter", "_dmarc.example.com v=DMARC1;p=reject;np=reject\na.example.com SERVFAIL", "a.example.com", "example.com p reject", "="},
		{"no domain", "", "not a domain", "none", "="},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			z := newZone(t, tt.zone)
			d := Discover(t.Context(), z, tt.author)
			if got := policyText(d.Result, d.RecordDomain, d.PolicySource, d.Policy, d.EffectivePolicy); got != tt.want {
				t.Errorf("Discover(%s) = %s, want %s (reason: %s)", tt.author, got, tt.want, d.Reason)
			}
			if (d.Result != "") && d.Reason == "" {
				t.Errorf("%s without a reason", d.Result)
			}
			wantPSL := strings.Replace(tt.psl, "=", tt.want, 1)
			if got := policyText(d.PSL.Result, d.PSL.RecordDomain, d.PSL.PolicySource, d.PSL.Policy, d.PSL.Policy); got != wantPSL {
				t.Errorf("by RFC 7489: %s, want %s", got, wantPSL)
			}
			if got := len(d.PSL.Differences) > 0; got != d.PSL.Differs {
				t.Errorf("differs = %v with %v", d.PSL.Differs, d.PSL.Differences)
			}
			if tt.psl != "=" && !d.PSL.Differs {
				t.Errorf("RFC 7489 differs, unnoticed")
			}
			z.once()
		})
	}
}

func policyText(result Result, domain string, source Source, policy, effective Policy) string {
	if result != "" {
		return string(result)
	}
	s := fmt.Sprintf("%s %s %s", domain, source, policy)
	if effective != policy {
		s += ">" + string(effective)
	}
	return s
}

func TestDifferences(t *testing.T) {
	tests := []struct {
		name, zone, author string
		want               []string
	}{
		{"nothing", "_dmarc.example.com v=DMARC1;p=reject", "example.com", nil},
		{"nothing without any record", "", "a.example.com", nil},
		{"a suffix of the list that has a record", "_dmarc.co.uk v=DMARC1;p=reject", "example.co.uk", []string{"organizational domain", "record", "policy", "result"}},
		{"psd=n below the list's domain", "_dmarc.a.example.com v=DMARC1;p=none;psd=n", "a.example.com", []string{"organizational domain"}},
		{"pct", "_dmarc.example.com v=DMARC1;p=reject;pct=0", "example.com", []string{"policy"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := Discover(t.Context(), newZone(t, tt.zone), tt.author)
			if diff := cmp.Diff(tt.want, d.PSL.Differences); diff != "" {
				t.Errorf("differences (-want +got):\n%s", diff)
			}
		})
	}
}

func TestEvaluate(t *testing.T) {
	const plain = "_dmarc.example.com v=DMARC1;p=reject\n"
	tests := []struct {
		name string
		zone string
		in   string // "FROM [spf=RESULT:DOMAIN] [dkim=RESULT:DOMAIN]…"
		want string // "RESULT [spf] [dkim=DOMAINS]"
		psl  string // the same by RFC 7489; "=" when it is
	}{
		{"nothing passes", plain, "example.com", "fail", "="},
		{"SPF of the same domain", plain, "example.com spf=pass:example.com", "pass spf", "="},
		{"SPF of a subdomain", plain, "example.com spf=pass:bounce.example.com", "pass spf", "="},
		{"SPF of the parent", plain, "news.example.com spf=pass:example.com", "pass spf", "="},
		{"SPF of a sibling", plain, "news.example.com spf=pass:bounce.example.com", "pass spf", "="},
		{"SPF of someone else", plain, "example.com spf=pass:example.net", "fail", "="},
		{"SPF of a name that only ends alike", plain, "example.com spf=pass:badexample.com", "fail", "="},
		{"SPF that failed", plain, "example.com spf=fail:example.com", "fail", "="},
		{"SPF that is neutral", plain, "example.com spf=neutral:example.com", "fail", "="},
		{"DKIM of the same domain", plain, "example.com dkim=pass:example.com", "pass dkim=example.com", "="},
		{"one signature of several suffices", plain, "example.com dkim=fail:example.com dkim=pass:example.net dkim=pass:mail.example.com", "pass dkim=mail.example.com", "="},
		{"each aligned domain once", plain, "example.com dkim=pass:example.com dkim=pass:EXAMPLE.com", "pass dkim=example.com", "="},
		{"both", plain, "example.com spf=pass:example.com dkim=pass:example.com", "pass spf dkim=example.com", "="},
		{"strict DKIM", "_dmarc.example.com v=DMARC1;p=reject;adkim=s", "example.com dkim=pass:mail.example.com", "fail", "="},
		{"strict DKIM of the same domain", "_dmarc.example.com v=DMARC1;p=reject;adkim=s", "example.com dkim=pass:example.com", "pass dkim=example.com", "="},
		{"adkim is not for SPF", "_dmarc.example.com v=DMARC1;p=reject;adkim=s", "example.com spf=pass:mail.example.com", "pass spf", "="},
		{"strict SPF", "_dmarc.example.com v=DMARC1;p=reject;aspf=s", "example.com spf=pass:mail.example.com", "fail", "="},
		{"strict SPF for a subdomain by the organization's record", "_dmarc.example.com v=DMARC1;p=reject;aspf=s", "a.example.com spf=pass:example.com", "fail", "="},
		{"psd=n divides", plain + "_dmarc.a.example.com v=DMARC1;p=none;psd=n", "example.com dkim=pass:x.a.example.com", "fail", "pass dkim=x.a.example.com"},
		{"psd=n divides the other way", plain + "_dmarc.a.example.com v=DMARC1;p=none;psd=n", "a.example.com dkim=pass:example.com", "fail", "pass dkim=example.com"},
		{"psd=y divides", "_dmarc.example.com v=DMARC1;p=none;psd=y\n_dmarc.a.example.com v=DMARC1;p=reject", "x.a.example.com dkim=pass:b.example.com", "fail", "pass dkim=b.example.com"},
		{"siblings without a record of their own have their own organization", "_dmarc.a.example.com v=DMARC1;p=reject", "a.example.com dkim=pass:b.example.com", "fail", "pass dkim=b.example.com"},
		{"an own record of a subdomain does not divide", plain + "_dmarc.a.example.com v=DMARC1;p=none", "a.example.com dkim=pass:example.com", "pass dkim=example.com", "="},
		{"a suffix that is not on the list", "_dmarc.example.com v=DMARC1;p=none;psd=y\n_dmarc.a.example.com v=DMARC1;p=reject", "a.example.com spf=pass:x.a.example.com", "pass spf", "="},
		{"no record", "", "example.com spf=pass:example.com", "none", "="},
		{"an unusable record", "_dmarc.example.com v=DMARC1;p=x", "example.com spf=pass:example.com", "permerror", "="},
		{"SPF temperror", plain, "example.com spf=temperror:example.com", "temperror", "="},
		{"SPF temperror of someone else cannot matter", plain, "example.com spf=temperror:example.net", "fail", "="},
		{"DKIM temperror", plain, "example.com spf=fail:example.com dkim=temperror:example.com", "temperror", "="},
		{"a pass beside a temperror", plain, "example.com spf=temperror:example.com dkim=pass:example.com", "pass dkim=example.com", "="},
		{"SPF permerror is a failure", plain, "example.com spf=permerror:example.com", "fail", "="},
		{"SERVFAIL at the author domain", "_dmarc.example.com SERVFAIL", "example.com spf=pass:example.com", "temperror", "="},
		{"SERVFAIL above, but the same domain", plain + "_dmarc.com SERVFAIL", "example.com spf=pass:example.com", "pass spf", "="},
		{"SERVFAIL above, and another domain", plain + "_dmarc.com SERVFAIL", "example.com spf=pass:a.example.com", "temperror", "pass spf"},
		{"SERVFAIL above, and nothing passes", plain + "_dmarc.com SERVFAIL", "example.com spf=fail:a.example.com", "fail", "="},
		{"SERVFAIL above, and someone else passes", plain + "_dmarc.com SERVFAIL", "example.com spf=pass:example.net", "fail", "="},
		{"SERVFAIL at the identifier", plain + "_dmarc.a.example.com SERVFAIL", "example.com dkim=pass:a.example.com", "temperror", "pass dkim=a.example.com"},
		{"SERVFAIL at an identifier of someone else is not met", plain + "_dmarc.example.net SERVFAIL", "example.com dkim=pass:example.net", "fail", "="},
		{"np not known, nothing passes", "_dmarc.example.com v=DMARC1;p=none;np=reject\na.example.com SERVFAIL", "a.example.com", "temperror", "fail"},
		{"np not known, but something passes", "_dmarc.example.com v=DMARC1;p=none;np=reject\na.example.com SERVFAIL", "a.example.com dkim=pass:example.com", "pass dkim=example.com", "="},
		{"U-labels", "_dmarc.xn--bcher-kva.example v=DMARC1;p=reject", "bücher.example dkim=pass:xn--bcher-kva.example", "pass dkim=xn--bcher-kva.example", "="},
		{"an identifier that is no domain", plain, "example.com dkim=pass:..", "fail", "="},
		{"no author domain", "", "[192.0.2.1] spf=pass:example.com", "none", "="},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			z := newZone(t, tt.zone)
			e := Evaluate(t.Context(), z, input(tt.in))
			if got := resultText(e.Result, e.SPFAligned, e.DKIMAligned); got != tt.want {
				t.Errorf("Evaluate(%s) = %s, want %s (reason: %s; %+v)", tt.in, got, tt.want, e.Reason, e.Identifiers)
			}
			wantPSL := strings.Replace(tt.psl, "=", tt.want, 1)
			if len(tt.psl) > 1 {
				wantPSL = tt.psl
			}
			if got := resultText(e.PSL.Result, e.PSL.SPFAligned, e.PSL.DKIMAligned); got != wantPSL {
				t.Errorf("by RFC 7489: %s, want %s", got, wantPSL)
			}
			if wantPSL != tt.want && !e.PSL.Differs {
				t.Error("RFC 7489 differs, unnoticed")
			}
			if e.Result == ResultTempError && e.Reason == "" {
				t.Error("temperror without a reason")
			}
			z.once()
		})
	}
}

func input(s string) Input {
	fields := strings.Fields(s)
	in := Input{From: fields[0]}
	for _, f := range fields[1:] {
		method, rest, _ := strings.Cut(f, "=")
		result, domain, _ := strings.Cut(rest, ":")
		if method == "spf" {
			in.SPF = Auth{result, domain}
		} else {
			in.DKIM = append(in.DKIM, Auth{result, domain})
		}
	}
	return in
}

func resultText(result Result, spf bool, dkim []string) string {
	s := string(result)
	if spf {
		s += " spf"
	}
	if len(dkim) > 0 {
		s += " dkim=" + strings.Join(dkim, ",")
	}
	return s
}

func TestEvaluateJSON(t *testing.T) {
	z := newZone(t, "_dmarc.example.com v=DMARC1; p=reject; sp=quarantine; t=y\nnews.example.com A")
	e := Evaluate(t.Context(), z, input("news.example.com spf=fail:example.com dkim=pass:example.com"))
	e.Queries, e.Identifiers = nil, nil // shown elsewhere
	got, err := json.MarshalIndent(e, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	want := `{
 "result": "pass",
 "reason": "",
 "record_domain": "example.com",
 "record": "v=DMARC1; p=reject; sp=quarantine; t=y",
 "org_domain": "example.com",
 "policy": "quarantine",
 "policy_source": "sp",
 "effective_policy": "none",
 "spf_aligned": false,
 "dkim_aligned": [
  "example.com"
 ],
 "identifiers": null,
 "queries": null,
 "psl": {
  "org_domain": "example.com",
  "result": "pass",
  "record_domain": "example.com",
  "policy": "quarantine",
  "policy_source": "sp",
  "pct": 100,
  "spf_aligned": false,
  "dkim_aligned": [
   "example.com"
  ],
  "differs": true,
  "differences": [
   "policy"
  ]
 }
}`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestEvaluateShowsItsQueries(t *testing.T) {
	z := newZone(t, "_dmarc.example.com v=DMARC1;p=none;np=reject\n_dmarc.com SERVFAIL")
	e := Evaluate(t.Context(), z, input("example.com dkim=pass:a.example.com"))
	want := []Query{
		{Name: "_dmarc.example.com", Type: "TXT", Rcode: "NOERROR", Answers: []string{"v=DMARC1;p=none;np=reject"}, MS: 1},
		{Name: "_dmarc.com", Type: "TXT", Rcode: "SERVFAIL", Answers: []string{}, Error: "SERVFAIL"},
	}
	if diff := cmp.Diff(want, e.Queries); diff != "" {
		t.Errorf("queries (-want +got):\n%s", diff)
	}
}

// A message may carry any number of signatures; what they cost is bounded, and
// what was not looked at is not called a failure.
func TestEvaluateBoundsItsQueries(t *testing.T) {
	z := newZone(t, "_dmarc.example.com v=DMARC1;p=reject\n_dmarc.x.example.com v=DMARC1;p=none;psd=n")
	in := Input{From: "example.com"}
	for i := range 10000 {
		in.DKIM = append(in.DKIM, Auth{"pass", fmt.Sprintf("s%d.x.example.com", i)})
	}
	e := Evaluate(t.Context(), z, in)
	if len(z.asked) > maxWalks+10 {
		t.Errorf("%d questions asked", len(z.asked))
	}
	if e.Result != ResultTempError {
		t.Errorf("result = %s, want temperror: most signatures were not looked at", e.Result)
	}
}

func TestAlign(t *testing.T) {
	z := newZone(t, "_dmarc.example.com v=DMARC1;p=none\n_dmarc.a.example.com v=DMARC1;p=none;psd=n\n_dmarc.broken.example.com SERVFAIL")
	tests := []struct {
		author, domain string
		mode           Mode
		want           Alignment
	}{
		{"example.com", "mail.example.com", ModeRelaxed, Aligned},
		{"example.com", "mail.example.com", ModeStrict, NotAligned},
		{"example.com", "a.example.com", ModeRelaxed, NotAligned},
		{"example.com", "broken.example.com", ModeRelaxed, AlignmentUnknown},
		{"broken.example.com", "example.com", ModeRelaxed, AlignmentUnknown},
		{"broken.example.com", "broken.example.com", ModeRelaxed, Aligned},
		{"not a domain", "example.com", ModeRelaxed, NotAligned},
	}
	for _, tt := range tests {
		if got := Align(t.Context(), z, tt.author, tt.domain, tt.mode); got.Alignment != tt.want {
			t.Errorf("Align(%s, %s, %s) = %s (%s), want %s", tt.author, tt.domain, tt.mode, got.Alignment, got.Reason, tt.want)
		}
	}
}

func FuzzEvaluate(f *testing.F) {
	f.Add("a.example.com", "b.example.com", "v=DMARC1;p=none;np=reject", "pass")
	f.Add("example.com", "example.com", "v=DMARC1;p=x;psd=y", "temperror")
	f.Fuzz(func(t *testing.T, from, domain, record, result string) {
		z := &zone{t: t, lines: [][2]string{{"_dmarc.example.com", record}}}
		e := Evaluate(t.Context(), z, Input{From: from, SPF: Auth{result, domain}, DKIM: []Auth{{result, domain}}})
		if e.Result == "" || e.PSL.Result == "" {
			t.Fatalf("no result: %+v", e)
		}
		if e.Result == ResultPass && result != "pass" && !strings.EqualFold(result, "pass") {
			t.Fatalf("%q passes", result)
		}
		if e.Record != "" && e.Record != record {
			t.Fatalf("the record %q became %q", record, e.Record)
		}
	})
}
