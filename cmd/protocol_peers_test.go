package cmd

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/internal/testkit/peers"
)

// TestProtocolsOfAZoneThatKnotServes: the commands ask a real name server. The
// zone is the whole of com, as Knot refuses what is outside of its zones.
func TestProtocolsOfAZoneThatKnotServes(t *testing.T) {
	l := testEnv(t)
	signed := l.run("dkim", "sign", "--key", rsaKeyFile(l), "--selector", "s1", "--domain", "example.com", l.file("plain.eml", plainMessage))
	l.wantCode(signed, exitMet)
	l.useResolver(peers.Knot(t, peers.Zone{Name: "com", Text: `
example MX 10 mx.example
example TXT "v=spf1 mx include:_spf.example.com ?all"
example TXT "unrelated" "text"
_spf.example TXT "v=spf1 ip4:198.51.100.0/" "24 -all"
_dmarc.example TXT "v=DMARC1; p=reject; rua=mailto:dmarc@example.com"
mx.example A 192.0.2.10
_mta-sts.example TXT "v=STSv1; id=1"
mta-sts.example A 192.0.2.80
_smtp._tls.example TXT "v=TLSRPTv1; rua=mailto:tls@example.com"
default._bimi.example TXT "v=BIMI1; l=https://www.example.com/logo.svg"
www.example A 192.0.2.80
2.0.0.127.bl.example A 127.0.0.2
10.2.0.192.bl.example A 127.0.0.2
10.2.0.192.bl.example TXT "open relay"
alias.example CNAME example
` + signed.err}))
	tests := []struct {
		args []string
		code int
		want string
	}{
		{[]string{"spf", "eval", "--ip", "192.0.2.10", "--from", "a@example.com"}, exitMet, "pass"},
		{[]string{"spf", "eval", "--ip", "192.0.2.10", "--helo", "alias.example.com"}, exitMet, "pass"},
		{[]string{"spf", "eval", "--ip", "203.0.113.1", "--from", "a@example.com"}, exitNotMet, "neutral"},
		{[]string{"spf", "tree", "example.com"}, exitMet, "2 of at most 10"},
		{[]string{"dmarc", "walk", "news.example.com"}, exitMet, "at _dmarc.example.com, the organizational domain"},
		{[]string{"dmarc", "eval", "--from", "news.example.com", "--dkim", "pass:example.com"}, exitMet, "aligned (relaxed)"},
		{[]string{"dkim", "key", "s1", "example.com"}, exitMet, "2048 bits"},
		{[]string{"dkim", "key", "s2", "example.com"}, exitNotMet, "none"},
		{[]string{"dkim", "verify", l.file("signed.eml", signed.out)}, exitMet, "header hash match"},
		{[]string{"spf", "eval", "--ip", "192.0.2.10", "--from", "a@example.org"}, exitUndecided, "temperror"},
		{[]string{"spf", "flatten", "example.com"}, exitMet, `example.com. TXT "v=spf1 ip4:192.0.2.10 ip4:198.51.100.0/24 ?all"`},
		{[]string{"spf", "tree", "example.org"}, exitUndecided, "unknown"},
		{[]string{"mta-sts", "--no-smtp", "example.com"}, exitMet, "mx.example.com keeps the policy"},
		{[]string{"mta-sts", "--no-smtp", "alias.example.com"}, exitNotMet, "none"},
		{[]string{"mta-sts", "--no-smtp", "example.org"}, exitUndecided, "no answer"},
		{[]string{"tls-rpt", "example.com"}, exitMet, "mailto:tls@example.com"},
		{[]string{"tls-rpt", "example.org"}, exitUndecided, "unknown"},
		{[]string{"bimi", "example.com"}, exitMet, "strong enough for a logo"},
		{[]string{"bimi", "news.example.com"}, exitMet, "asked      default._bimi.example.com. TXT: NOERROR"},
		{[]string{"bimi", "example.org"}, exitUndecided, "unknown"},
		{[]string{"blocklist", "--blocklist", "bl.example.com", "192.0.2.10"}, exitNotMet, "open relay"},
		{[]string{"blocklist", "--blocklist", "bl.example.com", "192.0.2.11"}, exitMet, "not listed"},
		{[]string{"blocklist", "--blocklist", "mx.example.com", "192.0.2.10"}, exitUndecided, "its test entry 127.0.0.2 is missing"},
		{[]string{"blocklist", "--blocklist", "bl.example.org", "192.0.2.10"}, exitUndecided, "REFUSED"},
	}
	l.web("192.0.2.80", http.HandlerFunc(publish), "mta-sts.example.com", "www.example.com")
	for _, test := range tests {
		got := l.ask(test.args...)
		l.wantCode(got, test.code)
		if !strings.Contains(got.out, test.want) {
			t.Errorf("%s: want %q in\n%s", strings.Join(test.args, " "), test.want, got)
		}
	}
}

