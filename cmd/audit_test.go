package cmd

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/internal/dns"
	"github.com/postmuster/postmuster/internal/proto/dane"
	"github.com/postmuster/postmuster/internal/report"
	"github.com/postmuster/postmuster/internal/testkit/smtptest"
)

// inOrder is a domain without a fault that fails a gate.
const inOrder = `
example.com. MX 10 mx.example.com.
example.com. TXT "v=spf1 mx -all"
_dmarc.example.com. TXT "v=DMARC1; p=reject; rua=mailto:dmarc@example.com"
mail._domainkey.example.com. TXT "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
mx.example.com. A 192.0.2.10
10.2.0.192.in-addr.arpa. PTR mx.example.com.
`

func reports(t *testing.T, text string) []*report.Report {
	t.Helper()
	var reports []*report.Report
	if err := json.Unmarshal([]byte(text), &reports); err != nil {
		t.Fatalf("not an array of reports: %v\n%s", err, text)
	}
	return reports
}

func resultOf(t *testing.T, r *report.Report, check string) report.Result {
	t.Helper()
	for _, result := range r.Results {
		if result.Check == check {
			return result
		}
	}
	t.Fatalf("the report has no result of %s", check)
	return report.Result{}
}

// policies are the records beside inOrder of a domain that leaves nothing out: of a
// mail server with this certificate, with the record of its next key.
func policies(certificate *x509.Certificate) string {
	return `
_mta-sts.example.com. TXT "v=STSv1; id=1"
mta-sts.example.com. A 192.0.2.80
_smtp._tls.example.com. TXT "v=TLSRPTv1; rua=mailto:tls@example.com"
default._bimi.example.com. TXT "v=BIMI1; l=; a=;"
_25._tcp.mx.example.com. TLSA ` + dane.Record(certificate, dane.UsageDANEEE, dane.SelectorSPKI, dane.MatchSHA256).String() + `
_25._tcp.mx.example.com. TLSA 3 1 1 0000000000000000000000000000000000000000000000000000000000000001
`
}

// mtaSTS serves an enforced policy with these lines for the MX hosts.
func mtaSTS(mx string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		fmt.Fprintf(w, "version: STSv1\nmode: enforce\n%s\nmax_age: 604800\n", mx)
	}
}

// TestPoliciesThatLoseMail plays what the policies of a domain do to its mail when
// the mail server changes and nobody thinks of them; and that a recording of it
// says the same.
func TestPoliciesThatLoseMail(t *testing.T) {
	l := testEnv(t)
	l.zone(inOrder + signedZone(t) + policies(l.ca.Issue(smtptest.Leaf{Names: []string{"mx.example.com"}}).Leaf))
	l.mx("192.0.2.10", "mx.example.com", smtptest.Config{}) // with a key of its own
	l.web("192.0.2.80", mtaSTS("mx: old.example.com"), "mta-sts.example.com")
	recorded := l.file("recording.json", "")
	audited := l.ask("audit", "--selector", "mail", "--no-blocklists", "--json", "--record", recorded, "example.com")
	l.wantCode(audited, exitNotMet)
	r := report.Report{}
	if err := json.Unmarshal([]byte(audited.out), &r); err != nil {
		t.Fatal(err)
	}
	for _, check := range []string{"mta-sts-mx-none", "dane-deliverable", "dane-match"} {
		if got := resultOf(t, &r, check); got.Outcome != checks.OutcomeFail {
			t.Errorf("%s: %s (%s), want fail", check, got.Outcome, got.Reason)
		}
	}
	if replayed := l.run("audit", "--replay", recorded, "--selector", "mail", "--no-blocklists", "--json", "example.com"); replayed.out != audited.out {
		t.Errorf("the replay says something else:\n%s", replayed.out)
	}
}

func TestAuditOfADomainInOrder(t *testing.T) {
	l := testEnv(t)
	certificate := l.ca.Issue(smtptest.Leaf{Names: []string{"mx.example.com"}})
	server := l.zone(inOrder + signedZone(t) + policies(certificate.Leaf))
	l.mx("192.0.2.10", "mx.example.com", smtptest.Config{TLS: &tls.Config{Certificates: []tls.Certificate{certificate}}})
	l.web("192.0.2.80", mtaSTS("mx: mx.example.com"), "mta-sts.example.com")
	got := l.ask("audit", "--selector", "mail", "--no-blocklists", "example.com")
	l.wantCode(got, exitMet)
	for _, want := range []string{"example.com\n", "gate     met", "Nothing to mend", "grade A"} {
		if !strings.Contains(got.out, want) {
			t.Errorf("the report lacks %q:\n%s", want, got)
		}
	}
	if strings.ContainsRune(got.out, '\x1b') {
		t.Error("a pipe gets colours")
	}
	for name, dnsType := range map[string]dns.Type{"example.com": dns.TypeTXT, "_dmarc.example.com": dns.TypeTXT, "mx.example.com": dns.TypeA} {
		if n := server.Count(name, dnsType); n != 1 {
			t.Errorf("%s %s was asked %d times for all the checks that need it, want once", name, dnsType, n)
		}
	}
}

