package smtp

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postmuster/postmuster/internal/message"
	"github.com/postmuster/postmuster/internal/testkit/smtptest"
)

func TestKeepsTheBytes(t *testing.T) {
	tests := []struct {
		name, wire, raw string
		unstuffed       int
	}{
		{"lines", "A: b\r\n\r\nc\r\n.\r\n", "A: b\r\n\r\nc\r\n", 0},
		{"nothing", ".\r\n", "", 0},
		{"one empty line", "\r\n.\r\n", "\r\n", 0},
		{"bare LF is content", "a\nb\n.\nc\r\n.\r\n", "a\nb\n.\nc\r\n", 0},
		{"bare CR is content", "a\rb\r.\rc\r\n.\r\n", "a\rb\r.\rc\r\n", 0},
		{"LF.CRLF does not end it", "a\n.\r\nb\r\n.\r\n", "a\n.\r\nb\r\n", 0},
		{"CRLF.LF does not end it, and its dot stays", "a\r\n.\nb\r\n.\r\n", "a\r\n.\nb\r\n", 0},
		{"CRLF.CR does not end it, and its dot stays", "a\r\n.\rb\r\n.\r\n", "a\r\n.\rb\r\n", 0},
		{"CRLF.CRCRLF does not end it", "a\r\n.\r\r\nb\r\n.\r\n", "a\r\n.\r\r\nb\r\n", 0},
		{"CRCRLF.CRLF ends it", "a\r\r\n.\r\n", "a\r\r\n", 0},
		{"a stuffed dot", "..a\r\n...\r\nb..c\r\n.\r\n", ".a\r\n..\r\nb..c\r\n", 0},
		{"a dot that was not stuffed is lost", ".a\r\n.b\r\n.\r\n", "a\r\nb\r\n", 2},
		{"a stuffed dot alone", "..\r\n.\r\n", ".\r\n", 0},
		{"NUL and 8-bit", "\x00\xff\r\n.\r\n", "\x00\xff\r\n", 0},
		{"a line of 1 MB", strings.Repeat("x", 1<<20) + "\r\n.\r\n", strings.Repeat("x", 1<<20) + "\r\n", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := serve(t, nil)
			c := w.greet(t)
			c.deliver(tt.wire, "250")
			c.do("QUIT", "221")
			c.closed()
			m := w.only(t)
			if !bytes.Equal(m.Raw, []byte(tt.raw)) {
				t.Errorf("Raw = %.80q, want %.80q", m.Raw, tt.raw)
			}
			if got := m.Session.UnstuffedDots; got != tt.unstuffed {
				t.Errorf("UnstuffedDots = %d, want %d", got, tt.unstuffed)
			}
		})
	}
}

// The end of content must be found however the network cuts it.
func TestContentInPieces(t *testing.T) {
	const wire = "a\r\n..b\r\n.\rc\r\n.\nd\r\n.e\r\n\r\n.\r\n"
	const want = "a\r\n.b\r\n.\rc\r\n.\nd\r\ne\r\n\r\n"
	for size := 1; size <= len(wire); size++ {
		read := &content{max: 1000, lineBegin: true}
		var pending []byte
		for piece := range slices.Chunk([]byte(wire+"QUIT\r\n"), size) {
			pending = append(pending, piece...)
			pending = pending[read.take(pending):]
		}
		if raw := read.kept.take(); string(raw) != want || !read.done || string(pending) != "QUIT\r\n" {
			t.Errorf("in pieces of %d: %q, done %v, left %q", size, raw, read.done, pending)
		}
	}
}

