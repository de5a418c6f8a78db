package wire

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net"
	"net/netip"
	"strings"

	mdns "github.com/miekg/dns"

	"github.com/postmuster/postmuster/internal/dns"
)

// Record turns a record of the library into one of ours.
func Record(rr mdns.RR) (dns.Record, error) {
	h := rr.Header()
	data, err := data(rr)
	if err != nil {
		return dns.Record{}, fmt.Errorf("record %s %s: %w", h.Name, dns.Type(h.Rrtype), err)
	}
	return dns.Record{Name: Name(h.Name), TTL: h.Ttl, Data: data}, nil
}

func data(rr mdns.RR) (dns.Data, error) {
	switch rr := rr.(type) {
	case *mdns.A:
		addr, err := address(rr.A)
		return dns.A{Addr: addr.Unmap()}, err
	case *mdns.AAAA:
		addr, err := address(rr.AAAA)
		return dns.AAAA{Addr: addr}, err
	case *mdns.NS:
		return dns.NS{Host: Name(rr.Ns)}, nil
	case *mdns.CNAME:
		return dns.CNAME{Target: Name(rr.Target)}, nil
	case *mdns.PTR:
		return dns.PTR{Host: Name(rr.Ptr)}, nil
	case *mdns.MX:
		return dns.MX{Preference: rr.Preference, Host: Name(rr.Mx)}, nil
	case *mdns.TXT:
		texts, err := unescapeAll(rr.Txt)
		return dns.TXT{Strings: texts}, err
	case *mdns.SOA:
		return dns.SOA{MName: Name(rr.Ns), RName: Name(rr.Mbox), Serial: rr.Serial, Refresh: rr.Refresh,
			Retry: rr.Retry, Expire: rr.Expire, Minimum: rr.Minttl}, nil
	case *mdns.CAA:
		value, err := dns.Unescape(rr.Value)
		return dns.CAA{Flag: rr.Flag, Tag: rr.Tag, Value: value}, err
	default:
		return securityData(rr)
	}
}

// securityData turns the records of DNSSEC and DANE, whose octets the library
// keeps as hexadecimal or base64 text.
func securityData(rr mdns.RR) (dns.Data, error) {
	switch rr := rr.(type) {
	case *mdns.TLSA:
		association, err := hex.DecodeString(rr.Certificate)
		return dns.TLSA{Usage: rr.Usage, Selector: rr.Selector, MatchingType: rr.MatchingType, Association: association}, err
	case *mdns.DS:
		digest, err := hex.DecodeString(rr.Digest)
		return dns.DS{KeyTag: rr.KeyTag, Algorithm: rr.Algorithm, DigestType: rr.DigestType, Digest: digest}, err
	case *mdns.DNSKEY:
		key, err := base64.StdEncoding.DecodeString(rr.PublicKey)
		return dns.DNSKEY{Flags: rr.Flags, Protocol: rr.Protocol, Algorithm: rr.Algorithm, PublicKey: key}, err
	case *mdns.RRSIG:
		return dns.RRSIG{Covered: dns.Type(rr.TypeCovered), Algorithm: rr.Algorithm, LabelCount: rr.Labels,
			OriginalTTL: rr.OrigTtl, Expiration: int64(rr.Expiration), Inception: int64(rr.Inception),
			KeyTag: rr.KeyTag, Signer: Name(rr.SignerName)}, nil
	case *mdns.NSEC3PARAM:
		salt, err := hex.DecodeString(rr.Salt)
		return dns.NSEC3PARAM{Hash: rr.Hash, Flags: rr.Flags, Iterations: rr.Iterations, Salt: salt}, err
	case *mdns.RFC3597:
		text := fmt.Sprintf(`\# %d %s`, len(rr.Rdata)/2, rr.Rdata) // RFC 3597 §5
		return dns.Unknown{RRType: dns.Type(rr.Hdr.Rrtype), Text: strings.TrimSpace(text)}, nil
	default:
		text := strings.TrimPrefix(rr.String(), rr.Header().String())
		return dns.Unknown{RRType: dns.Type(rr.Header().Rrtype), Text: text}, nil
	}
}