// publish is the web server of a domain: its MTA-STS policy and its logo.
func publish(w http.ResponseWriter, r *http.Request) {
	if strings.HasSuffix(r.URL.Path, ".svg") {
		fmt.Fprint(w, logo)
		return
	}
	fmt.Fprint(w, "version: STSv1\nmode: enforce\nmx: mx.example.com\nmax_age: 604800\n")
}

// TestARCWithDkimpy: a chain that dkimpy sealed holds, until the message is changed.
func TestARCWithDkimpy(t *testing.T) {
	program := peers.Program(t, "arcsign", "python3-dkim")
	l := testEnv(t)
	key := rsaKeyFile(l)
	ours := l.run("dkim", "sign", "--key", key, "--selector", "s1", "--domain", "example.com", l.file("plain.eml", plainMessage))
	l.useResolver(peers.Knot(t, peers.Zone{Name: "com", Text: ours.err}))

	c := exec.CommandContext(t.Context(), program, "s1", "example.com", key, "lists.example.com")
	c.Stdin, c.Stderr = strings.NewReader("Authentication-Results: lists.example.com; spf=pass smtp.mailfrom=example.com\r\n"+plainMessage), os.Stderr
	sealed, err := c.Output()
	if err != nil {
		t.Fatal(err)
	}
	got := l.ask("arc", "verify", l.file("sealed.eml", string(sealed)))
	l.wantCode(got, exitMet)
	if !strings.Contains(got.out, "found       spf=pass smtp.mailfrom=example.com") {
		t.Errorf("what the list found is not shown:\n%s", got)
	}
	got = l.ask("arc", "verify", l.file("changed.eml", string(sealed)+"-- \r\nthe list\r\n"))
	l.wantCode(got, exitNotMet)
}

// TestDKIMWithDkimpy: a message that dkimpy signed is verified, before and after
// a list has added its footer.
func TestDKIMWithDkimpy(t *testing.T) {
	program := peers.Program(t, "dkimsign", "python3-dkim")
	l := testEnv(t)
	key := rsaKeyFile(l)
	ours := l.run("dkim", "sign", "--key", key, "--selector", "s1", "--domain", "example.com", l.file("plain.eml", plainMessage))
	l.useResolver(peers.Knot(t, peers.Zone{Name: "com", Text: ours.err}))

	c := exec.CommandContext(t.Context(), program, "s1", "example.com", key)
	c.Stdin, c.Stderr = strings.NewReader(plainMessage), os.Stderr
	theirs, err := c.Output()
	if err != nil {
		t.Fatal(err)
	}
	got := l.ask("dkim", "verify", l.file("dkimpy.eml", string(theirs)))
	l.wantCode(got, exitMet)
	got = l.ask("dkim", "verify", l.file("list.eml", string(theirs)+"-- \r\nthe list\r\n"))
	l.wantCode(got, exitNotMet)
	if !strings.Contains(got.out, "something was added at the end of the body") {
		t.Errorf("the cause is not named:\n%s", got)
	}
}

