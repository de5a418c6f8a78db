package report

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/mattn/go-runewidth"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/internal/verdict"
)

var update = flag.Bool("update", false, "write the golden files")

func sample() []*Report {
	at := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	lookups := &checks.Check{
		ID: "spf-lookup-limit", Title: "The SPF record needs at most 10 DNS lookups", Category: "spf", Scope: checks.Domain,
		Severity: checks.High, Points: 12, Why: "Receivers that count more return permerror, and so treat no mail as authorised.",
		Fix: "Remove the includes of services that no longer send for you.", Refs: []string{"RFC 7208 §4.6.4"},
	}
	policy := &checks.Check{
		ID: "dmarc-policy-none", Title: "The DMARC policy asks receivers to act", Category: "dmarc", Scope: checks.Domain,
		Severity: checks.Info, Why: "With p=none forged mail is delivered.", Fix: "Move to p=quarantine.", Refs: []string{"RFC 9989 §4.7"},
	}
	mx := &checks.Check{
		ID: "mx-reachable", Title: "Every MX answers", Category: "mx", Scope: checks.Domain, Severity: checks.Blocker, Points: 25,
		Why: "Mail waits in the sender's queue.", Fix: "Open port 25.", Refs: []string{"RFC 5321 §5.1"},
	}
	present := &checks.Check{ID: "spf-present", Title: "There is an SPF record", Category: "spf", Scope: checks.Domain, Severity: checks.High, Points: 10}
	results := []*checks.Result{
		{Check: policy, Outcome: checks.OutcomeFail, Findings: []checks.Finding{{
			Where: "dns:_dmarc.example.com/TXT", Message: "the policy is none", Record: "v=DMARC1; p=quarantine; rua=mailto:dmarc@example.com",
		}}},
		{Check: lookups, Outcome: checks.OutcomeFail, Findings: []checks.Finding{{
			Where: "dns:example.com/TXT", Message: "evaluating the record takes 12 DNS lookups",
			Evidence: checks.Seen("example.com. TXT", "v=spf1 include:_spf.example.net include:"+strings.Repeat("a-very-long-label.", 6)+"example.org \x1b[31m-all"),
		}}},
		{Check: mx, Outcome: checks.OutcomeInconclusive, Reason: "smtp:mx.example.com[192.0.2.1]:25: connect: timeout",
			Unknown: []checks.Unknown{{Where: "smtp:mx.example.com[192.0.2.1]:25", Reason: "connect: timeout"}}},
		{Check: present, Outcome: checks.OutcomePass},
	}
	tool := Tool{Name: "postmuster", Version: "1.2.3"}
	first := New(tool, Subject{Kind: checks.Domain, Domain: "example.com"}, checks.Sender, at, verdict.Judge(results, verdict.Policy{FailOn: checks.High}))
	clean := New(tool, Subject{Kind: checks.Domain, Domain: "example.net"}, checks.Sender, at, verdict.Judge(results[3:], verdict.Policy{FailOn: checks.High}))
	return []*Report{first, clean}
}

