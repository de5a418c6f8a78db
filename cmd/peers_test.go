package cmd

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/postmuster/postmuster/checks/all"
	"github.com/postmuster/postmuster/internal/testkit/peers"
	"github.com/postmuster/postmuster/internal/testkit/smtptest"
)

// realWorld is a domain in order, with DNSSEC, and what reverse DNS says of it.
var realWorld = []peers.Zone{
	{Name: "example.com", Signed: true, Text: `
@ MX 10 mx
@ TXT "v=spf1 mx -all"
_dmarc TXT "v=DMARC1; p=reject; rua=mailto:dmarc@example.com"
mx A 192.0.2.10
`},
	{Name: "2.0.192.in-addr.arpa", Text: "10 PTR mx.example.com.\n"},
}

// TestAuditOfARealMailServer audits a domain that Knot serves signed, Unbound
// resolves and validates, and Postfix receives the mail of.
func TestAuditOfARealMailServer(t *testing.T) {
	ca := smtptest.NewCA()
	certFile, keyFile := writeCertificate(t, ca, "mx.example.com")
	postfix := peers.Postfix(t, "mx.example.com", "example.com", certFile, keyFile)
	unbound := peers.Unbound(t, peers.Knot(t, realWorld...), realWorld...)

	report := auditWith(t, ca.Pool(), "--resolver", unbound, "--connect-to", "192.0.2.10:25="+postfix,
		"--no-blocklists", "--json", "example.com")
	for check, want := range map[string]string{
		"smtp-reachable": "pass", "smtp-greeting": "pass", "starttls-offered": "pass", "starttls-works": "pass",
		"tls-certificate-chain": "pass", "tls-certificate-name": "pass", "tls-certificate-dates": "pass", "tls-version": "pass",
		"mx-present": "pass", "spf-present": "pass", "dmarc-present": "pass", "ptr-confirmed": "pass",
		"blocklist-sender": "skip",
	} {
		if got := report[check]; got != want {
			t.Errorf("%s is %q, want %q", check, got, want)
		}
	}
}

// auditWith audits with the program's own flags and returns the outcome of each
// check.
func auditWith(t *testing.T, roots *x509.CertPool, args ...string) map[string]string {
	t.Helper()
	var out, errOut bytes.Buffer
	env := System(all.Checks())
	env.Out, env.Err, env.Roots, env.OutTerminal, env.ErrTerminal = &out, &errOut, roots, false, false
	env.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		if !strings.HasPrefix(address, "127.0.0.1:") {
			t.Errorf("a connection to %s would leave this machine", address)
			return nil, context.Canceled
		}
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}
	code := Run(t.Context(), env, append([]string{"audit"}, args...))
	var report struct {
		Results []struct{ Check, Outcome string }
	}
	if err := json.Unmarshal(out.Bytes(), &report); err != nil {
		t.Fatalf("exit code %d: %v\n%s%s", code, err, out.String(), errOut.String())
	}
	outcomes := map[string]string{}
	for _, r := range report.Results {
		outcomes[r.Check] = r.Outcome
	}
	return outcomes
}

func writeCertificate(t *testing.T, ca *smtptest.CA, name string) (certFile, keyFile string) {
	t.Helper()
	leaf := ca.Issue(smtptest.Leaf{Names: []string{name}, NotBefore: time.Now().AddDate(0, -1, 0), NotAfter: time.Now().AddDate(0, 2, 0)})
	key, err := x509.MarshalPKCS8PrivateKey(leaf.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name, kind string, blocks ...[]byte) string {
		var b bytes.Buffer
		for _, der := range blocks {
			pem.Encode(&b, &pem.Block{Type: kind, Bytes: der})
		}
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	return write("cert.pem", "CERTIFICATE", leaf.Certificate...), write("key.pem", "PRIVATE KEY", key)
}
