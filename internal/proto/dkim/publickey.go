package dkim

import (
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math"
	"math/big"
)

// Sizes of RSA keys worth a word (RFC 8301 §3.2 advises 2048).
const (
	advisedRSABits = 2048
	longRSABits    = 4096
)

// The usual RSA exponent, and one known for attacks on careless verifiers.
const (
	usualExponent = 65537
	smallExponent = 3
)

var (
	oidRSA     = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}
	oidEd25519 = asn1.ObjectIdentifier{1, 3, 101, 112}
)

// subjectPublicKeyInfo is RFC 5280's, rsaPublicKey RFC 8017's (PKCS #1). RFC
// 6376 asks for the latter and shows the former; both are in use (erratum 3017).
type subjectPublicKeyInfo struct {
	Algorithm pkix.AlgorithmIdentifier
	PublicKey asn1.BitString
}

type rsaPublicKey struct{ N, E *big.Int }

// unmarshalAll is asn1.Unmarshal without anything left over.
func unmarshalAll(der []byte, value any) bool {
	rest, err := asn1.Unmarshal(der, value)
	return err == nil && len(rest) == 0
}

func (p *keyParser) rsaKey(der []byte, t Tag) {
	var info subjectPublicKeyInfo
	var key rsaPublicKey
	switch {
	case isPrivateKey(der):
		p.issues.add(CodePrivateKey, SeverityError, t.ValueStart, "p= holds the private key: anyone can sign with it")
		return
	case unmarshalAll(der, &info):
		if !info.Algorithm.Algorithm.Equal(oidRSA) {
			p.issues.add(CodeDER, SeverityError, t.ValueStart, "p= holds a key of another type than RSA (object identifier %s)", info.Algorithm.Algorithm)
			return
		}
		if !unmarshalAll(info.PublicKey.RightAlign(), &key) {
			p.issues.add(CodeDER, SeverityError, t.ValueStart, "p= holds a SubjectPublicKeyInfo without an RSA key")
			return
		}
	case unmarshalAll(der, &key):
		p.issues.add(CodePKCS1, SeverityInfo, t.ValueStart, "the key is a bare RSAPublicKey; most publish a SubjectPublicKeyInfo")
	default:
		p.issues.add(CodeDER, SeverityError, t.ValueStart, "p= holds no RSA key in DER")
		return
	}
	p.judgeRSA(key, t)
}

func (p *keyParser) judgeRSA(key rsaPublicKey, t Tag) {
	r := &p.record
	at := t.ValueStart
	if key.N.Sign() <= 0 || key.E.Sign() <= 0 {
		p.issues.add(CodeModulus, SeverityError, at, "the modulus or the exponent is not a positive number")
		return
	}
	r.Bits, r.Exponent = key.N.BitLen(), decimalShort(key.E)
	switch {
	case r.Bits < MinRSABits:
		p.issues.add(CodeKeyTooShort, SeverityError, at, "the RSA key has %d bits; signatures by keys under %d are not valid (RFC 8301 §3.2)", r.Bits, MinRSABits)
	case r.Bits < advisedRSABits:
		p.issues.add(CodeKeyShort, SeverityWarning, at, "the RSA key has %d bits; RFC 8301 §3.2 advises %d", r.Bits, advisedRSABits)
	case r.Bits > MaxRSABits:
		p.issues.add(CodeKeyLong, SeverityError, at, "the RSA key has %d bits; verifiers need to take no more than %d", r.Bits, longRSABits)
	case r.Bits > longRSABits:
		p.issues.add(CodeKeyLong, SeverityWarning, at, "the RSA key has %d bits; verifiers need to take no more than %d", r.Bits, longRSABits)
	}
	if key.N.Bit(0) == 0 {
		p.issues.add(CodeModulus, SeverityError, at, "the modulus is even, and so no product of two large primes")
	}
	switch {
	case key.E.Bit(0) == 0 || key.E.Cmp(big.NewInt(1)) == 0:
		p.issues.add(CodeExponent, SeverityError, at, "the exponent %s protects nothing", r.Exponent)
	case key.E.Cmp(big.NewInt(math.MaxInt32)) > 0:
		p.issues.add(CodeExponent, SeverityError, at, "the exponent has %d bits; verifiers refuse that", key.E.BitLen())
	case key.E.Cmp(big.NewInt(smallExponent)) == 0:
		p.issues.add(CodeExponent, SeverityWarning, at, "the exponent is %d; %d is usual and safer", smallExponent, usualExponent)
	}
	if key.E.IsInt64() && key.E.Int64() <= math.MaxInt32 {
		r.Key = &rsa.PublicKey{N: key.N, E: int(key.E.Int64())}
	}
}

// decimalShort returns n, or how long it is: decimal digits of a hostile number
// are expensive.
func decimalShort(n *big.Int) string {
	const most = 256
	if n.BitLen() > most {
		return "over 2^256"
	}
	return n.String()
}

func (p *keyParser) ed25519Key(octets []byte, t Tag) {
	if len(octets) == ed25519.PublicKeySize {
		p.record.Bits = 8 * ed25519.PublicKeySize
		p.record.Key = ed25519.PublicKey(octets)
		return
	}
	var info subjectPublicKeyInfo
	switch {
	case unmarshalAll(octets, &info) && info.Algorithm.Algorithm.Equal(oidEd25519):
		p.issues.add(CodeDER, SeverityError, t.ValueStart, "the Ed25519 key is wrapped in DER; RFC 8463 §4.2 wants its %d octets alone", ed25519.PublicKeySize)
	case isPrivateKey(octets):
		p.issues.add(CodePrivateKey, SeverityError, t.ValueStart, "p= holds the private key: anyone can sign with it")
	default:
		p.issues.add(CodeDER, SeverityError, t.ValueStart, "p= has %d octets; an Ed25519 key has %d", len(octets), ed25519.PublicKeySize)
	}
}

// isPrivateKey recognises the private keys of PKCS #1 and PKCS #8, which begin
// with a version number and have more to follow than a public key.
func isPrivateKey(der []byte) bool {
	var elements []asn1.RawValue
	if !unmarshalAll(der, &elements) || len(elements) < 3 {
		return false
	}
	var version int
	return unmarshalAll(elements[0].FullBytes, &version) && version <= 1
}
