package dkim

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/postmuster/postmuster/internal/testkit/peers"
)

// A realSigner is a key that we and Debian's programs sign with.
type realSigner struct {
	algorithm, selector string
	key                 crypto.Signer
}

func realSigners(t *testing.T) []realSigner {
	return []realSigner{
		{"rsa-sha256", "s", rsaTestKey(t, testRSA2048)},
		{"ed25519-sha256", "ed", ed25519TestKey()},
	}
}

// A peer signs and verifies as another program does.
type peer struct {
	name   string
	sign   func(*testing.T, realSigner, string) string // returns the message with the field on top
	verify func(*testing.T, string) bool
}

func realPeers(t *testing.T) []peer {
	return []peer{
		{"OpenDKIM", signWithOpenDKIM, verifyWithOpenDKIM},
		{"dkimpy", signWithDkimpy, verifyWithDkimpy},
	}
}

// What another program signs verifies here, what we sign verifies there, and
// neither once it was changed.
func TestRealPartsSignAndVerify(t *testing.T) {
	tampered := map[string]*strings.Replacer{
		"the body":    strings.NewReplacer("hungry", "thirsty"),
		"the subject": strings.NewReplacer("Subject: Dinner", "Subject: Lunch"),
	}
	for _, p := range realPeers(t) {
		for _, s := range realSigners(t) {
			t.Run(p.name+" "+s.algorithm, func(t *testing.T) {
				theirs := p.sign(t, s, testMessage)
				got := Verify(t.Context(), testZone(t), []byte(theirs), time.Now()).Signatures
				if len(got) != 1 || got[0].Result != ResultPass || got[0].Algorithm != s.algorithm {
					t.Fatalf("what %s signed: %+v\n%s", p.name, got, theirs)
				}
				ours := sign(t, testMessage, func(o *SignOptions) {
					o.Selector, o.Key, o.Time = s.selector, s.key, time.Now().Add(-time.Minute)
				})
				if !p.verify(t, ours) {
					t.Errorf("%s refuses what we signed:\n%s", p.name, ours)
				}
				for what, r := range tampered {
					changed, theirsChanged := r.Replace(ours), r.Replace(theirs)
					if changed == ours || theirsChanged == theirs {
						t.Fatalf("%s did not change", what)
					}
					if p.verify(t, changed) {
						t.Errorf("%s accepts our signature though %s was changed", p.name, what)
					}
					if got := Verify(t.Context(), testZone(t), []byte(theirsChanged), time.Now()).Signatures; got[0].Result != ResultFail {
						t.Errorf("%s of %s after %s was changed", got[0].Result, p.name, what)
					}
				}
			})
		}
	}
}

// opendkim-testmsg signs with rsa-sha1 only, which says nothing (RFC 8301 §3.1).
func TestRealPartsOpenDKIMTestMessage(t *testing.T) {
	program := peers.Program(t, "opendkim-testmsg", "opendkim-tools")
	out := runPeer(t, testMessage, program, "-C", "-d", "example.com", "-s", "s", "-k", keyFile(t, rsaTestKey(t, testRSA2048)), "-t", t.TempDir())
	got := Verify(t.Context(), testZone(t), []byte(out), time.Now()).Signatures
	if len(got) != 1 || got[0].Algorithm != "rsa-sha1" || got[0].Result == ResultPass {
		t.Errorf("%+v", got)
	}
}

// signWithOpenDKIM has OpenDKIM's filter handle a message file, as it would one
// that a mail server hands it, and takes the field from what it says.
func signWithOpenDKIM(t *testing.T, s realSigner, message string) string {
	t.Helper()
	out := runOpenDKIM(t, message, "Mode s", "Domain example.com", "Selector "+s.selector, "SignatureAlgorithm "+s.algorithm,
		"Canonicalization relaxed/relaxed", "KeyFile "+keyFile(t, s.key))
	field := regexp.MustCompile(`(?s)hname='DKIM-Signature' hvalue='([^']*)'`).FindStringSubmatch(out)
	if field == nil {
		t.Fatalf("opendkim signed nothing:\n%s", out)
	}
	return "DKIM-Signature: " + strings.ReplaceAll(field[1], "\n", "\r\n") + "\r\n" + message
}

func verifyWithOpenDKIM(t *testing.T, message string) bool {
	t.Helper()
	var keys strings.Builder
	for name, texts := range testZone(t) {
		fmt.Fprintf(&keys, "%s %s\n", name, texts[0])
	}
	file := writePeerFile(t, "keys", []byte(keys.String()))
	return strings.Contains(runOpenDKIM(t, message, "Mode v", "TestPublicKeys "+file), ") succeeded")
}

func runOpenDKIM(t *testing.T, message string, config ...string) string {
	t.Helper()
	program := peers.Program(t, "opendkim", "opendkim")
	config = append(config, "Syslog no", "RequireSafeKeys no") // the temporary folder is below one that is everybody's
	return runPeer(t, "", program, "-x", writePeerFile(t, "opendkim.conf", []byte(strings.Join(config, "\n")+"\n")),
		"-v", "-v", "-t", writePeerFile(t, "message", []byte(message)))
}

// The library's own commands ask the real DNS; this one is told the keys.
const dkimpyVerify = `
import sys, dkim
keys = dict(line.split(' ', 1) for line in open(sys.argv[1]).read().splitlines())
def dns(name, timeout=5):
    name = name.decode() if isinstance(name, bytes) else name
    return keys.get(name.rstrip('.'), '').encode() or None
print(dkim.verify(sys.stdin.buffer.read(), dnsfunc=dns))
`

func verifyWithDkimpy(t *testing.T, message string) bool {
	t.Helper()
	var keys strings.Builder
	for name, texts := range testZone(t) {
		fmt.Fprintf(&keys, "%s %s\n", name, texts[0])
	}
	peers.Program(t, "dkimverify", "python3-dkim")
	out := runPeer(t, message, debianPython, "-c", dkimpyVerify, writePeerFile(t, "keys", []byte(keys.String())))
	return strings.TrimSpace(out) == "True"
}

// debianPython is the interpreter that Debian's Python packages are for.
const debianPython = "/usr/bin/python3"

func signWithDkimpy(t *testing.T, s realSigner, message string) string {
	t.Helper()
	program := peers.Program(t, "dkimsign", "python3-dkim")
	file := keyFile(t, s.key)
	if key, ok := s.key.(ed25519.PrivateKey); ok {
		file = writePeerFile(t, "key", []byte(encode(key.Seed())))
	}
	out := runPeer(t, message, program, "--signalg", s.algorithm, "--hcanon", "relaxed", "--bcanon", "relaxed", s.selector, "example.com", file)
	return out
}

func keyFile(t *testing.T, key crypto.Signer) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return writePeerFile(t, "key", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

func writePeerFile(t *testing.T, name string, content []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func runPeer(t *testing.T, input, program string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Stdin = strings.NewReader(input)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s%s", filepath.Base(program), err, out, stderr.String())
	}
	return string(out)
}
