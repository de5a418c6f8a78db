package arc

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/postmuster/postmuster/internal/testkit/peers"
)

// The library's own command seals once; this seals again and again.
const dkimpySeal = `
import sys, dkim
key, sets = sys.argv[1].encode(), int(sys.argv[2])
message = sys.stdin.buffer.read()
for n in range(sets):
    arc = b'none' if n == 0 else b'pass'
    results = b'Authentication-Results: %d.example.org; arc=%s; spf=pass smtp.mailfrom=example.com\r\n' % (n, arc)
    if n == 0:
        results = results.replace(b' arc=none;', b'')
    message = results + message
    message = b''.join(dkim.arc_sign(message, b's', b'example.org', key, b'%d.example.org' % n)) + message
sys.stdout.buffer.write(message)
`

func runDkimpy(t *testing.T, input, script string, args ...string) string {
	t.Helper()
	peers.Program(t, "arcsign", "python3-dkim") // which needs python3-authres
	cmd := exec.CommandContext(t.Context(), "/usr/bin/python3", append([]string{"-c", script}, args...)...)
	cmd.Stdin = strings.NewReader(input)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("dkimpy: %v\n%s", err, out)
	}
	return string(out)
}

// A chain that dkimpy sealed is valid here, until the message is changed. There
// is no other direction: nothing here seals.
func TestRealPartsDkimpy(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	private := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	public := base64.StdEncoding.EncodeToString(x509.MarshalPKCS1PublicKey(&key.PublicKey))
	published := zone{"s._domainkey.example.org": {"v=DKIM1; k=rsa; p=" + public}}
	for _, sets := range []string{"1", "3"} {
		theirs := runDkimpy(t, testMessage, dkimpySeal, string(private), sets)
		if r := Verify(t.Context(), published, []byte(theirs), time.Now()); r.Result != ResultPass || fmt.Sprint(len(r.Instances)) != sets {
			t.Errorf("%s sets of dkimpy: %s, %s\n%s", sets, r.Result, r.Error, theirs)
		}
		changed := strings.Replace(theirs, "hungry", "thirsty", 1)
		if r := Verify(t.Context(), published, []byte(changed), time.Now()); r.Result != ResultFail {
			t.Errorf("%s sets of dkimpy, changed: %s", sets, r.Result)
		}
	}
}
