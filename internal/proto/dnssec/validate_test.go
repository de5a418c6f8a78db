package dnssec

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/postmuster/postmuster/internal/dns"
	"github.com/postmuster/postmuster/internal/testkit/dnstest"
)

// signedWorld is one in which everything is signed but example.net and below.
const signedWorld = `
_secure                  TXT "yes"
com.                     DS 1 13 2 00
example.com.             DS 2 13 2 00
example.com.             MX 10 mx.example.com.
_secure.example.net.     TXT "no"
net.                     DS 3 13 2 00
example.net.             MX 10 mx.example.net.
_secure.example.org.     TXT "no"
example.org.             DS 4 5 1 00
example.org.             MX 10 mx.example.org.
alias.example.com.       CNAME example.net.
_secure.example.jp.co.   TXT "no"
co.                      DS 6 13 2 00
example.jp.co.           NS ns.example.jp.co.
example.jp.co.           MX 10 mx.example.jp.co.
expired.example.com.     MX 10 mx.example.com.
_fail.expired.example.com. TXT "BOGUS 7 signature expired"
quiet.example.com.       MX 10 mx.example.com.
_fail.quiet.example.com. TXT "BOGUS"
down.example.com.        MX 10 mx.example.com.
_fail.down.example.com.  TXT "SERVFAIL 22 no server answers"
gone.example.com.        MX 10 mx.example.com.
_fail.gone.example.com.  TXT "SERVFAIL 9 no key"
_fail.silent.example.com. TXT "TIMEOUT"
`

func TestAsk(t *testing.T) {
	tests := []struct {
		rule, name string
		want       Security
		status     dns.Status
		reason     string // in it
	}{
		{"signed", "example.com", Secure, dns.StatusData, ""},
		{"signed, also that there is nothing", "no.example.com", Secure, dns.StatusNXDomain, ""},
		{"a delegation without DS", "example.net", Insecure, dns.StatusData, "example.net. has no DS record"},
		{"below it", "news.example.net", Insecure, dns.StatusNXDomain, "example.net. has no DS record"},
		{"an alias that is signed, and leads to what is not", "alias.example.com", Insecure, dns.StatusData, "example.net. has no DS record"},
		{"a label that begins no zone", "example.jp.co", Insecure, dns.StatusData, "example.jp.co. has no DS record"},
		{"algorithms that nobody takes", "example.org", Insecure, dns.StatusData, "none that the resolver can use"},
		{"bogus, with the reason", "expired.example.com", Bogus, dns.StatusData, "EDE 7 (Signature Expired): signature expired, that is, a signature has expired"},
		{"bogus, without a reason", "quiet.example.com", Bogus, dns.StatusData, "has it when told not to validate"},
		{"failing with and without validation", "down.example.com", Unknown, "", "nor with validation switched off: SERVFAIL, EDE 22"},
		{"said to be bogus, but nothing is there to see", "gone.example.com", Unknown, "", "nor with validation switched off"},
		{"silent", "silent.example.com", Unknown, "", "timeout"},
		{"no name at all", "a..example.com", Unknown, "", "there was no answer: bad name"},
	}
	v := Validator{DNS: dnstest.New(t, signedWorld), TrustAD: true}
	for _, tt := range tests {
		got := v.Ask(t.Context(), tt.name, dns.TypeMX)
		if got.Security != tt.want || got.Status != tt.status || !strings.Contains(got.Reason, tt.reason) {
			t.Errorf("%s: %s %s, %s; want %s %s, %q\n%+v", tt.rule, got.Security, got.Status, got.Reason, tt.want, tt.status, tt.reason, got.Steps)
		}
		if (got.Reason == "") != (got.Security == Secure) || (got.Advice == "") != (got.Security != Unknown) {
			t.Errorf("%s: a reason is for what is not secure, advice for what is unknown: %q, %q", tt.rule, got.Reason, got.Advice)
		}
	}
}

// A parent that opts out proves nothing about its unsigned delegations, so that the
// answer about the DS record is not authenticated (RFC 5155 §9.2).
func TestOptOut(t *testing.T) {
	w := dnstest.New(t, signedWorld)
	r := resolverFunc(func(ctx context.Context, q dns.Question) (*dns.Answer, error) {
		a, err := w.Resolve(ctx, q)
		if err == nil && q.Type == dns.TypeDS && strings.HasPrefix(q.Name, "example.") {
			a.AuthenticData = false
		}
		return a, err
	})
	for name, want := range map[string]string{"example.net": "example.net. has no DS", "news.example.net": "example.net. has no DS", "example.jp.co": "example.jp.co. has no DS"} {
		got := Validator{DNS: r, TrustAD: true}.Ask(t.Context(), name, dns.TypeMX)
		if got.Security != Insecure || !strings.HasPrefix(got.Reason, want) {
			t.Errorf("%s: %s: %s\n%+v", name, got.Security, got.Reason, got.Steps)
		}
	}
}

