package dkim

import (
	"bytes"
	"context"
	"fmt"
	"math/big"
	"runtime"
	"strings"
	"testing"
)

// Messages made to hurt get an answer, and one of a sensible size.
func TestHostileMessages(t *testing.T) {
	z := testZone(t)
	good := sign(t, testMessage, nil)
	field := good[:len(good)-len(testMessage)]
	for _, tt := range []struct {
		name, message string
		signatures    int
		first         Result
	}{
		{"1,000 signatures", strings.Repeat(field, 1000) + testMessage, 1000, ResultPass},
		{"1,000 signatures of a changed body", strings.Repeat(field, 1000) + testMessage + strings.Repeat("more\r\n", 100000), 1000, ResultFail},
		{"64 KB of h=", strings.Replace(good, "h=", "h="+strings.Repeat("a:", 32<<10), 1), 1, ResultFail},
		{"64 KB of tags", strings.Replace(good, "s=s;", "s=s;"+strings.Repeat("q;", 32<<10), 1), 1, ResultPermError},
		{"64 KB of d=", strings.Replace(good, "d=", "d="+strings.Repeat("a.", 32<<10), 1), 1, ResultPermError},
		{"64 KB of b=", strings.Replace(good, "b=", "b="+strings.Repeat("A", 64<<10), 1), 1, ResultFail},
		{"NULs in tags", strings.Replace(good, "d=", "d=\x00", 1), 1, ResultPermError},
		{"no text in tags", strings.Replace(good, "d=", "d=\xff\xfe", 1), 1, ResultPermError},
		{"100,000 fields", good[:strings.Index(good, "\r\n\r\n")] + strings.Repeat("\r\na:", 100000), 1, ResultPolicy},
		{"a header of 8 MB", good[:strings.Index(good, "\r\n\r\n")] + "\r\nA: " + strings.Repeat("a", 8<<20), 1, ResultPolicy},
		{"nothing but colons", strings.Repeat(":", 1<<20), 0, ""},
		{"nothing but LF", strings.Repeat("\n", 1<<20), 0, ""},
		{"the field alone", "DKIM-Signature:", 1, ResultPermError},
		{"a field of nothing but folds", "DKIM-Signature:" + strings.Repeat("\r\n ;", 1<<16), 1, ResultPermError},
	} {
		t.Run(tt.name, func(t *testing.T) {
			report := Verify(t.Context(), z, []byte(tt.message), testNow)
			if len(report.Signatures) != tt.signatures {
				t.Fatalf("%d signatures, want %d", len(report.Signatures), tt.signatures)
			}
			if tt.signatures == 0 {
				return
			}
			if s := report.Signatures[0]; s.Result != tt.first {
				t.Errorf("%s (%s), want %s", s.Result, s.Error, tt.first)
			}
			if tt.signatures > MaxSignatures {
				if s := report.Signatures[MaxSignatures]; s.Result != ResultPolicy || !hasCode(report.Issues, CodeSignatures) {
					t.Errorf("signature %d is %s, issues %v", MaxSignatures+1, s.Result, codes(report.Issues))
				}
			}
			for _, s := range report.Signatures {
				if len(s.Issues) > maxIssues {
					t.Errorf("%d issues", len(s.Issues))
				}
			}
		})
	}
}

