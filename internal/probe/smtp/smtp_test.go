package smtp

import (
	"context"
	"crypto/tls"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/postmuster/postmuster/internal/smtp"
	"github.com/postmuster/postmuster/internal/testkit/smtptest"
)

var testTime = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

// short is a timeout for what is not going to come, and long enough for what
// comes before it on a busy machine.
const short = 300 * time.Millisecond

func testConfig() Config {
	return Config{
		HELO: "probe.example.net",
		Dial: (&net.Dialer{}).DialContext,
		Now:  func() time.Time { return testTime },
	}
}

func target(addr netip.AddrPort) smtp.Target {
	return smtp.Target{Host: "mx.example.com", Addr: addr}
}

// outcome is how a session ended.
type outcome struct {
	Result smtp.Result
	Step   smtp.Step
	Reason string
}

func outcomeOf(s *smtp.Session) outcome { return outcome{s.Result, s.Step, s.Reason} }

func TestSessionWithoutTLS(t *testing.T) {
	addr := smtptest.Serve(t, `S: 220-mx.example.com ESMTP
S: 220 no spam please
C: EHLO probe.example.net
S: 250-mx.example.com
S: 250 SIZE 1000
C: QUIT
S: 221 bye
`)
	got := New(testConfig()).Probe(t.Context(), target(addr))
	want := &smtp.Session{
		Target: target(addr),
		HELO:   "probe.example.net",
		Result: smtp.ResultOK,
		Step:   smtp.StepQUIT,
		Banner: &smtp.Reply{Code: 220, Lines: []string{"mx.example.com ESMTP", "no spam please"}},
		EHLO:   &smtp.Reply{Code: 250, Lines: []string{"mx.example.com", "SIZE 1000"}},
		At:     testTime,
		Transcript: []smtp.Line{
			{From: smtp.Note, Text: "connected"},
			{From: smtp.FromServer, Text: "220-mx.example.com ESMTP"},
			{From: smtp.FromServer, Text: "220 no spam please"},
			{From: smtp.FromClient, Text: "EHLO probe.example.net"},
			{From: smtp.FromServer, Text: "250-mx.example.com"},
			{From: smtp.FromServer, Text: "250 SIZE 1000"},
			{From: smtp.FromClient, Text: "QUIT"},
			{From: smtp.FromServer, Text: "221 bye"},
		},
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateComparable(netip.AddrPort{})); diff != "" {
		t.Errorf("session (-want +got):\n%s", diff)
	}
}

const hello = `S: 220 mx.example.com ESMTP
C: EHLO probe.example.net
`

const offer = hello + `S: 250-mx.example.com
S: 250 STARTTLS
C: STARTTLS
`