func TestEnvelopeAndSession(t *testing.T) {
	w := serve(t, nil)
	c := w.dial(t)
	c.want("220 sink.example.com")
	c.do("EHLO client.example.net", "250")
	c.do(`MAIL FROM:<"a b"@example.com> SIZE=100 body=8BITMIME RET=HDRS ENVID=x+2By`, "250")
	c.do("RCPT TO:<@relay.example.org:b@example.net> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;b@example.net", "250")
	c.do("RCPT TO:<postmaster>", "250")
	c.do("DATA", "354")
	c.send("x\r\n.\r\n")
	c.want("250")

	m := w.only(t)
	want := &message.Envelope{
		MailFrom: `"a b"@example.com`,
		Params:   message.Params{{Keyword: "SIZE", Value: "100"}, {Keyword: "body", Value: "8BITMIME"}, {Keyword: "RET", Value: "HDRS"}, {Keyword: "ENVID", Value: "x+2By"}},
		Rcpt: []message.Rcpt{
			{To: "b@example.net", Params: message.Params{{Keyword: "NOTIFY", Value: "SUCCESS,FAILURE"}, {Keyword: "ORCPT", Value: "rfc822;b@example.net"}}},
			{To: "postmaster"},
		},
	}
	if diff := cmp.Diff(want, m.Envelope); diff != "" {
		t.Errorf("envelope (-want +got):\n%s", diff)
	}
	s := m.Session
	if got := s.Peer.String(); got != c.conn.LocalAddr().String() {
		t.Errorf("Peer = %s, want %s", got, c.conn.LocalAddr())
	}
	if got := s.Local.String(); got != w.addr.String() {
		t.Errorf("Local = %s, want %s", got, w.addr)
	}
	if s.HELO != "client.example.net" || !s.ESMTP || s.TLS != nil || s.AuthMechanism != "" || s.SpokeEarly != nil {
		t.Errorf("session = %+v", s)
	}
}

func TestTranscript(t *testing.T) {
	at := time.Date(2026, 11, 25, 10, 0, 0, 0, time.UTC)
	w := serve(t, func(c *Config) {
		c.Now = func() time.Time { at = at.Add(time.Second); return at }
	})
	c := w.dial(t)
	c.want("220")
	c.do("HELO client.example.net", "250")
	c.do("AUTH PLAIN AGFiYwBzZWNyZXQ=", "235")
	c.deliver("secret\r\n.\r\n", "250")
	m := w.only(t)
	want := `*: connected
S: 220 sink.example.com ESMTP Service Ready
C: HELO client.example.net
S: 250 2.0.0 Hello client.example.net
C: AUTH PLAIN (credentials, not kept)
S: 235 2.0.0 Authentication succeeded
C: MAIL FROM:<a@example.com>
S: 250 2.0.0 Roger, accepting mail from <a@example.com>
C: RCPT TO:<b@example.net>
S: 250 2.0.0 I'll make sure <b@example.net> gets this
C: DATA
S: 354 Go ahead. End your data with <CR><LF>.<CR><LF>
C: .
*: 8 bytes of content
`
	if diff := cmp.Diff(want, dialogue(m.Session)); diff != "" {
		t.Errorf("transcript (-want +got):\n%s", diff)
	}
	last := 0 * time.Second
	for _, line := range m.Session.Transcript {
		if line.At <= last {
			t.Errorf("%s is at %s, after a line at %s", line, line.At, last)
		}
		last = line.At
	}
	if m.Session.AuthIdentity != "abc" || m.Session.AuthMechanism != "PLAIN" || m.Session.TranscriptCut {
		t.Errorf("session = %+v", m.Session)
	}
}

func TestSeveralMessagesInASession(t *testing.T) {
	w := serve(t, nil)
	c := w.greet(t)
	for i := range 3 {
		c.deliver(fmt.Sprintf("message %d\r\n.\r\n", i), "250")
	}
	c.do("QUIT", "221")
	messages := w.all()
	if len(messages) != 3 {
		t.Fatalf("%d messages", len(messages))
	}
	last := messages[2]
	if string(last.Raw) != "message 2\r\n" || len(last.Envelope.Rcpt) != 1 {
		t.Errorf("the third is %q to %v", last.Raw, last.Envelope.Rcpt)
	}
	if got := strings.Count(dialogue(last.Session), "C: MAIL"); got != 1 || !last.Session.TranscriptCut {
		t.Errorf("its transcript has %d transactions, cut: %v", got, last.Session.TranscriptCut)
	}
	if string(messages[0].Raw) != "message 0\r\n" {
		t.Errorf("the first became %q", messages[0].Raw)
	}
}

func withTLS(c *Config) {
	certificate := smtptest.NewCA().Issue(smtptest.Leaf{Names: []string{"sink.example.com"}})
	c.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}}
}

