package recording

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/postmuster/postmuster/internal/dns"
)

// recordText is a record as a zone file has it, without the class.
func recordText(r dns.Record) string {
	rrtype := r.Type().String()
	if _, ok := r.Data.(dns.Unknown); ok {
		rrtype = "TYPE" + strconv.Itoa(int(r.Type()))
	}
	return fmt.Sprintf("%s %d %s %s", nameText(r.Name), r.TTL, rrtype, dataText(r.Data))
}

// dataText differs from the data's own String in that nothing which a hostile
// server sends can look like another field.
func dataText(data dns.Data) string {
	switch d := data.(type) {
	case dns.A:
		return addrText(d.Addr)
	case dns.AAAA:
		return addrText(d.Addr)
	case dns.NS:
		return nameText(d.Host)
	case dns.CNAME:
		return nameText(d.Target)
	case dns.PTR:
		return nameText(d.Host)
	case dns.MX:
		return fmt.Sprintf("%d %s", d.Preference, nameText(d.Host))
	case dns.SOA:
		return fmt.Sprintf("%s %s %d %d %d %d %d", nameText(d.MName), nameText(d.RName),
			d.Serial, d.Refresh, d.Retry, d.Expire, d.Minimum)
	case dns.TLSA:
		return fmt.Sprintf("%d %d %d %s", d.Usage, d.Selector, d.MatchingType, hexText(d.Association))
	case dns.DS:
		return fmt.Sprintf("%d %d %d %s", d.KeyTag, d.Algorithm, d.DigestType, hexText(d.Digest))
	case dns.DNSKEY:
		return fmt.Sprintf("%d %d %d %s", d.Flags, d.Protocol, d.Algorithm, base64Text(d.PublicKey))
	case dns.RRSIG:
		return fmt.Sprintf("%s %d %d %d %d %d %d %s", d.Covered, d.Algorithm, d.LabelCount, d.OriginalTTL,
			d.Expiration, d.Inception, d.KeyTag, nameText(d.Signer))
	case dns.NSEC3PARAM:
		return fmt.Sprintf("%d %d %d %s", d.Hash, d.Flags, d.Iterations, hexText(d.Salt))
	case dns.CAA:
		return fmt.Sprintf("%d %s %s", d.Flag, dns.Quote(d.Tag), dns.Quote(d.Value))
	case dns.Unknown:
		return dns.Quote(d.Text)
	default: // TXT: strings in quotes
		return d.String()
	}
}

func addrText(addr netip.Addr) string {
	if !addr.IsValid() {
		return "-"
	}
	return addr.String()
}

func hexText(b []byte) string {
	if len(b) == 0 {
		return "-"
	}
	return hex.EncodeToString(b)
}

func base64Text(b []byte) string {
	if len(b) == 0 {
		return "-"
	}
	return base64.StdEncoding.EncodeToString(b)
}

func parseRecord(text string) (dns.Record, error) {
	a := &args{rest: text}
	name, ttl, mnemonic := a.name(), uint32(a.number(32)), a.word()
	if a.err != nil {
		return dns.Record{}, a.err
	}
	rrtype, err := dns.ParseType(mnemonic)
	if err != nil {
		return dns.Record{}, fmt.Errorf("a record type: %w", err)
	}
	var data dns.Data
	if strings.HasPrefix(mnemonic, "TYPE") {
		data = dns.Unknown{RRType: rrtype, Text: a.quoted()}
	} else {
		data = a.data(rrtype)
	}
	a.end()
	return dns.Record{Name: name, TTL: ttl, Data: data}, a.err
}

