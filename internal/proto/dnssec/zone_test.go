package dnssec

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	mdns "github.com/miekg/dns"

	"github.com/google/go-cmp/cmp"

	"github.com/postmuster/postmuster/internal/dns"
	"github.com/postmuster/postmuster/internal/testkit/dnstest"
)

var now = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

// A signer makes the records of a signed zone, with a key of each algorithm. What
// it signs with is not what it says: nobody computes the signatures again.
type signer struct {
	keys        []*mdns.DNSKEY
	begin, end  time.Duration // of the signatures, from now
	keySigner   int           // index of the key that signs the keys; -1: all
	without     uint8         // this algorithm signs nothing
	noSignature dns.Type      // nor does any over records of this type
}

func newSigner(t testing.TB, algorithms ...uint8) *signer {
	t.Helper()
	s := &signer{begin: -24 * time.Hour, end: 13 * 24 * time.Hour, keySigner: -1}
	for _, a := range algorithms {
		bits := map[uint8]int{mdns.RSASHA1: 2048, mdns.RSASHA256: 2048, mdns.ECDSAP256SHA256: 256, mdns.ED25519: 256, mdns.RSASHA512: 1024}[a]
		s.keys = append(s.keys, newMDNSKey(t, a, bits))
	}
	return s
}

func newMDNSKey(t testing.TB, algorithm uint8, bits int) *mdns.DNSKEY {
	t.Helper()
	key := &mdns.DNSKEY{Hdr: mdns.RR_Header{Name: "example.com.", Rrtype: mdns.TypeDNSKEY, Class: mdns.ClassINET, Ttl: 300},
		Flags: 257, Protocol: 3, Algorithm: algorithm}
	if _, err := key.Generate(bits); err != nil {
		t.Fatal(err)
	}
	return key
}

func (s *signer) ds(i int, digest uint8) string { return s.keys[i].ToDS(digest).String() + "\n" }

func (s *signer) zone() string {
	var b strings.Builder
	b.WriteString("example.com. SOA ns.example.com. hostmaster.example.com. 1 3600 600 86400 60\nexample.com. MX 10 mx.example.com.\n")
	// The parent signs its DS record, by which a resolver shows that it hands out signatures.
	b.WriteString("example.com. RRSIG DS 13 2 300 20261201000000 20261101000000 1 com. AAAA\n")
	for i, key := range s.keys {
		b.WriteString(key.String() + "\n")
		for _, covered := range []dns.Type{dns.TypeSOA, dns.TypeMX, dns.TypeDNSKEY} {
			if key.Algorithm == s.without || covered == s.noSignature || covered == dns.TypeDNSKEY && s.keySigner >= 0 && i != s.keySigner {
				continue
			}
			const layout = "20060102150405"
			fmt.Fprintf(&b, "example.com. RRSIG %s %d 2 300 %s %s %d example.com. AAAA\n", covered, key.Algorithm,
				now.Add(s.end).Format(layout), now.Add(s.begin).Format(layout), key.KeyTag())
		}
	}
	return b.String()
}

func inspect(t *testing.T, zone string) *Zone {
	t.Helper()
	return Inspect(t.Context(), dnstest.New(t, zone), "example.com", now, dns.TypeMX)
}

func codes(issues []Issue) []string {
	var found []string
	for _, i := range issues {
		found = append(found, string(i.Severity)+" "+string(i.Code)+" "+i.Type.String())
	}
	slices.Sort(found)
	return slices.Compact(found)
}