func TestAuditGoesOnAfterWhatIsNoDomain(t *testing.T) {
	l := testEnv(t)
	l.zone(inOrder)
	l.In = strings.NewReader("# ours\n\n192.0.2.1\nexample.com\n")
	got := l.ask("audit", "--no-smtp", "--no-blocklists", "--json", "not_a_domain", "-", "example.com")
	l.wantCode(got, exitUsage)
	if rs := reports(t, got.out); len(rs) != 2 || rs[0].Subject.Domain != "example.com" {
		t.Errorf("want both domains audited:\n%s", got)
	}
	for _, want := range []string{`"not_a_domain" is not a domain`, `standard input, line 3: "192.0.2.1": an address where a domain was expected`} {
		if !strings.Contains(got.err, want) {
			t.Errorf("standard error lacks %q:\n%s", want, got.err)
		}
	}
}

func TestAuditSaysOneObjectOrOneALine(t *testing.T) {
	l := testEnv(t)
	l.zone(inOrder)
	one := l.ask("audit", "--no-smtp", "--no-blocklists", "--format", "json", "example.com")
	l.wantKeys(one, "schema", "tool", "subject", "profile", "at", "score", "gate", "providers", "results")
	lines := l.ask("audit", "--no-smtp", "--no-blocklists", "--format", "ndjson", "example.com", "example.net")
	split := strings.Split(strings.TrimSpace(lines.out), "\n")
	if len(split) != 2 || !json.Valid([]byte(split[0])) || !json.Valid([]byte(split[1])) {
		t.Errorf("want a JSON object on each of two lines:\n%s", lines)
	}
}

func TestGateOfAnAudit(t *testing.T) {
	l := testEnv(t)
	l.zone(strings.Replace(inOrder, "v=spf1 mx -all", "v=spf1 mx +all", 1) + "_fail.example.net. TXT \"SERVFAIL\"\n")
	tests := []struct {
		name string
		args []string
		want int
	}{
		{"high by default", []string{"example.com"}, exitNotMet},
		{"only blockers", []string{"--fail-on", "blocker", "example.com"}, exitMet},
		{"nothing", []string{"--fail-on", "none", "example.com"}, exitMet},
		{"a score", []string{"--fail-on", "none", "--min-score", "99", "example.com"}, exitNotMet},
		{"without the check", []string{"--skip", "spf-pass-all", "--skip", "dkim-*", "example.com"}, exitMet},
		{"what cannot be found out", []string{"example.net"}, exitUndecided},
		{"the worst of several", []string{"example.net", "example.com"}, exitNotMet},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := l.ask(slices.Concat([]string{"audit", "--no-smtp", "--no-blocklists"}, test.args)...)
			if got.code != test.want {
				t.Errorf("exit code %d, want %d:\n%s", got.code, test.want, got)
			}
		})
	}
}

func TestAuditOfRecordsBeforeTheyArePublished(t *testing.T) {
	l := testEnv(t)
	l.zone(inOrder)
	file := l.file("example.com.zone", "$ORIGIN example.com.\n$TTL 300\n@ SOA ns hostmaster 1 2 3 4 5\n@ MX 10 mx\n"+
		"@ TXT \"v=spf1 ip4:192.0.2.300 -all\"\nmx A 192.0.2.10\n")
	got := l.ask("audit", "--zone", file, "--no-smtp", "--no-blocklists", "--json", "example.com")
	l.wantCode(got, exitNotMet)
	var r report.Report
	if err := json.Unmarshal([]byte(got.out), &r); err != nil {
		t.Fatal(err)
	}
	if finding := resultOf(t, &r, "spf-syntax"); finding.Outcome != "fail" || finding.Findings[0].Evidence[0].Text != "v=spf1 ip4:192.0.2.300 -all" {
		t.Errorf("spf-syntax is %+v", finding)
	}
	if dmarc := resultOf(t, &r, "dmarc-present"); dmarc.Outcome != "fail" {
		t.Errorf("the zone has no DMARC record, and dmarc-present is %q: the published one shines through", dmarc.Outcome)
	}
	broken := l.file("broken.zone", "$ORIGIN example.com.\n$TTL 300\n@ MX ten mx\n")
	l.wantUsage(l.ask("audit", "--zone", broken, "example.com"), broken+":3:")
}