// Keys of any size get an answer that lays the fault at their door, or at the
// signature's where the key could have made one.
func TestHostileKeys(t *testing.T) {
	good := sign(t, testMessage, nil)
	e := big.NewInt(65537)
	for _, tt := range []struct {
		name, record string
		result       Result
		fault        Fault
	}{
		{"text that is not a record", "hello", ResultPermError, FaultKey},
		{"one bit", "v=DKIM1; p=" + rawRSA(t, big.NewInt(1), e), ResultPermError, FaultKey},
		{"512 bits", "v=DKIM1; p=" + rawRSA(t, odd(512), e), ResultPermError, FaultKey},
		{"16,384 bits", "v=DKIM1; p=" + rawRSA(t, odd(16384), e), ResultFail, FaultSignature},
		{"16,385 bits", "v=DKIM1; p=" + rawRSA(t, odd(16385), e), ResultPermError, FaultKey},
		{"a million bits", "v=DKIM1; p=" + rawRSA(t, odd(1<<20), e), ResultPermError, FaultKey},
		{"64 KB of no base64", "v=DKIM1; p=" + strings.Repeat("!", 64<<10), ResultPermError, FaultKey},
		{"64 KB of base64 that is no key", "v=DKIM1; p=" + strings.Repeat("A", 64<<10), ResultPermError, FaultKey},
		{"64 KB of tags", "v=DKIM1;" + strings.Repeat("a=b;", 16<<10), ResultPermError, FaultKey},
		{"NULs", strings.Repeat("\x00", 1000), ResultPermError, FaultKey},
		{"invalid UTF-8", "v=DKIM1; p=\xff\xfe", ResultPermError, FaultKey},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := verifyOne(t, zone{"s._domainkey.example.com": {tt.record}}, good)
			if got.Result != tt.result || got.Fault != tt.fault || len(got.Error) > 1000 {
				t.Errorf("%s, fault %q (%.200s), want %s, fault %q", got.Result, got.Fault, got.Error, tt.result, tt.fault)
			}
		})
	}
}

// A body of 100 MB costs time, but no memory.
func TestLargeBodyNeedsNoMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("hashes 100 MB")
	}
	const size = 100 << 20
	body := bytes.Repeat([]byte(strings.Repeat("words  and \t words ", 4)+"\r\n"), size/78)
	message := append([]byte("From: a@example.com\r\n\r\n"), body...)
	field, err := Sign(message, SignOptions{Domain: "example.com", Selector: "s", Key: rsaTestKey(t, testRSA2048)})
	if err != nil {
		t.Fatal(err)
	}
	for _, tail := range []string{"", "a footer\r\n"} {
		signed := append(append([]byte(field), message...), tail...)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		report := Verify(t.Context(), testZone(t), signed, testNow)
		runtime.ReadMemStats(&after)
		if got, want := report.Signatures[0].Result == ResultPass, tail == ""; got != want {
			t.Errorf("with %q at the end: %s", tail, report.Signatures[0].Error)
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > 1<<20 {
			t.Errorf("%d octets were allocated", used)
		}
	}
}

func FuzzVerify(f *testing.F) {
	z := testZone(f)
	f.Add([]byte(sign(f, testMessage, nil)), "v=DKIM1; p=")
	f.Add([]byte(sign(f, multipartMessage, func(o *SignOptions) { o.Selector, o.Key = "ed", ed25519TestKey() })), "")
	f.Add([]byte(strings.Replace(sign(f, testMessage, nil), "s=s", "s=k; z=a|b:c=20; l=3", 1)+"\rtail"), z["s._domainkey.example.com"][0])
	f.Add([]byte("DKIM-Signature: v=1;;a=rsa-sha1;l=99999999999999999999;c=simple/;h=:;t=;x=0\n\n.\r"), "g=;v=")
	f.Fuzz(func(t *testing.T, message []byte, record string) {
		if len(message) > 1<<16 {
			return
		}
		z := zone{"k._domainkey.example.com": {record}, "s._domainkey.example.com": z["s._domainkey.example.com"], "ed._domainkey.example.com": z["ed._domainkey.example.com"]}
		report := Verify(context.Background(), z, message, testNow)
		for _, s := range report.Signatures {
			if (s.Error == "") != (s.Result == ResultPass) || (s.Fault == "") != (s.Result == ResultPass) {
				t.Errorf("%s with the fault %q and the error %q", s.Result, s.Fault, s.Error)
			}
			for _, i := range s.Issues {
				if i.Position < 0 || i.Position > len(message)+len(record) {
					t.Errorf("%+v points outside", i)
				}
			}
		}
		if again := fmt.Sprint(Verify(context.Background(), z, message, testNow).Issues); again != fmt.Sprint(report.Issues) {
			t.Errorf("another answer the second time: %s", again)
		}
	})
}