func TestInspect(t *testing.T) {
	good := func() *signer { return newSigner(t, mdns.ECDSAP256SHA256) }
	dated := func(begin, end time.Duration) string {
		s := good()
		s.begin, s.end = begin, end
		return s.zone() + s.ds(0, 2)
	}
	const day = 24 * time.Hour
	tests := []struct {
		rule string
		zone func() string
		want []string
	}{
		{"as it should be", func() string { s := good(); return s.zone() + s.ds(0, 2) }, nil},
		{"SHA-384", func() string { s := good(); return s.zone() + s.ds(0, 4) }, nil},
		{"not signed", func() string { return (&signer{}).zone() }, nil},
		{"signed, and nobody vouches", func() string { return good().zone() }, []string{"info ds-missing DS"}},
		{"a DS record of another key", func() string { return good().zone() + good().ds(0, 2) }, []string{"error ds-none DS"}},
		{"an old DS record beside a good one", func() string { s := good(); return s.zone() + s.ds(0, 2) + good().ds(0, 2) }, []string{"info ds-stale DS"}},
		{"a digest of another key under the right number", func() string {
			s := good()
			ds := s.keys[0].ToDS(2)
			ds.Digest = strings.Repeat("00", 32)
			return s.zone() + ds.String() + "\n"
		}, []string{"error ds-none DS"}},
		{"DS records and no keys", func() string { return (&signer{}).zone() + good().ds(0, 2) },
			[]string{"error no-keys DNSKEY", "error not-signed SOA"}},
		{"a key that is revoked", func() string { s := good(); s.keys[0].Flags |= 128; return s.zone() + s.ds(0, 2) }, []string{"error ds-none DS"}},
		{"keys signed by the wrong one of two", func() string {
			s := newSigner(t, mdns.ECDSAP256SHA256, mdns.ECDSAP256SHA256)
			s.keySigner = 1
			return s.zone() + s.ds(0, 2)
		}, []string{"error ds-unsigned DNSKEY"}},
		{"keys without a signature", func() string { s := good(); s.noSignature = dns.TypeDNSKEY; return s.zone() + s.ds(0, 2) },
			[]string{"error not-signed DNSKEY"}},
		{"an algorithm that signs nothing", func() string {
			s := newSigner(t, mdns.ECDSAP256SHA256, mdns.ED25519)
			s.without = mdns.ED25519
			return s.zone() + s.ds(0, 2)
		}, []string{"warning incomplete DNSKEY", "warning incomplete SOA"}},
		{"only SHA-1", func() string { s := good(); return s.zone() + s.ds(0, 1) }, []string{"error digest DS"}},
		{"SHA-1 beside SHA-256", func() string { s := good(); return s.zone() + s.ds(0, 1) + s.ds(0, 2) }, []string{"warning digest DS"}},
		{"GOST", func() string {
			s := good()
			ds := s.keys[0].ToDS(2)
			ds.DigestType = 3
			return s.zone() + ds.String() + "\n"
		},
			[]string{"error digest DS"}},
		{"RSASHA1", func() string { s := newSigner(t, mdns.RSASHA1); return s.zone() + s.ds(0, 2) }, []string{"error algorithm DNSKEY"}},
		{"RSASHA512, 1024 bits", func() string { s := newSigner(t, mdns.RSASHA512); return s.zone() + s.ds(0, 2) },
			[]string{"info algorithm-up DNSKEY", "warning key-weak DNSKEY"}},
		{"a number that is nobody's", func() string { s := good(); s.keys[0].Algorithm = 200; return s.zone() + s.ds(0, 2) },
			[]string{"warning algorithm-up DNSKEY"}},
		{"a key of the wrong length", func() string { s := good(); s.keys[0].PublicKey = "AAAA"; return s.zone() + s.ds(0, 2) },
			[]string{"error key-broken DNSKEY"}},
		{"expired", func() string { return dated(-15*day, -time.Hour) },
			[]string{"error expired DNSKEY", "error expired MX", "error expired SOA"}},
		{"not yet valid", func() string { return dated(time.Hour, 14*day) },
			[]string{"error not-yet-valid DNSKEY", "error not-yet-valid MX", "error not-yet-valid SOA"}},
		{"about to expire", func() string { return dated(-13*day, day) },
			[]string{"warning expiring DNSKEY", "warning expiring MX", "warning expiring SOA"}},
		{"made anew every hour, for two days", func() string { return dated(-time.Hour, 2*day-time.Hour) }, nil},
		{"made anew every hour, but not of late", func() string { return dated(-2*day, 10*time.Hour) },
			[]string{"warning expiring DNSKEY", "warning expiring MX", "warning expiring SOA"}},
		{"an old signature beside a new one", func() string {
			s := good()
			old := s.zone()
			s.begin, s.end = -30*day, -day
			return old + s.zone() + s.ds(0, 2)
		}, nil},
		{"NSEC3 with iterations and salt", func() string { s := good(); return s.zone() + s.ds(0, 2) + "example.com. NSEC3PARAM 1 0 10 ABCD\n" },
			[]string{"info nsec3-salt NSEC3PARAM", "warning nsec3-iterations NSEC3PARAM"}},
		{"NSEC3 as it should be", func() string { s := good(); return s.zone() + s.ds(0, 2) + "example.com. NSEC3PARAM 1 0 0 -\n" }, nil},
	}
	for _, tt := range tests {
		z := inspect(t, tt.zone())
		if diff := cmp.Diff(tt.want, codes(z.Issues)); diff != "" {
			t.Errorf("%s: issues (-want +got):\n%s\n%+v", tt.rule, diff, z.Issues)
		}
		if len(z.Gaps) > 0 || z.Name != "example.com" {
			t.Errorf("%s: zone %q, gaps %v", tt.rule, z.Name, z.Gaps)
		}
	}
}

