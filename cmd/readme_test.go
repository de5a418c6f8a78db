package cmd

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postmuster/postmuster/checks/all"
	"github.com/postmuster/postmuster/internal/sink/fault"
)

//go:generate go test . -run TestReadmeListsTheChecks -args -update

const (
	readme     = "../README.md"
	tableBegin = "<!-- the table of checks: go generate ./cmd -->\n"
	tableEnd   = "<!-- end of the table -->\n"
)

func TestReadmeListsTheChecks(t *testing.T) {
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := bytes.Cut(text, []byte(tableBegin))
	table, after, found2 := bytes.Cut(rest, []byte(tableEnd))
	if !found || !found2 {
		t.Fatalf("%s has no place for the table of checks", readme)
	}
	want := "\n" + ChecksMarkdown(all.Checks()) + "\n"
	if *update {
		renewed := strings.Join([]string{string(before), tableBegin, want, tableEnd, string(after)}, "")
		if err := os.WriteFile(readme, []byte(renewed), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, string(table)); diff != "" {
		t.Errorf("the table is stale; go generate ./cmd renews it (-want +got):\n%s", diff)
	}
}

func TestReadmeExpectsWhatCanBeRead(t *testing.T) {
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(text), "```yaml\nexpect:")
	block, _, found2 := strings.Cut(rest, "```")
	if !found || !found2 {
		t.Fatalf("%s shows no expectations", readme)
	}
	e, err := parseExpectations("mail.yaml", []byte("expect:"+block))
	if err != nil || len(e.Expect) != 2 || e.Expect[1].Query != "score:<50" || !e.Expect[1].None {
		t.Errorf("the expectations of %s are %+v, %v", readme, e, err)
	}
}

// TestReadmeShowsWhatIsPrinted runs the commands that need no network, and
// compares what the README shows behind them.
func TestReadmeShowsWhatIsPrinted(t *testing.T) {
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	for command, args := range map[string][]string{
		`dmarc lint "v=DMARC1; p=rejekt"`: {"dmarc", "lint", "v=DMARC1; p=rejekt"},
		"explain spf-lookup-limit":        {"explain", "spf-lookup-limit"},
	} {
		_, rest, found := strings.Cut(string(text), "```\n$ postmuster "+command+"\n")
		shown, _, found2 := strings.Cut(rest, "```\n")
		if !found || !found2 {
			t.Errorf("%s does not show %s", readme, command)
			continue
		}
		if diff := cmp.Diff(testEnv(t).run(args...).out, shown); diff != "" {
			t.Errorf("%s shows of %s something else than is printed (-printed +shown):\n%s", readme, command, diff)
		}
	}
}

func TestReadmeShowsFaultsThatCanBeRead(t *testing.T) {
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(text), "```yaml\nrules:")
	block, _, found2 := strings.Cut(rest, "```")
	if !found || !found2 {
		t.Fatalf("%s shows no faults", readme)
	}
	if script, err := fault.Parse("faults.yaml", []byte("rules:"+block)); err != nil || len(script.Rules) != 1 {
		t.Errorf("the faults of %s are %+v, %v", readme, script, err)
	}
}
