package dnssec_test

import (
	"crypto"
	"fmt"
	"strings"
	"testing"
	"time"

	mdns "github.com/miekg/dns"

	"github.com/postmuster/postmuster/internal/dns"
	probe "github.com/postmuster/postmuster/internal/probe/dns"
	"github.com/postmuster/postmuster/internal/proto/dnssec"
	"github.com/postmuster/postmuster/internal/testkit/peers"
)

// expiredZone is a zone whose keys were signed again, and its records forgotten: the
// text of its records besides SOA and NS, and its DS record.
func expiredZone(t *testing.T, name string) (text, ds string) {
	t.Helper()
	fqdn := name + "."
	key := &mdns.DNSKEY{Hdr: mdns.RR_Header{Name: fqdn, Rrtype: mdns.TypeDNSKEY, Class: mdns.ClassINET, Ttl: 300},
		Flags: 257, Protocol: 3, Algorithm: mdns.ECDSAP256SHA256}
	private, err := key.Generate(256)
	if err != nil {
		t.Fatal(err)
	}
	texts := []string{key.String(), fqdn + " 300 IN MX 10 mx." + fqdn}
	for _, set := range []string{
		fmt.Sprintf("%s 300 IN SOA ns.%[1]s hostmaster.%[1]s 1 3600 600 86400 60", fqdn), // as package peers writes it
		fqdn + " 300 IN NS ns." + fqdn, texts[0], texts[1],
	} {
		rr, err := mdns.NewRR(set)
		if err != nil {
			t.Fatal(err)
		}
		sig := &mdns.RRSIG{Hdr: mdns.RR_Header{Name: fqdn, Rrtype: mdns.TypeRRSIG, Class: mdns.ClassINET, Ttl: 300},
			Algorithm: key.Algorithm, KeyTag: key.KeyTag(), SignerName: fqdn,
			Inception: uint32(time.Now().AddDate(0, 0, -30).Unix()), Expiration: uint32(time.Now().AddDate(0, 0, -3).Unix())}
		if rr.Header().Rrtype == mdns.TypeDNSKEY {
			sig.Expiration = uint32(time.Now().AddDate(0, 0, 30).Unix())
		}
		if err := sig.Sign(private.(crypto.Signer), []mdns.RR{rr}); err != nil {
			t.Fatal(err)
		}
		texts = append(texts, sig.String())
	}
	return strings.Join(texts, "\n"), key.ToDS(mdns.SHA256).String()
}

// TestWithKnotAndUnbound: zones that Knot signs or serves, in each of the states,
// below a parent that vouches for them, and Unbound to validate.
func TestWithKnotAndUnbound(t *testing.T) {
	const mx = "@ MX 10 mx\nmx A 192.0.2.10"
	expired, expiredDS := expiredZone(t, "expired.test")
	children := []peers.Zone{
		{Name: "good.test", Text: mx, Signed: true, Vouched: true},
		{Name: "island.test", Text: mx, Signed: true, Vouched: true}, // signed, and its parent was not told
		{Name: "plain.test", Text: mx},
		{Name: "moved.test", Text: mx, Signed: true, Vouched: true}, // to another name server, with other keys
		{Name: "unsigned.test", Text: mx},                           // the parent was not told that it is signed no more
		{Name: "expired.test", Text: expired},
	}
	server := peers.Knot(t, children...)
	const wrong = "300 IN DS 12345 13 2 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n"
	parent := peers.DS(t, server, "good.test") + "moved.test. " + wrong + "unsigned.test. " + wrong + expiredDS + "\n"
	children = append(children, peers.Zone{Name: "lame.test"}) // which the server does not know
	for i, z := range children {
		parent += fmt.Sprintf("%s. NS ns.%[1]s.\n", z.Name)
		children[i].Server = server
	}
	zones := append([]peers.Zone{{Name: "test", Text: parent, Signed: true}}, children...)
	client, err := probe.New(probe.Config{Servers: []string{peers.Unbound(t, peers.Knot(t, zones[0]), zones...)}, Timeout: 20 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)

	for _, tt := range []struct {
		zone   string
		want   dnssec.Security
		reason string
		issue  dnssec.Code
	}{
		{"good.test", dnssec.Secure, "", ""},
		{"none.good.test", dnssec.Secure, "", ""},
		{"island.test", dnssec.Insecure, "island.test. has no DS record", dnssec.CodeDSMissing},
		{"plain.test", dnssec.Insecure, "plain.test. has no DS record", ""},
		{"moved.test", dnssec.Bogus, "EDE 9 (DNSKEY Missing)", dnssec.CodeDSNone},
		{"unsigned.test", dnssec.Bogus, "EDE", dnssec.CodeNoKeys},
		{"expired.test", dnssec.Bogus, "EDE 7 (Signature Expired)", dnssec.CodeExpired},
		{"lame.test", dnssec.Unknown, "nor with validation switched off", ""},
	} {
		got := dnssec.Validator{DNS: client}.Ask(t.Context(), tt.zone, dns.TypeMX)
		if got.Security != tt.want || !strings.Contains(got.Reason, tt.reason) {
			t.Errorf("%s: %s: %s; want %s, %q\n%+v", tt.zone, got.Security, got.Reason, tt.want, tt.reason, got.Steps)
		}
		z := dnssec.Inspect(t.Context(), client, tt.zone, time.Now(), dns.TypeMX)
		if tt.issue == "" && len(z.Issues) > 0 || tt.issue != "" && len(z.Find(tt.issue)) == 0 {
			t.Errorf("%s: issues %+v, want %q", tt.zone, z.Issues, tt.issue)
		}
	}
}

// A name server that is down leaves it unknown whether its zone is in order, though
// the parent vouches for it.
func TestNameServerDown(t *testing.T) {
	parent := peers.Zone{Name: "test", Text: "down NS ns.down\ndown DS 12345 13 2 " + strings.Repeat("01", 32), Signed: true}
	down := peers.Zone{Name: "down.test", Server: fmt.Sprintf("127.0.0.1:%d", peers.FreePort(t))}
	client, err := probe.New(probe.Config{Servers: []string{peers.Unbound(t, peers.Knot(t, parent), parent, down)}, Timeout: time.Second, Attempts: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	// Unbound tries for longer than we wait, and says SERVFAIL then, with and without validation.
	got := dnssec.Validator{DNS: client}.Ask(t.Context(), "down.test", dns.TypeMX)
	if got.Security != dnssec.Unknown || !strings.HasPrefix(got.Reason, "there was no answer") || got.NoValidator {
		t.Errorf("%s: %s\n%+v", got.Security, got.Reason, got.Steps)
	}
}

// A name server that only serves what it has, such as Knot, validates nothing: what
// it says about a signed zone is unknown, and what to do is said.
func TestKnotAloneValidatesNothing(t *testing.T) {
	server := peers.Knot(t, peers.Zone{Name: "test", Text: "@ MX 10 mx", Signed: true})
	client, err := probe.New(probe.Config{Servers: []string{server}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	got := dnssec.Validator{DNS: client}.Ask(t.Context(), "test", dns.TypeMX)
	if got.Security != dnssec.Unknown || !strings.Contains(got.Advice, "--resolver") {
		t.Errorf("%s: %s (%s)", got.Security, got.Reason, got.Advice)
	}
}
