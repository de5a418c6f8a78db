package dnstest_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postmuster/postmuster/internal/dns"
	"github.com/postmuster/postmuster/internal/testkit/dnstest"
)

const world = `
$TTL 300
example.com.          SOA ns.example.com. hostmaster.example.com. 1 7200 3600 1209600 60
example.com.          MX 10 mx.example.com.
example.com.          TXT "v=spf1 -all" "\255"
mx.example.com.       A 192.0.2.1
*.wild.example.com.   TXT "any"
a.deep.example.com.   A 192.0.2.2
www.example.com.      CNAME host.example.net.
host.example.net.     A 192.0.2.3
loop.example.com.     CNAME loop2.example.com.
loop2.example.com.    CNAME loop.example.com.
gone.example.com.     CNAME nothing.example.com.
_fail.bad.example.com.      TXT "SERVFAIL 6 signature expired"
_fail.example.com.          TXT "AAAA REFUSED"
_fail.silent.example.com.   TXT "TIMEOUT"
_fail.*.down.example.com.   TXT "SERVFAIL"
via.example.com.      CNAME bad.example.com.
_secure.example.com.  TXT "yes"
_secure.mx.example.com. TXT "no"
`

func TestResolver(t *testing.T) {
	tests := []struct {
		rule string
		name string
		typ  dns.Type
		want dns.Status
		text []string // of the records
	}{
		{"records of the type", "EXAMPLE.com", dns.TypeMX, dns.StatusData, []string{"example.com. 300 MX 10 mx.example.com."}},
		{"octets of a text", "example.com.", dns.TypeTXT, dns.StatusData, []string{`example.com. 300 TXT "v=spf1 -all" "\255"`}},
		{"another type only", "mx.example.com", dns.TypeMX, dns.StatusNoData, nil},
		{"no such name", "no.example.com", dns.TypeA, dns.StatusNXDomain, nil},
		{"an empty non-terminal exists", "deep.example.com", dns.TypeA, dns.StatusNoData, nil},
		{"a wildcard stands for what does not exist", "x.y.wild.example.com", dns.TypeTXT, dns.StatusData, []string{`x.y.wild.example.com. 300 TXT "any"`}},
		{"a wildcard without the type", "x.wild.example.com", dns.TypeA, dns.StatusNoData, nil},
		{"a chain into another domain", "www.example.com", dns.TypeA, dns.StatusData, []string{"www.example.com. 300 CNAME host.example.net.", "host.example.net. 300 A 192.0.2.3"}},
		{"a chain to nowhere", "gone.example.com", dns.TypeA, dns.StatusNXDomain, []string{"gone.example.com. 300 CNAME nothing.example.com."}},
		{"the CNAME itself", "www.example.com", dns.TypeCNAME, dns.StatusData, []string{"www.example.com. 300 CNAME host.example.net."}},
		{"directives do not exist", "_fail.bad.example.com", dns.TypeTXT, dns.StatusNXDomain, nil},
	}
	w := dnstest.New(t, world)
	for _, tt := range tests {
		answer, err := w.Resolve(t.Context(), dns.Question{Name: tt.name, Type: tt.typ})
		if err != nil {
			t.Errorf("%s: %v", tt.rule, err)
			continue
		}
		if answer.Status() != tt.want {
			t.Errorf("%s: status of %s = %s, want %s", tt.rule, tt.name, answer.Status(), tt.want)
		}
		var text []string
		for _, r := range answer.Records {
			text = append(text, r.String())
		}
		if diff := cmp.Diff(tt.text, text); diff != "" {
			t.Errorf("%s: records of %s differ (-want +got):\n%s", tt.rule, tt.name, diff)
		}
	}
}

func TestResolverFailures(t *testing.T) {
	tests := []struct {
		rule  string
		name  string
		typ   dns.Type
		cause dns.Cause
		rcode dns.Rcode
	}{
		{"SERVFAIL", "bad.example.com", dns.TypeA, dns.CauseRcode, dns.RcodeServFail},
		{"one type refused", "example.com", dns.TypeAAAA, dns.CauseRcode, dns.RcodeRefused},
		{"silence", "silent.example.com", dns.TypeA, dns.CauseTimeout, 0},
		{"all below a name", "a.b.down.example.com", dns.TypeA, dns.CauseRcode, dns.RcodeServFail},
		{"at the end of a chain", "via.example.com", dns.TypeA, dns.CauseRcode, dns.RcodeServFail},
		{"a chain without end", "loop.example.com", dns.TypeA, dns.CauseLoop, 0},
		{"an empty label", "a..example.com", dns.TypeA, dns.CauseBadName, 0},
	}
	w := dnstest.New(t, world)
	for _, tt := range tests {
		_, err := w.Resolve(t.Context(), dns.Question{Name: tt.name, Type: tt.typ})
		var e *dns.Error
		if !errors.As(err, &e) || e.Cause != tt.cause || e.Rcode != tt.rcode {
			t.Errorf("%s: error of %s = %v, want cause %s, %s", tt.rule, tt.name, err, tt.cause, tt.rcode)
		}
	}
	if got := w.Count("BAD.example.com", dns.TypeA); got != 1 {
		t.Errorf("Count = %d, want 1", got)
	}
}

// What is bogus is hidden from everybody who does not ask for it.
func TestBogus(t *testing.T) {
	w := dnstest.New(t, `
_secure                TXT "yes"
_fail.bad.example.com  TXT "BOGUS 7 signature expired"
bad.example.com        TXT "text"
bad.example.com        DS 1 13 2 00
`)
	q := dns.Question{Name: "bad.example.com", Type: dns.TypeTXT}
	var e *dns.Error
	if _, err := w.Resolve(t.Context(), q); !errors.As(err, &e) || e.Rcode != dns.RcodeServFail || len(e.ExtendedErrors) != 1 || e.ExtendedErrors[0].Code != 7 {
		t.Errorf("error = %v, want SERVFAIL with extended error 7", err)
	}
	q.CheckingDisabled = true
	if a, err := w.Resolve(t.Context(), q); err != nil || a.AuthenticData || len(a.TXTs()) != 1 {
		t.Errorf("with CD: %+v, %v, want the text without AD", a, err)
	}
	if a, err := w.Resolve(t.Context(), dns.Question{Name: "bad.example.com", Type: dns.TypeDS}); err != nil || !a.AuthenticData {
		t.Errorf("DS: %+v, %v, want an authenticated answer of the parent", a, err)
	}
}

func TestSecure(t *testing.T) {
	w := dnstest.New(t, world)
	for name, want := range map[string]bool{"example.com": true, "x.example.com": true, "mx.example.com": false, "host.example.net": false, "www.example.com": false} {
		answer, err := w.Resolve(t.Context(), dns.Question{Name: name, Type: dns.TypeA})
		if err != nil || answer.AuthenticData != want {
			t.Errorf("AD of %s = %+v, %v, want %v", name, answer, err, want)
		}
	}
}
