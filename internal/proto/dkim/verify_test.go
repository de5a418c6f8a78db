package dkim

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postmuster/postmuster/internal/dns"
)

var testNow = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

const testMessage = "From: Alice <alice@example.com>\r\n" +
	"To: Bob <bob@example.net>\r\n" +
	"Subject: Dinner\r\n" +
	"Date: Mon, 23 Nov 2026 09:59:00 +0000\r\n" +
	"Message-ID: <1@example.com>\r\n" +
	"\r\n" +
	"Are you  hungry?\t\r\n" +
	"\r\n" +
	"Alice\r\n" +
	"\r\n"

func testZone(tb testing.TB) zone {
	return zone{
		"s._domainkey.example.com":    {keyText(tb, rsaTestKey(tb, testRSA2048))},
		"ed._domainkey.example.com":   {keyText(tb, ed25519TestKey())},
		"weak._domainkey.example.com": {"v=DKIM1; p=" + rawRSA(tb, odd(512), odd(17))},
	}
}

// sign puts a signature on top of a message.
func sign(tb testing.TB, message string, change func(*SignOptions)) string {
	tb.Helper()
	o := SignOptions{Domain: "example.com", Selector: "s", Key: rsaTestKey(tb, testRSA2048), Time: testNow.Add(-time.Minute)}
	if change != nil {
		change(&o)
	}
	field, err := Sign([]byte(message), o)
	if err != nil {
		tb.Fatal(err)
	}
	return field + message
}

// verifyOne verifies a message with one signature.
func verifyOne(tb testing.TB, r dns.Resolver, message string) Signature {
	tb.Helper()
	report := Verify(context.Background(), r, []byte(message), testNow)
	if len(report.Signatures) != 1 {
		tb.Fatalf("%d signatures in %q", len(report.Signatures), message)
	}
	return report.Signatures[0]
}

func TestSignedMessagesVerify(t *testing.T) {
	length := int64(10)
	for _, tt := range []struct {
		name    string
		message string
		change  func(*SignOptions)
	}{
		{"relaxed/relaxed", testMessage, nil},
		{"simple/simple", testMessage, func(o *SignOptions) { o.Canonicalization = "simple/simple" }},
		{"relaxed/simple", testMessage, func(o *SignOptions) { o.Canonicalization = "relaxed/simple" }},
		{"simple/relaxed", testMessage, func(o *SignOptions) { o.Canonicalization = "simple/relaxed" }},
		{"body simple by default", testMessage, func(o *SignOptions) { o.Canonicalization = "relaxed" }},
		{"Ed25519", testMessage, func(o *SignOptions) { o.Selector, o.Key = "ed", ed25519TestKey() }},
		{"l=", testMessage, func(o *SignOptions) { o.Length = &length }},
		{"i= in a subdomain", testMessage, func(o *SignOptions) { o.Identity = "a@Sub.Example.Com" }},
		{"no body", "From: a@example.com\r\n\r\n", nil},
		{"no body, simple", "From: a@example.com\r\n\r\n", func(o *SignOptions) { o.Canonicalization = "simple/simple" }},
		{"no empty line after the header", "From: a@example.com\r\n", nil},
		{"a header without its last line end", "From: a@example.com", nil},
		{"lines in LF", strings.ReplaceAll(testMessage, "\r\n", "\n"), func(o *SignOptions) { o.Canonicalization = "simple/simple" }},
		{"CRs without LF", "From: a@example.com\r\nSubject: a\rb\r\n\r\na\rb\r\n\r", func(o *SignOptions) { o.Canonicalization = "simple/simple" }},
		{"a line that is no field", "From: a@example.com\r\nhello\r\n x\r\nTo: b@example.net\r\n\r\nbody", nil},
		{"NULs and octets that are no text", "From: a@example.com\r\nSubject: \x00\xff\r\n\r\n\x00\xff\r\n", nil},
		{"empty lines only", "From: a@example.com\r\n\r\n\r\n\r\n", nil},
		{"white space only", "From: a@example.com\r\n\r\n  \r\n\t", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := verifyOne(t, testZone(t), sign(t, tt.message, tt.change))
			if got.Result != ResultPass || got.BodyHash != BodyHashMatch || got.Error != "" || got.Fault != "" {
				t.Errorf("%s, body %s: %s", got.Result, got.BodyHash, got.Error)
			}
		})
	}
}

