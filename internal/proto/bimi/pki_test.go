package bimi

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"testing"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// markNow is the time of every check here.
var markNow = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// An authority is a mark verifying authority: a root and an issuer under it.
type authority struct {
	root, issuer       *x509.Certificate
	rootKey, issuerKey *ecdsa.PrivateKey
	leafKey            *ecdsa.PrivateKey
}

func newAuthority(t testing.TB) *authority {
	t.Helper()
	a := &authority{rootKey: newKey(t), issuerKey: newKey(t), leafKey: newKey(t)}
	a.root = issue(t, caTemplate("root"), caTemplate("root"), a.rootKey, a.rootKey)
	issuer := caTemplate("issuer")
	issuer.UnknownExtKeyUsage = []asn1.ObjectIdentifier{oidMarkUsage}
	a.issuer = issue(t, issuer, a.root, a.issuerKey, a.rootKey)
	return a
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func caTemplate(name string) *x509.Certificate {
	return &x509.Certificate{
		Subject: pkix.Name{CommonName: name}, NotBefore: markNow.AddDate(-1, 0, 0), NotAfter: markNow.AddDate(5, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
}

func issue(t testing.TB, template, parent *x509.Certificate, key, parentKey *ecdsa.PrivateKey) *x509.Certificate {
	t.Helper()
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, parentKey)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

// markTemplate is a certificate for example.com that holds goodSVG, without
// anything to say about it.
func markTemplate(t testing.TB) *x509.Certificate {
	t.Helper()
	return &x509.Certificate{
		Subject:  pkix.Name{CommonName: "Example, Inc.", ExtraNames: []pkix.AttributeTypeAndValue{{Type: oidMarkType, Value: "Registered Mark"}}},
		DNSNames: []string{"example.com"}, NotBefore: markNow.AddDate(0, -1, 0), NotAfter: markNow.AddDate(1, 0, 0),
		UnknownExtKeyUsage:    []asn1.ObjectIdentifier{oidMarkUsage},
		CRLDistributionPoints: []string{"http://crl.example.net/mark.crl"},
		ExtraExtensions: []pkix.Extension{
			{Id: oidSCTs, Value: []byte{0x04, 0x02, 0x00, 0x00}},
			{Id: oidLogotype, Value: embed(t, goodSVG)},
		},
	}
}

// embed returns the logotype extension that holds an SVG, compressed.
func embed(t testing.TB, svg string) []byte {
	file := compress(t, svg)
	sum := sha256.Sum256(file)
	return logotype("image/svg+xml+gzip", "data:image/svg+xml+gzip;base64,"+base64.StdEncoding.EncodeToString(file), oidSHA256, sum[:])
}

// logotype builds the extension of RFC 9399 §4.1 with one image as the subject's
// logo. An issuer's logo by reference stands before it, as it may.
func logotype(mediaType, uri string, algorithm asn1.ObjectIdentifier, hash []byte) []byte {
	return extensionDER(func(b *cryptobyte.Builder) {
		b.AddASN1(contextTag(1), func(b *cryptobyte.Builder) { b.AddASN1(contextTag(1), func(b *cryptobyte.Builder) {}) })
		b.AddASN1(contextTag(2), func(b *cryptobyte.Builder) {
			b.AddASN1(contextTag(0), func(b *cryptobyte.Builder) {
				b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
					b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
						b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { addDetails(b, mediaType, uri, algorithm, hash) })
					})
				})
			})
		})
	})
}

func addDetails(b *cryptobyte.Builder, mediaType, uri string, algorithm asn1.ObjectIdentifier, hash []byte) {
	b.AddASN1(cbasn1.IA5String, func(b *cryptobyte.Builder) { b.AddBytes([]byte(mediaType)) })
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(algorithm) })
			b.AddASN1OctetString(hash)
		})
	})
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.IA5String, func(b *cryptobyte.Builder) { b.AddBytes([]byte(uri)) })
	})
}

func extensionDER(content func(*cryptobyte.Builder)) []byte {
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, content)
	return b.BytesOrPanic()
}

func pemOf(certs ...*x509.Certificate) []byte {
	var b bytes.Buffer
	for _, c := range certs {
		b.Write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))
	}
	return b.Bytes()
}