func TestSTARTTLS(t *testing.T) {
	w := serve(t, withTLS)
	c := w.dial(t)
	c.want("220")
	if ehlo := c.do("EHLO before.example.net", "250"); !strings.Contains(ehlo, "250-STARTTLS") || strings.Contains(ehlo, "REQUIRETLS") {
		t.Errorf("before TLS it offers\n%s", ehlo)
	}
	c.do("AUTH PLAIN AGFiYwBzZWNyZXQ=", "235")
	c.envelope()
	state := c.startTLS()
	c.do("MAIL FROM:<a@example.com>", "502") // what was said before TLS is forgotten
	if ehlo := c.do("EHLO after.example.net", "250"); strings.Contains(ehlo, "STARTTLS") || !strings.Contains(ehlo, "REQUIRETLS") {
		t.Errorf("inside TLS it offers\n%s", ehlo)
	}
	c.do("STARTTLS", "503")
	c.deliver("hello\r\n.\r\n", "250")
	c.do("QUIT", "221")

	m := w.only(t)
	want := &message.TLSState{Version: state.Version, Cipher: state.CipherSuite, ServerName: "sink.example.com"}
	if diff := cmp.Diff(want, m.Session.TLS); diff != "" {
		t.Errorf("TLS (-want +got):\n%s", diff)
	}
	if m.Session.HELO != "after.example.net" || m.Session.AuthIdentity != "" {
		t.Errorf("HELO %q, AUTH %q", m.Session.HELO, m.Session.AuthIdentity)
	}
	if got := dialogue(m.Session); !strings.Contains(got, "*: TLS 1.3 TLS_") || strings.Count(got, "S: 220 sink") != 1 {
		t.Errorf("transcript\n%s", got)
	}
}

func TestImplicitTLS(t *testing.T) {
	w := serve(t, func(c *Config) { withTLS(c); c.ImplicitTLS = true })
	c := w.dial(t)
	c.handshake()
	c.want("220")
	c.do("EHLO client.example.net", "250")
	c.deliver("hello\r\n.\r\n", "250")
	if s := w.only(t).Session; s.TLS == nil || !s.TLS.Implicit {
		t.Errorf("TLS = %+v", s.TLS)
	}
}

// CVE-2011-0411: what came before TLS must not be taken for what came inside.
func TestSTARTTLSDropsWhatWasSentAhead(t *testing.T) {
	w := serve(t, withTLS)
	c := w.greet(t)
	c.send("STARTTLS\r\nMAIL FROM:<injected@example.com>\r\n")
	c.want("220")
	c.handshake()
	c.do("EHLO client.example.net", "250")
	c.deliver("hello\r\n.\r\n", "250")
	s := w.only(t).Session
	if !slices.Contains(s.SpokeEarly, "STARTTLS") || strings.Contains(dialogue(s), "injected") {
		t.Errorf("SpokeEarly = %v\n%s", s.SpokeEarly, dialogue(s))
	}
}

func TestNoSTARTTLSWithoutACertificate(t *testing.T) {
	c := serve(t, nil).greet(t)
	c.do("STARTTLS", "502")
	c.do("NOOP", "250")
}

func TestPipelining(t *testing.T) {
	w := serve(t, nil)
	c := w.greet(t)
	c.send("MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.net>\r\nDATA\r\n")
	c.want("250")
	c.want("250")
	c.want("354")
	c.send("one\r\n.\r\nMAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.net>\r\nDATA\r\ntwo\r\n.\r\nQUIT\r\n")
	for _, code := range []string{"250", "250", "250", "354", "250", "221"} {
		c.want(code)
	}
	messages := w.all()
	if len(messages) != 2 || string(messages[0].Raw) != "one\r\n" || string(messages[1].Raw) != "two\r\n" {
		t.Fatalf("messages: %v", messages)
	}
	if messages[0].Session.SpokeEarly != nil {
		t.Errorf("a correct group: SpokeEarly = %v", messages[0].Session.SpokeEarly)
	}
	if got := messages[1].Session.SpokeEarly; !slices.Equal(got, []string{"DATA"}) {
		t.Errorf("content behind DATA: SpokeEarly = %v", got)
	}
}

func TestHandlerAnswers(t *testing.T) {
	tests := []struct {
		name   string
		answer error
		want   string
	}{
		{"an error is temporary, and stays here", errors.New("disk /var/x broke"), "451 4.3.0 could not take the message, try again later"},
		{"a reply of its own", &Reply{Code: 552, Enhanced: "5.3.4", Text: "too big for us"}, "552 5.3.4 too big for us"},
		{"a name for the message", &Reply{Code: 250, Enhanced: "2.0.0", Text: "queued as 17"}, "250 2.0.0 queued as 17"},
		{"no enhanced code", &Reply{Code: 554, Text: "no"}, "554 5.0.0 no"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := serve(t, nil)
			w.answer = func(*message.Message) error { return tt.answer }
			c := w.greet(t)
			if got := c.deliver("x\r\n.\r\n", ""); got != tt.want {
				t.Errorf("reply %q, want %q", got, tt.want)
			}
			c.do("NOOP", "250")
		})
	}
}