// Whose word counts.
func TestTrust(t *testing.T) {
	tests := []struct {
		rule, server string
		trustAD      bool
		want         Security
	}{
		{"a resolver on this machine", "127.0.0.1:53", false, Secure},
		{"all of 127.0.0.0/8 is", "127.0.0.53:53", false, Secure},
		{"over IPv6", "[::1]:5353", false, Secure},
		{"elsewhere", "192.0.2.53:53", false, Unknown},
		{"a name that looks like one", "127.0.0.1.example.com:53", false, Unknown},
		{"a zone file", "zone file example.com.zone", true, Unknown},
		{"elsewhere, but trusted", "192.0.2.53:53", true, Secure},
	}
	w := dnstest.New(t, signedWorld)
	for _, tt := range tests {
		got := Validator{DNS: renamed{w, tt.server}, TrustAD: tt.trustAD}.Ask(t.Context(), "example.com", dns.TypeMX)
		if got.Security != tt.want {
			t.Errorf("%s: %s, want %s", tt.rule, got.Security, tt.want)
		}
		if tt.want == Unknown && strings.Contains(got.Advice, "--resolver") == tt.trustAD {
			t.Errorf("%s: the advice is %q", tt.rule, got.Advice)
		}
	}
}

// A refusal is believed of a distant resolver too.
func TestBogusByADistantResolver(t *testing.T) {
	got := Validator{DNS: dnstest.New(t, signedWorld)}.Ask(t.Context(), "expired.example.com", dns.TypeMX)
	if got.Security != Bogus || got.NoValidator {
		t.Errorf("%s: %s", got.Security, got.Reason)
	}
}

// What a resolver cannot validate for want of an algorithm is insecure, and it says so
// (RFC 8914 §4.2).
func TestUnsupportedAlgorithm(t *testing.T) {
	w := dnstest.New(t, signedWorld)
	r := resolverFunc(func(ctx context.Context, q dns.Question) (*dns.Answer, error) {
		a, err := w.Resolve(ctx, q)
		if err == nil {
			a.ExtendedErrors = []dns.ExtendedError{{Code: 1}}
		}
		return a, err
	})
	got := Validator{DNS: r, TrustAD: true}.Ask(t.Context(), "example.org", dns.TypeMX)
	if got.Security != Insecure || !strings.Contains(got.Reason, "EDE 1 (Unsupported DNSKEY Algorithm), that is, it knows none") {
		t.Errorf("%s: %s", got.Security, got.Reason)
	}
}

// A resolver that does not validate says nothing about any zone, on this machine or
// not: what it does not authenticate may be signed all the same.
func TestResolverThatDoesNotValidate(t *testing.T) {
	w := dnstest.New(t, strings.Replace(signedWorld, `_secure                  TXT "yes"`, "", 1))
	for _, name := range []string{"example.com", "example.net"} {
		got := Validator{DNS: renamed{w, "127.0.0.53:53"}}.Ask(t.Context(), name, dns.TypeMX)
		if got.Security != Unknown || !strings.Contains(got.Reason, "no sign that it validates") || !strings.Contains(got.Advice, "--resolver") {
			t.Errorf("%s: %s: %s (%s)", name, got.Security, got.Reason, got.Advice)
		}
	}
}

// A failure that passes while we look is none of DNSSEC.
func TestPassingFailure(t *testing.T) {
	w := dnstest.New(t, signedWorld)
	failed := false
	r := resolverFunc(func(ctx context.Context, q dns.Question) (*dns.Answer, error) {
		if !failed {
			failed = true
			return nil, &dns.Error{Question: q, Cause: dns.CauseRcode, Rcode: dns.RcodeServFail}
		}
		return w.Resolve(ctx, q)
	})
	got := Validator{DNS: r, TrustAD: true}.Ask(t.Context(), "example.com", dns.TypeMX)
	if got.Security != Secure {
		t.Errorf("%s: %s", got.Security, got.Reason)
	}
	if notes := slices.ContainsFunc(got.Steps, func(s Step) bool { return strings.Contains(s.Note, "has passed") }); !notes {
		t.Errorf("the trace does not tell: %+v", got.Steps)
	}
}

// However long the name, few questions are asked about it.
func TestFewQuestions(t *testing.T) {
	w := dnstest.New(t, "")
	Validator{DNS: w, TrustAD: true}.Ask(t.Context(), strings.Repeat("a.", 120)+"example", dns.TypeMX)
	if n := len(w.Queries()); n > maxWalk+2 {
		t.Errorf("%d questions", n)
	}
}

// renamed says that another server answered.
type renamed struct {
	dns.Resolver
	server string
}

func (r renamed) Resolve(ctx context.Context, q dns.Question) (*dns.Answer, error) {
	a, err := r.Resolver.Resolve(ctx, q)
	if err == nil {
		a.Server = r.server
	}
	return a, err
}

type resolverFunc func(context.Context, dns.Question) (*dns.Answer, error)

func (f resolverFunc) Resolve(ctx context.Context, q dns.Question) (*dns.Answer, error) {
	return f(ctx, q)
}