// data reads the data of a record, the inverse of dataText.
func (a *args) data(rrtype dns.Type) dns.Data {
	switch rrtype {
	case dns.TypeA:
		return dns.A{Addr: a.addr()}
	case dns.TypeAAAA:
		return dns.AAAA{Addr: a.addr()}
	case dns.TypeNS:
		return dns.NS{Host: a.name()}
	case dns.TypeCNAME:
		return dns.CNAME{Target: a.name()}
	case dns.TypePTR:
		return dns.PTR{Host: a.name()}
	case dns.TypeMX:
		return dns.MX{Preference: a.uint16(), Host: a.name()}
	case dns.TypeTXT:
		return dns.TXT{Strings: a.strings()}
	case dns.TypeSOA:
		return dns.SOA{MName: a.name(), RName: a.name(),
			Serial: a.uint32(), Refresh: a.uint32(), Retry: a.uint32(), Expire: a.uint32(), Minimum: a.uint32()}
	case dns.TypeTLSA:
		return dns.TLSA{Usage: a.uint8(), Selector: a.uint8(), MatchingType: a.uint8(), Association: a.hex()}
	case dns.TypeDS:
		return dns.DS{KeyTag: a.uint16(), Algorithm: a.uint8(), DigestType: a.uint8(), Digest: a.hex()}
	case dns.TypeDNSKEY:
		return dns.DNSKEY{Flags: a.uint16(), Protocol: a.uint8(), Algorithm: a.uint8(), PublicKey: a.base64()}
	case dns.TypeRRSIG:
		return dns.RRSIG{Covered: a.rrtype(), Algorithm: a.uint8(), LabelCount: a.uint8(), OriginalTTL: a.uint32(),
			Expiration: a.int64(), Inception: a.int64(), KeyTag: a.uint16(), Signer: a.name()}
	case dns.TypeNSEC3PARAM:
		return dns.NSEC3PARAM{Hash: a.uint8(), Flags: a.uint8(), Iterations: a.uint16(), Salt: a.hex()}
	case dns.TypeCAA:
		return dns.CAA{Flag: a.uint8(), Tag: a.quoted(), Value: a.quoted()}
	default:
		a.fail(fmt.Errorf("TYPE%d and quoted text", rrtype))
		return dns.Unknown{}
	}
}

// args reads fields that are separated by spaces. The first error stays; it
// says what was expected.
type args struct {
	rest string
	err  error
}

func (a *args) fail(err error) {
	if a.err == nil {
		a.err = err
	}
}

// word returns the next field, empty at the end.
func (a *args) word() string {
	word, rest, _ := strings.Cut(a.rest, " ")
	a.rest = rest
	return word
}

func (a *args) end() {
	if a.rest != "" {
		a.fail(errors.New("nothing more"))
	}
}

func (a *args) number(bits int) uint64 {
	n, err := strconv.ParseUint(a.word(), 10, bits)
	if err != nil {
		a.fail(fmt.Errorf("a number of %d bits", bits))
	}
	return n
}

func (a *args) uint8() uint8   { return uint8(a.number(8)) }
func (a *args) uint16() uint16 { return uint16(a.number(16)) }
func (a *args) uint32() uint32 { return uint32(a.number(32)) }

func (a *args) int64() int64 {
	n, err := strconv.ParseInt(a.word(), 10, 64)
	if err != nil {
		a.fail(errors.New("seconds since 1970"))
	}
	return n
}

func (a *args) name() string {
	name, err := parseName(a.word())
	if err != nil {
		a.fail(err)
	}
	return name
}

func (a *args) rrtype() dns.Type {
	rrtype, err := dns.ParseType(a.word())
	if err != nil {
		a.fail(fmt.Errorf("a record type: %w", err))
	}
	return rrtype
}

func (a *args) addr() netip.Addr {
	word := a.word()
	if word == "-" {
		return netip.Addr{}
	}
	addr, err := netip.ParseAddr(word)
	if err != nil {
		a.fail(errors.New("an address"))
	}
	return addr
}

func (a *args) hex() []byte {
	word := a.word()
	if word == "-" {
		return nil
	}
	b, err := hex.DecodeString(word)
	if err != nil || len(b) == 0 {
		a.fail(errors.New("hexadecimal digits, or -"))
	}
	return b
}

func (a *args) base64() []byte {
	word := a.word()
	if word == "-" {
		return nil
	}
	b, err := base64.StdEncoding.DecodeString(word)
	if err != nil || len(b) == 0 {
		a.fail(errors.New("base64, or -"))
	}
	return b
}

// quoted reads one string in double quotes, as dns.Quote writes it.
func (a *args) quoted() string {
	text, ok := strings.CutPrefix(a.rest, `"`)
	end := closingQuote(text)
	if !ok || end < 0 {
		a.fail(errors.New("text in double quotes"))
		return ""
	}
	s, err := dns.Unescape(text[:end])
	if err != nil {
		a.fail(fmt.Errorf("quoted text: %w", err))
	}
	a.rest = text[end+1:]
	if a.rest != "" && a.rest[0] != ' ' {
		a.fail(errors.New("a space after quoted text"))
	}
	a.rest = strings.TrimPrefix(a.rest, " ")
	return s
}

// closingQuote is where the first unescaped quote stands; -1 without one.
func closingQuote(s string) int {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return -1
}

// strings reads quoted strings to the end of the line.
func (a *args) strings() []string {
	var all []string
	for a.rest != "" && a.err == nil {
		all = append(all, a.quoted())
	}
	return all
}
