package dnstest_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postmuster/postmuster/internal/dns"
	probe "github.com/postmuster/postmuster/internal/probe/dns"
	"github.com/postmuster/postmuster/internal/testkit/dnstest"
)

const directives = `
_fail.truncated.example.com. TXT "TRUNCATE"
truncated.example.com.       TXT "whole"
_fail.slow.example.com.      TXT "SLOW 1ms"
slow.example.com.            TXT "late"
_fail.step.example.com.      TXT "ONESTEP"
step.example.com.            CNAME slow.example.com.
_fail.old.example.com.       TXT "NOEDNS"
old.example.com.             TXT "old"
_fail.garbage.example.com.   TXT "GARBAGE"
_fail.wrong.example.com.     TXT "WRONGNAME"
_fail.wrongid.example.com.   TXT "WRONGID"
_fail.formerr.example.com.   TXT "FORMERR"
`

// What a test finds out in memory is what it would find out over the network.
func TestServerAndResolverAgree(t *testing.T) {
	const timeout = 100 * time.Millisecond // what is silent takes this long
	memory, server := dnstest.New(t, world+directives), dnstest.Serve(t, world+directives)
	client, err := probe.New(probe.Config{Servers: []string{server.Addr()}, Timeout: timeout})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	for _, name := range []string{
		"example.com", "mx.example.com", "no.example.com", "deep.example.com", "x.wild.example.com", "www.example.com",
		"loop.example.com", "gone.example.com", "bad.example.com", "silent.example.com", "a.down.example.com",
		"via.example.com", "truncated.example.com", "slow.example.com", "step.example.com", "old.example.com",
		"garbage.example.com", "wrong.example.com", "wrongid.example.com", "formerr.example.com", "a..example.com",
	} {
		q := dns.Question{Name: name, Type: dns.TypeTXT}
		want := outcome(memory.Resolve(t.Context(), q))
		if got := outcome(client.Resolve(t.Context(), q)); !cmp.Equal(got, want) {
			t.Errorf("%s differs between memory and network (-memory +network):\n%s", name, cmp.Diff(want, got))
		}
	}
}

func outcome(a *dns.Answer, err error) []string {
	var e *dns.Error
	if errors.As(err, &e) {
		said := []string{string(e.Cause), e.Rcode.String()}
		for _, ext := range e.ExtendedErrors {
			said = append(said, ext.String())
		}
		return said
	}
	said := []string{string(a.Status())}
	if a.AuthenticData {
		said = append(said, "AD")
	}
	if a.TCP {
		said = append(said, "TCP")
	}
	for _, r := range append(append([]dns.Record(nil), a.Records...), a.Authority...) {
		said = append(said, r.String())
	}
	return said
}

func TestAuthenticDataEverywhere(t *testing.T) {
	server := dnstest.Serve(t, world, dnstest.AuthenticData())
	client, err := probe.New(probe.Config{Servers: []string{server.Addr()}})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	answer, err := client.Resolve(t.Context(), dns.Question{Name: "host.example.net", Type: dns.TypeA})
	if err != nil || !answer.AuthenticData {
		t.Errorf("answer = %+v, %v, want AD", answer, err)
	}
}

// A slow answer does not keep the server from ending.
func TestCloseEndsSlowAnswers(t *testing.T) {
	server, err := dnstest.Listen(`_fail.example.com. TXT "SLOW 1h"`+"\n", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	client, err := probe.New(probe.Config{Servers: []string{server.Addr()}, Timeout: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := client.Resolve(ctx, dns.Question{Name: "example.com", Type: dns.TypeA}); err == nil {
		t.Error("an answer came that was due in an hour")
	}
	if err := server.Close(); err != nil {
		t.Error(err)
	}
}

func TestWorldsThatCannotBeRead(t *testing.T) {
	tests := []struct{ rule, text, want string }{
		{"zone text", "example.com. MX mx.example.com.\n", "world:1:"},
		{"a behaviour", "\n_fail.example.com. TXT \"SERVFAULT\"\n", `line 2: "SERVFAULT" is no behaviour`},
		{"a behaviour of a type", `_fail.example.com. TXT "MX SERVFAULT"`, `"MX SERVFAULT" is no behaviour`},
		{"an extended error", `_fail.example.com. TXT "SERVFAIL bogus"`, "extended error"},
		{"a delay", `_fail.example.com. TXT "SLOW down"`, "duration"},
		{"nothing", `_fail.example.com. TXT ""`, "says nothing"},
	}
	for _, tt := range tests {
		if _, err := dnstest.Resolver(tt.text); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error = %v, want %s", tt.rule, err, tt.want)
		}
	}
}
