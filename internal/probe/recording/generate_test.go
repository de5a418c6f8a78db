package recording

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"time"

	"github.com/postmuster/postmuster/internal/dns"
	"github.com/postmuster/postmuster/internal/https"
	"github.com/postmuster/postmuster/internal/smtp"
	"github.com/postmuster/postmuster/internal/testkit/smtptest"
)

// A generator makes recordings in which anything is possible that a type
// allows: hostile octets in names and texts, empty things, extreme numbers.
type generator struct {
	*rand.Rand
	certificates []*x509.Certificate
}

func newGenerator(seed uint64) *generator {
	ca := smtptest.NewCA()
	return &generator{rand.New(rand.NewPCG(seed, 1)), []*x509.Certificate{
		ca.Certificate(),
		ca.Issue(smtptest.Leaf{Names: []string{"mx.example.com"}}).Leaf,
		smtptest.SelfSigned(smtptest.Leaf{Names: []string{"mx.example.org", "192.0.2.1"}}).Leaf,
	}}
}

func pick[T any](g *generator, from ...T) T { return from[g.IntN(len(from))] }

func many[T any](g *generator, most int, one func() T) []T {
	var all []T
	for range g.IntN(most + 1) {
		all = append(all, one())
	}
	return all
}

func (g *generator) bool() bool { return g.IntN(2) == 0 }

func (g *generator) octets() []byte {
	return many(g, 40, func() byte { return byte(g.IntN(256)) })
}

