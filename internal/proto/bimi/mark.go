package bimi

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/idna"

	"github.com/postmuster/postmuster/internal/dns"
)

// ExpiryNotice is how long before its end a mark certificate is worth a warning.
const ExpiryNotice = 14 * 24 * time.Hour

// Limits on the file at a=: a leaf with an indicator in it, and a few issuers.
const (
	maxPEMSize      = 512 << 10
	maxCertificates = 16
)

var (
	oidLogotype  = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 12}       // RFC 3709 §4.1
	oidMarkUsage = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 31}       // id-kp-BrandIndicatorforMessageIdentification
	oidSCTs      = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11129, 2, 4, 2} // RFC 6962 §3.3
	oidMarkType  = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 53087, 1, 13}   // subject:markType
	commonTypes  = []string{"Prior Use Mark", "Modified Registered Mark"}  // of a CMC
	knownTypes   = append([]string{"Registered Mark", "Government Mark"}, commonTypes...)
)

// A MarkContext is what a mark certificate is judged against.
type MarkContext struct {
	Roots    *x509.CertPool // of the mark verifying authorities; nil: the path is not judged
	At       time.Time
	Domains  []string // the author domain and the organisational domain
	Selector string   // DefaultSelector when empty
	SVG      []byte   // the file served at l=; nil when there is none to compare with
}

// A Mark is what a mark certificate says: a Verified Mark Certificate (VMC) or
// a Common Mark Certificate (CMC).
type Mark struct {
	Certificate *x509.Certificate   // nil when none could be read
	Chain       []*x509.Certificate // the file's, in its order
	Type        string              // subject:markType, "Registered Mark"; may be empty
	Common      bool                // a CMC, by its type
	Logo        SVG                 // the indicator inside; its Issues are LintSVG's
	Issues      []Issue             // of the certificate
}

// CheckMark judges the file that a= points to
// (draft-fetch-validation-vmc-wchuang §4, §5). Revocation is not looked at.
func CheckMark(pemFile []byte, c MarkContext) Mark {
	m := &marker{context: c}
	m.read(pemFile)
	if m.mark.Certificate == nil {
		return m.mark
	}
	m.checkDates()
	m.checkPath()
	m.checkUsage()
	m.checkDomain()
	m.checkExtensions()
	m.checkType()
	m.checkLogo()
	return m.mark
}

// marker collects what CheckMark finds.
type marker struct {
	context MarkContext
	mark    Mark
	index   int // of the mark certificate in the chain
}

func (m *marker) report(severity Severity, code Code, index int, format string, args ...any) {
	m.mark.Issues = append(m.mark.Issues, Issue{severity, code, fmt.Sprintf(format, args...), index})
}

// read takes the file apart; the mark certificate should be the first.
func (m *marker) read(file []byte) {
	if len(file) > maxPEMSize {
		m.report(SeverityError, CodePEM, 0, "the file has more than %d octets", maxPEMSize)
		return
	}
	for n := 0; ; n++ {
		var block *pem.Block
		if block, file = pem.Decode(file); block == nil {
			break
		}
		if n == maxCertificates {
			m.report(SeverityWarning, CodePEM, n, "there are more than %d certificates in the file; the others were not read", maxCertificates)
			break
		}
		m.add(block)
	}
	if len(m.mark.Chain) == 0 {
		m.report(SeverityError, CodePEM, 0, "there is no certificate in PEM in the file")
		return
	}
	var marks []int
	for i, cert := range m.mark.Chain {
		if _, ok := extension(cert, oidLogotype); ok {
			marks = append(marks, i)
		}
	}
	if len(marks) > 0 {
		m.index = marks[0]
	}
	m.mark.Certificate = m.mark.Chain[m.index]
	if m.index != 0 {
		m.report(SeverityWarning, CodeOrder, m.index, "the mark certificate is not the first in the file")
	}
	if len(marks) > 1 {
		m.report(SeverityWarning, CodeOrder, marks[1], "there is more than one mark certificate in the file")
	}
}