func TestAReplayIsTheSameReport(t *testing.T) {
	l := testEnv(t)
	l.zone(inOrder)
	l.mx("192.0.2.10", "mx.example.com", smtptest.Config{})
	file := filepath.Join(l.dir, "case.rec")
	for _, format := range []string{"table", "json", "ndjson"} {
		recorded := l.ask("audit", "--record", file, "--selector", "mail", "--no-blocklists", "--format", format, "example.com")
		elsewhere := testEnv(t) // without a network, at another time
		elsewhere.Now = func() time.Time { return testNow.AddDate(1, 0, 0) }
		replayed := elsewhere.run("audit", "--replay", file, "--format", format, "example.com")
		if diff := cmp.Diff(recorded.String(), replayed.String()); diff != "" {
			t.Errorf("%s: the replay differs (-recorded +replayed):\n%s", format, diff)
		}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"_dmarc.example.com", "p=reject", "EHLO probe.example.net", "2026-11-23T10:00:00Z"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the recording does not show %q to a reader", want)
		}
	}
}

func TestAReplayRemembersItsFlagsUnlessTheyAreGiven(t *testing.T) {
	l := testEnv(t)
	l.zone(inOrder)
	file := filepath.Join(l.dir, "case.rec")
	l.ask("audit", "--record", file, "--no-smtp", "--no-blocklists", "--select", "dkim-*", "--selector", "mail", "--selector", "old", "example.com")
	replayed := testEnv(t).run("audit", "--replay", file, "example.com")
	if !strings.Contains(replayed.out, "there is no key for selector old") || strings.Contains(replayed.out, "mx-present") {
		t.Errorf("want the selectors and the checks of the recording:\n%s", replayed)
	}
	given := testEnv(t).run("audit", "--replay", file, "--selector", "mail", "example.com")
	if strings.Contains(given.out, "selector old") {
		t.Errorf("want the selector that is given only:\n%s", given)
	}
	for _, header := range []string{"--smtp-port: many", "--fail-on: severe"} {
		broken := l.file("broken.rec", "postmuster recording 1\nat: 2026-11-23T10:00:00Z\n"+header+"\n")
		l.wantUsage(l.run("audit", "--replay", broken, "example.com"), strings.Fields(header)[1])
	}
}

func TestWhatWasNotRecordedIsInconclusiveByName(t *testing.T) {
	l := testEnv(t)
	l.zone(inOrder)
	file := filepath.Join(l.dir, "case.rec")
	l.ask("audit", "--record", file, "--no-smtp", "--no-blocklists", "example.com")
	got := testEnv(t).run("audit", "--replay", file, "--no-smtp", "--no-blocklists", "--select", "dkim-*", "--selector", "other", "example.com")
	l.wantCode(got, exitUndecided)
	if !strings.Contains(strings.Join(strings.Fields(got.out), " "), "query other._domainkey.example.com. TXT: not recorded") {
		t.Errorf("the question is not named:\n%s", got)
	}
}

func TestPort25LooksBlocked(t *testing.T) {
	l := testEnv(t)
	l.zone(inOrder + "example.net. MX 10 mx.example.net.\nmx.example.net. A 192.0.2.20\nmx.example.net. A 192.0.2.21\n")
	l.Dial = func(_ context.Context, network, _ string) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Net: network, Err: os.ErrDeadlineExceeded}
	}
	got := l.ask("audit", "--no-blocklists", "--json", "example.com", "example.net")
	if n := strings.Count(got.err, "outgoing port 25 looks blocked here"); n != 1 || !strings.Contains(got.err, "--no-smtp") {
		t.Errorf("it is said %d times, want once with the ways out:\n%s", n, got.err)
	}
	for _, r := range reports(t, got.out) {
		if result := resultOf(t, r, "smtp-reachable"); result.Outcome != "inconclusive" {
			t.Errorf("smtp-reachable of %s is %q, want inconclusive", r.Subject.Domain, result.Outcome)
		}
	}

	silent, err := net.Listen("tcp", "127.0.0.1:0") // the kernel takes the connection, and nobody speaks
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	l.lead("192.0.2.10:25", silent.Addr())
	l.Dial = l.dial
	got = l.ask("audit", "--no-blocklists", "--select", "smtp-*", "--timeout", "500ms", "example.com")
	if strings.Contains(got.err, "port 25") {
		t.Errorf("a server that keeps silent is no blocked port:\n%s", got)
	}

	delete(l.instead, "192.0.2.10:25") // refuses
	if got := l.ask("audit", "--no-blocklists", "example.com"); strings.Contains(got.err, "port 25") {
		t.Errorf("a server that refuses is no blocked port:\n%s", got.err)
	}
}

