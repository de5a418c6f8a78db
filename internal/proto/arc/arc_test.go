package arc

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postmuster/postmuster/internal/dns"
	"github.com/postmuster/postmuster/internal/proto/authres"
	"github.com/postmuster/postmuster/internal/proto/dkim"
)

// zone answers TXT questions from a map; "SERVFAIL" makes a name fail.
type zone map[string][]string

func (z zone) Resolve(_ context.Context, q dns.Question) (*dns.Answer, error) {
	texts, ok := z[dns.Canonical(q.Name)]
	if !ok {
		return &dns.Answer{Question: q, Rcode: dns.RcodeNXDomain}, nil
	}
	a := &dns.Answer{Question: q}
	for _, text := range texts {
		if text == "SERVFAIL" {
			return nil, &dns.Error{Question: q, Cause: dns.CauseRcode, Rcode: dns.RcodeServFail}
		}
		a.Records = append(a.Records, dns.Record{Name: q.Name, Data: dns.TXT{Strings: []string{text}}})
	}
	return a, nil
}

var testNow = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

const testMessage = "From: alice@example.com\r\nSubject: Dinner\r\n\r\nAre you hungry?\r\n"

func testKey() ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed([]byte("thirty-two octets, for test only"))
}

func testZone() zone {
	public := testKey().Public().(ed25519.PublicKey)
	return zone{"s._domainkey.example.org": {"v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(public)}}
}

// sign returns the base64 of a signature over fields in relaxed form, the last
// one without its CRLF.
func sign(tb testing.TB, fields ...string) string {
	tb.Helper()
	var text strings.Builder
	for _, f := range fields {
		name, value, _ := strings.Cut(f, ":")
		value = strings.TrimSpace(regexp.MustCompile(`[ \t]+`).ReplaceAllString(strings.ReplaceAll(value, "\r\n", ""), " "))
		text.WriteString(strings.ToLower(name) + ":" + value + "\r\n")
	}
	digest := sha256.Sum256([]byte(strings.TrimSuffix(text.String(), "\r\n")))
	signature, err := testKey().Sign(nil, digest[:], crypto.Hash(0))
	if err != nil {
		tb.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(signature)
}

// seal adds a set to a message whose sets so far are in earlier, the oldest
// first, three fields each.
func seal(tb testing.TB, message, cv string, earlier []string) (string, []string) {
	tb.Helper()
	n := len(earlier)/3 + 1
	_, body, _ := strings.Cut(message, "\r\n\r\n")
	hash := sha256.Sum256([]byte(body))
	m := dkim.ReadMessage([]byte(message))
	from := "From:" + m.Value(m.Fields("from")[0])
	subject := "Subject:" + m.Value(m.Fields("subject")[0])

	results := fmt.Sprintf("ARC-Authentication-Results: i=%d; example.org; spf=pass", n)
	ams := fmt.Sprintf("ARC-Message-Signature: i=%d; a=ed25519-sha256; c=relaxed/relaxed; d=example.org; s=s; h=from:subject; bh=%s; b=",
		n, base64.StdEncoding.EncodeToString(hash[:]))
	ams += sign(tb, from, subject, ams)
	as := fmt.Sprintf("ARC-Seal: i=%d; a=ed25519-sha256; cv=%s; d=example.org; s=s; b=", n, cv)
	all := append(append([]string{}, earlier...), results, ams, as)
	all[len(all)-1] += sign(tb, all...)
	return strings.Join(all[len(all)-3:], "\r\n") + "\r\n" + message, all
}

// chain returns a message with so many valid sets.
func chain(tb testing.TB, length int) string {
	tb.Helper()
	message, cv := testMessage, "none"
	var sets []string
	for range length {
		message, sets = seal(tb, message, cv, sets)
		cv = "pass"
	}
	return message
}

func TestVerify(t *testing.T) {
	two := chain(t, 2)
	failing, _ := seal(t, testMessage, "fail", nil)
	long := strings.Repeat("ARC-Seal: i=1; cv=none\r\n", 1000) + testMessage
	for _, tt := range []struct {
		name    string
		zone    zone
		message string
		result  Result
		oldest  int
		error   string
	}{
		{"no chain", testZone(), testMessage, ResultNone, 0, ""},
		{"no message", testZone(), "", ResultNone, 0, ""},
		{"one set", testZone(), chain(t, 1), ResultPass, 0, ""},
		{"two sets", testZone(), two, ResultPass, 0, ""},
		{"fifty sets", testZone(), chain(t, 50), ResultPass, 0, ""},
		{"lines in LF", testZone(), strings.ReplaceAll(two, "\r\n", "\n"), ResultPass, 0, ""},
		{"cv=fail ends it", testZone(), failing, ResultFail, 0, "instance 1: the newest seal says cv=fail"},
		{"the body was changed", testZone(), two + "footer\r\n", ResultFail, 0, "instance 2: the message signature: the body was changed"},
		{"a set was changed", testZone(), strings.Replace(two, "i=1; example.org; spf=pass", "i=1; example.org; spf=fail", 1), ResultFail, 0, "instance 1: the seal: the seal does not match"},
		{"a set is missing", testZone(), strings.ReplaceAll(two, "i=1;", "i=3;"), ResultFail, 0, "instance 1 is missing"},
		{"a field is missing", testZone(), strings.Replace(two, "ARC-Seal: i=1", "X: i=1", 1), ResultFail, 0, "instance 1 has no ARC-Seal"},
		{"a field is there twice", testZone(), "ARC-Seal: i=1; cv=none\r\n" + two, ResultFail, 0, "ARC-Seal is there twice"},
		{"a field without instance", testZone(), "ARC-Seal: cv=none\r\n" + two, ResultFail, 0, "is no number from 1 to 50"},
		{"instance 51", testZone(), strings.ReplaceAll(two, "i=2;", "i=51;"), ResultFail, 0, `ARC-Authentication-Results: i="51" is no number`},
		{"instance +1", testZone(), strings.ReplaceAll(chain(t, 1), "i=1;", "i=+1;"), ResultFail, 0, "is no number"},
		{"no key", zone{}, two, ResultFail, 0, "there is no key at s._domainkey.example.org"},
		{"a thousand seals", testZone(), long, ResultFail, 0, "ARC-Seal is there twice"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := Verify(t.Context(), tt.zone, []byte(tt.message), testNow)
			if got.Result != tt.result || !strings.Contains(got.Error, tt.error) || (got.Error == "") != (tt.error == "") {
				t.Errorf("%s (%s), want %s (%s)", got.Result, got.Error, tt.result, tt.error)
			}
			if got.TempError {
				t.Error("nothing was temporary")
			}
		})
	}
}

func TestOldestPassTellsSinceWhenNothingChanged(t *testing.T) {
	first, sets := seal(t, testMessage, "none", nil)
	second, _ := seal(t, first+"footer\r\n", "pass", sets)
	got := Verify(t.Context(), testZone(), []byte(second), testNow)
	if got.Result != ResultPass || got.OldestPass != 2 {
		t.Errorf("%s (%s) since %d, want pass since 2", got.Result, got.Error, got.OldestPass)
	}
	if s := got.Instances[0].MessageSignature; s.BodyHash != dkim.BodyHashMismatch {
		t.Errorf("the first signature's body: %s", s.BodyHash)
	}
}

func TestInstancesAreDescribed(t *testing.T) {
	var got []string
	for _, i := range Verify(t.Context(), testZone(), []byte(chain(t, 2)), testNow).Instances {
		got = append(got, fmt.Sprintf("%d %s cv=%s %s %s %s", i.Instance, i.Domain, i.CV, i.Seal.Result, i.MessageSignature.Result, i.Results))
	}
	want := []string{"1 example.org cv=none pass pass example.org; spf=pass", "2 example.org cv=pass pass pass example.org; spf=pass"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("instances (-want +got):\n%s", diff)
	}
}

func TestWhatTheSealerFoundIsRead(t *testing.T) {
	message := strings.Replace(chain(t, 1), "i=1; example.org; spf=pass", "i=1; example.org; spf=pass (c) smtp.mailfrom=a@example.com; dkim;", 1)
	i := Verify(t.Context(), testZone(), []byte(message), testNow).Instances[0]
	if i.AuthRes == nil || i.AuthRes.AuthServID != "example.org" || len(i.AuthRes.Results) != 1 {
		t.Fatalf("the field reads as %+v", i.AuthRes)
	}
	if from, _ := i.AuthRes.Results[0].Property("smtp", "mailfrom"); from != "a@example.com" {
		t.Errorf("smtp.mailfrom is %q", from)
	}
	if len(i.AuthResIssues) == 0 || i.AuthResIssues[0].Code != authres.CodeSyntax {
		t.Errorf("issues: %+v", i.AuthResIssues)
	}
}

func TestFailureToAskIsTemporary(t *testing.T) {
	z := zone{"s._domainkey.example.org": {"SERVFAIL"}}
	if got := Verify(t.Context(), z, []byte(chain(t, 1)), testNow); got.Result != ResultFail || !got.TempError {
		t.Errorf("%s, temporary %v, want a fail that is temporary", got.Result, got.TempError)
	}
	wrong := strings.Replace(chain(t, 1), "cv=none", "cv=pass", 1)
	if got := Verify(t.Context(), z, []byte(wrong), testNow); got.Result != ResultFail || got.TempError {
		t.Errorf("%s, temporary %v, want a fail that no key would mend", got.Result, got.TempError)
	}
}

func FuzzVerify(f *testing.F) {
	f.Add([]byte(chain(f, 2)))
	f.Add([]byte("ARC-Seal:i=\r\nARC-Message-Signature:;;i=1\r\nARC-Authentication-Results: i=1;\r\n"))
	f.Fuzz(func(t *testing.T, message []byte) {
		got := Verify(context.Background(), testZone(), message, testNow)
		if (got.Error != "") != (got.Result == ResultFail) {
			t.Errorf("%s with the error %q", got.Result, got.Error)
		}
	})
}
