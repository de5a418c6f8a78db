package cmd

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// proven is a list that has its test entry and lists 192.0.2.99.
const proven = "2.0.0.127.bl.test. A 127.0.0.2\n99.2.0.192.bl.test. A 127.0.0.2\n99.2.0.192.bl.test. TXT \"open relay\"\n"

func TestBlocklist(t *testing.T) {
	tests := []struct {
		name, world, subject, lists string
		code                        int
		says                        string
	}{
		{"clean", proven, "192.0.2.1", "bl.test", exitMet, "192.0.2.1: not listed\n"},
		{"listed", proven, "192.0.2.99", "bl.test", exitNotMet, "192.0.2.99: on 1 list\n"},
		{"a list without its test entry proves nothing", proven, "192.0.2.1", "dead.test", exitUndecided, "192.0.2.1: not known: no list gave an answer\n"},
		{"an allow list does not clear", proven, "192.0.2.1", "dead.test,list.dnswl.org", exitUndecided, "192.0.2.1: not known: no list gave an answer\n"},
		{"one of two answers", proven, "192.0.2.1", "bl.test,dead.test", exitUndecided, "192.0.2.1: not listed by 1 list, not known of 1\n"},
		{"listed, whatever the other says", proven, "192.0.2.99", "bl.test,dead.test", exitNotMet, "192.0.2.99: on 1 list\n"},
		{"a list that answers everything", "*.bl.test. A 127.0.0.2\n", "192.0.2.1", "bl.test", exitUndecided, "not known"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := testEnv(t)
			l.zone(tt.world)
			got := l.ask("blocklist", "--blocklist", tt.lists, tt.subject)
			l.wantCode(got, tt.code)
			if !strings.Contains(got.out, tt.says) {
				t.Errorf("want %q in\n%s", tt.says, got)
			}
		})
	}
}

// A customer's key stands in the questions, and nowhere that anybody reads.
func TestKeysOfBlocklistsAreNotShown(t *testing.T) {
	const key = "s3cr3tcustomerkey"
	for name, args := range map[string][]string{
		"with --key":      {"--blocklist", "zen.spamhaus.org", "--key", "zen.spamhaus.org=" + key},
		"inside the name": {"--blocklist", key + ".zen.dq.spamhaus.net"},
	} {
		t.Run(name, func(t *testing.T) {
			l := testEnv(t)
			l.zone("2.0.0.127." + key + ".zen.dq.spamhaus.net. A 127.0.0.2\n99.2.0.192." + key + ".zen.dq.spamhaus.net. A 127.0.0.4\n")
			for _, format := range []string{"table", "json"} {
				got := l.ask(append([]string{"blocklist", "-v", "--format", format, "192.0.2.99"}, args...)...)
				l.wantCode(got, exitNotMet)
				if strings.Contains(got.out+got.err, key) || !strings.Contains(got.err, "query 99.2.0.192.KEY.zen.dq.spamhaus.net. A") {
					t.Errorf("the key is shown, or the question is not:\n%s", got)
				}
			}
			got := l.ask(append([]string{"blocklist", "--record", l.dir + "/recording", "192.0.2.99"}, args...)...)
			if !strings.Contains(got.err, "holds the key") {
				t.Errorf("nothing warns that the recording holds the key:\n%s", got)
			}
		})
	}
	l := testEnv(t)
	l.zone("2.0.0.127." + key + ".zen.dq.spamhaus.net. A 127.0.0.2\n99.2.0.192." + key + ".zen.dq.spamhaus.net. A 127.0.0.4\nexample.com. MX 10 mx.example.com.\nmx.example.com. A 192.0.2.99\n")
	got := l.ask("audit", "-v", "--no-smtp", "--blocklist", key+".zen.dq.spamhaus.net", "--record", l.dir+"/recording", "example.com")
	if strings.Contains(got.out+got.err, key) || !strings.Contains(got.out, "zen.spamhaus.org") || !strings.Contains(got.err, "holds the key") {
		t.Errorf("an audit shows the key, or not the list, or does not warn:\n%s", got)
	}
	if got := l.run("blocklist", "--key", key, "192.0.2.99"); got.code != exitUsage || strings.Contains(got.out+got.err, key) {
		t.Errorf("a key without its zone:\n%s", got)
	}
}