func (m *marker) add(block *pem.Block) {
	index := len(m.mark.Chain)
	if block.Type != "CERTIFICATE" {
		m.report(SeverityWarning, CodePEM, index, "there is a %.40q in the file", block.Type)
		return
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		m.report(SeverityError, CodePEM, index, "a certificate cannot be read: %.200s", err)
		return
	}
	if slices.ContainsFunc(m.mark.Chain, cert.Equal) {
		m.report(SeverityWarning, CodeOrder, index, "a certificate is in the file twice")
		return
	}
	m.mark.Chain = append(m.mark.Chain, cert)
}

func extension(cert *x509.Certificate, oid asn1.ObjectIdentifier) ([]byte, bool) {
	for _, e := range cert.Extensions {
		if e.Id.Equal(oid) {
			return e.Value, true
		}
	}
	return nil, false
}

func (m *marker) checkDates() {
	cert, at := m.mark.Certificate, m.context.At
	until := cert.NotAfter.UTC().Format(time.DateTime)
	switch {
	case at.Before(cert.NotBefore):
		m.report(SeverityError, CodeExpired, m.index, "the mark certificate is valid only from %s", cert.NotBefore.UTC().Format(time.DateTime))
	case at.After(cert.NotAfter):
		m.report(SeverityError, CodeExpired, m.index, "the mark certificate was valid until %s", until)
	case cert.NotAfter.Sub(at) <= ExpiryNotice:
		m.report(SeverityWarning, CodeExpired, m.index, "the mark certificate is valid until %s only", until)
	}
}