// What a signature says of itself.
func TestSignatureFields(t *testing.T) {
	got := verifyOne(t, testZone(t), sign(t, testMessage, func(o *SignOptions) {
		o.Headers = []string{"From", "From", "Subject"}
		o.Canonicalization = "relaxed"
		o.Expiration = testNow.Add(time.Hour)
	}))
	if diff := cmp.Diff([]string{"From", "From", "Subject"}, got.SignedHeaders); diff != "" {
		t.Errorf("SignedHeaders (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"from"}, got.Oversigned); diff != "" {
		t.Errorf("Oversigned (-want +got):\n%s", diff)
	}
	if got.Domain != "example.com" || got.Selector != "s" || got.Identity != "@example.com" || got.Algorithm != "rsa-sha256" ||
		got.KeyBits != 2048 || got.Canonicalization != "relaxed/simple" || got.Length != nil ||
		*got.Time != testNow.Add(-time.Minute).Unix() || *got.Expiration != testNow.Add(time.Hour).Unix() {
		t.Errorf("misread: %+v", got)
	}
}

// resign changes the text of a signed message's signature field and signs it
// anew, as a signer with odd habits would have.
func resign(tb testing.TB, message, old, new string) string {
	tb.Helper()
	signedText := sign(tb, message, nil)
	if !strings.Contains(signedText, old) {
		tb.Fatalf("%q is not in %q", old, signedText)
	}
	raw := strings.Replace(signedText, old, new, 1)
	m := ReadMessage([]byte(raw))
	s := parseSignature(m, m.Fields("DKIM-Signature")[0], kindDKIM)
	b := s.tag("b")
	if b == nil || s.hash == 0 {
		return raw
	}
	signature, err := rsaTestKey(tb, testRSA2048).Sign(nil, s.headerHash(m, s.pick(m)), s.hash)
	if err != nil {
		tb.Fatal(err)
	}
	at := strings.Index(raw, ":") + 1
	return raw[:at+b.Equals+1] + encode(signature) + raw[at+b.End:]
}

func TestVerifyResults(t *testing.T) {
	z := testZone(t)
	key := z["s._domainkey.example.com"][0]
	p := strings.TrimPrefix(key, "v=DKIM1; k=rsa; ")
	keyRecord := func(texts ...string) zone { return zone{"s._domainkey.example.com": texts} }
	re := func(old, new string) string { return resign(t, testMessage, old, new) }

	for _, tt := range []struct {
		name    string
		zone    zone
		message string
		result  Result
		fault   Fault
		issue   Code
	}{
		{"algorithm in upper case", z, re("a=rsa-sha256", "a=RSA-SHA256"), ResultPass, "", ""},
		{"d= and i= differ in case", z, re("d=example.com;", "d=Example.com; i=@EXAMPLE.com;"), ResultPass, "", ""},
		{"an unknown tag that ends in b", z, re("s=s;", "s=s; zb=abc;"), ResultPass, "", ""},
		{"a semicolon too many", z, re("s=s;", "s=s;;"), ResultPass, "", CodeEmptyTag},
		{"x= ahead", z, re("s=s;", "s=s; x=1900000000;"), ResultPass, "", ""},
		{"q= with another way besides", z, re("s=s;", "s=s; q=dns/foo:dns/txt;"), ResultPass, "", ""},
		{"t= in the future", z, re("t=", "t=9"), ResultPass, "", CodeFuture},
		{"folded base64", z, re("bh=", "bh=\r\n "), ResultPass, "", ""},

		{"no version", z, re("v=1; ", ""), ResultPermError, FaultSyntax, CodeMissingTag},
		{"another version", z, re("v=1", "v=2"), ResultPermError, FaultSyntax, CodeVersion},
		{"an empty tag that is required", z, re("s=s;", "s=;"), ResultPermError, FaultSyntax, CodeMissingTag},
		{"From is not signed", z, re("From:From:", ""), ResultPermError, FaultSyntax, CodeFromNotSigned},
		{"a tag twice", z, re("s=s;", "s=s; s=s;"), ResultPermError, FaultSyntax, CodeDuplicateTag},
		{"x= before t=", z, re("s=s;", "s=s; x=1;"), ResultPermError, FaultSyntax, CodeSyntax},
		{"x= no number", z, re("s=s;", "s=s; x=never;"), ResultPermError, FaultSyntax, CodeSyntax},
		{"an unknown canonicalization", z, re("relaxed/relaxed", "relaxed/nofws"), ResultPermError, FaultSyntax, CodeSyntax},
		{"bh= no base64", z, re("bh=", "bh=?"), ResultPermError, FaultSyntax, CodeBase64},
		{"i= in another domain", z, re("s=s;", "s=s; i=@example.net;"), ResultPermError, FaultSyntax, CodeIdentity},
		{"i= ends like d=", z, re("s=s;", "s=s; i=@badexample.com;"), ResultPermError, FaultSyntax, CodeIdentity},
		{"i= without @", z, re("s=s;", "s=s; i=example.com;"), ResultPermError, FaultSyntax, CodeIdentity},
		{"d= no name", z, re("d=example.com", "d=exam ple..com"), ResultPermError, FaultSyntax, CodeDomain},
		{"q= without dns/txt", z, re("s=s;", "s=s; q=carrier/pigeon;"), ResultPermError, FaultSyntax, CodeSyntax},
		{"l= no number", z, re("s=s;", "s=s; l=-1;"), ResultPermError, FaultSyntax, CodeSyntax},
		{"l= beyond the body", z, re("s=s;", "s=s; l=1000;"), ResultPermError, FaultSyntax, CodeBodyLength},
		{"l= beyond any number", z, re("s=s;", "s=s; l="+strings.Repeat("9", 76)+";"), ResultPermError, FaultSyntax, CodeBodyLength},
		{"rsa-sha1", z, re("rsa-sha256", "rsa-sha1"), ResultPermError, FaultAlgorithm, CodeSHA1},
		{"an unknown algorithm", z, re("rsa-sha256", "rsa-md5"), ResultPermError, FaultAlgorithm, CodeSyntax},
		{"expired", z, re("t=", "x="), ResultPermError, FaultExpired, CodeExpired},
		{"expired but right", z, re("t=", "x="), ResultPermError, FaultExpired, CodeOtherwiseValid},

		{"no key", zone{}, re("s=s", "s=s"), ResultPermError, FaultKey, ""},
		{"SERVFAIL", keyRecord("SERVFAIL"), re("s=s", "s=s"), ResultTempError, FaultDNS, ""},
		{"revoked", keyRecord("v=DKIM1; p="), re("s=s", "s=s"), ResultPermError, FaultKey, CodeRevoked},
		{"two keys", keyRecord(key, keyText(t, rsaTestKey(t, otherRSA))), re("s=s", "s=s"), ResultPermError, FaultKey, CodeSeveralKeys},
		{"a key and something else", keyRecord("hello", key), re("s=s", "s=s"), ResultPass, "", CodeUnrelatedRecord},
		{"the key's v= is not first", keyRecord(p + "; v=DKIM1"), re("s=s", "s=s"), ResultPermError, FaultKey, CodeVersionNotFirst},
		{"the key has no v=", keyRecord(p), re("s=s", "s=s"), ResultPass, "", ""},
		{"a tab inside the key", keyRecord(strings.Replace(key, "MII", "M\tII", 1)), re("s=s", "s=s"), ResultPass, "", ""},
		{"the key allows sha1 alone", keyRecord(key + "; h=sha1"), re("s=s", "s=s"), ResultPermError, FaultKey, CodeHash},
		{"the key is not for mail", keyRecord(key + "; s=other"), re("s=s", "s=s"), ResultPermError, FaultKey, CodeService},
		{"the key is of another type", keyRecord(keyText(t, ed25519TestKey())), re("s=s", "s=s"), ResultPermError, FaultKey, ""},
		{"the key is for testing", keyRecord(key + "; t=y"), re("s=s", "s=s"), ResultPass, "", CodeTesting},
		{"t=s and i= below d=", keyRecord(key + "; t=s"), re("s=s;", "s=s; i=@sub.example.com;"), ResultPermError, FaultKey, ""},
		{"t=s and i= in d=", keyRecord(key + "; t=s"), re("s=s;", "s=s; i=a@EXAMPLE.com;"), ResultPass, "", ""},
		{"the key is short", z, re("s=s;", "s=weak;"), ResultPermError, FaultKey, CodeKeyTooShort},

		{"the body was changed", z, strings.Replace(re("s=s", "s=s"), "hungry", "thirsty", 1), ResultFail, FaultBodyHash, CodeBodyChanged},
		{"the header was changed", z, strings.Replace(re("s=s", "s=s"), "Dinner", "Lunch", 1), ResultFail, FaultSignature, CodeHeaderChanged},
		{"another key signed it", keyRecord(keyText(t, rsaTestKey(t, otherRSA))), re("s=s", "s=s"), ResultFail, FaultSignature, CodeOtherKey},
		{"a second From", z, strings.Replace(sign(t, testMessage, func(o *SignOptions) { o.Headers = []string{"From"} }),
			"From:", "From: eve@example.org\r\nFrom:", 1), ResultPass, "", CodeFromTwice},
		{"a second From under an oversigned one", z, strings.Replace(sign(t, testMessage, nil),
			"\r\nFrom: A", "\r\nFrom: eve@example.org\r\nFrom: A", 1), ResultFail, FaultSignature, CodeFromTwice},
		{"text after l=", z, re("s=s;", "s=s; l=5;"), ResultFail, FaultBodyHash, CodeUnsignedBody},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := verifyOne(t, tt.zone, tt.message)
			if got.Result != tt.result || got.Fault != tt.fault {
				t.Errorf("%s, %s (%s), want %s, %s", got.Result, got.Fault, got.Error, tt.result, tt.fault)
			}
			if (got.Error == "") != (got.Result == ResultPass) {
				t.Errorf("%s with the error %q", got.Result, got.Error)
			}
			if tt.issue != "" && !hasCode(got.Issues, tt.issue) {
				t.Errorf("no issue %s in %v", tt.issue, codes(got.Issues))
			}
		})
	}
}