func TestNoNameServerIsAMistakeInTheCommand(t *testing.T) {
	l := testEnv(t)
	l.resolver = "127.0.0.1:1"
	l.wantUsage(l.ask("audit", "example.com"), "--resolver 127.0.0.1:1: no name server answers there: network: connection refused")
}

func TestAnOutputFileIsWholeOrAsItWas(t *testing.T) {
	l := testEnv(t)
	l.zone(inOrder)
	file := l.file("report.json", "as it was")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	l.Out, l.Err = io.Discard, io.Discard
	code := Run(ctx, l.Env, []string{"audit", "--resolver", l.resolver, "--no-smtp", "--output", file, "--json", "example.com"})
	if text, err := os.ReadFile(file); code == exitMet || err != nil || string(text) != "as it was" {
		t.Errorf("after an interruption (exit code %d) the file holds %q, %v", code, text, err)
	}
	l.ask("audit", "--no-smtp", "--no-blocklists", "--output", file, "--json", "example.com")
	if text, err := os.ReadFile(file); err != nil || !json.Valid(text) {
		t.Errorf("the file is no report: %v\n%s", err, text)
	}
}

func TestProfilesAreDetectedAndOverridden(t *testing.T) {
	l := testEnv(t)
	l.zone(inOrder + "example.net. MX 0 .\nexample.net. TXT \"v=spf1 -all\"\nexample.org. TXT \"v=spf1 a -all\"\nexample.org. MX 0 .\n")
	for domain, want := range map[string]string{"example.com": "sender", "example.net": "parked", "example.org": "send-only"} {
		var r report.Report
		got := l.ask("audit", "--no-smtp", "--no-blocklists", "--json", domain)
		if err := json.Unmarshal([]byte(got.out), &r); err != nil || string(r.Profile) != want {
			t.Errorf("%s has profile %q, want %q (%v)", domain, r.Profile, want, err)
		}
	}
	got := l.ask("audit", "--no-smtp", "--no-blocklists", "--profile", "receive-only", "--json", "example.com")
	if !strings.Contains(got.out, `"profile": "receive-only"`) {
		t.Errorf("--profile has no effect:\n%s", got)
	}
}

func TestUsageOfAudit(t *testing.T) {
	l := testEnv(t)
	l.zone("")
	tests := []struct{ name, args, want string }{
		{"no domain", "audit", "name at least one domain"},
		{"an unknown format", "audit --format xml example.com", `--format "xml": there are`},
		{"an unknown severity", "audit --fail-on severe example.com", "blocker, high, medium, low, none"},
		{"an unknown profile", "audit --profile hobby example.com", "sender, send-only, receive-only, parked"},
		{"a glob without a check", "audit --select spv-* example.com", `"spv-*"`},
		{"a score beyond 100", "audit --min-score 101 example.com", "between 0 and 100"},
		{"no time", "audit --timeout 0s example.com", "more than 0"},
		{"a sender that is no address", "audit --sender-ip mx1 example.com", `--sender-ip "mx1" is not an address`},
		{"a clock that is none", "audit --at yesterday example.com", `--at "yesterday"`},
		{"record and replay", "audit --record a --replay b example.com", "record replay"},
		{"a replay that is not there", "audit --replay DIR/none example.com", "no such file"},
		{"an unknown flag", "audit --frobnicate example.com", "--frobnicate"},
		{"an unknown command", "audti example.com", `unknown command "audti"`},
		{"an output folder that is not there", "audit --no-smtp --no-blocklists --output DIR/none/report example.com", "--output DIR/none/report"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			args := strings.Fields(strings.ReplaceAll(test.args, "DIR", l.dir))
			if args[0] == "audit" && test.name != "record and replay" && test.name != "a replay that is not there" {
				args = append(args, "--resolver", l.resolver)
			}
			l.wantUsage(l.run(args...), strings.ReplaceAll(test.want, "DIR", l.dir))
		})
	}
}