func render(t *testing.T, format string, style Style, reports ...*Report) string {
	t.Helper()
	var b bytes.Buffer
	w, err := NewWriter(format, &b, style)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range reports {
		if err := w.Write(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestGolden(t *testing.T) {
	reports := sample()
	tests := []struct {
		file, format string
		style        Style
		reports      []*Report
	}{
		{"table-80.txt", "table", Style{Width: 80}, reports[:1]},
		{"table-160.txt", "table", Style{Width: 160}, reports[:1]},
		{"table-colour.txt", "table", Style{Width: 80, Color: true}, reports[:1]},
		{"table-two.txt", "table", Style{Width: 80, Several: true}, reports},
		{"one.json", "json", Style{}, reports[:1]},
		{"two.json", "json", Style{Several: true}, reports},
		{"two.ndjson", "ndjson", Style{Several: true}, reports},
	}
	for _, tt := range tests {
		t.Run(tt.file, func(t *testing.T) {
			got := render(t, tt.format, tt.style, tt.reports...)
			path := filepath.Join("testdata", tt.file)
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("%s (-want +got; -update writes it):\n%s", path, diff)
			}
		})
	}
}

func TestTableFitsItsWidth(t *testing.T) {
	reports := sample()
	reports[1].Subject = Subject{Kind: checks.Message, MessageID: "<4711.20261123." + strings.Repeat("0123456789abcdef", 3) + "@out.example.com>"}
	for _, width := range []int{80, 160} {
		for i, line := range strings.Split(render(t, "table", Style{Width: width}, reports...), "\n") {
			if n := runewidth.StringWidth(line); n > width && !strings.Contains(line, "publish") {
				t.Errorf("width %d: line %d has %d columns: %s", width, i+1, n, line)
			}
		}
	}
}

func TestTableIsPlainWithoutColour(t *testing.T) {
	if out := render(t, "table", Style{}, sample()...); strings.ContainsAny(out, "\x1b✖") {
		t.Errorf("a report for a pipe has escapes or symbols:\n%s", out)
	}
}

func TestJSONIsAnArrayOnlyForSeveral(t *testing.T) {
	var one Report
	if err := json.Unmarshal([]byte(render(t, "json", Style{}, sample()[0])), &one); err != nil || one.Subject.Domain != "example.com" {
		t.Errorf("one report: %v, domain %q", err, one.Subject.Domain)
	}
	for n := range 3 {
		var several []Report
		out := render(t, "json", Style{Several: true}, sample()[:n]...)
		if err := json.Unmarshal([]byte(out), &several); err != nil || len(several) != n {
			t.Errorf("%d reports: %v, read %d from %s", n, err, len(several), out)
		}
	}
}

func TestUnknownFormat(t *testing.T) {
	_, err := NewWriter("tabel", &bytes.Buffer{}, Style{})
	if err == nil || !strings.Contains(err.Error(), "table, json, ndjson") {
		t.Errorf("NewWriter(tabel) = %v, want an error that lists the formats", err)
	}
}

func TestPrintable(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"text stays", "v=spf1 -all ü", "v=spf1 -all ü"},
		{"escape sequences are shown", "\x1b[31mred", `\x1b[31mred`},
		{"octets that are not UTF-8 are shown", "a\xffb", `a\xffb`},
		{"the writing direction stays", "a\u202eb", `a\u{202e}b`},
		{"line ends are shown", "a\r\nb", `a\x0d\x0ab`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := printable(tt.in); got != tt.want {
				t.Errorf("printable(%q) = %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}

func TestWrap(t *testing.T) {
	for _, width := range []int{20, 33, 80} {
		text := strings.Repeat("deliverability ", 9) + strings.Repeat("x", 100) + " 日本語のドメイン " + fmt.Sprint(sample()[0].Results)
		for _, line := range wrap(text, width) {
			if runewidth.StringWidth(line) > width {
				t.Errorf("wrap to %d gave a line of %d: %q", width, runewidth.StringWidth(line), line)
			}
		}
		if joined := strings.Join(wrap(text, width), ""); strings.ReplaceAll(joined, " ", "") != strings.Join(strings.Fields(text), "") {
			t.Errorf("wrap to %d lost text", width)
		}
	}
}

func TestTheOverviewHoldsNoInformationAgainstASubject(t *testing.T) {
	reports := sample()
	reports[0].Results = slices.DeleteFunc(reports[0].Results, func(r Result) bool { return r.Check == "spf-lookup-limit" })
	out := render(t, "table", Style{Several: true}, reports...)
	if overview := out[strings.LastIndex(out, "| Subject"):]; strings.Contains(overview, "dmarc-policy-none") {
		t.Errorf("what is only worth knowing is called the worst:\n%s", overview)
	}
}

func TestNothingIsSaidToBeInOrderWhereNothingWasChecked(t *testing.T) {
	reports := sample()
	reports[1].Score.Evaluated = 0
	if out := render(t, "table", Style{}, reports[1]); strings.Contains(out, "Nothing to mend") {
		t.Errorf("none of the checks came to an answer:\n%s", out)
	}
}
