// Package checktest tests checks against cases that lie beside them: small
// worlds in txtar (https://pkg.go.dev/golang.org/x/tools/txtar), in
// testdata/ID/NAME.txtar.
//
// The text before the first file says what happened in life. The files are
//
//	zone                       every DNS record of the world, as package dnstest reads it
//	smtp HOST[ADDRESS]:PORT    a session with a mail server, as ParseSession reads it
//	https URL                  a document: "200 text/plain" and a blank line before the body, which for a redirect
//	                           is where it leads; or "result: timeout" and "reason: ..." where none came
//	message                    a message; its line ends become CRLF; <CR>, <LF>, <NUL> and <x80> stand for octets,
//	                           <repeat 99 x> for as many of a text
//	sign                       a DKIM signature to put on the message, as readSigning reads it; more of them go on top
//	session                    how the message came: "ip: 192.0.2.1", "helo:", "from:", "rcpt:", "tls: 1.3",
//	                           "params: SMTPUTF8 BODY=8BITMIME", "spoke-early: banner", "unstuffed-dots: 1";
//	                           "how: told" for one that --ip and --helo gave to a file
//	options                    "domain: example.com", "selectors: a b", "sender-ips:", "no-smtp: true",
//	                           "trust-ad: true": the world's resolver validates (see _secure), and is believed
//	want                       what the check comes to; go test ./checks/... -args -update writes it
//
// What is not in the world does not exist: a name is NXDOMAIN, a mail server
// refuses the connection. The clock stands at Now.
//
// Run demands of every check of a suite a case that passes and one that fails.
// And it runs each case once more in the dark, where no question is answered:
// a check that calls something wrong there which it did not see fails its test.
package checktest

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/checks/fact"
	"github.com/postmuster/postmuster/internal/engine"
)

var update = flag.Bool("update", false, "write the want files of the cases")

// Now is the time of every case.
var Now = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

// Run tests every check of the suite against the cases in testdata below the
// package under test.
func Run(t *testing.T, suite checks.Suite) {
	if err := suite.Validate(); err != nil {
		t.Error(err)
	}
	refuseLeftovers(t, suite)
	for _, c := range suite {
		t.Run(c.ID, func(t *testing.T) { runCheck(t, c) })
	}
}

// refuseLeftovers fails for cases of a check that is not there: their test would
// never run.
func refuseLeftovers(t *testing.T, suite checks.Suite) {
	entries, err := os.ReadDir("testdata")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.IsDir() && suite.Find(e.Name()) == nil {
			t.Errorf("testdata/%s: no check has this ID", e.Name())
		}
	}
}

func runCheck(t *testing.T, c *checks.Check) {
	files, err := filepath.Glob(filepath.Join("testdata", c.ID, "*.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	outcomes := map[checks.Outcome]bool{}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			outcomes[runCase(t, c, file)] = true
		})
	}
	for _, o := range []checks.Outcome{checks.OutcomePass, checks.OutcomeFail} {
		if !outcomes[o] {
			t.Errorf("testdata/%s has no case in which the check comes to %q", c.ID, o)
		}
	}
}

func runCase(t *testing.T, c *checks.Check, file string) checks.Outcome {
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if strings.TrimSpace(string(archive.Comment)) == "" {
		t.Errorf("%s: the first line does not say what happened", file)
	}
	world, err := newWorld(archive, c.Scope)
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	result := eval(t, c, world.set(world.net()))
	if result.Outcome == checks.OutcomeBroken {
		t.Errorf("broken: %s", result.Reason)
	}
	compare(t, archive, file, describe(result))
	inTheDark(t, c, world, result)
	return result.Outcome
}

func eval(t *testing.T, c *checks.Check, set *fact.Set) *checks.Result {
	return engine.Run(t.Context(), checks.Suite{c}, set)[0]
}

// inTheDark runs the case with no question answered. What the check then still
// finds must come from the message itself, and so have been found before.
func inTheDark(t *testing.T, c *checks.Check, w *world, light *checks.Result) {
	dark := eval(t, c, w.set(darkness()))
	if dark.Outcome == checks.OutcomeBroken {
		t.Errorf("with no question answered it is broken: %s", dark.Reason)
	}
	for _, f := range dark.Findings {
		same := func(g checks.Finding) bool { return g.Where == f.Where && g.Message == f.Message }
		if !slices.ContainsFunc(light.Findings, same) {
			t.Errorf("with no question answered it reports what it cannot know: %s: %s", f.Where, f.Message)
		}
	}
	if dark.Outcome == checks.OutcomePass && light.Outcome == checks.OutcomeFail {
		t.Errorf("with no question answered it passes what fails otherwise")
	}
}

func compare(t *testing.T, archive *txtar.Archive, file, got string) {
	i := slices.IndexFunc(archive.Files, func(f txtar.File) bool { return f.Name == "want" })
	if *update {
		if i < 0 {
			archive.Files = append(archive.Files, txtar.File{Name: "want"})
			i = len(archive.Files) - 1
		}
		archive.Files[i].Data = []byte(got)
		if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if i < 0 {
		t.Fatalf("%s has no want file", file)
	}
	if diff := cmp.Diff(string(archive.Files[i].Data), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

// describe writes a result as want files hold it.
func describe(r *checks.Result) string {
	var b strings.Builder
	b.WriteString(string(r.Outcome))
	if r.Reason != "" {
		b.WriteString(": " + r.Reason)
	}
	b.WriteByte('\n')
	for _, f := range r.Findings {
		fmt.Fprintf(&b, "%s: %s\n", f.Where, f.Message)
		for _, e := range f.Evidence {
			fmt.Fprintf(&b, "\t%s %q\n", e.Source, e.Text)
		}
		if f.Record != "" {
			fmt.Fprintf(&b, "\trecord: %s\n", f.Record)
		}
	}
	for _, u := range r.Unknown {
		fmt.Fprintf(&b, "unknown %s: %s\n", u.Where, u.Reason)
	}
	return b.String()
}

func (w *world) set(net fact.Net) *fact.Set {
	return fact.NewSet(w.subject, w.options, net)
}