func TestHowASessionEnds(t *testing.T) {
	tests := []struct {
		name, script string
		want         outcome
	}{
		{"a reply of its code alone", "S: 220\nC: EHLO probe.example.net\nS: 250\nC: QUIT\nS: 221", outcome{smtp.ResultOK, smtp.StepQUIT, ""}},
		{"lines that end in LF alone", `RAW 220 mx\n` + "\nC: EHLO probe.example.net\n" + `RAW 250 mx\n` + "\nC: QUIT", outcome{smtp.ResultOK, smtp.StepQUIT, ""}},
		{"no answer to QUIT", hello + "S: 250 mx.example.com\nC: QUIT\nCLOSE", outcome{smtp.ResultOK, smtp.StepQUIT, ""}},
		{"HELO where EHLO is not known", hello + "S: 502 what?\nC: HELO probe.example.net\nS: 250 mx\nC: QUIT\nS: 221 bye", outcome{smtp.ResultOK, smtp.StepQUIT, ""}},
		{"a refusal of EHLO offers nothing", hello + "S: 500-what?\nS: 500 STARTTLS\nC: HELO probe.example.net\nS: 250 mx\nC: QUIT\nS: 221 bye", outcome{smtp.ResultOK, smtp.StepQUIT, ""}},
		{"codes that differ: the last counts", "S: 220-mx\nS: 421 busy\nC: QUIT", outcome{smtp.ResultTempFail, smtp.StepBanner, "banner: 421 mx busy"}},

		{"421 for a banner", "S: 421 4.7.0 try later\nC: QUIT", outcome{smtp.ResultTempFail, smtp.StepBanner, "banner: 421 4.7.0 try later"}},
		{"554 for a banner", "S: 554 no service\nC: QUIT", outcome{smtp.ResultPermFail, smtp.StepBanner, "banner: 554 no service"}},
		{"421 to EHLO", hello + "S: 421 too many\nC: QUIT", outcome{smtp.ResultTempFail, smtp.StepEHLO, "EHLO: 421 too many"}},
		{"550 to EHLO is about us", hello + "S: 550 bad name\nC: QUIT", outcome{smtp.ResultPermFail, smtp.StepEHLO, "EHLO: 550 bad name"}},
		{"HELO is refused as well", hello + "S: 500 what?\nC: HELO probe.example.net\nS: 500 what?\nC: QUIT", outcome{smtp.ResultPermFail, smtp.StepEHLO, "EHLO: HELO: 500 what?"}},
		{"STARTTLS for which there is no room", offer + "S: 454 4.7.0 not now\nC: QUIT", outcome{smtp.ResultTempFail, smtp.StepSTARTTLS, "STARTTLS: 454 4.7.0 not now"}},
		{"STARTTLS offered and refused", offer + "S: 502 not here\nC: QUIT", outcome{smtp.ResultPermFail, smtp.StepSTARTTLS, "STARTTLS: 502 not here"}},
		{"text between STARTTLS and TLS", offer + `RAW 220 go\r\n250 injected\r\n` + "\nPAUSE", outcome{smtp.ResultNotSMTP, smtp.StepSTARTTLS, "STARTTLS: more text after the reply, before TLS"}},
		{"550 inside TLS", offer + "S: 220 go\nSTARTTLS\nC: EHLO probe.example.net\nS: 550 go away\nC: QUIT", outcome{smtp.ResultPermFail, smtp.StepEHLOTLS, "EHLO after STARTTLS: 550 go away"}},

		{"closed before the banner", "CLOSE", outcome{smtp.ResultClosed, smtp.StepBanner, "banner: connection closed by the peer"}},
		{"closed within a line", `RAW 220 mx` + "\nCLOSE", outcome{smtp.ResultClosed, smtp.StepBanner, "banner: connection closed by the peer"}},
		{"closed after EHLO", hello + "CLOSE", outcome{smtp.ResultClosed, smtp.StepEHLO, "EHLO: connection closed by the peer"}},
		{"reset after EHLO", hello + "RESET", outcome{smtp.ResultClosed, smtp.StepEHLO, "EHLO: connection reset by peer"}},
		{"closed in the handshake", offer + "S: 220 go\nPAUSE\nCLOSE", outcome{smtp.ResultClosed, smtp.StepTLS, "TLS handshake: connection closed by the peer"}},

		{"another protocol", "S: SSH-2.0-OpenSSH_9.9\nPAUSE", outcome{smtp.ResultNotSMTP, smtp.StepBanner, `banner: "SSH-2.0-OpenSSH_9.9": not an SMTP reply`}},
		{"a code out of range", "S: 920 mx\nPAUSE", outcome{smtp.ResultNotSMTP, smtp.StepBanner, `banner: "920 mx": not an SMTP reply`}},
		{"no separator", "S: 220mx\nPAUSE", outcome{smtp.ResultNotSMTP, smtp.StepBanner, `banner: "220mx": not an SMTP reply`}},
		{"354 for a banner", "S: 354 go ahead\nPAUSE", outcome{smtp.ResultNotSMTP, smtp.StepBanner, "banner: 354 go ahead"}},
		{"an alert in the handshake", offer + "S: 220 go\nALERT", outcome{smtp.ResultTLSFailed, smtp.StepTLS, "TLS handshake: tls: handshake failure"}},
		{"no TLS after STARTTLS", offer + "S: 220 go\nPAUSE\nS: 500 what?\nPAUSE", outcome{smtp.ResultTLSFailed, smtp.StepTLS, "TLS handshake: tls: first record does not look like a TLS handshake"}},

		{"a line without end", "FLOOD", outcome{smtp.ResultLimit, smtp.StepBanner, "banner: a line of more than 2048 octets: the limit of what a peer may send"}},
		{"a reply without end", "FLOOD 220-more", outcome{smtp.ResultLimit, smtp.StepBanner, "banner: a reply of more than 128 lines: the limit of what a peer may send"}},
		{"a reply without end, of long lines", "FLOOD 220-" + strings.Repeat("x", 1000), outcome{smtp.ResultLimit, smtp.StepBanner, "banner: more than 65536 octets in a session: the limit of what a peer may send"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			addr := smtptest.Serve(t, test.script)
			s := New(testConfig()).Probe(t.Context(), target(addr))
			if diff := cmp.Diff(test.want, outcomeOf(s)); diff != "" {
				t.Errorf("(-want +got):\n%s%v", diff, s.Transcript)
			}
		})
	}
}

