package dane

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"time"
)

// maxAnchors bounds the paths and the keys that are tried for one chain. A path
// costs up to a hundred signatures, and a host has one issuer, or two.
const maxAnchors = 16

// pathTo says why no valid path leads from the leaf to a certificate of the
// chain; it is empty when one does.
func (p *presented) pathTo(i int) string {
	reason, known := p.paths[i]
	if !known {
		reason = p.path(p.chain[i])
		p.paths[i] = reason
	}
	return reason
}

// path tries one certificate as the only root: the dates of all, signatures,
// basic constraints, name constraints and key usages (RFC 5280 §6).
func (p *presented) path(anchor *x509.Certificate) string {
	if p.tried++; p.tried > maxAnchors {
		return "there are too many issuers to try"
	}
	if hugeKey(anchor.PublicKey) {
		return "its key is too large to verify signatures with"
	}
	roots := x509.NewCertPool()
	roots.AddCert(anchor)
	_, err := p.chain[0].Verify(x509.VerifyOptions{
		Roots:         roots,
		Intermediates: p.intermediates,
		CurrentTime:   p.at,
		KeyUsages:     []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	})
	var unknown x509.UnknownAuthorityError
	if errors.As(err, &unknown) {
		return p.noPath(anchor)
	}
	return explain(err)
}

// noPath says what a missing path is missing.
func (p *presented) noPath(anchor *x509.Certificate) string {
	for _, issuer := range append(p.chain[1:len(p.chain):len(p.chain)], anchor) {
		if issuer.IsCA || issuer.Version < 3 {
			continue
		}
		for _, cert := range p.chain {
			if cert != issuer && bytes.Equal(cert.RawIssuer, issuer.RawSubject) {
				return fmt.Sprintf("certificate %s is no CA, and must not issue others", subject(issuer))
			}
		}
	}
	return "no path leads from the host's certificate to it: an intermediate certificate is missing, or a signature is wrong"
}

func (p *presented) pathToCertificate(der []byte) string {
	anchor, err := x509.ParseCertificate(der)
	if err != nil {
		return "the data is not a certificate"
	}
	if bytes.Equal(anchor.Raw, p.chain[0].Raw) {
		return "it describes the host's own certificate, but DANE-TA (2) is about an issuer"
	}
	return p.path(anchor)
}

// pathToKey looks for a certificate that the key has signed and to which a path
// leads. The key has no name, no dates and no constraints of its own.
func (p *presented) pathToKey(spki []byte) string {
	key, err := x509.ParsePKIXPublicKey(spki)
	if err != nil || hugeKey(key) {
		return "the public key is of an unknown algorithm, or too large"
	}
	if p.keysTried++; p.keysTried > maxAnchors {
		return "there are too many keys to try"
	}
	issuer := &x509.Certificate{PublicKey: key}
	reason := "no certificate that was presented is signed by this key"
	for i, cert := range p.chain {
		if isWeak(cert.SignatureAlgorithm) ||
			issuer.CheckSignature(cert.SignatureAlgorithm, cert.RawTBSCertificate, cert.Signature) != nil {
			continue
		}
		if reason = p.pathTo(i); reason == "" {
			return ""
		}
	}
	return reason
}

// hugeKey reports RSA keys of a size that only serves to keep us busy;
// crypto/tls has the same limit.
func hugeKey(key any) bool {
	const maxBits = 8192
	rsaKey, ok := key.(*rsa.PublicKey)
	return ok && rsaKey.N.BitLen() > maxBits
}

// isWeak reports signatures that no longer prove anything. Verify refuses them
// within a path; CheckSignature does not.
func isWeak(a x509.SignatureAlgorithm) bool {
	switch a {
	case x509.MD5WithRSA, x509.SHA1WithRSA, x509.ECDSAWithSHA1, x509.DSAWithSHA1:
		return true
	default:
		return false
	}
}

// explain puts the errors of a path that mail hosts run into in words.
func explain(err error) string {
	if err == nil {
		return ""
	}
	var invalid x509.CertificateInvalidError
	if !errors.As(err, &invalid) {
		return err.Error()
	}
	switch invalid.Reason {
	case x509.Expired:
		return fmt.Sprintf("certificate %s is valid from %s until %s only", subject(invalid.Cert),
			invalid.Cert.NotBefore.UTC().Format(time.DateTime), invalid.Cert.NotAfter.UTC().Format(time.DateTime))
	case x509.TooManyIntermediates:
		return fmt.Sprintf("the path is longer than certificate %s allows", subject(invalid.Cert))
	case x509.IncompatibleUsage:
		return "a certificate of the path is not for TLS servers (extended key usage)"
	default:
		return err.Error()
	}
}