func address(ip net.IP) (netip.Addr, error) {
	addr, ok := netip.AddrFromSlice(ip)
	if !ok {
		return addr, fmt.Errorf("%d octets are not an address", len(ip))
	}
	return addr, nil
}

func unescapeAll(texts []string) ([]string, error) {
	octets := make([]string, len(texts))
	for i, text := range texts {
		var err error
		if octets[i], err = dns.Unescape(text); err != nil {
			return nil, err
		}
	}
	return octets, nil
}

// RR turns one of our records into one of the library. A signature, which our
// words do not hold, comes out empty.
func RR(r dns.Record) (mdns.RR, error) {
	h := mdns.RR_Header{Name: Presentation(r.Name), Rrtype: uint16(r.Type()), Class: mdns.ClassINET, Ttl: r.TTL}
	switch d := r.Data.(type) {
	case dns.A:
		return &mdns.A{Hdr: h, A: d.Addr.AsSlice()}, nil
	case dns.AAAA:
		return &mdns.AAAA{Hdr: h, AAAA: d.Addr.AsSlice()}, nil
	case dns.NS:
		return &mdns.NS{Hdr: h, Ns: Presentation(d.Host)}, nil
	case dns.CNAME:
		return &mdns.CNAME{Hdr: h, Target: Presentation(d.Target)}, nil
	case dns.PTR:
		return &mdns.PTR{Hdr: h, Ptr: Presentation(d.Host)}, nil
	case dns.MX:
		return &mdns.MX{Hdr: h, Preference: d.Preference, Mx: Presentation(d.Host)}, nil
	case dns.TXT:
		return &mdns.TXT{Hdr: h, Txt: escapeAll(d.Strings)}, nil
	case dns.SOA:
		return &mdns.SOA{Hdr: h, Ns: Presentation(d.MName), Mbox: Presentation(d.RName), Serial: d.Serial,
			Refresh: d.Refresh, Retry: d.Retry, Expire: d.Expire, Minttl: d.Minimum}, nil
	case dns.CAA:
		return &mdns.CAA{Hdr: h, Flag: d.Flag, Tag: d.Tag, Value: escape(d.Value)}, nil
	default:
		return securityRR(h, r)
	}
}

func securityRR(h mdns.RR_Header, r dns.Record) (mdns.RR, error) {
	switch d := r.Data.(type) {
	case dns.TLSA:
		return &mdns.TLSA{Hdr: h, Usage: d.Usage, Selector: d.Selector, MatchingType: d.MatchingType,
			Certificate: hex.EncodeToString(d.Association)}, nil
	case dns.DS:
		return &mdns.DS{Hdr: h, KeyTag: d.KeyTag, Algorithm: d.Algorithm, DigestType: d.DigestType,
			Digest: hex.EncodeToString(d.Digest)}, nil
	case dns.DNSKEY:
		return &mdns.DNSKEY{Hdr: h, Flags: d.Flags, Protocol: d.Protocol, Algorithm: d.Algorithm,
			PublicKey: base64.StdEncoding.EncodeToString(d.PublicKey)}, nil
	case dns.RRSIG:
		return &mdns.RRSIG{Hdr: h, TypeCovered: uint16(d.Covered), Algorithm: d.Algorithm, Labels: d.LabelCount,
			OrigTtl: d.OriginalTTL, Expiration: uint32(d.Expiration), Inception: uint32(d.Inception),
			KeyTag: d.KeyTag, SignerName: Presentation(d.Signer)}, nil
	case dns.NSEC3PARAM:
		return &mdns.NSEC3PARAM{Hdr: h, Hash: d.Hash, Flags: d.Flags, Iterations: d.Iterations,
			SaltLength: uint8(len(d.Salt)), Salt: hex.EncodeToString(d.Salt)}, nil
	default:
		return mdns.NewRR(h.String() + r.Data.String())
	}
}

func escapeAll(texts []string) []string {
	escaped := make([]string, len(texts))
	for i, text := range texts {
		escaped[i] = escape(text)
	}
	return escaped
}

// escape writes octets as the library keeps a character-string: escaped, but
// without the quotes.
func escape(octets string) string {
	quoted := dns.Quote(octets)
	return quoted[1 : len(quoted)-1]
}
