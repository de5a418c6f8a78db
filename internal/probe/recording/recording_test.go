package recording

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/postmuster/postmuster/internal/dns"
	"github.com/postmuster/postmuster/internal/https"
	"github.com/postmuster/postmuster/internal/smtp"
)

// same compares all that a check could read. An underlying error is its text.
var same = cmp.Options{
	cmp.AllowUnexported(Recording{}, dnsOutcome{}),
	cmpopts.EquateComparable(netip.AddrPort{}, netip.Addr{}),
	cmpopts.EquateEmpty(),
	cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".Err" }, cmp.Comparer(func(a, b error) bool {
		return a == nil && b == nil || a != nil && b != nil && a.Error() == b.Error()
	})),
	cmp.Comparer(func(a, b *x509.Certificate) bool { return a.Equal(b) }),
	// Errors themselves are compared by their fields.
	cmp.Comparer(func(a, b dns.Question) bool { return a == b }),
	cmp.Comparer(func(a, b smtp.Target) bool { return a == b }),
}

func written(t *testing.T, r *Recording) string {
	t.Helper()
	var b bytes.Buffer
	if err := r.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestWhatIsWrittenIsReadBack(t *testing.T) {
	for seed := range uint64(60) {
		want := newGenerator(seed).recording()
		text := written(t, want)
		got, err := Read(strings.NewReader(text))
		if err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, text)
		}
		if diff := cmp.Diff(want, got, same); diff != "" {
			t.Fatalf("seed %d (-want +got):\n%s\n%s", seed, diff, text)
		}
		if again := written(t, got); again != text {
			t.Fatalf("seed %d: written again, it differs:\n%s", seed, cmp.Diff(text, again))
		}
	}
}

// The example is what a person meets in a bug report.
func TestExample(t *testing.T) {
	want, err := os.ReadFile("testdata/example.rec")
	if err != nil {
		t.Fatal(err)
	}
	r, err := Read(bytes.NewReader(want))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), written(t, r)); diff != "" {
		t.Errorf("written again (-want +got):\n%s", diff)
	}
	if got := r.Values("subject"); !cmp.Equal(got, []string{"example.com", "example.org"}) {
		t.Errorf("subjects = %q", got)
	}
	answer, err := dns.LookupMX(t.Context(), r.Resolver(), "example.com")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]dns.MX{{Preference: 10, Host: "mx.example.com"}}, answer.MXs()); diff != "" {
		t.Errorf("MX (-want +got):\n%s", diff)
	}
	_, err = dns.LookupTXT(t.Context(), r.Resolver(), "example.org")
	if want := "query example.org. TXT at 192.0.2.53:53: SERVFAIL, EDE 6 (DNSSEC Bogus): no valid signature"; err == nil || err.Error() != want {
		t.Errorf("got error %v, want %s", err, want)
	}
	session := r.Prober().Probe(t.Context(), smtp.Target{Host: "mx.example.com", Addr: netip.MustParseAddrPort("192.0.2.1:25")})
	if session.Result != smtp.ResultTempFail || session.Banner.String() != "421-mx.example.com\n421 4.7.0 try later" {
		t.Errorf("session: %v, banner %v", session.Result, session.Banner)
	}
	response := r.Fetcher().Fetch(t.Context(), https.Request{URL: "https://mta-sts.example.com/.well-known/mta-sts.txt", MaxBytes: 65536})
	if want := "version: STSv1\r\nmode: enforce\r\nmx: mx.example.com\r\nmax_age: 86400\r\n"; string(response.Body) != want {
		t.Errorf("body = %q, want %q", response.Body, want)
	}
}

func TestWhatIsNotRecordedIsSaid(t *testing.T) {
	at := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	r := newRecording(at, nil)
	question := dns.Question{Name: "example.com", Type: dns.TypeMX}
	_, err := r.Resolver().Resolve(t.Context(), question)
	var e *dns.Error
	if !errors.As(err, &e) || e.Cause != dns.CauseNotRecorded || e.Question != question {
		t.Errorf("DNS: %v, want an error that names the question", err)
	}
	target := smtp.Target{Host: "mx.example.com", Addr: netip.MustParseAddrPort("192.0.2.1:25")}
	if s := r.Prober().Probe(t.Context(), target); s.Result != smtp.ResultNotRecorded || s.Target != target || !s.At.Equal(at) {
		t.Errorf("SMTP: %+v", s)
	}
	request := https.Request{URL: "https://example.com/"}
	if r := r.Fetcher().Fetch(t.Context(), request); r.Result != https.ResultNotRecorded || r.Request != request || !r.At.Equal(at) {
		t.Errorf("HTTPS: %+v", r)
	}
}

