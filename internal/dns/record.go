package dns

import (
	"encoding/hex"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// A Type is the type of a resource record.
type Type uint16

// The types that mail depends on (IANA's registry of DNS parameters).
const (
	TypeA          Type = 1
	TypeNS         Type = 2
	TypeCNAME      Type = 5
	TypeSOA        Type = 6
	TypePTR        Type = 12
	TypeMX         Type = 15
	TypeTXT        Type = 16
	TypeAAAA       Type = 28
	TypeDS         Type = 43
	TypeRRSIG      Type = 46
	TypeDNSKEY     Type = 48
	TypeNSEC3PARAM Type = 51
	TypeTLSA       Type = 52
	TypeSPF        Type = 99 // obsolete (RFC 7208 §3.1)
	TypeCAA        Type = 257
)

var typeNames = map[Type]string{
	TypeA: "A", TypeNS: "NS", TypeCNAME: "CNAME", TypeSOA: "SOA", TypePTR: "PTR", TypeMX: "MX",
	TypeTXT: "TXT", TypeAAAA: "AAAA", TypeDS: "DS", TypeRRSIG: "RRSIG", TypeDNSKEY: "DNSKEY",
	TypeNSEC3PARAM: "NSEC3PARAM", TypeTLSA: "TLSA", TypeSPF: "SPF", TypeCAA: "CAA",
}

// String returns the type's mnemonic, or TYPE123 (RFC 3597 §5).
func (t Type) String() string {
	if name, ok := typeNames[t]; ok {
		return name
	}
	return "TYPE" + strconv.Itoa(int(t))
}

// ParseType reads a mnemonic or TYPE123.
func ParseType(s string) (Type, error) {
	for t, name := range typeNames {
		if strings.EqualFold(name, s) {
			return t, nil
		}
	}
	if digits, ok := strings.CutPrefix(strings.ToUpper(s), "TYPE"); ok {
		if n, err := strconv.ParseUint(digits, 10, 16); err == nil {
			return Type(n), nil
		}
	}
	return 0, fmt.Errorf("%q is not a record type", s)
}

// A Record is one resource record.
type Record struct {
	Name string // the owner, as the server wrote it, without the final dot
	TTL  uint32 // seconds
	Data Data
}

// Type is the type of the record's data.
func (r Record) Type() Type { return r.Data.Type() }

// String returns the record as a zone file would have it, without the class:
// "example.com. 300 MX 10 mx.example.com.".
func (r Record) String() string {
	return fmt.Sprintf("%s %d %s %s", Absolute(r.Name), r.TTL, r.Type(), r.Data)
}

// Data is what a record of one type holds. String returns it in presentation
// format (RFC 1035 §5.1). Host names in it have no final dot.
type Data interface {
	Type() Type
	String() string
}

// The data of each type. Names are without their final dot.
type (
	A     struct{ Addr netip.Addr }
	AAAA  struct{ Addr netip.Addr }
	NS    struct{ Host string }
	CNAME struct{ Target string }
	PTR   struct{ Host string }
	MX    struct {
		Preference uint16
		Host       string // "." in a null MX (RFC 7505)
	}
	// TXT holds the character-strings of one record, as octets: nothing escaped.
	TXT struct{ Strings []string }
	SOA struct {
		MName, RName                            string
		Serial, Refresh, Retry, Expire, Minimum uint32
	}
	TLSA struct {
		Usage, Selector, MatchingType uint8
		Association                   []byte
	}
	DS struct {
		KeyTag                uint16
		Algorithm, DigestType uint8
		Digest                []byte
	}
	DNSKEY struct {
		Flags               uint16
		Protocol, Algorithm uint8
		PublicKey           []byte
	}
	RRSIG struct {
		Covered               Type
		Algorithm, LabelCount uint8
		OriginalTTL           uint32
		Expiration, Inception int64 // seconds since 1970, RFC 4034 §3.1.5 resolved
		KeyTag                uint16
		Signer                string
	}
	NSEC3PARAM struct {
		Hash, Flags uint8
		Iterations  uint16
		Salt        []byte
	}
	CAA struct {
		Flag       uint8
		Tag, Value string
	}
	// Unknown holds the data of any other type (RFC 3597).
	Unknown struct {
		RRType Type
		Text   string // presentation format
	}
)

func (A) Type() Type          { return TypeA }
func (AAAA) Type() Type       { return TypeAAAA }
func (NS) Type() Type         { return TypeNS }
func (CNAME) Type() Type      { return TypeCNAME }
func (PTR) Type() Type        { return TypePTR }
func (MX) Type() Type         { return TypeMX }
func (TXT) Type() Type        { return TypeTXT }
func (SOA) Type() Type        { return TypeSOA }
func (TLSA) Type() Type       { return TypeTLSA }
func (DS) Type() Type         { return TypeDS }
func (DNSKEY) Type() Type     { return TypeDNSKEY }
func (RRSIG) Type() Type      { return TypeRRSIG }
func (NSEC3PARAM) Type() Type { return TypeNSEC3PARAM }
func (CAA) Type() Type        { return TypeCAA }
func (u Unknown) Type() Type  { return u.RRType }

func (d A) String() string     { return d.Addr.String() }
func (d AAAA) String() string  { return d.Addr.String() }
func (d NS) String() string    { return Absolute(d.Host) }
func (d CNAME) String() string { return Absolute(d.Target) }
func (d PTR) String() string   { return Absolute(d.Host) }
func (d MX) String() string    { return fmt.Sprintf("%d %s", d.Preference, Absolute(d.Host)) }

func (d TXT) String() string {
	quoted := make([]string, len(d.Strings))
	for i, s := range d.Strings {
		quoted[i] = Quote(s)
	}
	return strings.Join(quoted, " ")
}

// Text returns the strings joined without spaces, as every mail protocol reads
// them (RFC 7208 §3.3, RFC 6376 §3.6.2.2).
func (d TXT) Text() string { return strings.Join(d.Strings, "") }

func (d SOA) String() string {
	return fmt.Sprintf("%s %s %d %d %d %d %d", Absolute(d.MName), Absolute(d.RName),
		d.Serial, d.Refresh, d.Retry, d.Expire, d.Minimum)
}

func (d TLSA) String() string {
	return fmt.Sprintf("%d %d %d %s", d.Usage, d.Selector, d.MatchingType, hex.EncodeToString(d.Association))
}

func (d DS) String() string {
	return fmt.Sprintf("%d %d %d %s", d.KeyTag, d.Algorithm, d.DigestType, hex.EncodeToString(d.Digest))
}

func (d DNSKEY) String() string {
	return fmt.Sprintf("%d %d %d %s", d.Flags, d.Protocol, d.Algorithm, base64Text(d.PublicKey))
}

func (d RRSIG) String() string {
	return fmt.Sprintf("%s %d %d %d %d %d %d %s", d.Covered, d.Algorithm, d.LabelCount, d.OriginalTTL,
		d.Expiration, d.Inception, d.KeyTag, Absolute(d.Signer))
}

func (d NSEC3PARAM) String() string {
	salt := "-"
	if len(d.Salt) > 0 {
		salt = hex.EncodeToString(d.Salt)
	}
	return fmt.Sprintf("%d %d %d %s", d.Hash, d.Flags, d.Iterations, salt)
}

func (d CAA) String() string     { return fmt.Sprintf("%d %s %s", d.Flag, d.Tag, Quote(d.Value)) }
func (u Unknown) String() string { return u.Text }