func (g *generator) text() string {
	return pick(g, "", " ", "mx.example.com ESMTP", "ends in a space ", `\`, `\\065`, `"quoted"`, "#", "a\r\nb\tc\x00", "grüße", string(g.octets()))
}

func (g *generator) name() string {
	return pick(g, "example.com", ".", "", "_dmarc.example.com", `first\.last.example.com`, `back\\slash.example.com`, `\`, `\065.example.com`,
		"example.com.", `""`, "#.example.com", `ends\.`, "a b.example.com", string(g.octets()))
}

func (g *generator) host() string {
	return pick(g, "mx.example.com", "", "a[b]c", "a b", string(g.octets()))
}

func (g *generator) time() time.Time {
	return pick(g, time.Time{}, time.Date(2026, 11, 23, 10, 0, 0, g.IntN(1e9), time.UTC), time.Unix(g.Int64N(1<<33), 0).UTC())
}

func (g *generator) duration() time.Duration {
	return pick(g, 0, time.Duration(g.Int64N(1e3)), time.Duration(g.Int64N(1e6)), time.Duration(g.Int64N(1e12)), time.Duration(g.Int64()))
}

func (g *generator) addr4() netip.Addr {
	return pick(g, netip.Addr{}, netip.AddrFrom4([4]byte{192, 0, 2, byte(g.IntN(256))}))
}

func (g *generator) addr6() netip.Addr {
	return pick(g, netip.Addr{}, netip.AddrFrom16([16]byte{0x20, 0x01, 0x0d, 0xb8, 15: byte(g.IntN(256))}),
		netip.MustParseAddr("::ffff:192.0.2.1"), netip.MustParseAddr("::"))
}

func (g *generator) u8() uint8   { return uint8(g.Uint32()) }
func (g *generator) u16() uint16 { return uint16(g.Uint32()) }

func (g *generator) rrtype() dns.Type {
	return pick(g, dns.TypeA, dns.TypeMX, dns.TypeTXT, dns.TypeSPF, dns.TypeRRSIG, dns.Type(0), dns.Type(g.u16()))
}

func (g *generator) data() dns.Data {
	return pick(g, []dns.Data{
		dns.A{Addr: g.addr4()},
		dns.AAAA{Addr: g.addr6()},
		dns.NS{Host: g.name()},
		dns.CNAME{Target: g.name()},
		dns.PTR{Host: g.name()},
		dns.MX{Preference: g.u16(), Host: g.name()},
		dns.TXT{Strings: many(g, 4, g.text)},
		dns.SOA{MName: g.name(), RName: g.name(), Serial: g.Uint32(), Refresh: g.Uint32(), Retry: 1, Expire: 2, Minimum: g.Uint32()},
		dns.TLSA{Usage: g.u8(), Selector: g.u8(), MatchingType: g.u8(), Association: g.octets()},
		dns.DS{KeyTag: g.u16(), Algorithm: g.u8(), DigestType: g.u8(), Digest: g.octets()},
		dns.DNSKEY{Flags: g.u16(), Protocol: g.u8(), Algorithm: g.u8(), PublicKey: g.octets()},
		dns.RRSIG{Covered: g.rrtype(), Algorithm: g.u8(), LabelCount: g.u8(), OriginalTTL: g.Uint32(),
			Expiration: g.Int64(), Inception: -g.Int64(), KeyTag: g.u16(), Signer: g.name()},
		dns.NSEC3PARAM{Hash: g.u8(), Flags: g.u8(), Iterations: g.u16(), Salt: g.octets()},
		dns.CAA{Flag: g.u8(), Tag: g.text(), Value: g.text()},
		dns.Unknown{RRType: g.rrtype(), Text: g.text()},
	}...)
}

func (g *generator) record() dns.Record {
	return dns.Record{Name: g.name(), TTL: g.Uint32(), Data: g.data()}
}

func (g *generator) question() dns.Question {
	return dns.Question{Name: g.name(), Type: g.rrtype(), WantDNSSEC: g.bool(), CheckingDisabled: g.bool()}
}

func (g *generator) extendedError() dns.ExtendedError {
	return dns.ExtendedError{Code: g.u16(), Text: g.text()}
}

func (g *generator) dnsOutcome(q dns.Question) dnsOutcome {
	q = pick(g, q, q, g.question())
	if g.bool() {
		return dnsOutcome{answer: &dns.Answer{
			Question: q, Rcode: pick(g, dns.RcodeNoError, dns.RcodeNXDomain), AuthenticData: g.bool(),
			Records: many(g, 5, g.record), Authority: many(g, 2, g.record), ExtendedErrors: many(g, 2, g.extendedError),
			Server: pick(g, "192.0.2.53:53", g.text()), TCP: g.bool(), At: g.time(), Elapsed: g.duration(),
		}}
	}
	return dnsOutcome{err: &dns.Error{
		Question: q, Cause: pick(g, dns.CauseRcode, dns.CauseTimeout, dns.CauseLoop), Rcode: pick(g, dns.RcodeServFail, 0, dns.Rcode(g.u16())),
		ExtendedErrors: many(g, 2, g.extendedError), Server: g.text(), Elapsed: g.duration(),
		Err: pick(g, nil, errors.New(g.text())),
	}}
}

func (g *generator) reply() *smtp.Reply {
	return pick(g, nil, &smtp.Reply{Code: 200 + g.IntN(400), Lines: many(g, 4, g.text)})
}

func (g *generator) chain() []*x509.Certificate {
	return many(g, 3, func() *x509.Certificate { return pick(g, g.certificates...) })
}

func (g *generator) target() smtp.Target {
	return smtp.Target{Host: g.host(), Addr: netip.AddrPortFrom(pick(g, g.addr4(), g.addr6()), g.u16())}
}

func (g *generator) session(t smtp.Target) *smtp.Session {
	state := &smtp.TLS{
		Version: pick(g, 0, tls.VersionTLS10, tls.VersionTLS13, g.u16()), Cipher: pick(g, 0, tls.TLS_AES_128_GCM_SHA256, tls.TLS_RSA_WITH_RC4_128_SHA, g.u16()),
		Alert: g.text(), Chain: g.chain(), ChainError: g.text(), NameError: g.text(),
	}
	return &smtp.Session{
		Target: t, HELO: g.text(), Result: pick(g, smtp.ResultOK, smtp.ResultNotSMTP), Step: pick(g, smtp.StepQUIT, smtp.StepEHLOTLS), Reason: g.text(),
		Banner: g.reply(), BannerWait: g.duration(), EHLO: g.reply(), STARTTLS: g.reply(), TLS: pick(g, nil, state), EHLOTLS: g.reply(),
		Transcript: many(g, 9, func() smtp.Line {
			return smtp.Line{At: g.duration(), From: pick(g, smtp.FromServer, smtp.FromClient, smtp.Note), Text: g.text()}
		}),
		At: g.time(), Elapsed: g.duration(),
	}
}

func (g *generator) request() https.Request {
	return https.Request{URL: pick(g, "https://mta-sts.example.com/.well-known/mta-sts.txt", g.text()), MaxBytes: g.Int64(), FollowRedirects: g.bool()}
}

func (g *generator) response(r https.Request) *https.Response {
	body := pick(g, nil, g.octets(), []byte("version: STSv1\r\nmode: enforce\r\n"), make([]byte, maxBodyLine+1))
	return &https.Response{
		Request: r, Result: pick(g, https.ResultOK, https.ResultTooLarge), Reason: g.text(), Status: pick(g, 0, 200), Location: g.text(),
		ContentType: g.text(), Body: body, Chain: g.chain(), At: g.time(), Elapsed: g.duration(),
	}
}

func (g *generator) recording() *Recording {
	r := newRecording(g.time(), many(g, 3, func() Header { return Header{fmt.Sprint("key-", g.IntN(3)), g.text()} }))
	for range g.IntN(8) {
		q := g.question()
		r.dns[q] = g.dnsOutcome(q)
		t := g.target()
		r.smtp[t] = g.session(t)
		request := g.request()
		r.https[request] = g.response(request)
	}
	return r
}