func hasCode(issues []Issue, code Code) bool {
	for _, i := range issues {
		if i.Code == code {
			return true
		}
	}
	return false
}

// RFC 6376 appendix A.2, with the key that its readers were given.
const rfcMessage = `DKIM-Signature: v=1; a=rsa-sha256; s=brisbane; d=example.com;
      c=simple/simple; q=dns/txt; i=joe@football.example.com;
      h=Received : From : To : Subject : Date : Message-ID;
      bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
      b=AuUoFEfDxTDkHlLXSZEpZj79LICEps6eda7W3deTVFOk4yAUoqOB
      4nujc7YopdG5dWLSdNg6xNAZpOPr+kHxt1IrE+NahM6L/LbvaHut
      KVdkLLkpVaVVQPzeRDI009SO2Il5Lu7rDNH6mZckBdrIx0orEtZV
      4bmp/YzhwvcubU4=;
Received: from client1.football.example.com  [192.0.2.1]
      by submitserver.example.com with SUBMISSION;
      Fri, 11 Jul 2003 21:01:54 -0700 (PDT)
From: Joe SixPack <joe@football.example.com>
To: Suzie Q <suzie@shopping.example.net>
Subject: Is dinner ready?
Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)
Message-ID: <20030712040037.46341.5F8J@football.example.com>

Hi.

We lost the game. Are you hungry yet?

Joe.
`

