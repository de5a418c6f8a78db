package dkim

import (
	"crypto/x509"
	"encoding/base64"
	"math/big"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// codes lists issues as "severity code@position".
func codes(issues []Issue) []string {
	var list []string
	for _, i := range issues {
		list = append(list, string(i.Severity)+" "+string(i.Code))
	}
	return list
}

func TestParseKeyRecordIssues(t *testing.T) {
	rsa2048 := rsaTestKey(t, testRSA2048)
	p2048 := spki(t, rsa2048.Public())
	p1024 := spki(t, rsaTestKey(t, testRSA1024).Public())
	pEd := strings.TrimPrefix(keyText(t, ed25519TestKey()), "v=DKIM1; k=ed25519; p=")
	private := base64.StdEncoding.EncodeToString(x509.MarshalPKCS1PrivateKey(rsa2048))
	e := big.NewInt(65537)

	for _, tt := range []struct {
		name, text string
		bits       int
		usable     bool
		issues     []string
	}{
		{"a plain key", "v=DKIM1; k=rsa; p=" + p2048, 2048, true, nil},
		{"a semicolon at the end", "v=DKIM1; k=rsa; p=" + p2048 + " ; ", 2048, true, nil},
		{"no v=", "k=rsa; p=" + p2048, 2048, true, []string{"info version-missing"}},
		{"no k=", "v=DKIM1; p=" + p2048, 2048, true, nil},
		{"Ed25519", "v=DKIM1; k=ed25519; p=" + pEd, 256, true, nil},
		{"white space inside the key", "v=DKIM1; p=" + p2048[:64] + " \t" + p2048[64:], 2048, true, []string{"info key-space"}},
		{"white space around = and ;", " v = DKIM1 ; p\t= " + p2048, 2048, true, nil},
		{"PKCS #1", "v=DKIM1; p=" + rawRSA(t, rsa2048.N, e), 2048, true, []string{"info pkcs1"}},
		{"1024 bits", "v=DKIM1; p=" + p1024, 1024, true, []string{"warning key-short"}},
		{"512 bits", "v=DKIM1; p=" + rawRSA(t, odd(512), e), 512, true, []string{"info pkcs1", "error key-too-short"}},
		{"one bit", "v=DKIM1; p=" + rawRSA(t, big.NewInt(1), e), 1, true, []string{"info pkcs1", "error key-too-short"}},
		{"16,384 bits", "v=DKIM1; p=" + rawRSA(t, odd(16384), e), 16384, true, []string{"info pkcs1", "warning key-long"}},
		{"32,768 bits", "v=DKIM1; p=" + rawRSA(t, odd(32768), e), 32768, false, []string{"info pkcs1", "error key-long"}},
		{"modulus zero", "v=DKIM1; p=" + rawRSA(t, big.NewInt(0), e), 0, false, []string{"info pkcs1", "error modulus"}},
		{"modulus below zero", "v=DKIM1; p=" + rawRSA(t, big.NewInt(-77), e), 0, false, []string{"info pkcs1", "error modulus"}},
		{"modulus even", "v=DKIM1; p=" + rawRSA(t, new(big.Int).Lsh(e, 2040), e), 2057, false, []string{"info pkcs1", "error modulus"}},
		{"exponent 1", "v=DKIM1; p=" + rawRSA(t, rsa2048.N, big.NewInt(1)), 2048, false, []string{"info pkcs1", "error exponent"}},
		{"exponent 3", "v=DKIM1; p=" + rawRSA(t, rsa2048.N, big.NewInt(3)), 2048, true, []string{"info pkcs1", "warning exponent"}},
		{"exponent as long as the modulus", "v=DKIM1; p=" + rawRSA(t, rsa2048.N, odd(2000)), 2048, false, []string{"info pkcs1", "error exponent"}},
		{"revoked", "v=DKIM1; p=", 0, true, []string{"warning revoked"}},
		{"revoked with white space", "v=DKIM1; p= ;", 0, true, []string{"warning revoked"}},
		{"no p=", "v=DKIM1; k=rsa", 0, false, []string{"error no-public-key"}},
		{"nothing", "", 0, false, []string{"info version-missing", "error no-public-key"}},
		{"v= not first", "k=rsa; v=DKIM1; p=" + p2048, 2048, false, []string{"error version-not-first"}},
		{"another version", "v=DKIM1.0; p=" + p2048, 2048, false, []string{"error version"}},
		{"version in lower case", "v=dkim1; p=" + p2048, 2048, false, []string{"error version"}},
		{"a tag twice", "v=DKIM1; p=" + p2048 + "; p=" + p2048, 2048, false, []string{"error duplicate-tag"}},
		{"a word instead of a tag", "v=DKIM1; hello; p=" + p2048, 2048, false, []string{"error syntax"}},
		{"two semicolons", "v=DKIM1;; p=" + p2048, 2048, true, []string{"warning empty-tag"}},
		{"an unknown tag", "v=DKIM1; zz=1; p=" + p2048, 2048, true, []string{"info unknown-tag"}},
		{"a tag in upper case is another tag", "v=DKIM1; P=" + p2048, 0, false, []string{"info unknown-tag", "error no-public-key"}},
		{"an unknown key type", "v=DKIM1; k=dsa; p=" + p2048, 0, false, []string{"error key-type"}},
		{"key type in upper case", "v=DKIM1; k=RSA; p=" + p2048, 2048, true, []string{"warning letter-case"}},
		{"sha1 alone", "v=DKIM1; h=sha1; p=" + p2048, 2048, true, []string{"error hash"}},
		{"sha1 and sha256", "v=DKIM1; h=sha1 : sha256; p=" + p2048, 2048, true, nil},
		{"another service", "v=DKIM1; s=tlsrpt; p=" + p2048, 2048, true, []string{"error service"}},
		{"any service", "v=DKIM1; s=*; p=" + p2048, 2048, true, nil},
		{"testing", "v=DKIM1; t=y:s; p=" + p2048, 2048, true, []string{"warning testing"}},
		{"granularity", "v=DKIM1; g=; p=" + p2048, 2048, true, []string{"warning granularity"}},
		{"notes", "v=DKIM1; n=our key; p=" + p2048, 2048, true, []string{"info notes"}},
		{"cut off", "v=DKIM1; p=" + p2048[:255], 0, false, []string{"error base64"}},
		{"cut off at four characters", "v=DKIM1; p=" + p2048[:252], 0, false, []string{"error der"}},
		{"not base64", "v=DKIM1; p=" + p2048[:20] + `"` + p2048[20:], 0, false, []string{"error base64"}},
		{"a PEM file", "v=DKIM1; p=-----BEGIN PUBLIC KEY-----" + p2048, 0, false, []string{"info key-space", "error base64"}},
		{"the private key", "v=DKIM1; p=" + private, 0, false, []string{"error private-key"}},
		{"RSA said to be Ed25519", "v=DKIM1; k=ed25519; p=" + p2048, 0, false, []string{"error der"}},
		{"Ed25519 said to be RSA", "v=DKIM1; p=" + pEd, 0, false, []string{"error der"}},
		{"Ed25519 in DER", "v=DKIM1; k=ed25519; p=" + spki(t, ed25519TestKey().Public()), 0, false, []string{"error der"}},
		{"Ed25519 in DER said to be RSA", "v=DKIM1; p=" + spki(t, ed25519TestKey().Public()), 0, false, []string{"error der"}},
		{"a control character", "v=DKIM1; n=\x00; p=" + p2048, 2048, false, []string{"error syntax", "info notes"}},
		{"not UTF-8", "v=DKIM1; n=\xff; p=" + p2048, 2048, false, []string{"error syntax", "info notes"}},
		{"longer than any TXT record", "v=DKIM1; n=" + strings.Repeat("x", 1<<17), 0, false, []string{"error too-long", "info notes", "error no-public-key"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			record, issues := ParseKeyRecord(tt.text)
			if diff := cmp.Diff(tt.issues, codes(issues)); diff != "" {
				t.Errorf("issues (-want +got):\n%s", diff)
			}
			if record.Bits != tt.bits {
				t.Errorf("Bits = %d, want %d", record.Bits, tt.bits)
			}
			if usable := record.Fault == ""; usable != tt.usable {
				t.Errorf("Fault = %q, want usable %v", record.Fault, tt.usable)
			}
			if (record.Key != nil) != (tt.usable && !record.Revoked) {
				t.Errorf("Key = %v with fault %q", record.Key, record.Fault)
			}
		})
	}
}

func TestParseKeyRecordFields(t *testing.T) {
	p := strings.TrimPrefix(keyText(t, ed25519TestKey()), "v=DKIM1; k=ed25519; p=")
	text := "v=DKIM1; k=ed25519; h=sha256; s=email : tlsrpt; t=y:s; n=a note; p=" + p
	got, _ := ParseKeyRecord(text)
	if !got.Testing() || !got.Strict() || !got.AllowsEmail() || !got.AllowsHash("sha256") || got.AllowsHash("sha1") {
		t.Errorf("flags, services or hashes were misread: %+v", got)
	}
	if got.PublicKey != p || got.Notes != "a note" || got.KeyType != "ed25519" || got.Text != text {
		t.Errorf("values were misread: %+v", got)
	}
}

func TestIssuesPointAtTheirPlace(t *testing.T) {
	text := "v=DKIM1; k=rsa;  oops; p=AA!A"
	_, issues := ParseKeyRecord(text)
	var places []string
	for _, i := range issues {
		places = append(places, text[i.Position:])
	}
	if diff := cmp.Diff([]string{"oops; p=AA!A", "!A"}, places); diff != "" {
		t.Errorf("places (-want +got):\n%s", diff)
	}
}

func FuzzParseKeyRecord(f *testing.F) {
	f.Add("v=DKIM1; k=rsa; p=" + spki(f, rsaTestKey(f, testRSA1024).Public()))
	f.Add(keyText(f, ed25519TestKey()))
	f.Add("v=DKIM1;;t=y:s:;h=:;p=")
	f.Add("p=MAYCAQECAQE=")        // an RSA key of one bit
	f.Add(strings.Repeat(";", 49)) // more remarks than are listed, and no key
	f.Fuzz(func(t *testing.T, text string) {
		record, issues := ParseKeyRecord(text)
		if record.Fault == "" && !record.Revoked && record.Key == nil {
			t.Errorf("neither a key nor a fault in %q", text)
		}
		if len(issues) > 3*maxIssues {
			t.Errorf("%d issues", len(issues))
		}
		for _, i := range issues {
			if i.Position < 0 || i.Position > len(text) {
				t.Errorf("position %d is outside of %q", i.Position, text)
			}
		}
	})
}

// What parses formats to itself: the text between the tags is all white space,
// semicolons and equals signs.
func FuzzParseTagList(f *testing.F) {
	f.Add("a=1; b = 2 ;c=")
	f.Add(";;=;a==;a\r\n =\t1")
	f.Fuzz(func(t *testing.T, text string) {
		tags, issues := ParseTagList(text)
		if hasErrors(issues) {
			return
		}
		last := 0
		for _, tag := range tags {
			if strings.Trim(text[last:tag.Start], fws+";") != "" {
				t.Errorf("lost %q", text[last:tag.Start])
			}
			if trimFWS(text[tag.Start:tag.Equals]) != tag.Name || !strings.HasPrefix(text[tag.ValueStart:], tag.Value) {
				t.Errorf("%+v does not point into %q", tag, text)
			}
			if again := trimFWS(text[tag.Equals+1 : tag.End]); again != tag.Value {
				t.Errorf("the value %q is written %q", tag.Value, again)
			}
			last = tag.End
		}
	})
}