func TestSyntaxErrorsSayWhere(t *testing.T) {
	const head = version + "\n\n"
	tests := []struct {
		name, text, want string
	}{
		{"an empty file", "", `recording:1: "": expected "postmuster recording 1"`},
		{"another file", "#!/bin/sh\n", `recording:1: "#!/bin/sh": expected "postmuster recording 1"`},
		{"a binary file", "\x7fELF\x02\x01\n", `recording:1: "\x7fELF\x02\x01": expected "postmuster recording 1"`},
		{"a line without an end", strings.Repeat("x", maxLine+2), `recording:1: "": expected "postmuster recording 1"`},
		{"a later version", "postmuster recording 2\n", `recording:1: "postmuster recording 2": expected "postmuster recording 1"`},
		{"a header without a colon", version + "\nsubject\n", `recording:2: "subject": expected a header, key: value`},
		{"a clock", version + "\nat: noon\n", `recording:2: "at: noon": expected a time such as 2026-11-23T10:00:00.02Z`},
		{"an unknown block", head + "ftp example.com\n", `recording:3: "ftp example.com": expected a block: dns, smtp, https or certificate`},
		{"a line before any block", head + "  reply NOERROR\n", `recording:3: "reply NOERROR": expected the first line of a block, without indentation`},
		{"a name that is not absolute", head + "dns example.com MX\n", `recording:3: "dns example.com MX": expected an absolute name, with its final dot`},
		{"a type", head + "dns example.com. EMX\n", `recording:3: "dns example.com. EMX": expected a record type: "EMX" is not a record type`},
		{"neither reply nor error", head + "dns example.com. MX\n", `recording:3: "dns example.com. MX": expected either a line reply or a line error in this block`},
		{"both reply and error", head + "dns example.com. MX\n  reply NOERROR\n  error timeout\n", `recording:3: "dns example.com. MX": expected either a line reply or a line error in this block`},
		{"a response code", head + "dns example.com. MX\n  reply FINE\n", `recording:4: "reply FINE": expected a response code`},
		{"a number in a record", head + "dns example.com. MX\n  reply NOERROR\n  record example.com. 300 MX ten mx.example.com.\n", `recording:5: "record example.com. 300 MX ten mx.example.com.": expected a number of 16 bits`},
		{"more than a record", head + "dns example.com. MX\n  reply NOERROR\n  record example.com. 300 A 192.0.2.1 192.0.2.2\n", `recording:5: "record example.com. 300 A 192.0.2.1 192.0.2.2": expected nothing more`},
		{"a string without its end", head + "dns example.com. TXT\n  reply NOERROR\n  record example.com. 300 TXT \"a\n", `recording:5: "record example.com. 300 TXT \"a": expected text in double quotes`},
		{"an unknown line", head + "dns example.com. MX\n  colour blue\n", `recording:4: "colour blue": expected a line of a block "dns"`},
		{"a line twice", head + "dns example.com. MX\n  reply NOERROR\n  reply NOERROR\n", `recording:5: "reply NOERROR": expected one line "reply" in a block`},
		{"a block twice", head + "dns a. MX\n  reply NOERROR\n\ndns a. MX\n  reply NXDOMAIN\n", `recording:6: "dns a. MX": expected each block once`},
		{"a target", head + "smtp mx.example.com:25\n", `recording:3: "smtp mx.example.com:25": expected a host, its address and port, as mx.example.com[192.0.2.1]:25`},
		{"codes that differ", head + "smtp mx[192.0.2.1]:25\n  banner 220-a\n  banner 221 b\n", `recording:5: "banner 221 b": expected the code 220, as in the line before`},
		{"an escape", head + "smtp mx[192.0.2.1]:25\n  reason \\x\n", `recording:4: "reason \\x": expected \n, \r, \t, \\ or \DDD after a backslash`},
		{"a certificate that is not there", head + "https https://example.com/ max=1\n  certificate 00\n", `recording:4: "certificate 00": expected a certificate that has a block of its own`},
		{"a certificate", head + "certificate 00\n  AAAA\n", `recording:3: "certificate 00": expected a certificate: x509: malformed certificate`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := Read(strings.NewReader(test.text))
			if err == nil || err.Error() != test.want {
				t.Errorf("got  %v\nwant %s", err, test.want)
			}
		})
	}
}

func TestSyntaxErrorNamesTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run.rec")
	if err := os.WriteFile(path, []byte("hello\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	want := path + `:1: "hello": expected "postmuster recording 1"`
	if _, err := Read(f); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// endless is a file of any size, of one line or of empty ones.
type endless struct{ octet byte }

func (e endless) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = e.octet
	}
	return len(b), nil
}