// TestDANEWithUnboundAndPostfix: the records are signed by Knot, validated by
// Unbound, and compared with what Postfix presents.
func TestDANEWithUnboundAndPostfix(t *testing.T) {
	l := testEnv(t)
	certFile, keyFile := writeCertificate(t, l.ca, "mx.example.com")
	postfix := peers.Postfix(t, "mx.example.com", "example.com", certFile, keyFile)
	l.lead("192.0.2.10:25", netip.MustParseAddrPort(postfix))
	chain, err := readChain(l.Env, certFile)
	if err != nil {
		t.Fatal(err)
	}
	zones := []peers.Zone{
		{Name: "example.com", Signed: true, Text: "@ MX 10 mx\nmx A 192.0.2.10\n_25._tcp.mx TLSA " + keyRecord311(chain[0])},
		{Name: "net", Signed: true, Text: "example NS ns.example"},
		{Name: "example.net", Text: "@ MX 10 mx.example.com.\n"},
	}
	l.useResolver(peers.Unbound(t, peers.Knot(t, zones...), zones...))
	got := l.ask("dane", "example.com")
	l.wantCode(got, exitMet)
	got = l.ask("dane", "example.net")
	l.wantCode(got, exitNotMet)
	if !strings.Contains(got.out, "insecure: not signed") {
		t.Errorf("an unsigned zone is not said to be insecure:\n%s", got)
	}
	got = l.ask("smtp", "example.com")
	l.wantCode(got, exitMet)
	if !strings.Contains(got.out, "S: 220 mx.example.com ESMTP") || !strings.Contains(got.out, "verifies   yes") {
		t.Errorf("the dialogue with Postfix:\n%s", got)
	}
}

// TestDNSSECWithKnotAndUnbound: the states of a domain as the command and the audit
// tell them apart.
func TestDNSSECWithKnotAndUnbound(t *testing.T) {
	l := testEnv(t)
	const text = "@ MX 10 mx\nmx A 192.0.2.10\n"
	children := []peers.Zone{
		{Name: "good.test", Text: text, Signed: true, Vouched: true}, {Name: "plain.test", Text: text},
		{Name: "moved.test", Text: text, Signed: true, Vouched: true}, {Name: "lame.test"},
	}
	server := peers.Knot(t, children[:3]...)
	parent := peers.DS(t, server, "good.test") + fmt.Sprintf("moved.test. DS 12345 13 2 %064x\n", 1)
	for i, z := range children {
		parent += z.Name + ". NS ns." + z.Name + ".\n"
		children[i].Server = server
	}
	zones := append([]peers.Zone{{Name: "test", Text: parent, Signed: true}}, children...)
	l.useResolver(peers.Unbound(t, peers.Knot(t, zones[0]), zones...))
	l.Now = time.Now // Knot signs by the clock of the machine
	for domain, want := range map[string]struct {
		code int
		text string
	}{
		"good.test":  {exitMet, "good.test: secure"},
		"plain.test": {exitNotMet, "plain.test: insecure"},
		"moved.test": {exitNotMet, "moved.test: bogus"},
		"lame.test":  {exitUndecided, "lame.test: unknown"},
	} {
		got := l.ask("dnssec", domain)
		l.wantCode(got, want.code)
		if !strings.HasPrefix(got.out, want.text) {
			t.Errorf("want %q in\n%s", want.text, got)
		}
	}
	for domain, bad := range map[string][]string{"good.test": nil, "plain.test": {"dnssec-mx-signed", "dnssec-signed"}, "moved.test": {"dnssec-bogus", "dnssec-ds-match"}} {
		got := l.ask("audit", "--json", "--no-smtp", "--no-blocklists", "--select", "dnssec-*", domain)
		var failed []string
		for _, r := range reports(t, "["+got.out+"]")[0].Results {
			if r.Outcome == checks.OutcomeFail {
				failed = append(failed, r.Check)
			}
		}
		if diff := cmp.Diff(bad, failed); diff != "" {
			t.Errorf("%s: what fails (-want +got):\n%s", domain, diff)
		}
	}
}

func rsaKeyFile(l *lab) string {
	l.t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		l.t.Fatal(err)
	}
	block := &pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}
	return l.file("rsa.pem", string(pem.EncodeToMemory(block)))
}
