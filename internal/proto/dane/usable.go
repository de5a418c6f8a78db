package dane

import (
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"

	"github.com/postmuster/postmuster/internal/dns"
)

// Unusable says why senders ignore a record; it is empty if they do not. A
// record with parameters that a client does not know, or with data that cannot
// be, is as if it were not there (RFC 7671 §4.1, RFC 7672 §3.1.3).
func Unusable(r dns.TLSA) string {
	switch {
	case r.Usage == UsagePKIXTA:
		return "certificate usage 0 (PKIX-TA) is not used for SMTP"
	case r.Usage == UsagePKIXEE:
		return "certificate usage 1 (PKIX-EE) is not used for SMTP"
	case r.Usage > UsageDANEEE:
		return fmt.Sprintf("certificate usage %d is unknown", r.Usage)
	case r.Selector > SelectorSPKI:
		return fmt.Sprintf("selector %d is unknown", r.Selector)
	}
	switch r.MatchingType {
	case MatchFull:
		return unusableFull(r)
	case MatchSHA256:
		return wrongLength(r, "SHA-256", sha256.Size)
	case MatchSHA512:
		return wrongLength(r, "SHA-512", sha512.Size)
	default:
		return fmt.Sprintf("matching type %d is unknown", r.MatchingType)
	}
}

func wrongLength(r dns.TLSA, digest string, size int) string {
	if len(r.Association) == size {
		return ""
	}
	return fmt.Sprintf("%d octets cannot be a %s digest, which has %d", len(r.Association), digest, size)
}

func unusableFull(r dns.TLSA) string {
	if r.Selector == SelectorCert {
		if _, err := x509.ParseCertificate(r.Association); err != nil {
			return "the data is not a certificate (selector 0, matching type 0)"
		}
		return ""
	}
	if !isSPKI(r.Association) {
		return "the data is not a public key (selector 1, matching type 0)"
	}
	return ""
}

// isSPKI looks at the form alone: a key of an algorithm that we do not know is
// still one to compare with.
func isSPKI(der []byte) bool {
	var spki struct {
		Algorithm pkix.AlgorithmIdentifier
		PublicKey asn1.BitString
	}
	rest, err := asn1.Unmarshal(der, &spki)
	return err == nil && len(rest) == 0
}

// association returns what a record with that selector and matching type would
// hold for a certificate.
func association(cert *x509.Certificate, selector, matchingType uint8) []byte {
	data := cert.Raw
	if selector == SelectorSPKI {
		data = cert.RawSubjectPublicKeyInfo
	}
	switch matchingType {
	case MatchSHA256:
		sum := sha256.Sum256(data)
		return sum[:]
	case MatchSHA512:
		sum := sha512.Sum512(data)
		return sum[:]
	default:
		return data
	}
}

// Record returns the TLSA record that describes a certificate.
func Record(cert *x509.Certificate, usage, selector, matchingType uint8) dns.TLSA {
	return dns.TLSA{Usage: usage, Selector: selector, MatchingType: matchingType,
		Association: association(cert, selector, matchingType)}
}
