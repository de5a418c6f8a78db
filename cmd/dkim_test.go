package cmd

import (
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"os"
	"strings"
	"testing"

	"github.com/postmuster/postmuster/internal/proto/dkim"
)

const plainMessage = "From: Ann <ann@example.com>\r\nTo: sam@example.net\r\nSubject: Hello\r\nDate: Mon, 23 Nov 2026 09:00:00 +0000\r\n" +
	"Message-ID: <1@example.com>\r\n\r\nHello Sam,\r\n\r\nsee you.\r\n"

// keyFile writes a private key that is the same in every run.
func keyFile(l *lab) string {
	l.t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)))
	if err != nil {
		l.t.Fatal(err)
	}
	return l.file("key.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})))
}

// sign signs a message for example.com, publishes the key beside these records,
// and returns the signed message.
func sign(l *lab, message, zone string) string {
	l.t.Helper()
	file := l.file("plain.eml", message)
	got := l.run("dkim", "sign", "--key", keyFile(l), "--selector", "s1", "--domain", "example.com", file)
	l.wantCode(got, exitMet)
	l.zone(got.err + zone)
	return got.out
}

func TestDKIMSignAndVerify(t *testing.T) {
	l := testEnv(t)
	signed := sign(l, plainMessage, "")
	l.golden("dkim_sign", l.run("dkim", "sign", "--field", "--key", keyFile(l), "--selector", "s1", "--domain", "example.com", l.file("plain.eml", plainMessage)))
	if !strings.HasSuffix(signed, plainMessage) {
		t.Errorf("the signed message does not end with the message:\n%s", signed)
	}
	got := l.ask("dkim", "verify", l.file("signed.eml", signed))
	l.wantCode(got, exitMet)
	l.golden("dkim_verify_pass", got)
	got = l.ask("dkim", "key", "s1", "example.com")
	l.wantCode(got, exitMet)
	l.golden("dkim_key_found", got)
}

func TestDKIMVerifyExplains(t *testing.T) {
	l := testEnv(t)
	signed := sign(l, plainMessage, "_fail.s9._domainkey.example.com. TXT \"SERVFAIL\"\n")
	tests := []struct {
		name, message string
		code          int
	}{
		{"footer", signed + "-- \r\nthe list\r\n", exitNotMet},
		{"subject", strings.Replace(signed, "Subject: Hello", "Subject: [list] Hello", 1), exitNotMet},
		{"no_key", strings.Replace(signed, "s=s1", "s=s2", 1), exitNotMet},
		{"dns", strings.Replace(signed, "s=s1", "s=s9", 1), exitUndecided},
		{"unsigned", plainMessage, exitNotMet},
	}
	for _, test := range tests {
		got := l.ask("dkim", "verify", l.file("mail.eml", test.message))
		l.wantCode(got, test.code)
		l.golden("dkim_verify_"+test.name, got)
	}
}

func TestDKIMVerifyJSON(t *testing.T) {
	l := testEnv(t)
	l.In = strings.NewReader(sign(l, plainMessage, ""))
	object := l.wantKeys(l.ask("dkim", "verify", "--json", "-"), "signatures")
	signature := object["signatures"].([]any)[0].(map[string]any)
	for _, key := range []string{"result", "domain", "selector", "algorithm", "key_bits", "canonicalization", "identity", "signed_headers", "length", "body_hash", "error", "issues"} {
		if _, ok := signature[key]; !ok {
			t.Errorf("a signature has no %s: %v", key, signature)
		}
	}
}

func TestDKIMKeyThatIsNot(t *testing.T) {
	l := testEnv(t)
	l.zone(`
revoked._domainkey.example.com. TXT "v=DKIM1; p="
weak._domainkey.example.com. TXT "v=DKIM1; k=rsa; p=AAAA"
_fail.silent._domainkey.example.com. TXT "SERVFAIL"
`)
	for selector, code := range map[string]int{"revoked": exitNotMet, "weak": exitNotMet, "none": exitNotMet, "silent": exitUndecided} {
		got := l.ask("dkim", "key", selector, "example.com")
		l.wantCode(got, code)
		l.golden("dkim_key_"+selector, got)
	}
	l.wantKeys(l.ask("dkim", "key", "--json", "revoked", "example.com"), "name", "status", "key_bits", "key", "records", "alias", "issues", "error")
}

