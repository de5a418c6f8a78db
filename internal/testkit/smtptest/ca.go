package smtptest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"time"
)

// The dates of certificates that state none: valid whatever the clock of a test.
var (
	always  = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	forever = time.Date(2099, 12, 31, 0, 0, 0, 0, time.UTC)
)

// A CA issues certificates for tests.
type CA struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// NewCA returns an authority with a new key.
func NewCA() *CA {
	key := newKey()
	template := &x509.Certificate{
		SerialNumber:          newSerial(),
		Subject:               pkix.Name{CommonName: "Example CA"},
		NotBefore:             always,
		NotAfter:              forever,
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign,
	}
	return &CA{cert: sign(template, template, key, key), key: key}
}

// Pool holds the CA alone.
func (c *CA) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(c.cert)
	return pool
}

// Certificate is the CA's own.
func (c *CA) Certificate() *x509.Certificate { return c.cert }

// A Leaf is a certificate to issue. Without dates it is valid now and for long.
type Leaf struct {
	Names               []string // DNS names or addresses
	NotBefore, NotAfter time.Time
}

// Issue returns a certificate under the CA, with its key and the CA's own
// certificate behind it, as a server shows them.
func (c *CA) Issue(l Leaf) tls.Certificate {
	key := newKey()
	cert := sign(l.template(), c.cert, key, c.key)
	return tls.Certificate{Certificate: [][]byte{cert.Raw, c.cert.Raw}, PrivateKey: key, Leaf: cert}
}

// SelfSigned returns a certificate that leads to no authority.
func SelfSigned(l Leaf) tls.Certificate {
	key := newKey()
	template := l.template()
	cert := sign(template, template, key, key)
	return tls.Certificate{Certificate: [][]byte{cert.Raw}, PrivateKey: key, Leaf: cert}
}

func (l Leaf) template() *x509.Certificate {
	template := &x509.Certificate{
		SerialNumber: newSerial(),
		NotBefore:    always,
		NotAfter:     forever,
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if !l.NotBefore.IsZero() {
		template.NotBefore = l.NotBefore
	}
	if !l.NotAfter.IsZero() {
		template.NotAfter = l.NotAfter
	}
	for _, name := range l.Names {
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	if len(l.Names) > 0 {
		template.Subject.CommonName = l.Names[0]
	}
	return template
}

func newKey() *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err) // the system's randomness does not fail
	}
	return key
}

func newSerial() *big.Int {
	octets := make([]byte, 16)
	rand.Read(octets)
	octets[0] = octets[0]&0x7f | 1 // positive, RFC 5280 §4.1.2.2
	return new(big.Int).SetBytes(octets)
}

// sign makes a certificate. One that cannot be made is a mistake in the test.
func sign(template, parent *x509.Certificate, key, signer *ecdsa.PrivateKey) *x509.Certificate {
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		panic(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	return cert
}
