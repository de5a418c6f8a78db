package sink

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// advisories are what went wrong in sinks of others, up to November 2026, and the
// tests that show that it does not here. What has no number was found by trying.
var advisories = []struct {
	of, id, what string
	tests        string // package.Test…
}{
	{"Mailpit", "CVE-2026-21859 GHSA-8v65-47jx-7mfr", "a proxy for screenshots fetched any URL", "api.TestNothingIsFetchedBecauseOfAMessage"},
	{"Mailpit", "CVE-2026-22689 GHSA-524m-q5m7-79mm", "pages of any site could follow the events", "httpd.TestWhoMayAsk api.TestEveryRouteIsClosedToOtherSites"},
	{"Mailpit", "GHSA-54wq-72mp-cq7c", "CR in MAIL and RCPT became header fields", "smtp.TestCommandsHaveNoControlCharacters api.TestNothingIsInjectedIntoAMessage"},
	{"Mailpit", "CVE-2026-23845 GHSA-6jxm-fv7w-rw5j", "checking HTML fetched remote style sheets", "api.TestNothingIsFetchedBecauseOfAMessage"},
	{"Mailpit", "CVE-2026-27808 GHSA-mpf7-p9x7-96r3", "checking links asked internal hosts", "api.TestNothingIsFetchedBecauseOfAMessage egress.TestOnlyNamedTargetsAreReached"},
	{"Mailpit", "CVE-2026-45710 GHSA-fpxj-m5q8-fphw", "DATA and the sending of messages had no limit", "smtp.TestMessageTooLarge smtp.TestMemoryIsBounded api.TestBodiesAreLimited"},
	{"Mailpit", "GHSA-j3fj-qppj-fmmc", "addresses of carriers did not count as internal", "egress.TestWhereANameMayLead"},
	{"Mailpit", "GHSA-qx5x-85p8-vg4j", "a file was named by the message", "api.TestSafeName api.TestNamesOfFilesCannotInject web.TestAFileIsNamedByUs"},
	{"Mailpit", "GHSA-w4vj-r5pg-3722", "a map was written concurrently", "api.TestManyReadersAtOnce fault.TestConcurrentUse"},
	{"Mailpit", "CVE-2026-48824 GHSA-28pq-6qxg-wg5r", "JSON bodies had no limit", "api.TestNoRouteReadsWithoutEnd httpd.TestABodyOfAGigabyteIsRefused"},
	{"Mailpit", "CVE-2026-55187 GHSA-w4mc-hhc6-xp28", "6to4, NAT64, ISATAP and site-local addresses led to internal hosts", "egress.TestWhereANameMayLead"},
	{"Mailpit", "GHSA-75mr-qw9x-3r39", "an image bomb was decoded", "api.TestThumbnails api.TestAMessageThatIsABombStaysSmall"},
	{"Mailpit", "GHSA-w878-pj84-3j5v", "a command line had no end", "smtp.TestCommandTooLong"},
	{"Mailpit", "GHSA-r553-m4fv-5v97", "one line could exceed the largest size", "smtp.TestMessageTooLarge"},
	{"Mailpit", "", "what followed 552 was executed as commands", "smtp.TestMessageTooLarge smtp.TestBDATRefusedIsReadNevertheless"},
	{"Mailpit", "", "LF.CRLF ended a message", "smtp.TestKeepsTheBytes"},
	{"Mailpit", "", "a message that cannot be parsed was lost with 250", "store.TestMessageComesBackAsReceived"},
	{"Mailpit", "", "a name that was made to resolve to this machine reached the API", "httpd.TestWhoMayAsk httpd.TestHostsOfAnOpenAddress"},
	{"MailHog", "CVE-2022-50908", "an attachment ran scripts in the page's origin", "web.TestPagesRunNothingOfMail api.TestWhatComesFromAMessageIsNeverAPage"},
	{"maildev", "CVE-2024-27448 GHSA-vc6q-ccj9-9r89", "a Content-ID named a file, anywhere", "api.TestSafeName web.TestAFileIsNamedByUs"},
	{"maildev", "", "every origin was allowed to read", "httpd.TestPagesOfNamedOrigins api.TestEveryRouteIsClosedToOtherSites"},
	{"smtp4dev", "#1726", "public instances, open to everybody", "httpd.TestAnOpenAddressMustBeMeant api.TestEveryRouteAsksForTheToken"},
	{"inbucket", "#516", "STARTTLS ended the process", "smtp.TestSTARTTLS smtp.TestSTARTTLSDropsWhatWasSentAhead"},
	{"inbucket", "", "a kill lost a mailbox", "store.TestKill"},
	{"others", "CVE-2023-51764", "two servers disagreed where a message ends", "smtp.TestKeepsTheBytes smtp.FuzzContent"},
}

func TestEachAdvisoryHasItsTests(t *testing.T) {
	there := testsByPackage(t)
	for _, a := range advisories {
		for name := range strings.FieldsSeq(a.tests) {
			if !there[name] {
				t.Errorf("%s %s, %s: there is no %s", a.of, a.id, a.what, name)
			}
		}
		if a.tests == "" {
			t.Errorf("%s %s, %s: no test", a.of, a.id, a.what)
		}
	}
}

var testFunc = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)

// testsByPackage returns the tests of the packages beneath.
func testsByPackage(t *testing.T) map[string]bool {
	t.Helper()
	files, err := filepath.Glob("*/*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	there := map[string]bool{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range testFunc.FindAllSubmatch(text, -1) {
			there[filepath.Dir(file)+"."+string(match[1])] = true
		}
	}
	return there
}

var dials = regexp.MustCompile(`\bnet\.(Dial|Dialer|DefaultResolver|Lookup)|\bhttp\.(Get|Head|Post|PostForm|DefaultClient|DefaultTransport|ProxyFromEnvironment)\b|\b(smtp|tls)\.Dial`)

// Package egress is the only way out; what else may dial is named here with whom.
func TestOnlyEgressDials(t *testing.T) {
	allowed := map[string]string{
		"egress/egress.go": "what was named at start",
		"listen.go":        "our own socket, to see whether it was left behind",
	}
	for _, pattern := range []string{"*.go", "*/*.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") || allowed[file] != "" {
				continue
			}
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if found := dials.Find(text); found != nil {
				t.Errorf("%s uses %s: whatever leaves the sink goes through package egress", file, found)
			}
		}
	}
}