func TestUsageOfBlocklist(t *testing.T) {
	l := testEnv(t)
	l.zone("")
	l.wantUsage(l.ask("blocklist", "--blocklist", "dnsbl.sorbs.net", "192.0.2.1"), "dnsbl.sorbs.net")
	l.wantUsage(l.ask("blocklist", "192.0.2.300"), `"192.0.2.300"`)
}

// TestPoliciesOfTransport asks for MTA-STS and TLS-RPT through the program.
func TestPoliciesOfTransport(t *testing.T) {
	l := testEnv(t)
	l.zone(`
_smtp._tls.example.com. TXT "v=TLSRPTv1; rua=mailto:tls@example.com"
_smtp._tls.example.net. TXT "v=TLSRPTv1"
_fail._smtp._tls.example.org. TXT "SERVFAIL"
`)
	for domain, code := range map[string]int{"example.com": exitMet, "example.net": exitNotMet, "example.org": exitUndecided} {
		if got := l.ask("tls-rpt", domain); got.code != code {
			t.Errorf("tls-rpt %s: exit code %d, want %d\n%s", domain, got.code, code, got)
		}
	}
	for text, code := range map[string]int{"v=STSv1; id=1": exitMet, "v=STSv1": exitNotMet} {
		if got := l.run("lint", "--kind", "mtasts", "--text", text); got.code != code {
			t.Errorf("lint of %q: exit code %d, want %d\n%s", text, got.code, code, got)
		}
	}
}

func TestMTASTSIsFetchedAndJudged(t *testing.T) {
	const policy = "version: STSv1\nmode: enforce\nmx: mx.example.com\nmax_age: 604800\n"
	world := inOrder + "_mta-sts.example.com. TXT \"v=STSv1; id=1\"\nmta-sts.example.com. A 192.0.2.80\n"
	serve := func(status int, mediaType, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/.well-known/mta-sts.txt" { // where a redirect would lead
				status, mediaType = http.StatusOK, "text/plain"
			}
			w.Header().Set("Content-Type", mediaType)
			w.Header().Set("Location", "/elsewhere.txt")
			w.WriteHeader(status)
			io.WriteString(w, body)
		}
	}
	for name, tt := range map[string]struct {
		host    string // of the certificate
		handler http.HandlerFunc
		code    int
		says    string
	}{
		"a policy":                    {"mta-sts.example.com", serve(200, "text/plain; charset=utf-8", policy), exitMet, "example.com: valid"},
		"a certificate of other name": {"www.example.com", serve(200, "text/plain", policy), exitNotMet, "certificate"},
		"a wildcard certificate":      {"*.example.com", serve(200, "text/plain", policy), exitMet, "example.com: valid"},
		"a redirect":                  {"mta-sts.example.com", serve(301, "text/plain", policy), exitNotMet, "HTTP status 301"},
		"another media type":          {"mta-sts.example.com", serve(200, "text/html", policy), exitNotMet, "only text/plain counts"},
		"more than 64 KB":             {"mta-sts.example.com", serve(200, "text/plain", policy+strings.Repeat("x: y\n", 14<<10)), exitNotMet, "too large"},
	} {
		t.Run(name, func(t *testing.T) {
			l := testEnv(t)
			l.zone(world)
			l.web("192.0.2.80", tt.handler, tt.host)
			got := l.ask("mta-sts", "--no-smtp", "example.com")
			l.wantCode(got, tt.code)
			if !strings.Contains(got.out, tt.says) {
				t.Errorf("want %q in\n%s", tt.says, got)
			}
		})
	}
}