func TestARecordingHasAnEnd(t *testing.T) {
	var blocks strings.Builder
	for i := range maxBlocks + 1 {
		fmt.Fprintf(&blocks, "smtp mx%d[192.0.2.1]:25\n", i)
	}
	tests := []struct {
		name string
		text io.Reader
		want string
	}{
		{"bytes", strings.NewReader(strings.Repeat("#"+strings.Repeat("x", 1000)+"\n", maxBytes/1000)), "read recording: more than 32 MB"},
		{"lines", endless{'\n'}, "read recording: more than 1000000 lines"},
		{"blocks", strings.NewReader(blocks.String()), "expected at most 100000 blocks"},
		{"a line", endless{'#'}, "expected a line of at most 524288 octets"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := Read(io.MultiReader(strings.NewReader(version+"\n\n"), test.text))
			if err == nil || !strings.HasSuffix(err.Error(), test.want) {
				t.Errorf("got %v, want %q at its end", err, test.want)
			}
		})
	}
}

func TestWhatCouldNotBeReadIsNotWritten(t *testing.T) {
	tests := []struct {
		name string
		make func(r *Recording)
		want string
	}{
		{"a header with a space", func(r *Recording) { r.Headers = []Header{{"a key", ""}} }, `write recording: "a key" is not a header's key`},
		{"a header for the clock", func(r *Recording) { r.Headers = []Header{{"at", ""}} }, `write recording: "at" is not a header's key`},
		{"a long line", func(r *Recording) { r.Headers = []Header{{"a", strings.Repeat("x", maxLine)}} }, "write recording: a line of more than 524288 octets"},
		{"many lines", func(r *Recording) {
			r.https[https.Request{}] = &https.Response{Body: bytes.Repeat([]byte("\n"), maxLines)}
		}, "write recording: more than the 1000000 lines"},
		{"a long body", func(r *Recording) {
			r.https[https.Request{}] = &https.Response{Body: make([]byte, maxBytes/4+1)}
		}, "write recording: more than the 32 MB"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := newRecording(time.Time{}, nil)
			test.make(r)
			if err := r.Write(io.Discard); err == nil || !strings.HasPrefix(err.Error(), test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

// A resolverFunc is a resolver for tests.
type resolverFunc func(dns.Question) (*dns.Answer, error)

func (f resolverFunc) Resolve(_ context.Context, q dns.Question) (*dns.Answer, error) { return f(q) }

func TestTheFirstAnswerIsKept(t *testing.T) {
	recorder := NewRecorder(time.Time{})
	asked := 0
	resolver := recorder.Resolver(resolverFunc(func(q dns.Question) (*dns.Answer, error) {
		asked++
		if asked == 1 {
			return nil, &dns.Error{Question: q, Cause: dns.CauseCanceled}
		}
		return &dns.Answer{Question: q, Server: strings.Repeat("x", asked)}, nil
	}))
	if _, err := dns.LookupTXT(t.Context(), resolver, "example.com"); err == nil {
		t.Error("the cancellation is not passed on")
	}
	for range 2 {
		answer, err := dns.LookupTXT(t.Context(), resolver, "example.com")
		if err != nil || answer.Server != "xx" {
			t.Errorf("got %+v, %v; want the first answer", answer, err)
		}
	}
	var b bytes.Buffer
	if err := recorder.Write(&b); err != nil {
		t.Fatal(err)
	}
	want := version + "\n\ndns example.com. TXT\n  reply NOERROR\n  server xx\n"
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("recording (-want +got):\n%s", diff)
	}
}

// A foreign error would be lost in a recording; the run sees what was kept of it.
func TestErrorsAreSeenAsRecorded(t *testing.T) {
	recorder := NewRecorder(time.Time{})
	_, err := dns.LookupTXT(t.Context(), recorder.Resolver(resolverFunc(func(dns.Question) (*dns.Answer, error) {
		return nil, io.ErrUnexpectedEOF
	})), "example.com")
	var b bytes.Buffer
	if err := recorder.Write(&b); err != nil {
		t.Fatal(err)
	}
	r, readErr := Read(&b)
	if readErr != nil {
		t.Fatal(readErr)
	}
	_, again := dns.LookupTXT(t.Context(), r.Resolver(), "example.com")
	if err == nil || again == nil || err.Error() != again.Error() {
		t.Errorf("recorded %v, replayed %v", err, again)
	}
}

func FuzzRead(f *testing.F) {
	example, err := os.ReadFile("testdata/example.rec")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(example))
	for seed := range uint64(10) {
		var b bytes.Buffer
		if err := newGenerator(seed).recording().Write(&b); err != nil {
			f.Fatal(err)
		}
		f.Add(b.String())
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := Read(strings.NewReader(text))
		if err != nil {
			return
		}
		first := written(t, r)
		again, err := Read(strings.NewReader(first))
		if err != nil {
			t.Fatalf("what was written is not read: %v\n%s", err, first)
		}
		if diff := cmp.Diff(r, again, same); diff != "" {
			t.Errorf("read again (-first +second):\n%s", diff)
		}
		if second := written(t, again); second != first {
			t.Errorf("written again (-first +second):\n%s", cmp.Diff(first, second))
		}
	})
}