const rfcKey = "v=DKIM1; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDwIRP/UC3SBsEmGqZ9ZJW3/DkMoGeLnQg1fWn7/zYtIxN2SnFCjxOCKG9v3b4jYfcTNh5ijSsq631uBItLa7od+v/RtdC2UzJ1lWT947qR+Rcac2gbto/NMqJ0fzfVjH4OuKhitdY9tf6mcwGjaNBcWToIMmPSPDdQPNUYckcQ2QIDAQAB"

func TestVerifyRFCExample(t *testing.T) {
	z := zone{"brisbane._domainkey.example.com": {rfcKey}}
	got := verifyOne(t, z, strings.ReplaceAll(rfcMessage, "\n", "\r\n"))
	if got.Result != ResultPass || got.KeyBits != 1024 || got.Identity != "joe@football.example.com" {
		t.Errorf("%+v", got)
	}
}

func TestSeveralSignatures(t *testing.T) {
	z := testZone(t)
	z["gone._domainkey.example.net"] = []string{"SERVFAIL"}
	message := sign(t, sign(t, testMessage, nil), func(o *SignOptions) { o.Selector, o.Key = "ed", ed25519TestKey() })
	message = sign(t, message, func(o *SignOptions) { o.Domain, o.Selector = "example.net", "gone" })
	report := Verify(t.Context(), z, []byte(message), testNow)
	var results []Result
	for _, s := range report.Signatures {
		results = append(results, s.Result)
	}
	if diff := cmp.Diff([]Result{ResultTempError, ResultPass, ResultPass}, results); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
}

// A signature may cover others, but never itself, whatever its h= says.
func TestSignatureOfSignatures(t *testing.T) {
	headers := []string{"From", "DKIM-Signature", "DKIM-Signature"}
	message := sign(t, sign(t, testMessage, nil), func(o *SignOptions) { o.Headers = headers })
	for i, s := range Verify(t.Context(), testZone(t), []byte(message), testNow).Signatures {
		if s.Result != ResultPass {
			t.Errorf("signature %d: %s", i, s.Error)
		}
	}
}

func TestVerifyUnsigned(t *testing.T) {
	for _, message := range []string{"", "\r\n", testMessage, "DKIM-Signature", "no header at all"} {
		if got := Verify(t.Context(), zone{}, []byte(message), testNow); len(got.Signatures) != 0 {
			t.Errorf("Verify(%q) found %d signatures", message, len(got.Signatures))
		}
	}
}

func TestInternationalDomain(t *testing.T) {
	z := zone{"s._domainkey.xn--bcher-kva.test": {keyText(t, rsaTestKey(t, testRSA2048))}}
	got := verifyOne(t, z, sign(t, testMessage, func(o *SignOptions) {
		o.Domain, o.Identity = "bücher.test", "@mail.xn--bcher-kva.test"
	}))
	if got.Result != ResultPass || got.Domain != "bücher.test" {
		t.Errorf("%s of %s: %s", got.Result, got.Domain, got.Error)
	}
}
