package wire_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	mdns "github.com/miekg/dns"

	"github.com/postmuster/postmuster/internal/dns"
	"github.com/postmuster/postmuster/internal/probe/dns/wire"
)

func TestNames(t *testing.T) {
	tests := []struct {
		rule, name, presentation, octets string
	}{
		{"labels", "mx.example.com", "mx.example.com.", "\x02mx\x07example\x03com\x00"},
		{"the root", ".", ".", "\x00"},
		{"a dot in a label", `a\.b.example`, `a\.b.example.`, "\x03a.b\x07example\x00"},
		{"a backslash in a label", `a\\b.example`, `a\\b.example.`, "\x03a\\b\x07example\x00"},
		{"punctuation that zone files escape", `a b;c"d@e.example`, `a\032b\;c\"d\@e.example.`, "\x09a b;c\"d@e\x07example\x00"},
		{"octets beyond ASCII", "\xff\x00.example", `\255\000.example.`, "\x02\xff\x00\x07example\x00"},
		{"an asterisk", "*.example", "*.example.", "\x01*\x07example\x00"},
	}
	for _, tt := range tests {
		if got := wire.Presentation(tt.name); got != tt.presentation {
			t.Errorf("%s: Presentation(%q) = %s, want %s", tt.rule, tt.name, got, tt.presentation)
		}
		if got := wire.Name(tt.presentation); got != tt.name {
			t.Errorf("%s: Name(%s) = %q, want %q", tt.rule, tt.presentation, got, tt.name)
		}
		got, err := wire.AppendName(nil, tt.name)
		if err != nil || string(got) != tt.octets {
			t.Errorf("%s: AppendName(%q) = %q, %v, want %q", tt.rule, tt.name, got, err, tt.octets)
		}
	}
}

func TestNamesThatCannotBe(t *testing.T) {
	label := strings.Repeat("a", 63)
	long := strings.Join([]string{label, label, label, label[:61]}, ".")
	tests := []struct {
		rule, name string
		ok         bool
	}{
		{"63 octets in a label", label + ".example", true},
		{"64 octets in a label", label + "a.example", false},
		{"an escape is one octet", label[:62] + `\..example`, true},
		{"253 octets in a name", long, true},
		{"and a final dot", long + ".", true},
		{"254 octets in a name", long + "a", false},
		{"an empty name", "", false},
		{"an empty label within", "a..example", false},
		{"an empty label in front", ".example", false},
		{"two final dots", "example..", false},
	}
	for _, tt := range tests {
		if err := wire.CheckName(tt.name); (err == nil) != tt.ok {
			t.Errorf("%s: CheckName(%q) = %v", tt.rule, tt.name, err)
		}
	}
}

func TestAskable(t *testing.T) {
	tests := []struct{ rule, name, want string }{
		{"plain names stay as they are", "MX.Example.com", "MX.Example.com"},
		{"U-labels", "_dmarc.bücher.example", "_dmarc.xn--bcher-kva.example"},
		{"full stops of other scripts", "bücher。example", "xn--bcher-kva.example"},
		{"octets that are not UTF-8", "\xff.example", "\xff.example"},
		{"an escape that is not needed", `\097\b.example`, "ab.example"},
		{"an escape that is", `a\.b.example`, `a\.b.example`},
		{"punctuation", "a b:c%/d.example", "a b:c%/d.example"},
	}
	for _, tt := range tests {
		if got := wire.Askable(tt.name); got != tt.want {
			t.Errorf("%s: Askable(%q) = %q, want %q", tt.rule, tt.name, got, tt.want)
		}
	}
}