// checkPath looks for a path to a root, at a time when the mark certificate is
// valid: that it no longer is has been said.
func (m *marker) checkPath() {
	if m.context.Roots == nil {
		m.report(SeverityInfo, CodePath, m.index, "whether a mark verifying authority issued the certificate was not looked at")
		return
	}
	cert := *m.mark.Certificate
	cert.UnhandledCriticalExtensions = slices.DeleteFunc(slices.Clone(cert.UnhandledCriticalExtensions), oidLogotype.Equal)
	intermediates := x509.NewCertPool()
	for _, c := range m.mark.Chain {
		if !hugeKey(c.PublicKey) {
			intermediates.AddCert(c)
		}
	}
	at := m.context.At
	if at.Before(cert.NotBefore) {
		at = cert.NotBefore
	} else if at.After(cert.NotAfter) {
		at = cert.NotAfter
	}
	if at.IsZero() {
		at = time.Unix(0, 0) // x509 would ask the clock
	}
	_, err := cert.Verify(x509.VerifyOptions{Roots: m.context.Roots, Intermediates: intermediates, CurrentTime: at,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
	var unknown x509.UnknownAuthorityError
	if errors.As(err, &unknown) {
		m.report(SeverityError, CodePath, m.index, "no path leads from the certificate to a mark verifying authority that is trusted")
	} else if err != nil {
		m.report(SeverityError, CodePath, m.index, "%.300s", strings.TrimPrefix(err.Error(), "x509: "))
	}
}

// hugeKey reports RSA keys of a size that only serves to keep us busy;
// crypto/tls has the same limit.
func hugeKey(key any) bool {
	const maxBits = 8192
	rsaKey, ok := key.(*rsa.PublicKey)
	return ok && rsaKey.N.BitLen() > maxBits
}

// checkUsage: both the certificate and its issuer are for marks alone
// (draft-fetch-validation-vmc-wchuang §4.4).
func (m *marker) checkUsage() {
	if !forMarks(m.mark.Certificate) {
		m.report(SeverityError, CodeUsage, m.index, "the certificate is not for marks: the extended key usage %s is missing", oidMarkUsage)
	}
	for i, issuer := range m.mark.Chain {
		if i != m.index && bytes.Equal(issuer.RawSubject, m.mark.Certificate.RawIssuer) && !isSelfIssued(issuer) && !forMarks(issuer) {
			m.report(SeverityWarning, CodeUsage, i, "the issuer's certificate is not for marks: the extended key usage %s is missing", oidMarkUsage)
		}
	}
}

func isSelfIssued(cert *x509.Certificate) bool { return bytes.Equal(cert.RawSubject, cert.RawIssuer) }

func forMarks(cert *x509.Certificate) bool {
	return slices.ContainsFunc(cert.UnknownExtKeyUsage, oidMarkUsage.Equal)
}

// checkDomain: a dNSName is a domain, for all of its selectors, or the whole
// name of a record (draft-fetch-validation-vmc-wchuang §5.2).
func (m *marker) checkDomain() {
	selector := m.context.Selector
	if selector == "" {
		selector = DefaultSelector
	}
	names := m.mark.Certificate.DNSNames
	for _, domain := range m.context.Domains {
		domain = toASCII(domain)
		for _, name := range names {
			name = toASCII(name)
			if domain != "" && (name == domain || name == dns.Canonical(Name(selector, domain))) {
				return
			}
		}
	}
	m.report(SeverityError, CodeDomain, m.index, "the certificate is for %.200q, not for %.200q", names, m.context.Domains)
}

func toASCII(name string) string {
	name = dns.Canonical(name)
	if ascii, err := idna.Lookup.ToASCII(name); err == nil {
		return ascii
	}
	return name // "_bimi" is no host name
}

// checkExtensions: what receivers need to see that the certificate was not
// revoked, and that it was logged (draft-fetch-validation-vmc-wchuang §4.5, §4.6).
func (m *marker) checkExtensions() {
	if len(m.mark.Certificate.CRLDistributionPoints) == 0 {
		m.report(SeverityWarning, CodeExtension, m.index, "the certificate does not say where its revocation list is")
	}
	if _, ok := extension(m.mark.Certificate, oidSCTs); !ok {
		m.report(SeverityWarning, CodeExtension, m.index, "the certificate holds no signed certificate timestamp")
	}
}

func (m *marker) checkType() {
	for _, attribute := range m.mark.Certificate.Subject.Names {
		if text, ok := attribute.Value.(string); ok && attribute.Type.Equal(oidMarkType) {
			m.mark.Type = text
		}
	}
	m.mark.Common = slices.Contains(commonTypes, m.mark.Type)
	switch {
	case m.mark.Type == "":
		m.report(SeverityInfo, CodeMarkType, m.index, "the certificate does not say which type of mark it is for")
	case !slices.Contains(knownTypes, m.mark.Type):
		m.report(SeverityWarning, CodeMarkType, m.index, "the type of the mark, %.80q, is unknown", m.mark.Type)
	}
}

// checkLogo takes the indicator out of the certificate and compares it with the
// one that is served.
func (m *marker) checkLogo() {
	value, ok := extension(m.mark.Certificate, oidLogotype)
	if !ok {
		m.report(SeverityError, CodeLogotype, m.index, "the certificate holds no indicator: the logotype extension is missing")
		return
	}
	logotype, err := ParseLogotype(value)
	if err != nil {
		m.report(SeverityError, CodeLogotype, m.index, "%s", err)
		return
	}
	if mediaType := strings.ToLower(logotype.MediaType); mediaType != "image/svg+xml" && mediaType != "image/svg+xml+gzip" {
		m.report(SeverityError, CodeLogotype, m.index, "the indicator inside is %.80q, and not SVG", logotype.MediaType)
	}
	if !logotype.HashMatches {
		m.report(SeverityWarning, CodeLogotype, m.index, "the hash of the indicator inside is wrong")
	}
	m.mark.Logo = LintSVG(logotype.Data)
	if !m.mark.Logo.Compressed {
		m.report(SeverityInfo, CodeLogotype, m.index, "the indicator inside is not compressed")
	}
	if !Usable(m.mark.Logo.Issues) {
		m.report(SeverityError, CodeLogotype, m.index, "the indicator inside is not of the SVG Tiny Portable/Secure profile")
	}
	if m.context.SVG != nil && !sameSVG(m.context.SVG, logotype.Data) {
		m.report(SeverityError, CodeDifferent, m.index, "the indicator inside is not the one that l= leads to")
	}
}
