package cmd

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postmuster/postmuster/checks/all"
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
