package dkim

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	msgauth "github.com/emersion/go-msgauth/dkim"
)

// peerLookup asks the zone as github.com/emersion/go-msgauth wants it: what
// could not be found out is a temporary net.DNSError.
func peerLookup(z zone) func(string) ([]string, error) {
	return func(name string) ([]string, error) {
		texts, ok := z[strings.ToLower(name)]
		switch {
		case !ok:
			return nil, &net.DNSError{Name: name, IsNotFound: true}
		case len(texts) == 1 && texts[0] == "SERVFAIL":
			return nil, &net.DNSError{Name: name, IsTemporary: true}
		}
		return texts, nil
	}
}

// peerPasses is the peer's verdict on the first signature.
func peerPasses(message string, z zone) (bool, error) {
	all, err := msgauth.VerifyWithOptions(strings.NewReader(message), &msgauth.VerifyOptions{LookupTXT: peerLookup(z)})
	if err != nil || len(all) == 0 {
		return false, err
	}
	return all[0].Err == nil, all[0].Err
}

// peerDiffers says why the peer may answer otherwise; empty when it should not.
// The RFC is on our side in each.
func peerDiffers(message string, peer error) string {
	switch {
	case strings.Contains(fmt.Sprint(peer), "failed to read header"):
		return "a header without an empty line after it is an error to the peer; it has no body (RFC 5322 §2.1)"
	case bareCR([]byte(message)) >= 0:
		return "the peer takes a CR for white space or a line end in the relaxed forms; it is neither (RFC 6376 §2.8)"
	case message[0] == ' ' || message[0] == '\t':
		return "the peer takes a first line that begins with white space for a field; it continues one (RFC 5322 §2.2.3)"
	}
	return ""
}

// mutations change a signed message in ways that mail or an attacker might. Each
// leaves it to the verifiers whether the signature still holds.
var mutations = []struct {
	name   string
	mutate func(r *rand.Rand, message string) string
}{
	{"none", func(_ *rand.Rand, m string) string { return m }},
	{"an octet of it all", func(r *rand.Rand, m string) string {
		b := []byte(m)
		b[r.IntN(len(b))] = "aZ0 ;:=\t\n<."[r.IntN(11)]
		return string(b)
	}},
	{"an octet less", func(r *rand.Rand, m string) string { i := r.IntN(len(m)); return m[:i] + m[i+1:] }},
	{"an octet more", func(r *rand.Rand, m string) string { i := r.IntN(len(m)); return m[:i] + " " + m[i:] }},
	{"lines in LF", func(_ *rand.Rand, m string) string { return strings.ReplaceAll(m, "\r\n", "\n") }},
	{"one line in LF", func(r *rand.Rand, m string) string { return strings.Replace(m, "\r\n", "\n", 1+r.IntN(2)) }},
	{"empty lines at the end", func(r *rand.Rand, m string) string { return m + strings.Repeat("\r\n", r.IntN(5)) }},
	{"white space at the end", func(_ *rand.Rand, m string) string { return m + " \t\r\n" }},
	{"no line end at the end", func(_ *rand.Rand, m string) string { return strings.TrimRight(m, "\r\n") }},
	{"a footer", func(_ *rand.Rand, m string) string { return m + "footer\r\n" }},
	{"another field on top", func(_ *rand.Rand, m string) string { return "X-New: 1\r\n" + m }},
	{"another From on top", func(_ *rand.Rand, m string) string { return "From: eve@example.org\r\n" + m }},
	{"another Subject below", func(_ *rand.Rand, m string) string {
		return strings.Replace(m, "\r\n\r\n", "\r\nSubject: x\r\n\r\n", 1)
	}},
	{"fields folded", func(_ *rand.Rand, m string) string { return strings.Replace(m, "Subject: ", "Subject:\r\n\t", 1) }},
	{"names in upper case", func(_ *rand.Rand, m string) string { return strings.Replace(m, "\nSubject:", "\nSUBJECT :", 1) }},
	{"d= in upper case", func(_ *rand.Rand, m string) string { return strings.Replace(m, "d=example", "d=EXAMPLE", 1) }},
	{"a= changed", func(_ *rand.Rand, m string) string { return strings.Replace(m, "sha256", "sha1", 1) }},
	{"c= changed", func(_ *rand.Rand, m string) string { return strings.Replace(m, "relaxed", "simple", 1) }},
	{"a tag more", func(_ *rand.Rand, m string) string { return strings.Replace(m, "v=1;", "v=1; zb=1;", 1) }},
	{"a tag less", func(r *rand.Rand, m string) string {
		tags := strings.SplitN(m, ";", 8)
		i := r.IntN(len(tags) - 1)
		return strings.Join(append(tags[:i:i], tags[i+1:]...), ";")
	}},
	{"no empty line", func(_ *rand.Rand, m string) string {
		header, _, _ := strings.Cut(m, "\r\n\r\n")
		return header + "\r\n"
	}},
}

