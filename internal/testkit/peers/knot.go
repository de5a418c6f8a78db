package peers

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"testing"

	mdns "github.com/miekg/dns"
)

// A Zone is what a name server serves: the text of a zone file, for which the
// server adds a SOA record and an NS record.
type Zone struct {
	Name   string // "example.com"
	Text   string // owner names relative to it, or with a final dot
	Signed bool   // with DNSSEC
	// Server is the name server that Unbound asks about the zone, where it is
	// another than that of most; see Knot.
	Server string
	// Vouched: Unbound trusts the keys by the DS records in the parent zone, of
	// which there may be none, and not by itself.
	Vouched bool
}

// Knot starts Knot DNS with these zones and returns its address.
func Knot(t testing.TB, zones ...Zone) string {
	t.Helper()
	program := Program(t, "knotd", "knot")
	dir := openDir(t)
	port := FreePort(t)
	var b strings.Builder
	fmt.Fprintf(&b, "server:\n  listen: 127.0.0.1@%d\n  rundir: %q\ndatabase:\n  storage: %q\n", port, dir, dir)
	b.WriteString("log:\n  - target: stderr\n    any: notice\n")
	b.WriteString("policy:\n  - id: test\n    single-type-signing: on\n    algorithm: ecdsap256sha256\nzone:\n")
	for _, z := range zones {
		file := writeFile(t, dir, z.Name+".zone", zoneFile(z))
		fmt.Fprintf(&b, "  - domain: %q\n    file: %q\n", z.Name, file)
		if z.Signed {
			b.WriteString("    dnssec-signing: on\n    dnssec-policy: test\n    zonefile-sync: -1\n    journal-content: none\n")
		}
	}
	p := start(t, program, "-c", writeFile(t, dir, "knot.conf", b.String()))
	addr := fmt.Sprintf("127.0.0.1:%d", port)
	await(t, "Knot", p.done, func(ctx context.Context) bool {
		for _, z := range zones {
			if z.Signed && len(keysOf(ctx, addr, z.Name)) == 0 || exchange(ctx, addr, z.Name, mdns.TypeSOA) == nil {
				return false
			}
		}
		return true
	})
	return addr
}

func zoneFile(z Zone) string {
	return fmt.Sprintf("$ORIGIN %s.\n$TTL 300\n@ SOA ns.%s. hostmaster.%s. 1 3600 600 86400 60\n@ NS ns.%s.\n%s\n",
		z.Name, z.Name, z.Name, z.Name, z.Text)
}

// Unbound starts Unbound as a resolver that asks a name server about its zones,
// and validates those that are signed. It asks nobody else: everything outside of
// the zones is SERVFAIL. It returns its address.
func Unbound(t testing.TB, nameServer string, zones ...Zone) string {
	t.Helper()
	program := Program(t, "unbound", "unbound")
	dir := openDir(t)
	port := FreePort(t)
	var b strings.Builder
	fmt.Fprintf(&b, "server:\n  interface: 127.0.0.1\n  port: %d\n  directory: %q\n", port, dir)
	b.WriteString("  chroot: \"\"\n  username: \"\"\n  pidfile: \"\"\n  use-syslog: no\n  do-daemonize: no\n  do-not-query-localhost: no\n" +
		"  do-ip6: no\n  module-config: \"validator iterator\"\n  ede: yes\n  access-control: 127.0.0.0/8 allow\n" +
		"  local-zone: \"test.\" nodefault\n  local-zone: \"2.0.192.in-addr.arpa.\" nodefault\n")
	at := stubAddr(nameServer)
	for _, z := range zones {
		if z.Signed && !z.Vouched {
			for _, key := range keysOf(t.Context(), nameServer, z.Name) {
				fmt.Fprintf(&b, "  trust-anchor: %q\n", key)
			}
		}
	}
	for _, z := range zones {
		fmt.Fprintf(&b, "stub-zone:\n  name: %q\n  stub-addr: %s\n", z.Name, stubAddr(cmp.Or(z.Server, nameServer)))
	}
	fmt.Fprintf(&b, "forward-zone:\n  name: \".\"\n  forward-addr: %s\nremote-control:\n  control-enable: no\n", at)
	p := start(t, program, "-d", "-c", writeFile(t, dir, "unbound.conf", b.String()))
	addr := fmt.Sprintf("127.0.0.1:%d", port)
	await(t, "Unbound", p.done, func(ctx context.Context) bool {
		return exchange(ctx, addr, "localhost", mdns.TypeA) != nil
	})
	return addr
}

func stubAddr(addr string) string { return strings.Replace(addr, ":", "@", 1) }

// DS returns the records by which a parent vouches for a zone that Knot signs, as
// text for the parent's zone file.
func DS(t testing.TB, addr, zone string) string {
	t.Helper()
	answer := exchange(t.Context(), addr, zone, mdns.TypeDNSKEY)
	if answer == nil {
		t.Fatalf("%s has no keys of %s", addr, zone)
	}
	var b strings.Builder
	for _, rr := range answer.Answer {
		if key, ok := rr.(*mdns.DNSKEY); ok && key.Flags&mdns.SEP != 0 {
			b.WriteString(key.ToDS(mdns.SHA256).String() + "\n")
		}
	}
	return b.String()
}

// keysOf returns the keys of a zone as records in text.
func keysOf(ctx context.Context, addr, zone string) []string {
	answer := exchange(ctx, addr, zone, mdns.TypeDNSKEY)
	if answer == nil {
		return nil
	}
	var keys []string
	for _, rr := range answer.Answer {
		if key, ok := rr.(*mdns.DNSKEY); ok {
			keys = append(keys, strings.ReplaceAll(key.String(), "\t", " "))
		}
	}
	return keys
}

// exchange asks one question, over TCP; nil unless the answer is NOERROR.
func exchange(ctx context.Context, addr, name string, t uint16) *mdns.Msg {
	q := new(mdns.Msg).SetQuestion(mdns.Fqdn(name), t)
	client := mdns.Client{Net: "tcp"}
	answer, _, err := client.ExchangeContext(ctx, q, addr)
	if err != nil || answer.Rcode != mdns.RcodeSuccess {
		return nil
	}
	return answer
}
