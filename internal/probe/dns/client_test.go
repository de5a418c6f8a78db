package dns_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postmuster/postmuster/internal/dns"
	probe "github.com/postmuster/postmuster/internal/probe/dns"
	"github.com/postmuster/postmuster/internal/testkit/dnstest"
)

// brief is the timeout of exchanges that are meant to time out.
const brief = 200 * time.Millisecond

// never is a timeout that no test waits for.
const never = time.Hour

func newClient(t *testing.T, c probe.Config) *probe.Client {
	t.Helper()
	client, err := probe.New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

const world = `
$TTL 300
example.com.           SOA ns.example.com. hostmaster.example.com. 1 7200 3600 1209600 60
example.com.           MX 10 mx.example.com.
example.com.           MX 0 .
example.com.           TXT "v=spf1 " "-all" "\255\"\\"
example.com.           CAA 0 issue "ca.example.net"
mx.example.com.        A 192.0.2.1
mx.example.com.        AAAA 2001:db8::1
_25._tcp.mx.example.com. TLSA 3 1 1 00ff
*.wild.example.com.    TXT "any"
a.deep.example.com.    A 192.0.2.2
www.example.com.       CNAME alias.example.net.
alias.example.net.     CNAME host.example.org.
host.example.org.      A 192.0.2.3
step.example.com.      CNAME step2.example.com.
step2.example.com.     CNAME step3.example.com.
step3.example.com.     A 192.0.2.4
_fail.step.example.com. TXT "ONESTEP"
_fail.step2.example.com. TXT "ONESTEP"
nowhere.example.com.   CNAME nothing.example.com.
_fail.nowhere.example.com. TXT "ONESTEP"
notype.example.com.    CNAME mx.example.com.
broken.example.com.    CNAME servfail.example.com.
_fail.broken.example.com. TXT "ONESTEP"
loop.example.com.      CNAME loop2.example.com.
loop2.example.com.     CNAME loop.example.com.
steploop.example.com.  CNAME steploop2.example.com.
steploop2.example.com. CNAME steploop.example.com.
_fail.steploop.example.com. TXT "ONESTEP"
_fail.steploop2.example.com. TXT "ONESTEP"
self.example.com.      CNAME self.example.com.
_fail.servfail.example.com.  TXT "SERVFAIL 6 signature expired"
_fail.refused.example.com.   TXT "REFUSED"
_fail.notimp.example.com.    TXT "NOTIMP"
_fail.silent.example.com.    TXT "TIMEOUT"
_fail.truncate.example.com.  TXT "TRUNCATE"
truncate.example.com.        TXT "whole"
_fail.garbage.example.com.   TXT "GARBAGE"
_fail.wrongname.example.com. TXT "WRONGNAME"
_fail.wrongid.example.com.   TXT "WRONGID"
_fail.noedns.example.com.    TXT "NOEDNS"
noedns.example.com.          TXT "old server"
xn--bcher-kva.example.       TXT "books"
a\032b\:c%\/d.example.com.   TXT "odd"
\255\254.example.com.        TXT "octets"
dot\.dot.example.com.        TXT "dot in a label"
`

func texts(records []dns.Record) []string {
	var texts []string
	for _, r := range records {
		texts = append(texts, r.String())
	}
	return texts
}

func TestAnswers(t *testing.T) {
	tests := []struct {
		rule string
		name string
		typ  dns.Type
		want dns.Status
		text []string
	}{
		{"MX, also the null one", "example.com", dns.TypeMX, dns.StatusData,
			[]string{"example.com. 300 MX 10 mx.example.com.", "example.com. 300 MX 0 ."}},
		{"TXT in octets", "example.com", dns.TypeTXT, dns.StatusData, []string{`example.com. 300 TXT "v=spf1 " "-all" "\255\"\\"`}},
		{"a final dot and capitals", "EXAMPLE.com.", dns.TypeCAA, dns.StatusData, []string{`example.com. 300 CAA 0 issue "ca.example.net"`}},
		{"A", "mx.example.com", dns.TypeA, dns.StatusData, []string{"mx.example.com. 300 A 192.0.2.1"}},
		{"AAAA", "mx.example.com", dns.TypeAAAA, dns.StatusData, []string{"mx.example.com. 300 AAAA 2001:db8::1"}},
		{"TLSA", "_25._tcp.mx.example.com", dns.TypeTLSA, dns.StatusData, []string{"_25._tcp.mx.example.com. 300 TLSA 3 1 1 00ff"}},
		{"NODATA", "mx.example.com", dns.TypeMX, dns.StatusNoData, nil},
		{"NODATA of an empty non-terminal", "deep.example.com", dns.TypeA, dns.StatusNoData, nil},
		{"NXDOMAIN", "no.example.com", dns.TypeA, dns.StatusNXDomain, nil},
		{"a wildcard", "x.wild.example.com", dns.TypeTXT, dns.StatusData, []string{`x.wild.example.com. 300 TXT "any"`}},
		{"a chain in one answer", "www.example.com", dns.TypeA, dns.StatusData, []string{"www.example.com. 300 CNAME alias.example.net.",
			"alias.example.net. 300 CNAME host.example.org.", "host.example.org. 300 A 192.0.2.3"}},
		{"a chain in three answers", "step.example.com", dns.TypeA, dns.StatusData, []string{"step.example.com. 300 CNAME step2.example.com.",
			"step2.example.com. 300 CNAME step3.example.com.", "step3.example.com. 300 A 192.0.2.4"}},
		{"a chain to NXDOMAIN in two answers", "nowhere.example.com", dns.TypeA, dns.StatusNXDomain, []string{"nowhere.example.com. 300 CNAME nothing.example.com."}},
		{"a chain to NODATA", "notype.example.com", dns.TypeMX, dns.StatusNoData, []string{"notype.example.com. 300 CNAME mx.example.com."}},
		{"the CNAME itself", "www.example.com", dns.TypeCNAME, dns.StatusData, []string{"www.example.com. 300 CNAME alias.example.net."}},
		{"a truncated answer, asked again over TCP", "truncate.example.com", dns.TypeTXT, dns.StatusData, []string{`truncate.example.com. 300 TXT "whole"`}},
		{"a server that does not know EDNS", "noedns.example.com", dns.TypeTXT, dns.StatusData, []string{`noedns.example.com. 300 TXT "old server"`}},
		{"U-labels become A-labels", "BÜCHER.example", dns.TypeTXT, dns.StatusData, []string{`xn--bcher-kva.example. 300 TXT "books"`}},
		{"punctuation in a label", "a b:c%/d.example.com", dns.TypeTXT, dns.StatusData, []string{`a b:c%/d.example.com. 300 TXT "odd"`}},
		{"octets that are not UTF-8", "\xff\xfe.example.com", dns.TypeTXT, dns.StatusData, []string{"\xff\xfe.example.com. 300 TXT \"octets\""}},
		{"a dot in a label", `dot\.dot.example.com`, dns.TypeTXT, dns.StatusData, []string{`dot\.dot.example.com. 300 TXT "dot in a label"`}},
		{"the root", ".", dns.TypeMX, dns.StatusNoData, nil},
	}
	client := newClient(t, probe.Config{Servers: []string{dnstest.Serve(t, world).Addr()}, Timeout: never})
	for _, tt := range tests {
		answer, err := client.Resolve(t.Context(), dns.Question{Name: tt.name, Type: tt.typ})
		if err != nil {
			t.Errorf("%s: %v", tt.rule, err)
			continue
		}
		if answer.Status() != tt.want {
			t.Errorf("%s: status of %s %s = %s, want %s", tt.rule, tt.name, tt.typ, answer.Status(), tt.want)
		}
		if diff := cmp.Diff(tt.text, texts(answer.Records)); diff != "" {
			t.Errorf("%s: records of %s differ (-want +got):\n%s", tt.rule, tt.name, diff)
		}
		if answer.Status() != dns.StatusData && (len(answer.Authority) != 1 || answer.Authority[0].Type() != dns.TypeSOA) {
			t.Errorf("%s: authority of %s = %v, want an SOA", tt.rule, tt.name, answer.Authority)
		}
	}
}

func TestFailures(t *testing.T) {
	tests := []struct {
		rule, name string
		cause      dns.Cause
		reason     string // within the error's text
	}{
		{"SERVFAIL, with why", "servfail.example.com", dns.CauseRcode, "SERVFAIL, EDE 6 (DNSSEC Bogus): signature expired"},
		{"REFUSED", "refused.example.com", dns.CauseRcode, "REFUSED"},
		{"a refusal that is not about EDNS", "notimp.example.com", dns.CauseRcode, "NOTIMP"},
		{"SERVFAIL at a CNAME's target", "broken.example.com", dns.CauseRcode, "SERVFAIL, EDE 6 (DNSSEC Bogus): signature expired: at the CNAME's target servfail.example.com."},
		{"silence", "silent.example.com", dns.CauseTimeout, "timeout"},
		{"garbage", "garbage.example.com", dns.CauseMalformed, "malformed"},
		{"an answer to another question", "wrongname.example.com", dns.CauseMalformed, "an answer to another question"},
		{"an answer with another ID", "wrongid.example.com", dns.CauseMalformed, "an answer with another ID"},
		{"a loop in one answer", "loop.example.com", dns.CauseLoop, "cname loop"},
		{"a loop over several answers", "steploop.example.com", dns.CauseLoop, "cname loop"},
		{"a loop of one", "self.example.com", dns.CauseLoop, "cname loop"},
		{"an empty label", "a..example.com", dns.CauseBadName, "a label is empty"},
		{"an empty name", "", dns.CauseBadName, "the name is empty"},
		{"a long label", strings.Repeat("a", 64) + ".example.com", dns.CauseBadName, "more than 63 octets"},
		{"a long name", strings.Repeat("a.", 126) + "example", dns.CauseBadName, "more than 253 octets"},
	}
	server := dnstest.Serve(t, world).Addr()
	patient := newClient(t, probe.Config{Servers: []string{server}, Timeout: never})
	hasty := newClient(t, probe.Config{Servers: []string{server}, Timeout: brief, Attempts: 1})
	for _, tt := range tests {
		client := patient
		if tt.cause == dns.CauseTimeout || tt.cause == dns.CauseMalformed {
			client = hasty
		}
		q := dns.Question{Name: tt.name, Type: dns.TypeTXT}
		answer, err := client.Resolve(t.Context(), q)
		var e *dns.Error
		if !errors.As(err, &e) {
			t.Errorf("%s: Resolve(%s) = %+v, %v, want an error", tt.rule, tt.name, answer, err)
			continue
		}
		if e.Cause != tt.cause || !strings.Contains(e.Error(), tt.reason) || e.Question != q {
			t.Errorf("%s: error of %s = %v (%s), want %s: %s", tt.rule, tt.name, e, e.Cause, tt.cause, tt.reason)
		}
	}
}
