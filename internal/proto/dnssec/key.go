package dnssec

import (
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"strings"

	"github.com/postmuster/postmuster/internal/dns"
)

// Flags of a DNSKEY record.
const (
	flagZoneKey    = 1 << 8 // RFC 4034 §2.1.1
	flagRevoked    = 1 << 7 // RFC 5011 §7
	flagSecureEdge = 1 << 0 // RFC 4034 §2.1.1: the key that the parent vouches for
)

// A Key is a key of a zone, and what can be computed of it.
type Key struct {
	dns.DNSKEY
	Tag  uint16
	Bits int // of the modulus, or of the curve; 0 when the key cannot be read
	Err  error
}

func newKey(d dns.DNSKEY) Key {
	k := Key{DNSKEY: d, Tag: KeyTag(d)}
	k.Bits, k.Err = keyBits(d)
	return k
}

// ZoneKey reports whether signatures by the key count.
func (k Key) ZoneKey() bool {
	const protocol = 3 // RFC 4034 §2.1.2
	return k.Flags&flagZoneKey != 0 && k.Flags&flagRevoked == 0 && k.Protocol == protocol
}

// Use says what the key is for, by its flags: "KSK", "ZSK".
func (k Key) Use() string {
	switch {
	case k.Flags&flagRevoked != 0:
		return "revoked"
	case k.Flags&flagZoneKey == 0:
		return "not a zone key"
	case k.Flags&flagSecureEdge != 0:
		return "KSK"
	}
	return "ZSK"
}

// Describe returns "12345 (ECDSAP256SHA256, 256 bits, KSK)".
func (k Key) Describe() string {
	if k.Bits == 0 {
		return fmt.Sprintf("%d (%s, %s)", k.Tag, AlgorithmName(k.Algorithm), k.Use())
	}
	return fmt.Sprintf("%d (%s, %d bits, %s)", k.Tag, AlgorithmName(k.Algorithm), k.Bits, k.Use())
}

// rdata is the key in wire format (RFC 4034 §2.1).
func rdata(d dns.DNSKEY) []byte {
	b := make([]byte, 0, 4+len(d.PublicKey))
	b = binary.BigEndian.AppendUint16(b, d.Flags)
	b = append(b, d.Protocol, d.Algorithm)
	return append(b, d.PublicKey...)
}

// KeyTag is the number by which DS and RRSIG records refer to a key (RFC 4034
// appendix B). Two keys may share one.
func KeyTag(d dns.DNSKEY) uint16 {
	const rsamd5 = 1 // appendix B.1
	if d.Algorithm == rsamd5 {
		if n := len(d.PublicKey); n >= 3 {
			return binary.BigEndian.Uint16(d.PublicKey[n-3:])
		}
		return 0
	}
	var sum uint32
	for i, b := range rdata(d) {
		if i%2 == 0 {
			sum += uint32(b) << 8
		} else {
			sum += uint32(b)
		}
	}
	return uint16(sum + sum>>16)
}

// errDigest says that we cannot compute a digest.
var errDigest = errors.New("a digest that is not computed here")

// Digest returns the digest of a zone's key as its DS record has it (RFC 4034
// §5.1.4, RFC 4509, RFC 6605).
func Digest(zone string, d dns.DNSKEY, digestType uint8) ([]byte, error) {
	data := append(canonicalName(zone), rdata(d)...)
	switch digestType {
	case 1:
		sum := sha1.Sum(data)
		return sum[:], nil
	case 2:
		sum := sha256.Sum256(data)
		return sum[:], nil
	case 4:
		sum := sha512.Sum384(data)
		return sum[:], nil
	}
	return nil, errDigest
}

// canonicalName is a name in wire format and lower case (RFC 4034 §6.2).
func canonicalName(name string) []byte {
	b := make([]byte, 0, len(name)+2)
	for _, label := range dns.Labels(dns.Canonical(name)) {
		if strings.Contains(label, `\`) {
			if octets, err := dns.Unescape(label); err == nil {
				label = octets
			}
		}
		b = append(b, byte(len(label)))
		b = append(b, label...)
	}
	return append(b, 0)
}

// Octets of a key on a curve (RFC 6605 §4, RFC 8080 §3), and the bits of that curve.
var curves = map[uint8]struct{ octets, bits int }{
	13: {64, 256}, 14: {96, 384}, 15: {32, 256}, 16: {57, 456},
}

// keyBits reads the size of a key.
func keyBits(d dns.DNSKEY) (int, error) {
	if curve, ok := curves[d.Algorithm]; ok {
		if len(d.PublicKey) != curve.octets {
			return 0, fmt.Errorf("a key of %s has %d octets, not %d", AlgorithmName(d.Algorithm), curve.octets, len(d.PublicKey))
		}
		return curve.bits, nil
	}
	switch d.Algorithm {
	case 1, 5, 7, 8, 10:
		return modulusBits(d.PublicKey)
	}
	return 0, nil
}

// modulusBits reads an RSA key (RFC 3110 §2).
func modulusBits(key []byte) (int, error) {
	errShort := errors.New("the RSA key ends before its modulus")
	if len(key) < 3 {
		return 0, errShort
	}
	exponent, rest := int(key[0]), key[1:]
	if exponent == 0 {
		exponent, rest = int(binary.BigEndian.Uint16(key[1:])), key[3:]
	}
	if exponent == 0 || exponent >= len(rest) {
		return 0, errShort
	}
	modulus := rest[exponent:]
	for len(modulus) > 0 && modulus[0] == 0 {
		modulus = modulus[1:]
	}
	if len(modulus) == 0 {
		return 0, errors.New("the modulus of the RSA key is 0")
	}
	return 8*(len(modulus)-1) + bits.Len8(modulus[0]), nil
}
