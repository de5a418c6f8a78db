package bimi

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/cryptobyte"
)

// replaceLogotype changes the extension that holds the indicator.
func replaceLogotype(value []byte) func(*x509.Certificate) {
	return func(c *x509.Certificate) { c.ExtraExtensions[1].Value = value }
}

func TestCheckMark(t *testing.T) {
	a := newAuthority(t)
	tests := []struct {
		name   string
		change func(*x509.Certificate) // the mark certificate
		asked  func(*MarkContext)
		want   string
	}{
		{"as it should be", nil, nil, ""},
		{"the SVG served is compressed too", nil, func(c *MarkContext) { c.SVG = compress(t, goodSVG) }, ""},
		{"no SVG to compare with", nil, func(c *MarkContext) { c.SVG = nil }, ""},
		{"a critical logotype", func(c *x509.Certificate) { c.ExtraExtensions[1].Critical = true }, nil, ""},
		{"another critical extension", func(c *x509.Certificate) {
			c.ExtraExtensions = append(c.ExtraExtensions, pkix.Extension{Id: asn1.ObjectIdentifier{1, 2, 3, 4}, Critical: true, Value: []byte{5, 0}})
		}, nil, "error path"},

		{"expired", nil, func(c *MarkContext) { c.At = markNow.AddDate(2, 0, 0) }, "error expired"},
		{"not yet valid", nil, func(c *MarkContext) { c.At = markNow.AddDate(0, -2, 0) }, "error expired"},
		{"soon no more", nil, func(c *MarkContext) { c.At = markNow.AddDate(1, 0, -10) }, "warning expired"},
		{"the clock was forgotten", nil, func(c *MarkContext) { c.At = time.Time{} }, "error expired"},

		{"roots of somebody else", nil, func(c *MarkContext) { c.Roots = pool(newAuthority(t).root) }, "error path"},
		{"no roots at hand", nil, func(c *MarkContext) { c.Roots = nil }, "info path"},
		{"for web servers", func(c *x509.Certificate) {
			c.UnknownExtKeyUsage, c.ExtKeyUsage = nil, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
		}, nil, "error usage"},

		{"another domain", func(c *x509.Certificate) { c.DNSNames = []string{"example.net"} }, nil, "error domain"},
		{"no domain", func(c *x509.Certificate) { c.DNSNames = nil }, nil, "error domain"},
		{"the organisational domain", nil, func(c *MarkContext) { c.Domains = []string{"mail.example.com", "Example.COM."} }, ""},
		{"a subdomain is another name", nil, func(c *MarkContext) { c.Domains = []string{"mail.example.com"} }, "error domain"},
		{"one selector", func(c *x509.Certificate) { c.DNSNames = []string{"default._bimi.example.com"} }, nil, ""},
		{"another selector", func(c *x509.Certificate) { c.DNSNames = []string{"brand._bimi.example.com"} }, nil, "error domain"},
		{"that selector", func(c *x509.Certificate) { c.DNSNames = []string{"brand._bimi.example.com"} }, func(c *MarkContext) { c.Selector = "brand" }, ""},
		{"an international domain", func(c *x509.Certificate) { c.DNSNames = []string{"xn--bcher-kva.example"} },
			func(c *MarkContext) { c.Domains = []string{"bücher.example"} }, ""},

		{"no revocation list", func(c *x509.Certificate) { c.CRLDistributionPoints = nil }, nil, "warning extension"},
		{"not logged", func(c *x509.Certificate) { c.ExtraExtensions = c.ExtraExtensions[1:] }, nil, "warning extension"},
		{"no type of mark", func(c *x509.Certificate) { c.Subject.ExtraNames = nil }, nil, "info mark-type"},
		{"an unknown type of mark", func(c *x509.Certificate) { c.Subject.ExtraNames[0].Value = "Trade Mark" }, nil, "warning mark-type"},

		{"no indicator inside", func(c *x509.Certificate) { c.ExtraExtensions = c.ExtraExtensions[:1] }, nil, "error logotype"},
		{"another indicator inside", replaceLogotype(embed(t, without("Example", "Exemplar"))), nil, "error different"},
		{"one with a script", replaceLogotype(embed(t, within("<script/>"))), func(c *MarkContext) { c.SVG = nil }, "error logotype"},
		{"not compressed", replaceLogotype(dataLogotype("image/svg+xml", []byte(goodSVG))), nil, "info logotype"},
		{"a PNG inside", replaceLogotype(dataLogotype("image/png", compress(t, goodSVG))), nil, "error logotype"},
		{"a hash of something else", replaceLogotype(logotype("image/svg+xml", dataURIOf(compress(t, goodSVG)), oidSHA256, make([]byte, 32))), nil, "warning logotype"},
		{"a link to the indicator", replaceLogotype(logotype("image/svg+xml", "https://example.com/logo.svg", oidSHA256, nil)), nil, "error logotype"},
		{"no DER inside", replaceLogotype([]byte("logo")), nil, "error logotype"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			template := markTemplate(t)
			if test.change != nil {
				test.change(template)
			}
			asked := MarkContext{Roots: pool(a.root), At: markNow, Domains: []string{"example.com"}, SVG: []byte(goodSVG)}
			if test.asked != nil {
				test.asked(&asked)
			}
			m := CheckMark(pemOf(issue(t, template, a.issuer, a.leafKey, a.issuerKey), a.issuer), asked)
			if got := codes(m.Issues); got != test.want {
				t.Errorf("%s, want %s\n%+v", got, test.want, m.Issues)
			}
		})
	}
}

