package dnssec

import (
	"context"
	"encoding/base64"
	"testing"
	"time"

	mdns "github.com/miekg/dns"

	"github.com/postmuster/postmuster/internal/dns"
)

// everything answers every question with the same records.
type everything []dns.Record

func (e everything) Resolve(_ context.Context, q dns.Question) (*dns.Answer, error) {
	return &dns.Answer{Question: q, Records: e, Server: "127.0.0.1:53"}, nil
}

var soa = dns.Record{Name: "example.com", Data: dns.SOA{MName: "ns.example.com", RName: "hostmaster.example.com"}}

// A zone with thousands of keys of one number and as many DS records for it is
// not computed to the end (the attack is known as KeyTrap).
func TestKeysWithoutNumber(t *testing.T) {
	records := everything{soa}
	key := dns.DNSKEY{Flags: 257, Protocol: 3, Algorithm: 8, PublicKey: make([]byte, 4096)}
	for range 2000 {
		records = append(records, dns.Record{Name: "example.com", Data: key},
			dns.Record{Name: "example.com", Data: dns.DS{KeyTag: KeyTag(key), Algorithm: 8, DigestType: 2}},
			dns.Record{Name: "example.com", Data: dns.RRSIG{Covered: dns.TypeSOA, Algorithm: 8, Signer: "example.com"}})
	}
	z := Inspect(t.Context(), records, "example.com", now, dns.TypeMX)
	if len(z.Keys) > maxKeys || len(z.DS) > maxDS || len(z.Signatures) > maxSignatures || !z.Cut {
		t.Errorf("%d keys, %d DS, %d signatures, cut %t", len(z.Keys), len(z.DS), len(z.Signatures), z.Cut)
	}
}

func FuzzInspect(f *testing.F) {
	f.Add([]byte{3, 1, 0, 1, 0xff, 0xff}, []byte{1, 2}, uint8(8), uint8(2), uint16(257), int64(0), int64(1<<40))
	f.Add([]byte{0, 0, 0}, []byte(nil), uint8(1), uint8(1), uint16(0), int64(-1), int64(-1<<62))
	f.Add(make([]byte, 64), make([]byte, 32), uint8(13), uint8(4), uint16(385), int64(1<<62), int64(0))
	f.Fuzz(func(t *testing.T, publicKey, digest []byte, algorithm, digestType uint8, flags uint16, inception, expiration int64) {
		if len(publicKey) == 0 {
			return // not a record
		}
		key := dns.DNSKEY{Flags: flags, Protocol: 3, Algorithm: algorithm, PublicKey: publicKey}
		tag := KeyTag(key)
		theirs := mdns.DNSKEY{Hdr: mdns.RR_Header{Name: "example.com."}, Flags: flags, Protocol: 3, Algorithm: algorithm, PublicKey: base64.StdEncoding.EncodeToString(publicKey)}
		if algorithm != mdns.RSAMD5 && tag != theirs.KeyTag() {
			t.Errorf("key tag %d, the library has %d", tag, theirs.KeyTag())
		}
		z := Inspect(t.Context(), everything{soa,
			{Name: "example.com", Data: key},
			{Name: "EXAMPLE.com", Data: dns.DS{KeyTag: tag, Algorithm: algorithm, DigestType: digestType, Digest: digest}},
			{Name: "example.com", Data: dns.NSEC3PARAM{Iterations: flags, Salt: digest}},
			{Name: "example.com", Data: dns.RRSIG{Covered: dns.TypeDNSKEY, Algorithm: algorithm, KeyTag: tag, Signer: "example.com", Inception: inception, Expiration: expiration}},
		}, "example.com", time.Unix(int64(tag), 0))
		for _, i := range z.Issues {
			if i.Message == "" || i.Owner == "" || i.Code == "" {
				t.Errorf("an issue says nothing: %+v", i)
			}
		}
		for _, k := range z.Keys {
			if k.Bits < 0 || k.Bits > 8*len(publicKey) || (k.Err != nil) && k.Bits != 0 {
				t.Errorf("%d bits, %v, of %d octets", k.Bits, k.Err, len(publicKey))
			}
		}
	})
}

func BenchmarkAsk(b *testing.B) {
	a := everything{soa}
	v := Validator{DNS: a}
	b.ReportAllocs()
	for b.Loop() {
		v.Ask(b.Context(), "example.com", dns.TypeMX)
	}
}

func BenchmarkInspect(b *testing.B) {
	s := newSigner(b, mdns.ECDSAP256SHA256)
	key := dns.DNSKEY{Flags: 257, Protocol: 3, Algorithm: 13}
	key.PublicKey, _ = base64.StdEncoding.DecodeString(s.keys[0].PublicKey)
	digest, _ := Digest("example.com", key, 2)
	zone := everything{soa, {Name: "example.com", Data: key},
		{Name: "example.com", Data: dns.DS{KeyTag: KeyTag(key), Algorithm: 13, DigestType: 2, Digest: digest}}}
	for _, covered := range []dns.Type{dns.TypeSOA, dns.TypeDNSKEY, dns.TypeMX} {
		zone = append(zone, dns.Record{Name: "example.com", Data: dns.RRSIG{Covered: covered, Algorithm: 13, KeyTag: KeyTag(key), Signer: "example.com",
			Inception: now.Unix() - 3600, Expiration: now.Unix() + 1<<20}})
	}
	b.ReportAllocs()
	for b.Loop() {
		if z := Inspect(b.Context(), zone, "example.com", now, dns.TypeMX); len(z.Issues) > 0 {
			b.Fatal(z.Issues)
		}
	}
}
