package cmd

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/postmuster/postmuster/internal/proto/dane"
	"github.com/postmuster/postmuster/internal/testkit/smtptest"
)

const mxZone = `
example.com. MX 10 mx1.example.com.
example.com. MX 20 mx2.example.com.
mx1.example.com. A 192.0.2.10
mx2.example.com. A 192.0.2.11
example.net. MX 0 .
example.org. MX 10 mx.example.org.
mx.example.org. A 192.0.2.30
alone.test. A 192.0.2.10
_fail.silent.test. TXT "SERVFAIL"
`

func TestSMTP(t *testing.T) {
	l := testEnv(t)
	l.zone(mxZone)
	for _, name := range []string{"mx1.example.com", "mx2.example.com"} {
		cert := l.ca.Issue(smtptest.Leaf{Names: []string{"mx1.example.com"}})
		l.mx(map[string]string{"mx1.example.com": "192.0.2.10", "mx2.example.com": "192.0.2.11"}[name], name,
			smtptest.Config{Extensions: []string{"PIPELINING", "SIZE 1000"}, TLS: &tls.Config{Certificates: []tls.Certificate{cert}}})
	}
	l.mx("192.0.2.30", "mx.example.org", smtptest.Config{Replies: map[string]string{"BANNER": "554 5.3.2 not here"}})
	for name, code := range map[string]int{
		"example.com": exitMet, "example.net": exitNotMet, "example.org": exitNotMet, "alone.test": exitMet, "192.0.2.10": exitMet,
		"nothing.test": exitNotMet, "silent.test": exitUndecided,
	} {
		got := l.ask("smtp", name)
		l.wantCode(got, code)
		l.golden("smtp_"+name, got)
	}
	l.wantKeys(l.ask("smtp", "--json", "example.com"), "subject", "null_mx", "implicit_mx", "hosts", "sessions", "error")
}

// chainAndRecord is a server's chain in PEM, and its 3 1 1 record.
func chainAndRecord(cert tls.Certificate) (chain, record string) {
	for _, der := range cert.Certificate {
		chain += string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	}
	return chain, keyRecord311(cert.Leaf)
}

func keyRecord311(cert *x509.Certificate) string {
	return dane.Record(cert, dane.UsageDANEEE, dane.SelectorSPKI, dane.MatchSHA256).String()
}

func TestDANE(t *testing.T) {
	l := testEnv(t)
	cert := l.ca.Issue(smtptest.Leaf{Names: []string{"mx1.example.com"}})
	_, record := chainAndRecord(cert)
	l.redact(strings.Fields(record)[3], "HASH")
	zone := "_secure TXT \"yes\"\n" + mxZone
	l.mx("192.0.2.10", "mx1.example.com", smtptest.Config{TLS: &tls.Config{Certificates: []tls.Certificate{cert}}})
	l.mx("192.0.2.11", "mx2.example.com", smtptest.Config{TLS: &tls.Config{Certificates: []tls.Certificate{cert}}})

	both := fmt.Sprintf("_25._tcp.mx1.example.com. TLSA %s\n_25._tcp.mx2.example.com. TLSA %s\n", record, record)
	wrong := fmt.Sprintf("_25._tcp.mx1.example.com. TLSA %s\n_25._tcp.mx2.example.com. TLSA 3 1 1 %064x\n", record, 1)
	tests := []struct {
		name, zone string
		code       int
	}{
		{"valid", zone + both, exitMet},
		{"invalid", zone + wrong, exitNotMet},
		{"insecure", zone + "_secure.example.com. TXT \"no\"\n" + both, exitNotMet},
		{"host_insecure", zone + "_secure.mx1.example.com. TXT \"no\"\n" + both, exitNotMet},
		{"no_validator", mxZone + both, exitUndecided},
		{"bogus", zone + "_fail.example.com. TXT \"BOGUS 7 signature expired\"\n", exitNotMet},
		{"bogus_tlsa", zone + both + "_fail._25._tcp.mx2.example.com. TXT \"BOGUS 6\"\n", exitNotMet},
		{"none", zone, exitNotMet},
		{"unknown", zone + both + "_fail._25._tcp.mx2.example.com. TXT \"SERVFAIL\"\n", exitUndecided},
	}
	for _, test := range tests {
		l.zone(test.zone)
		got := l.ask("dane", "example.com")
		l.wantCode(got, test.code)
		l.golden("dane_"+test.name, got)
	}
	l.wantKeys(l.ask("dane", "--json", "example.com"), "domain", "mx_dnssec", "hosts", "error")
}