func pool(certs ...*x509.Certificate) *x509.CertPool {
	p := x509.NewCertPool()
	for _, c := range certs {
		p.AddCert(c)
	}
	return p
}

func dataURIOf(data []byte) string {
	return "data:image/svg+xml;base64," + base64.StdEncoding.EncodeToString(data)
}

func dataLogotype(mediaType string, data []byte) []byte {
	sum := sha256.Sum256(data)
	return logotype(mediaType, dataURIOf(data), oidSHA256, sum[:])
}

func TestCheckMarkFile(t *testing.T) {
	a := newAuthority(t)
	leaf := issue(t, markTemplate(t), a.issuer, a.leafKey, a.issuerKey)
	plainIssuer := issue(t, caTemplate("issuer"), a.root, a.issuerKey, a.rootKey) // without the usage
	tests := []struct {
		name string
		file []byte
		want string
	}{
		{"with the root", pemOf(leaf, a.issuer, a.root), ""},
		{"text around", append([]byte("subject=Example\n"), pemOf(leaf, a.issuer)...), ""},
		{"the issuer first", pemOf(a.issuer, leaf), "warning order"},
		{"without the issuer", pemOf(leaf), "error path"},
		{"an issuer that is not for marks", pemOf(leaf, plainIssuer), "warning usage"},
		{"a certificate twice", pemOf(leaf, a.issuer, leaf), "warning order"},
		{"two mark certificates", pemOf(leaf, a.issuer, issue(t, markTemplate(t), a.issuer, a.leafKey, a.issuerKey)), "warning order"},
		{"a key beside", append(pemOf(leaf, a.issuer), "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"...), "warning pem"},
		{"a certificate that is none", append(pemOf(leaf, a.issuer), "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"...), "error pem"},
		{"more than is looked at", append(pemOf(leaf, a.issuer), bytes.Repeat([]byte("-----BEGIN X-----\nAAAA\n-----END X-----\n"), 100)...),
			strings.Repeat("warning pem, ", maxCertificates-2) + "warning pem"},

		{"nothing", nil, "error pem"},
		{"HTML", []byte("<html>not found</html>"), "error pem"},
		{"DER", leaf.Raw, "error pem"},
		{"NULs", make([]byte, 1000), "error pem"},
		{"too large", append(pemOf(leaf, a.issuer), make([]byte, maxPEMSize)...), "error pem"},
		{"half a certificate", pemOf(leaf)[:300], "error pem"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m := CheckMark(test.file, MarkContext{Roots: pool(a.root), At: markNow, Domains: []string{"example.com"}, SVG: []byte(goodSVG)})
			if got := codes(m.Issues); got != test.want {
				t.Errorf("%s, want %s\n%+v", got, test.want, m.Issues)
			}
		})
	}
}

func TestCheckMarkDescribes(t *testing.T) {
	a := newAuthority(t)
	template := markTemplate(t)
	template.Subject.ExtraNames[0].Value = "Prior Use Mark"
	m := CheckMark(pemOf(issue(t, template, a.issuer, a.leafKey, a.issuerKey), a.issuer), MarkContext{At: markNow, Domains: []string{"example.com"}})
	if !m.Common || m.Type != "Prior Use Mark" || len(m.Chain) != 2 || m.Logo.Title != "Example, Inc." || string(m.Logo.Text) != goodSVG {
		t.Errorf("CheckMark: type %q, common %t, %d certificates, title %q", m.Type, m.Common, len(m.Chain), m.Logo.Title)
	}
}