func TestDeadlines(t *testing.T) {
	tests := []struct {
		name, script string
		timeouts     Timeouts
		want         outcome
	}{
		{"banner", "PAUSE\nC: QUIT", Timeouts{Banner: short}, outcome{smtp.ResultTimeout, smtp.StepBanner, "banner: timeout"}},
		{"banner, a byte at a time", "DRIP 220 " + strings.Repeat("x", 1000), Timeouts{Banner: short}, outcome{smtp.ResultTimeout, smtp.StepBanner, "banner: timeout"}},
		{"EHLO", hello + "PAUSE\nC: QUIT", Timeouts{Reply: short}, outcome{smtp.ResultTimeout, smtp.StepEHLO, "EHLO: timeout"}},
		{"STARTTLS", offer + "PAUSE\nC: QUIT", Timeouts{Reply: short}, outcome{smtp.ResultTimeout, smtp.StepSTARTTLS, "STARTTLS: timeout"}},
		{"handshake", offer + "S: 220 go\nSILENCE", Timeouts{TLS: short}, outcome{smtp.ResultTimeout, smtp.StepTLS, "TLS handshake: timeout"}},
		{"QUIT is worth no failure", hello + "S: 250 mx\nC: QUIT\nPAUSE", Timeouts{QUIT: short}, outcome{smtp.ResultOK, smtp.StepQUIT, ""}},
		{"the whole", hello + "PAUSE\nC: QUIT", Timeouts{Session: short}, outcome{smtp.ResultTimeout, smtp.StepEHLO, "EHLO: timeout"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			config := testConfig()
			config.Timeouts = test.timeouts
			s := New(config).Probe(t.Context(), target(smtptest.Serve(t, test.script)))
			if diff := cmp.Diff(test.want, outcomeOf(s)); diff != "" {
				t.Errorf("(-want +got):\n%s%v", diff, s.Transcript)
			}
		})
	}
}