func TestDANECheck(t *testing.T) {
	l := testEnv(t)
	chain, record := chainAndRecord(l.ca.Issue(smtptest.Leaf{Names: []string{"mx.example.com"}}))
	l.redact(strings.Fields(record)[3], "HASH")
	certs := l.file("chain.pem", chain)
	got := l.run("dane", "check", "--host", "mx.example.com", "--certs", certs, "--tlsa", record)
	l.wantCode(got, exitMet)
	l.golden("dane_check_valid", got)
	other := fmt.Sprintf("3 1 1 %064x, 1 1 1 %064x", 1, 2)
	got = l.run("dane", "check", "--host", "mx.example.com", "--certs", certs, "--tlsa", other)
	l.wantCode(got, exitNotMet)
	l.golden("dane_check_invalid", got)
	l.wantKeys(l.run("dane", "check", "--json", "--host", "mx.example.com", "--certs", certs, "--tlsa", record), "valid", "issues", "verdict", "matches")

	l.wantUsage(l.run("dane", "check", "--host", "mx.example.com"), "--host, --certs and --tlsa were expected")
	l.wantUsage(l.run("dane", "check", "--host", "mx.example.com", "--certs", l.file("no.pem", "hello"), "--tlsa", record), "no certificate in it")
	l.wantUsage(l.run("dane", "check", "--host", "mx.example.com", "--certs", l.dir, "--tlsa", record), "is a directory")
	l.wantUsage(l.run("dane", "check", "--host", "mx.example.com", "--certs", certs, "--tlsa", record, "--at", "tomorrow"), `--at "tomorrow"`)
}

const logo = `<svg xmlns="http://www.w3.org/2000/svg" version="1.2" baseProfile="tiny-ps" viewBox="0 0 64 64"><title>Example</title><circle cx="32" cy="32" r="30"/></svg>`

func TestBIMI(t *testing.T) {
	l := testEnv(t)
	l.zone(`
default._bimi.example.com. TXT "v=BIMI1; l=https://www.example.com/logo.svg; a=;"
_dmarc.example.com. TXT "v=DMARC1; p=reject"
default._bimi.example.net. TXT "v=BIMI1; l=https://www.example.com/script.svg"
default._bimi.brands.test. TXT "v=BIMI1; l=https://www.example.com/script.svg; lps=brand-a"
brand-a._bimi.brands.test. TXT "v=BIMI1; l=https://www.example.com/logo.svg"
_dmarc.brands.test. TXT "v=DMARC1; p=reject"
_dmarc.example.net. TXT "v=DMARC1; p=none"
www.example.com. A 192.0.2.80
_fail.default._bimi.silent.test. TXT "SERVFAIL"
`)
	l.web("192.0.2.80", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "image/svg+xml")
		if r.URL.Path == "/script.svg" {
			fmt.Fprint(w, strings.Replace(logo, "<circle", "<script>alert(1)</script><circle", 1))
			return
		}
		fmt.Fprint(w, logo)
	}), "www.example.com")
	for domain, code := range map[string]int{
		"example.com": exitMet, "example.net": exitNotMet, "nothing.test": exitNotMet, "silent.test": exitUndecided,
	} {
		got := l.ask("bimi", domain)
		l.wantCode(got, code)
		l.golden("bimi_"+domain, got)
	}
	l.wantKeys(l.ask("bimi", "--json", "example.com"), "domain", "status", "error", "asked", "name", "selector", "record", "texts", "issues", "dmarc", "indicator", "certificate")
	l.wantCode(l.ask("bimi", "brands.test"), exitNotMet)
	own := l.ask("bimi", "Brand_A+news@brands.test") // its own record, by lps=
	l.wantCode(own, exitMet)
	if !strings.Contains(own.out, "asked      brand-a._bimi.brands.test. TXT: NOERROR") {
		t.Errorf("the record of the local part is not asked for:\n%s", own)
	}
	if silent := l.wantKeys(l.ask("bimi", "--json", "silent.test"), "domain", "status", "error", "asked", "name", "selector", "record", "texts",
		"issues", "dmarc", "indicator", "certificate"); silent["status"] != "unknown" {
		t.Errorf("status %v where the DNS does not answer, want unknown", silent["status"])
	}
}

func TestBIMILintSVG(t *testing.T) {
	l := testEnv(t)
	l.wantCode(l.run("bimi", "lint-svg", l.file("logo.svg", logo)), exitMet)
	got := l.run("bimi", "lint-svg", l.file("bad.svg", strings.Replace(logo, `viewBox="0 0 64 64"`, `viewBox="0 0 64 32" onload="x()"`, 1)))
	l.wantCode(got, exitNotMet)
	l.golden("bimi_lint_svg", got)
	l.wantKeys(l.run("bimi", "lint-svg", "--json", l.dir+"/logo.svg"), "valid", "issues")
	l.wantUsage(l.run("bimi", "lint-svg", l.dir+"/missing.svg"), "no such file or directory; an SVG file was expected")
	l.wantUsage(l.run("bimi", "lint-svg", l.dir), "is a directory")
	l.wantUsage(l.run("bimi", "lint-svg", l.file("empty.svg", "")), "empty; an SVG file was expected")
}