func TestMessageTooLarge(t *testing.T) {
	w := serve(t, func(c *Config) { c.MaxMessageBytes = 1000 })
	c := w.greet(t)
	c.do("MAIL FROM:<a@example.com> SIZE=1001", "552")
	c.deliver(strings.Repeat("x", 200_000)+"\r\nRSET\r\n.\r\n", "552")
	c.deliver(strings.Repeat("x", 998)+"\r\n.\r\n", "250") // the session goes on
	if got := len(w.only(t).Raw); got != 1000 {
		t.Errorf("%d bytes were received", got)
	}
}

// What is kept of a session is bounded in bytes, too, however long its lines are.
func TestLongRecipientsAreBounded(t *testing.T) {
	w := serve(t, nil)
	c := w.greet(t)
	c.do("MAIL FROM:<a@example.com>", "250")
	line := "RCPT TO:<b@example.net> ORCPT=rfc822;" + strings.Repeat("x", 10_000)
	taken := 0
	for ; ; taken++ {
		c.send(line + "\r\n")
		if strings.HasPrefix(c.reply(), "452 4.5.3") {
			break
		}
	}
	for range 200 {
		c.do("NOOP "+strings.Repeat("x", 3000), "250")
	}
	c.do("DATA", "354")
	c.send("x\r\n.\r\n")
	c.want("250")
	m := w.only(t)
	if n := len(m.Envelope.Rcpt); n != taken || n != maxEnvelope/len(line) {
		t.Errorf("%d recipients are kept, %d were taken, want %d", n, taken, maxEnvelope/len(line))
	}
	bytes := 0
	for _, l := range m.Session.Transcript {
		bytes += len(l.Text)
	}
	if bytes > 2*maxTranscript || !m.Session.TranscriptCut {
		t.Errorf("%d bytes of transcript are kept, cut %v", bytes, m.Session.TranscriptCut)
	}
	c.deliver("y\r\n.\r\n", "250") // the next has all the room again
}

func TestTooManyRecipients(t *testing.T) {
	w := serve(t, func(c *Config) { c.MaxRecipients = 2 })
	c := w.greet(t)
	c.envelope()
	c.do("RCPT TO:<c@example.net>", "250")
	c.do("RCPT TO:<d@example.net>", "452")
	c.do("DATA", "354")
	c.send(".\r\n")
	c.want("250")
	if got := len(w.only(t).Envelope.Rcpt); got != 2 {
		t.Errorf("%d recipients", got)
	}
}

func TestServeEndsWithItsContext(t *testing.T) {
	w := serve(t, nil)
	idle := w.greet(t)
	sending := w.greet(t)
	sending.envelope()
	sending.do("DATA", "354")
	sending.send("half a message\r\n")
	if err := w.stop(); err != nil {
		t.Errorf("Serve() = %v", err)
	}
	idle.want("421 4.3.2")
	idle.closed()
	sending.want("421 4.3.2")
	sending.closed()
	if len(w.all()) != 0 {
		t.Error("half a message was taken")
	}
	if _, err := net.Dial("tcp", w.addr.String()); err == nil {
		t.Error("it still listens")
	}
}

func TestServeWaitsForTheHandler(t *testing.T) {
	entered, returned := make(chan struct{}), false
	w := serve(t, func(c *Config) {
		c.Handler = handlerFunc(func(ctx context.Context, _ *message.Message) error {
			close(entered)
			<-ctx.Done()
			returned = true
			return ctx.Err()
		})
	})
	c := w.greet(t)
	c.envelope()
	c.do("DATA", "354")
	c.send("x\r\n.\r\n")
	<-entered
	if w.stop(); !returned {
		t.Error("Serve returned before its handler")
	}
}

type handlerFunc func(context.Context, *message.Message) error

func (f handlerFunc) Receive(ctx context.Context, m *message.Message) error { return f(ctx, m) }
