package dane

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"testing"
	"time"
)

// now is the time of every check here.
var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// An issued certificate and its key.
type issued struct {
	*x509.Certificate
	key crypto.Signer
}

// template of a leaf for mx.example.com.
func leafTemplate(names ...string) *x509.Certificate {
	if names == nil {
		names = []string{"mx.example.com"}
	}
	return &x509.Certificate{
		Subject: pkix.Name{CommonName: "leaf"}, DNSNames: names,
		NotBefore: now.AddDate(0, -1, 0), NotAfter: now.AddDate(0, 1, 0),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
}

func caTemplate(name string) *x509.Certificate {
	return &x509.Certificate{
		Subject:   pkix.Name{CommonName: name},
		NotBefore: now.AddDate(-1, 0, 0), NotAfter: now.AddDate(1, 0, 0),
		IsCA: true, BasicConstraintsValid: true, MaxPathLen: -1, KeyUsage: x509.KeyUsageCertSign,
	}
}

func newKey(t testing.TB) crypto.Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// issue signs a template with a new key, by an issuer or by itself.
func issue(t testing.TB, template *x509.Certificate, issuer *issued) issued {
	t.Helper()
	return sign(t, template, newKey(t), issuer)
}

func sign(t testing.TB, template *x509.Certificate, key crypto.Signer, issuer *issued) issued {
	t.Helper()
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		t.Fatal(err)
	}
	template.SerialNumber = serial
	parent, signer := template, key
	if issuer != nil {
		parent, signer = issuer.Certificate, issuer.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return issued{cert, key}
}

// A pki is a root, an intermediate and a leaf.
type pki struct{ root, intermediate, leaf issued }

func newPKI(t testing.TB) pki {
	t.Helper()
	root := issue(t, caTemplate("root"), nil)
	intermediate := issue(t, caTemplate("intermediate"), &root)
	return pki{root, intermediate, issue(t, leafTemplate(), &intermediate)}
}

func (p pki) chain() []*x509.Certificate {
	return []*x509.Certificate{p.leaf.Certificate, p.intermediate.Certificate, p.root.Certificate}
}

func certs(issued ...issued) []*x509.Certificate {
	chain := make([]*x509.Certificate, len(issued))
	for i, c := range issued {
		chain[i] = c.Certificate
	}
	return chain
}