// Every record of a zone file comes through both ways as it went in.
func TestRecords(t *testing.T) {
	tests := []struct {
		text string
		want dns.Data
	}{
		{`A 192.0.2.1`, nil},
		{`AAAA 2001:db8::1`, nil},
		{`AAAA ::ffff:192.0.2.1`, nil},
		{`NS ns.example.net.`, dns.NS{Host: "ns.example.net"}},
		{`CNAME a\.b.example.net.`, dns.CNAME{Target: `a\.b.example.net`}},
		{`PTR host.example.net.`, dns.PTR{Host: "host.example.net"}},
		{`MX 0 .`, dns.MX{Host: "."}},
		{`TXT "a\"b\\c" "\000\255" ""`, dns.TXT{Strings: []string{`a"b\c`, "\x00\xff", ""}}},
		{`SOA ns.example.net. host\.master.example.net. 1 2 3 4 5`, dns.SOA{MName: "ns.example.net", RName: `host\.master.example.net`,
			Serial: 1, Refresh: 2, Retry: 3, Expire: 4, Minimum: 5}},
		{`CAA 128 issue "ca.example.net; a=\"b\""`, dns.CAA{Flag: 128, Tag: "issue", Value: `ca.example.net; a="b"`}},
		{`TLSA 3 1 1 00FF`, dns.TLSA{Usage: 3, Selector: 1, MatchingType: 1, Association: []byte{0, 255}}},
		{`DS 7 8 2 00FF`, dns.DS{KeyTag: 7, Algorithm: 8, DigestType: 2, Digest: []byte{0, 255}}},
		{`DNSKEY 257 3 8 AAEC`, dns.DNSKEY{Flags: 257, Protocol: 3, Algorithm: 8, PublicKey: []byte{0, 1, 2}}},
		{`RRSIG MX 8 2 300 20261201000000 20261101000000 7 example.net. AAEC`, dns.RRSIG{Covered: dns.TypeMX, Algorithm: 8, LabelCount: 2,
			OriginalTTL: 300, Expiration: 1796083200, Inception: 1793491200, KeyTag: 7, Signer: "example.net"}},
		{`NSEC3PARAM 1 0 5 00FF`, dns.NSEC3PARAM{Hash: 1, Iterations: 5, Salt: []byte{0, 255}}},
		{`NSEC3PARAM 1 0 5 -`, nil},
		{`SRV 0 5 25 mx.example.net.`, dns.Unknown{RRType: 33, Text: "0 5 25 mx.example.net."}},
		{`TYPE65280 \# 0`, dns.Unknown{RRType: 65280, Text: `\# 0`}},
		{`TYPE65280 \# 2 0102`, dns.Unknown{RRType: 65280, Text: `\# 2 0102`}},
	}
	for _, tt := range tests {
		rr, err := mdns.NewRR("example.com. 300 IN " + tt.text)
		if err != nil {
			t.Fatal(err)
		}
		record, err := wire.Record(rr)
		if err != nil {
			t.Errorf("Record(%s): %v", tt.text, err)
			continue
		}
		if record.Name != "example.com" || record.TTL != 300 || record.Type() != dns.Type(rr.Header().Rrtype) {
			t.Errorf("Record(%s) = %+v", tt.text, record)
		}
		if diff := cmp.Diff(tt.want, record.Data); tt.want != nil && diff != "" {
			t.Errorf("Record(%s) differs (-want +got):\n%s", tt.text, diff)
		}
		there, err := wire.RR(record)
		if err != nil {
			t.Errorf("RR(%s): %v", record, err)
			continue
		}
		back, err := wire.Record(overTheWire(t, there))
		if err != nil || back.String() != record.String() {
			t.Errorf("%s came back as %s, %v", record, back, err)
		}
	}
}

func overTheWire(t *testing.T, rr mdns.RR) mdns.RR {
	t.Helper()
	b := make([]byte, 1024)
	end, err := mdns.PackRR(rr, b, 0, nil, false)
	if err != nil {
		t.Fatalf("pack %s: %v", rr, err)
	}
	back, _, err := mdns.UnpackRR(b[:end], 0)
	if err != nil {
		t.Fatalf("unpack %s: %v", rr, err)
	}
	return back
}

func FuzzName(f *testing.F) {
	for _, name := range []string{"mx.example.com", `a\.b\\.example.`, "\xff\x00 \"$.example", `\255\1`, "..", `\`} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		octets, err := wire.AppendName(nil, name)
		if err != nil {
			return
		}
		presentation, _, err := mdns.UnpackDomainName(octets, 0)
		if err != nil {
			t.Fatalf("the library cannot read %q: %v", octets, err)
		}
		canonical := wire.Name(presentation)
		again, err := wire.AppendName(nil, canonical)
		if err != nil || string(again) != string(octets) {
			t.Errorf("%q is %q, but read as %q is %q, %v", name, octets, canonical, again, err)
		}
		packed := make([]byte, 300)
		end, err := mdns.PackDomainName(wire.Presentation(name), packed, 0, nil, false)
		if err != nil || string(packed[:end]) != string(octets) {
			t.Errorf("the library packs %q as %q, %v, want %q", name, packed[:end], err, octets)
		}
		if labels := dns.Labels(canonical); len(labels) > 127 {
			t.Errorf("%q has %d labels", canonical, len(labels))
		}
	})
}
