package cmd

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestDNSSEC: each state of a domain, and what is wrong with one, as people read it.
func TestDNSSEC(t *testing.T) {
	for name, code := range map[string]int{
		"good": exitMet, "bogus": exitNotMet, "insecure": exitNotMet, "weak": exitMet, "no_validator": exitUndecided,
		"failing": exitUndecided, "host_bogus": exitNotMet,
	} {
		t.Run(name, func(t *testing.T) {
			l := testEnv(t)
			zone, err := os.ReadFile("testdata/dnssec/" + name + ".zone")
			if err != nil {
				t.Fatal(err)
			}
			l.zone(string(zone))
			got := l.ask("dnssec", "example.com")
			l.wantCode(got, code)
			l.golden("dnssec/"+name, got)
		})
	}
}

func TestDNSSECAsJSON(t *testing.T) {
	l := testEnv(t)
	zone, err := os.ReadFile("testdata/dnssec/bogus.zone")
	if err != nil {
		t.Fatal(err)
	}
	l.zone(string(zone))
	object := l.wantKeys(l.ask("dnssec", "--json", "example.com"), "domain", "security", "reason", "advice", "zone", "path", "trace", "error")
	if object["security"] != "bogus" {
		t.Errorf("security is %v", object["security"])
	}
	path := object["path"].([]any)[0].(map[string]any)
	want := []any{map[string]any{"code": 7.0, "text": "signature expired", "meaning": "a signature has expired: the zone was not signed again in time"}}
	if diff := cmp.Diff(want, path["extended_errors"]); diff != "" {
		t.Errorf("extended errors (-want +got):\n%s", diff)
	}
}

// TestDNSSECInTime: the clock is an argument.
func TestDNSSECInTime(t *testing.T) {
	l := testEnv(t)
	zone, err := os.ReadFile("testdata/dnssec/good.zone")
	if err != nil {
		t.Fatal(err)
	}
	l.zone(string(zone))
	for at, want := range map[string]string{"2026-12-09": "expires in 24 hours", "2026-12-24": "expired 14 days ago", "2026-11-01": "valid only in 9 days"} {
		if got := l.ask("dnssec", "--at", at, "example.com"); !strings.Contains(got.out, want) {
			t.Errorf("at %s: want %q in\n%s", at, want, got)
		}
	}
}

// TestDNSSECFromARecording: a replay believes what the recording believed.
func TestDNSSECFromARecording(t *testing.T) {
	l := testEnv(t)
	zone, err := os.ReadFile("testdata/dnssec/bogus.zone")
	if err != nil {
		t.Fatal(err)
	}
	l.zone(string(zone))
	recorded := l.ask("dnssec", "example.com", "--record", l.dir+"/run")
	replayed := l.run("dnssec", "example.com", "--replay", l.dir+"/run")
	if diff := cmp.Diff(recorded.out, replayed.out); diff != "" || replayed.code != exitNotMet {
		t.Errorf("the replay says something else (-recorded +replayed):\n%s", diff)
	}
}

// TestDNSSECOfAZoneFile: records that are not published are not signed yet, and that
// is not held against them, also where the published zone is.
func TestDNSSECOfAZoneFile(t *testing.T) {
	l := testEnv(t)
	l.zone("_secure TXT \"yes\"\nexample.com. DS 40919 13 2 f7818fd4b519441f92c11dbc9042ad121cc35f84b6d52b7ab6f7d72a29fa513d\n")
	draft := l.file("example.com.zone", inOrder[:strings.Index(inOrder, "10.2.0.192")])
	got := l.ask("dnssec", "--zone", draft, "example.com")
	l.wantCode(got, exitUndecided)
	if !strings.Contains(got.out, "the zone is not published yet") || strings.Contains(got.out, "error") {
		t.Errorf("the draft is judged as if it were published:\n%s", got)
	}
	got = l.ask("audit", "--zone", draft, "--no-smtp", "--no-blocklists", "--selector", "mail", "--select", "dnssec-*", "example.com")
	l.wantCode(got, exitMet)
}

// signedZone are the records by which example.com is a signed zone.
func signedZone(t *testing.T) string {
	t.Helper()
	zone, err := os.ReadFile("testdata/dnssec/good.zone")
	if err != nil {
		t.Fatal(err)
	}
	var records strings.Builder
	for line := range strings.Lines(string(zone)) {
		if !strings.Contains(line, "MX 10") && !strings.HasPrefix(line, "mx.") && !strings.Contains(line, "TLSA") {
			records.WriteString(line)
		}
	}
	return records.String()
}