// A name below the apex is in its zone, whose records are judged.
func TestInspectBelowTheApex(t *testing.T) {
	s := newSigner(t, mdns.ED25519)
	z := Inspect(t.Context(), dnstest.New(t, s.zone()+s.ds(0, 2)), "news.example.com", now, dns.TypeMX)
	if z.Name != "example.com" || len(z.Issues) > 0 || !z.Signed || !z.Delegated() {
		t.Errorf("zone %q, signed %t, issues %v", z.Name, z.Signed, z.Issues)
	}
}

// What was not answered is a gap, and nothing is said to be wrong with it.
func TestInspectGaps(t *testing.T) {
	s := newSigner(t, mdns.ED25519)
	zone := s.zone() + s.ds(0, 2)
	for _, missing := range []string{"SOA", "DS", "DNSKEY", "MX", "NSEC3PARAM"} {
		z := inspect(t, zone+`_fail.example.com. TXT "`+missing+" SERVFAIL\"\n")
		if len(z.Gaps) != 1 || z.Gaps[0].Question.Type.String() != missing || len(z.Issues) > 0 {
			t.Errorf("without %s: gaps %v, issues %v", missing, z.Gaps, z.Issues)
		}
	}
	var deaf []string // a resolver that strips signatures
	for line := range strings.Lines(zone) {
		if !strings.Contains(line, "RRSIG") {
			deaf = append(deaf, line)
		}
	}
	z := inspect(t, strings.Join(deaf, ""))
	if len(z.Gaps) != 1 || !strings.Contains(z.Gaps[0].Reason, "hands out no signatures") || len(z.Issues) > 0 {
		t.Errorf("without signatures: gaps %v, issues %v", z.Gaps, z.Issues)
	}
}

// A zone file is judged before it is published, and so before it is signed.
func TestInspectDraft(t *testing.T) {
	w := dnstest.New(t, (&signer{}).zone()+newSigner(t, mdns.ED25519).ds(0, 2))
	z := Inspect(t.Context(), renamed{w, "zone file example.com.zone"}, "example.com", now, dns.TypeMX)
	if !z.Draft || len(z.Issues) > 0 || len(z.Gaps) > 0 {
		t.Errorf("draft %t, issues %v, gaps %v", z.Draft, z.Issues, z.Gaps)
	}
}

// Digests and key tags are those of the DNS library.
func TestDigestAndKeyTag(t *testing.T) {
	for _, algorithm := range []uint8{mdns.RSASHA256, mdns.ECDSAP256SHA256, mdns.ED25519} {
		theirs := newSigner(t, algorithm).keys[0]
		z := inspect(t, theirs.String()+"\n"+theirs.ToDS(2).String()+"\nexample.com. SOA ns hostmaster 1 1 1 1 1\n")
		if len(z.Keys) != 1 || z.Keys[0].Tag != theirs.KeyTag() {
			t.Fatalf("%+v, want tag %d", z.Keys, theirs.KeyTag())
		}
		for _, digestType := range []uint8{1, 2, 4} {
			got, err := Digest("EXAMPLE.com", z.Keys[0].DNSKEY, digestType)
			if want := theirs.ToDS(digestType).Digest; err != nil || fmt.Sprintf("%x", got) != want {
				t.Errorf("%s: %x, %v, want %s", DigestName(digestType), got, err, want)
			}
		}
	}
}