// randomMessage makes messages of odd lines, so that canonicalization has work.
func randomMessage(r *rand.Rand) string {
	pieces := []string{"a", "word", " ", "  ", "\t", " \t ", "\r\n", "\r\n", "\r\n\r\n", ".", "é", "=20", ":"}
	var b strings.Builder
	b.WriteString("From: a@example.com\r\nSubject: ")
	for range r.IntN(6) {
		b.WriteString(pieces[r.IntN(6)])
	}
	b.WriteString("x\r\nTo: b@example.net,\r\n\t c@example.net  \r\nX-Empty:\r\n\r\n")
	for range r.IntN(60) {
		b.WriteString(pieces[r.IntN(len(pieces))])
	}
	return b.String()
}

// peerSign signs as the peer does.
func peerSign(tb testing.TB, r *rand.Rand, message string) string {
	tb.Helper()
	forms := []msgauth.Canonicalization{msgauth.CanonicalizationSimple, msgauth.CanonicalizationRelaxed}
	o := &msgauth.SignOptions{
		Domain: "example.com", Selector: "s", Signer: rsaTestKey(tb, testRSA2048),
		HeaderCanonicalization: forms[r.IntN(2)], BodyCanonicalization: forms[r.IntN(2)],
		HeaderKeys: []string{"From", "From", "Subject", "To", "X-Empty", "X-None"},
	}
	if r.IntN(2) == 0 {
		o.Selector, o.Signer = "ed", ed25519TestKey()
	}
	var b bytes.Buffer
	if err := msgauth.Sign(&b, strings.NewReader(message), o); err != nil {
		tb.Fatal(err)
	}
	return b.String()
}

// We agree with another implementation, but where the RFC is against it.
func TestAgreesWithPeer(t *testing.T) {
	z := testZone(t)
	r := rand.New(rand.NewPCG(1, 2))
	forms := []string{"simple/simple", "simple/relaxed", "relaxed/simple", "relaxed/relaxed"}
	passes, differences := 0, map[string]int{}
	for i := range 1500 {
		message := randomMessage(r)
		if i%2 == 0 {
			message = peerSign(t, r, message)
		} else {
			message = sign(t, message, func(o *SignOptions) { o.Canonicalization = forms[r.IntN(4)] })
		}
		mutation := mutations[i%len(mutations)]
		message = mutation.mutate(r, message)
		report := Verify(t.Context(), z, []byte(message), testNow)
		var ours Signature
		if len(report.Signatures) > 0 {
			ours = report.Signatures[0]
		}
		theirs, err := peerPasses(message, z)
		if got := ours.Result == ResultPass; got != theirs {
			why := peerDiffers(message, err)
			if why == "" {
				t.Errorf("%s: %s (%s), the peer %v (%v), in\n%q", mutation.name, ours.Result, ours.Error, theirs, err, message)
			}
			differences[why]++
		} else if got {
			passes++
		}
	}
	if passes < 300 {
		t.Errorf("only %d messages passed: the test tests little", passes)
	}
	for why, n := range differences {
		t.Logf("%4d: %s", n, why)
	}
}