// TestMessageFiles: what is no message is said on one line, whichever command
// reads it.
func TestMessageFiles(t *testing.T) {
	l := testEnv(t)
	huge := l.file("huge.eml", "From: a@example.com\r\n\r\n")
	if err := os.Truncate(huge, 200<<20); err != nil {
		t.Fatal(err)
	}
	key := keyFile(l)
	for _, command := range [][]string{{"dkim", "verify"}, {"arc", "verify"}, {"dkim", "sign", "--key", key, "--selector", "s", "--domain", "example.com"}} {
		for path, text := range map[string]string{
			l.dir + "/missing": "no such file or directory", l.dir: "is a directory", l.file("empty", ""): "empty", huge: "larger than 100 MB",
		} {
			l.wantUsage(l.run(append(command, path)...), text)
		}
	}
}

// TestDKIMVerifyOfAThousandSignatures: those beyond the limit are counted, not
// written out.
func TestDKIMVerifyOfAThousandSignatures(t *testing.T) {
	l := testEnv(t)
	l.zone("")
	field := "DKIM-Signature: v=1; a=rsa-sha256; d=example.com; s=gone; h=from; bh=AAAA; b=AAAA\r\n"
	got := l.ask("dkim", "verify", l.file("many.eml", strings.Repeat(field, 1000)+plainMessage))
	l.wantCode(got, exitNotMet)
	if n := strings.Count(got.out, "\nd=example.com s=gone"); n != dkim.MaxSignatures || !strings.Contains(got.out, "there are 1000 signatures; only the first 32 were verified") {
		t.Errorf("%d signatures are written out, want %d and how many there are:\n%.400s", n, dkim.MaxSignatures, got.out)
	}
}

func TestDKIMSignUsage(t *testing.T) {
	l := testEnv(t)
	mail := l.file("plain.eml", plainMessage)
	l.wantUsage(l.run("dkim", "sign", mail), "--key, --selector and --domain were expected")
	for path, text := range map[string]string{mail: "no RSA or Ed25519 private key", l.dir + "/missing": "no such file", l.dir: "is a directory"} {
		l.wantUsage(l.run("dkim", "sign", "--key", path, "--selector", "s", "--domain", "example.com", mail), text)
	}
}

func TestARCVerifyWithoutAChain(t *testing.T) {
	l := testEnv(t)
	got := l.ask("arc", "verify", l.file("plain.eml", plainMessage))
	l.wantCode(got, exitNotMet)
	l.golden("arc_verify_none", got)
	broken := "ARC-Seal: i=1; a=rsa-sha256; cv=none; d=example.org; s=a; b=AAAA\r\n" + plainMessage
	got = l.ask("arc", "verify", l.file("broken.eml", broken))
	l.wantCode(got, exitNotMet)
	l.golden("arc_verify_fail", got)
	found := "ARC-Authentication-Results: i=1; lists.example.org;\r\n\tdkim=fail reason=\"bad signature\" header.d=example.com;\r\n" +
		"\tspf=pass (192.0.2.1 may send) smtp.mailfrom=bounces@example.com; spf\r\n"
	got = l.ask("arc", "verify", l.file("unsigned.eml", found+broken))
	l.wantCode(got, exitNotMet)
	l.golden("arc_verify_found", got)
	l.wantKeys(l.ask("arc", "verify", "--json", l.dir+"/plain.eml"), "result", "instances", "oldest_pass", "error")
}

// TestARCVerifyWithoutAKey: the RFC has no result but fail for a chain whose keys
// cannot be looked up; the headline and the exit code say that it is no verdict.
func TestARCVerifyWithoutAKey(t *testing.T) {
	l := testEnv(t)
	l.zone(`_fail.s._domainkey.silent.test. TXT "SERVFAIL"`)
	_, body, _ := strings.Cut(plainMessage, "\r\n\r\n")
	hash := sha256.Sum256([]byte(body))
	sealed := "ARC-Seal: i=1; a=rsa-sha256; cv=none; d=silent.test; s=s; b=AAAA\r\n" +
		"ARC-Message-Signature: i=1; a=rsa-sha256; c=relaxed/simple; d=silent.test; s=s; h=from; bh=" + base64.StdEncoding.EncodeToString(hash[:]) + "; b=AAAA\r\n" +
		"ARC-Authentication-Results: i=1; lists.example.org; none\r\n" + plainMessage
	got := l.ask("arc", "verify", l.file("sealed.eml", sealed))
	l.wantCode(got, exitUndecided)
	l.golden("arc_verify_temperror", got)
	l.wantCode(l.ask("arc", "verify", l.file("wrong.eml", strings.Replace(sealed, "cv=none", "cv=pass", 1))), exitNotMet)
	got = l.ask("arc", "verify", l.file("unsealed.eml", sealed[strings.Index(sealed, "ARC-Message"):]))
	l.wantCode(got, exitNotMet)
	if !strings.Contains(got.out, "i=1, whose seal is missing or cannot be read") {
		t.Errorf("the missing seal is not named:\n%s", got)
	}
}