func TestConnectionsThatDoNotCome(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := listener.Addr().(*net.TCPAddr).AddrPort()
	listener.Close()
	never := func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	tests := []struct {
		name string
		ctx  context.Context
		dial func(context.Context, string, string) (net.Conn, error)
		want outcome
	}{
		{"refused", t.Context(), (&net.Dialer{}).DialContext, outcome{smtp.ResultRefused, smtp.StepConnect, "connect: connection refused"}},
		{"no answer", t.Context(), never, outcome{smtp.ResultTimeout, smtp.StepConnect, "connect: timeout"}},
		{"no route", t.Context(), failing("network is unreachable"), outcome{smtp.ResultUnreachable, smtp.StepConnect, "connect: network is unreachable"}},
		{"canceled", canceled, never, outcome{smtp.ResultCanceled, smtp.StepConnect, "connect: canceled"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			config := testConfig()
			config.Dial, config.Timeouts.Connect = test.dial, short
			s := New(config).Probe(test.ctx, target(closed))
			if diff := cmp.Diff(test.want, outcomeOf(s)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func failing(text string) func(context.Context, string, string) (net.Conn, error) {
	return func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: errorText(text)}
	}
}

type errorText string

func (e errorText) Error() string { return string(e) }

// A cancellation is not a matter of the deadlines, which are minutes away.
func TestCancellationEndsASession(t *testing.T) {
	tests := []struct {
		name, script string
		step         smtp.Step
	}{
		{"while it waits for the banner", "PAUSE\nC: QUIT", smtp.StepBanner},
		{"while it waits for a reply", hello + "PAUSE\nC: QUIT", smtp.StepEHLO},
		{"in the handshake", offer + "S: 220 go\nSILENCE", smtp.StepTLS},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			config := testConfig()
			config.Timeouts = Timeouts{Banner: time.Hour, Reply: time.Hour, TLS: time.Hour, Session: time.Hour}
			time.AfterFunc(short, cancel)
			s := New(config).Probe(ctx, target(smtptest.Serve(t, test.script)))
			if s.Result != smtp.ResultCanceled || s.Step != test.step {
				t.Errorf("ended with %v at %v, want %v at %v", s.Result, s.Step, smtp.ResultCanceled, test.step)
			}
		})
	}
}

func TestFloodsAreNotKept(t *testing.T) {
	for _, script := range []string{"FLOOD", "FLOOD 220-more", "FLOOD 220-" + strings.Repeat("x", 1000), hello + "FLOOD 250-x"} {
		s := New(testConfig()).Probe(t.Context(), target(smtptest.Serve(t, script)))
		kept := 0
		for _, line := range s.Transcript {
			kept += len(line.Text)
		}
		if kept > maxSession+maxLine || len(s.Transcript) > 2*maxReplyLines {
			t.Errorf("after %.20q a transcript of %d lines and %d octets", script, len(s.Transcript), kept)
		}
	}
}

func TestCertificates(t *testing.T) {
	ca, other := smtptest.NewCA(), smtptest.NewCA()
	names := []string{"mx.example.com"}
	past := testTime.AddDate(0, 0, -1)
	future := testTime.AddDate(0, 0, 1)
	tests := []struct {
		name                  string
		cert                  tls.Certificate
		chainError, nameError string // a part of the text
	}{
		{"valid", ca.Issue(smtptest.Leaf{Names: names}), "", ""},
		{"expired", ca.Issue(smtptest.Leaf{Names: names, NotAfter: past}), "expired", ""},
		{"not yet valid", ca.Issue(smtptest.Leaf{Names: names, NotBefore: future}), "not yet valid", ""},
		{"another name", ca.Issue(smtptest.Leaf{Names: []string{"mail.example.org"}}), "", "mail.example.org, not mx.example.com"},
		{"self-signed", smtptest.SelfSigned(smtptest.Leaf{Names: names}), "unknown authority", ""},
		{"another authority", other.Issue(smtptest.Leaf{Names: names}), "unknown authority", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			config := testConfig()
			config.Roots = ca.Pool()
			addr := smtptest.ServeTLS(t, &tls.Config{Certificates: []tls.Certificate{test.cert}}, offer+insideTLS)
			s := New(config).Probe(t.Context(), target(addr))
			if s.Result != smtp.ResultOK || s.TLS.Alert != "" || s.TLS.Version != tls.VersionTLS13 {
				t.Fatalf("session ended with %v (%s), TLS %+v", s.Result, s.Reason, s.TLS)
			}
			if len(s.TLS.Chain) != len(test.cert.Certificate) || !s.TLS.Chain[0].Equal(test.cert.Leaf) {
				t.Errorf("the chain has %d certificates, want the %d shown", len(s.TLS.Chain), len(test.cert.Certificate))
			}
			wantPart(t, "ChainError", s.TLS.ChainError, test.chainError)
			wantPart(t, "NameError", s.TLS.NameError, test.nameError)
		})
	}
}

const insideTLS = `S: 220 go
STARTTLS
C: EHLO probe.example.net
S: 250-mx.example.com
S: 250 SIZE 1000
C: QUIT
S: 221 bye
`