// The peer's answers differ from the RFC's in these, which is why there is a
// verifier of our own.
func TestKnownDifferencesFromPeer(t *testing.T) {
	z := testZone(t)
	key := z["s._domainkey.example.com"][0]
	keyRecord := func(texts ...string) zone { return zone{"s._domainkey.example.com": texts} }
	re := func(old, new string) string { return resign(t, testMessage, old, new) }
	for _, tt := range []struct {
		name    string
		zone    zone
		message string
		ours    Result
	}{
		{"no empty line after the header", z, sign(t, "From: a@example.com\r\n", nil), ResultPass},
		{"a tag that ends in b", z, re("s=s;", "s=s; zb=abc;"), ResultPass},
		{"i= and d= differ in case", z, re("s=s;", "s=s; i=@EXAMPLE.com;"), ResultPass},
		{"a tab inside p=", keyRecord(strings.Replace(key, "MII", "M\tII", 1)), re("s=s", "s=s"), ResultPass},
		{"a= in upper case", z, re("a=rsa-sha256", "a=RSA-SHA256"), ResultPass},
		{"a U-label in d=", zone{"s._domainkey.xn--bcher-kva.test": {key}}, sign(t, testMessage, func(o *SignOptions) { o.Domain = "bücher.test" }), ResultPass},
		{"an unrelated TXT record", keyRecord("hello", key), re("s=s", "s=s"), ResultPass},
		{"l= that is exact", z, sign(t, testMessage, func(o *SignOptions) { n := int64(9); o.Length = &n }), ResultPass},
		{"x= before t=", z, re("t=", "x=9000000000; t=9"), ResultPermError},
		{"v= not first in the key", keyRecord(strings.TrimPrefix(key, "v=DKIM1; ") + "; v=DKIM1"), re("s=s", "s=s"), ResultPermError},
		{"t=s in the key, i= below d=", keyRecord(key + "; t=s"), re("s=s;", "s=s; i=@sub.example.com;"), ResultPermError},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ours := verifyOne(t, tt.zone, tt.message)
			if ours.Result != tt.ours {
				t.Errorf("%s (%s), want %s", ours.Result, ours.Error, tt.ours)
			}
			if theirs, err := peerPasses(tt.message, tt.zone); theirs == (tt.ours == ResultPass) {
				t.Errorf("the peer agrees now (%v): take this case away", err)
			}
		})
	}
}

// Verification with all that there is to say is about as fast as the peer's yes
// or no.
func BenchmarkVerifyRSA2048(b *testing.B) {
	z := testZone(b)
	body := strings.Repeat("All work and no play makes Jack a dull boy.  \r\n", 100)
	message := []byte(sign(b, strings.TrimSuffix(testMessage, "\r\n")+body, nil))
	options := &msgauth.VerifyOptions{LookupTXT: peerLookup(z)}
	ctx := context.Background()
	ours := func() error {
		if s := Verify(ctx, z, message, testNow).Signatures[0]; s.Result != ResultPass {
			return errors.New(s.Error)
		}
		return nil
	}
	theirs := func() error {
		all, err := msgauth.VerifyWithOptions(bytes.NewReader(message), options)
		if err != nil {
			return err
		}
		return all[0].Err
	}
	const turn = 20
	var spent [2]time.Duration
	b.ReportAllocs()
	for b.Loop() {
		for i, verify := range []func() error{ours, theirs} { // by turns, so that the machine's mood hits both
			start := cpuTime(b)
			for range turn {
				if err := verify(); err != nil {
					b.Fatal(err)
				}
			}
			spent[i] += cpuTime(b) - start
		}
	}
	b.ReportMetric(turn*float64(b.N)/spent[0].Seconds(), "verifications/cpu-s")
	b.ReportMetric(float64(spent[1])/float64(spent[0]), "x-peer-rate")
}

// cpuTime is what the process has used, so that others on the machine do not
// count.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