func TestParseLogotype(t *testing.T) {
	svg := []byte(goodSVG)
	zipped := compress(t, goodSVG)
	shaPlain, shaZipped, sha1Zipped := sha256.Sum256(svg), sha256.Sum256(zipped), sha1.Sum(zipped)
	for name, extension := range map[string][]byte{
		"hash of what is embedded":       logotype("image/svg+xml", dataURIOf(zipped), oidSHA256, shaZipped[:]),
		"hash of the uncompressed":       logotype("image/svg+xml", dataURIOf(zipped), oidSHA256, shaPlain[:]),
		"SHA-1, which some issuers have": logotype("image/svg+xml", dataURIOf(zipped), oidSHA1, sha1Zipped[:]),
		"scheme in capitals, base64 in lines": logotype("image/svg+xml", "DATA:image/svg+xml;charset=utf-8;BASE64,"+
			strings.Replace(base64.StdEncoding.EncodeToString(zipped), "A", "A\r\n ", 1), oidSHA256, shaZipped[:]),
	} {
		got, err := ParseLogotype(extension)
		if err != nil || !bytes.Equal(got.Data, zipped) || !got.HashMatches || got.MediaType != "image/svg+xml" {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	if got, err := ParseLogotype(logotype("image/svg+xml", dataURIOf(zipped), asn1.ObjectIdentifier{1, 2, 3}, []byte("unknown algorithm"))); err != nil || got.HashMatches {
		t.Errorf("an unknown hash matches: %+v, %v", got, err)
	}
}

func TestParseLogotypeErrors(t *testing.T) {
	empty := func(*cryptobyte.Builder) {}
	inSubject := func(content func(*cryptobyte.Builder)) []byte {
		return extensionDER(func(b *cryptobyte.Builder) { b.AddASN1(contextTag(2), content) })
	}
	good := embed(t, goodSVG)
	for name, test := range map[string]struct {
		extension []byte
		want      string
	}{
		"nothing":         {nil, "the logotype extension is malformed"},
		"something after": {append(bytes.Clone(good), 0), "the logotype extension is malformed"},
		"cut short":       {good[:len(good)-1], "the logotype extension is malformed"},
		"no logo":         {extensionDER(empty), "the logotype extension has no subject logo"},
		"by reference":    {inSubject(func(b *cryptobyte.Builder) { b.AddASN1(contextTag(1), empty) }), "the subject logo is not embedded"},
		"no image":        {inSubject(func(b *cryptobyte.Builder) { b.AddASN1(contextTag(0), empty) }), "the subject logo has no image"},
		"too large":       {make([]byte, maxLogotype+1), "the logotype extension is too large"},
		"a link":          {logotype("image/svg+xml", "https://example.com/", oidSHA256, nil), "read the image of the subject logo: it is not a data: URI"},
		"no base64":       {logotype("image/svg+xml", "data:image/svg+xml,<svg/>", oidSHA256, nil), "read the image of the subject logo: the data: URI is not base64"},
		"bad base64":      {logotype("image/svg+xml", "data:image/svg+xml;base64,!", oidSHA256, nil), "read the image of the subject logo: the data: URI is not base64"},
	} {
		if got, err := ParseLogotype(test.extension); err == nil || err.Error() != test.want {
			t.Errorf("%s: %+v, %v, want the error %q", name, got, err, test.want)
		}
	}
}

func FuzzParseLogotype(f *testing.F) {
	f.Add(embed(f, goodSVG))
	f.Add(logotype("image/svg+xml", dataURIOf([]byte("<svg/>")), oidSHA1, make([]byte, 20)))
	f.Add(logotype("", "data:,", asn1.ObjectIdentifier{1, 2}, nil))
	f.Add(extensionDER(func(*cryptobyte.Builder) {}))
	f.Fuzz(func(t *testing.T, extension []byte) {
		got, err := ParseLogotype(extension)
		if err != nil {
			return
		}
		if len(got.Data) > len(extension) || len(got.MediaType) > len(extension) {
			t.Errorf("%d octets came out of %d", len(got.Data), len(extension))
		}
		rewritten := logotype(got.MediaType, dataURIOf(got.Data), oidSHA256, nil)
		if again, err := ParseLogotype(rewritten); len(rewritten) <= maxLogotype && (err != nil || !bytes.Equal(again.Data, got.Data)) {
			t.Errorf("read again: %v, %v", again, err)
		}
	})
}

// FuzzCheckMark changes the file, and so mostly the certificates in it.
func FuzzCheckMark(f *testing.F) {
	a := newAuthority(f)
	f.Add(pemOf(issue(f, markTemplate(f), a.issuer, a.leafKey, a.issuerKey), a.issuer, a.root), "example.com")
	f.Add(pemOf(a.root), "")
	f.Add([]byte("-----BEGIN CERTIFICATE-----\n"), "b\xfccher.example")
	f.Fuzz(func(t *testing.T, file []byte, domain string) {
		m := CheckMark(file, MarkContext{Roots: pool(a.root), At: markNow, Domains: []string{domain}, SVG: []byte(goodSVG)})
		if m.Certificate == nil && Usable(m.Issues) {
			t.Error("no certificate, and nothing to say about it")
		}
		for _, i := range m.Issues {
			if i.Message == "" || i.Position < 0 || i.Position > maxCertificates {
				t.Errorf("%+v", i)
			}
		}
	})
}

func BenchmarkCheckMark(b *testing.B) {
	a := newAuthority(b)
	file := pemOf(issue(b, markTemplate(b), a.issuer, a.leafKey, a.issuerKey), a.issuer)
	asked := MarkContext{Roots: pool(a.root), At: markNow, Domains: []string{"example.com"}, SVG: []byte(goodSVG)}
	b.ReportAllocs()
	for b.Loop() {
		CheckMark(file, asked)
	}
}