func wantPart(t *testing.T, what, got, part string) {
	t.Helper()
	if (part == "") != (got == "") || !strings.Contains(got, part) {
		t.Errorf("%s = %q, want %q in it", what, got, part)
	}
}

func TestOldTLSIsSeenAsSuch(t *testing.T) {
	cert := smtptest.SelfSigned(smtptest.Leaf{Names: []string{"mx.example.com"}})
	for _, version := range []uint16{tls.VersionTLS10, tls.VersionTLS11, tls.VersionTLS12} {
		server := &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS10, MaxVersion: version}
		s := New(testConfig()).Probe(t.Context(), target(smtptest.ServeTLS(t, server, offer+insideTLS)))
		if s.Result != smtp.ResultOK || s.TLS.Version != version {
			t.Errorf("%v, %s: TLS %+v", s.Result, s.Reason, s.TLS)
		}
	}
}

func TestSNIIsTheHost(t *testing.T) {
	cert := smtptest.SelfSigned(smtptest.Leaf{Names: []string{"mx.example.com"}})
	var asked string
	server := &tls.Config{GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		asked = hello.ServerName
		return &cert, nil
	}}
	New(testConfig()).Probe(t.Context(), target(smtptest.ServeTLS(t, server, offer+insideTLS)))
	if asked != "mx.example.com" {
		t.Errorf("SNI = %q, want %q", asked, "mx.example.com")
	}
}

// postscreen sends the first line of a banner at once and the rest after its
// pause; other servers say nothing until then.
func TestGreetPauseIsWaitedOutAndMeasured(t *testing.T) {
	config := testConfig()
	config.Now = time.Now
	addr := smtptest.Serve(t, "DRIP 220 m\nC: EHLO probe.example.net\nS: 250 mx\nC: QUIT\nS: 221 bye")
	s := New(config).Probe(t.Context(), target(addr))
	if s.Result != smtp.ResultOK || s.BannerWait <= 0 || s.BannerWait > s.Elapsed {
		t.Errorf("%v: waited %v of %v for the banner", s.Result, s.BannerWait, s.Elapsed)
	}
}

// The well-behaved server is one more that the prober must get along with.
func TestWholeSessionWithAMailExchanger(t *testing.T) {
	ca := smtptest.NewCA()
	server, err := smtptest.Listen(smtptest.Config{
		Hostname:   "mx.example.com",
		Extensions: []string{"SIZE 1000", "8BITMIME"},
		TLS:        &tls.Config{Certificates: []tls.Certificate{ca.Issue(smtptest.Leaf{Names: []string{"mx.example.com"}})}},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	config := testConfig()
	config.Roots = ca.Pool()
	s := New(config).Probe(t.Context(), target(server.Addr()))
	if s.Result != smtp.ResultOK || s.TLS.ChainError != "" || s.TLS.NameError != "" {
		t.Fatalf("%v %s, TLS %+v", s.Result, s.Reason, s.TLS)
	}
	want := map[string]string{"SIZE": "1000", "8BITMIME": ""}
	if diff := cmp.Diff(want, smtp.Extensions(s.EHLOTLS)); diff != "" {
		t.Errorf("extensions inside TLS (-want +got):\n%s", diff)
	}
}

// In TLS 1.3 the client is done before the server has judged its certificate.
func TestAlertAfterTheHandshake(t *testing.T) {
	cert := smtptest.SelfSigned(smtptest.Leaf{Names: []string{"mx.example.com"}})
	server, err := smtptest.Listen(smtptest.Config{
		Hostname: "mx.example.com",
		TLS:      &tls.Config{Certificates: []tls.Certificate{cert}, ClientAuth: tls.RequireAnyClientCert},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	s := New(testConfig()).Probe(t.Context(), target(server.Addr()))
	want := outcome{smtp.ResultTLSFailed, smtp.StepEHLOTLS, "EHLO after STARTTLS: tls: certificate required"}
	if diff := cmp.Diff(want, outcomeOf(s)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
