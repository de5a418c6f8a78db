package smtp

import (
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestOffers(t *testing.T) {
	ehlo := serve(t, withTLS).greetReply(t)
	for _, keyword := range []string{
		"PIPELINING", "8BITMIME", "ENHANCEDSTATUSCODES", "CHUNKING", "BINARYMIME", "SMTPUTF8", "DSN", "STARTTLS",
		"SIZE 52428800", "AUTH PLAIN LOGIN CRAM-MD5 XOAUTH2", "LIMITS RCPTMAX=1000", "DELIVERBY", "MT-PRIORITY", "RRVS",
	} {
		if !strings.Contains(ehlo+"\n", keyword+"\n") {
			t.Errorf("%s is not offered:\n%s", keyword, ehlo)
		}
	}
}

// What is offered is taken where its RFC puts it, and kept as it was written.
func TestParametersOfExtensions(t *testing.T) {
	w := serve(t, withTLS)
	c := w.greet(t)
	c.startTLS()
	c.do("EHLO client.example.net", "250")
	mail := "SIZE=3 BODY=8BITMIME SMTPUTF8 REQUIRETLS RET=HDRS ENVID=x+2By AUTH=<> BY=120;RT MT-PRIORITY=-3"
	rcpt := "NOTIFY=DELAY ORCPT=rfc822;b@example.net RRVS=2014-04-03T23:01:00Z;C"
	c.do("MAIL FROM:<jö@example.com> "+mail, "250")
	c.do("RCPT TO:<"+strings.Repeat("ü", 20)+"@example.net> "+rcpt, "250")
	c.do("DATA", "354")
	c.send("x\r\n.\r\n")
	c.want("250")
	got := w.only(t).Envelope
	if got.MailFrom != "jö@example.com" || !cmp.Equal(got.Params, parseParams(mail)) || !cmp.Equal(got.Rcpt[0].Params, parseParams(rcpt)) {
		t.Errorf("envelope = %+v", got)
	}
	c.do("MAIL FROM:<a@example.com> XYZ=1", "5")
}

func (w *world) greetReply(t *testing.T) string {
	c := w.dial(t)
	c.want("220")
	return c.do("EHLO client.example.net", "250")
}

func TestBDAT(t *testing.T) {
	w := serve(t, nil)
	c := w.greet(t)
	c.do("MAIL FROM:<a@example.com> BODY=BINARYMIME", "250")
	c.do("RCPT TO:<b@example.net>", "250")
	c.do("DATA", "502") // RFC 3030 §3
	first := "a\r\n.\r\n..\n\x00"
	second := strings.Repeat("QUIT\r\n", 20_000)
	c.send("BDAT 10\r\n" + first)
	c.want("250")
	c.send("BDAT 0\r\n")
	c.want("250")
	c.send("BDAT 120000\r\n" + second + "BDAT 0 LAST\r\n")
	c.want("250")
	c.want("250")
	c.do("NOOP", "250")
	m := w.only(t)
	if string(m.Raw) != first+second {
		t.Errorf("%d bytes, not those that were sent", len(m.Raw))
	}
	if !m.Session.Chunked || m.Session.UnstuffedDots != 0 {
		t.Errorf("session = %+v", m.Session)
	}
}

func TestBDATRefusedIsReadNevertheless(t *testing.T) {
	w := serve(t, func(c *Config) { c.MaxMessageBytes = 100 })
	c := w.greet(t)
	chunk := strings.Repeat("QUIT\r\n", 50)
	c.send("BDAT 300 LAST\r\n" + chunk)
	c.want("502") // no recipients
	c.envelope()
	c.send("BDAT 300 LAST\r\n" + chunk)
	c.want("552")
	c.do("NOOP", "250")
	if len(w.all()) != 0 {
		t.Error("it was taken")
	}
}

func TestBDATCutOffIsNoMessage(t *testing.T) {
	w := serve(t, nil)
	c := w.greet(t)
	c.envelope()
	c.send("BDAT 100 LAST\r\nhalf of it")
	c.conn.Close()
	if got := dialogue(w.ended(t)); !strings.HasSuffix(got, "C: BDAT 100 LAST\n*: closed by the client\n") {
		t.Errorf("transcript\n%s", got)
	}
	if len(w.all()) != 0 {
		t.Error("it was taken")
	}
}

func TestLMTPOnAUnixSocket(t *testing.T) {
	l, err := net.Listen("unix", filepath.Join(t.TempDir(), "lmtp"))
	if err != nil {
		t.Fatal(err)
	}
	w := serveOn(t, l, func(c *Config) { c.LMTP = true })
	c := w.dial(t)
	c.want("220")
	c.do("EHLO client.example.net", "500") // RFC 2033 §4.1
	c.do("LHLO client.example.net", "250")
	c.do("MAIL FROM:<a@example.com>", "250")
	c.do("RCPT TO:<b@example.net>", "250")
	c.do("RCPT TO:<c@example.net>", "250")
	c.do("DATA", "354")
	c.send("x\r\n.\r\n")
	c.want("250 2.0.0 <b@example.net>") // one for each recipient
	c.want("250 2.0.0 <c@example.net>")
	s := w.only(t).Session
	if !s.LMTP || !s.ESMTP || s.Peer.IsValid() {
		t.Errorf("session = %+v", s)
	}
}

func TestAUTH(t *testing.T) {
	tests := []struct {
		name     string
		say      []string // commands and responses
		identity string
	}{
		{"PLAIN", []string{"AUTH PLAIN AGFiYwBzZWNyZXQ="}, "abc"},
		{"PLAIN, asked for", []string{"AUTH PLAIN", "AGFiYwBzZWNyZXQ="}, "abc"},
		{"LOGIN", []string{"AUTH LOGIN", "YWJj", "c2VjcmV0"}, "abc"},
		{"LOGIN with the name", []string{"auth login YWJj", "c2VjcmV0"}, "abc"},
		{"CRAM-MD5", []string{"AUTH CRAM-MD5", "YWJjIDAxMjM="}, "abc"},
		{"XOAUTH2", []string{"AUTH XOAUTH2 dXNlcj1hYmMBYXV0aD1CZWFyZXIgeAEB"}, "abc"},
		{"nothing at all", []string{"AUTH PLAIN ="}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := serve(t, nil)
			c := w.greet(t)
			for _, line := range tt.say[:len(tt.say)-1] {
				c.do(line, "334")
			}
			c.do(tt.say[len(tt.say)-1], "235")
			c.deliver("x\r\n.\r\n", "250")
			s := w.only(t).Session
			if mechanism, _, _ := strings.Cut(tt.name, " "); s.AuthIdentity != tt.identity || s.AuthMechanism != strings.TrimSuffix(mechanism, ",") && mechanism != "nothing" {
				t.Errorf("%s %q", s.AuthMechanism, s.AuthIdentity)
			}
			for _, secret := range []string{"c2VjcmV0", "AGFiYwBzZWNyZXQ", "YWJjIDAxMjM", "dXNlcj1h"} {
				if strings.Contains(dialogue(s), secret) {
					t.Errorf("the transcript keeps a secret:\n%s", dialogue(s))
				}
			}
		})
	}
}

func TestTooManyConnections(t *testing.T) {
	w := serve(t, func(c *Config) { c.MaxConnections = 2 })
	w.greet(t)
	w.greet(t)
	c := w.dial(t) // neither has been idle for long
	c.want("421 4.3.2")
	c.closed()
}

func TestIdleConnectionMakesRoom(t *testing.T) {
	r := &running{Config: New(Config{Domain: "sink.example.com", Now: time.Now, MaxConnections: 2}).config, conns: map[*conn]struct{}{}}
	var conns []*conn
	for range 3 {
		near, far := net.Pipe()
		t.Cleanup(func() { near.Close(); far.Close() })
		c := r.admit(near)
		if len(conns) < 2 && c == nil {
			t.Fatal("refused below the limit")
		}
		if len(conns) == 2 {
			if c == nil || conns[0].stop.Load() != stopNone || conns[1].stop.Load() != stopEvicted {
				t.Error("the longest idle did not make room")
			}
			break
		}
		conns = append(conns, c)
		c.idleSince.Store(time.Now().Add(-time.Duration(len(conns)) * time.Hour).UnixNano())
	}
}

func TestTimeouts(t *testing.T) {
	w := serve(t, func(c *Config) { c.Timeouts.Command, c.Timeouts.Content = time.Millisecond, time.Millisecond })
	c := w.dial(t)
	c.want("220")
	c.want("421 4.4.2")
	c.closed()
	if got := dialogue(w.ended(t)); !strings.HasSuffix(got, "S: 421 4.4.2 timeout, closing connection\n") {
		t.Errorf("transcript\n%s", got)
	}
}

func TestContentThatComesTooSlowly(t *testing.T) {
	w := serve(t, func(c *Config) { c.Timeouts.Content = time.Millisecond })
	c := w.greet(t)
	c.envelope()
	c.do("DATA", "354")
	c.send("x")
	c.want("421 4.4.2")
	c.closed()
	if len(w.all()) != 0 {
		t.Error("it was taken")
	}
}

func TestCommandTooLong(t *testing.T) {
	c := serve(t, nil).greet(t)
	c.send(strings.Repeat("x", maxCommandLine+1))
	c.want("500 5.5.2")
	c.closed()
}

// A control character in a command would begin another one where the address is
// passed on, or a field where it is written down.
func TestCommandsHaveNoControlCharacters(t *testing.T) {
	w := serve(t, nil)
	c := w.greet(t)
	c.do("MAIL FROM:<a\r@example.com>", "500 5.5.2")
	c.do("MAIL FROM:<a@example.com> ENVID=a\rb", "500 5.5.2")
	c.do("MAIL FROM:<a@example.com>", "250")
	for _, path := range []string{"<b\rRCPT TO:c@example.net>", "<\"b\x00\"@example.net>", "<b@example.net>\x7f"} {
		c.do("RCPT TO:"+path, "500 5.5.2")
	}
	c.do("RCPT TO:<b@example.net>", "250")
	c.send("BDAT 5 \x0bLAST\r\nQUIT\n")
	c.want("500 5.5.2")
	c.send("BDAT 5 LAST\r\nQUIT\n")
	c.want("250")
	if m := w.only(t); len(m.Envelope.Rcpt) != 1 || string(m.Raw) != "QUIT\n" {
		t.Errorf("%+v, %q", m.Envelope, m.Raw)
	}
}

func TestSessionsThatFailed(t *testing.T) {
	tests := []struct {
		name, say, last string
	}{
		{"nothing was said", "", "*: closed by the client"},
		{"QUIT without a message", "EHLO c.example.net\r\nQUIT\r\n", "S: 221 2.0.0 Bye"},
		{"not SMTP", "GET / HTTP/1.1\r\n\r\n", "*: closed by the client"},
		{"broke off in DATA", "EHLO c.example.net\r\nMAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.net>\r\nDATA\r\nhalf", "*: closed by the client"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := serve(t, nil)
			c := w.dial(t)
			c.want("220")
			c.send(tt.say)
			c.conn.(*net.TCPConn).CloseWrite()
			s := w.ended(t)
			lines := strings.Split(strings.TrimSpace(dialogue(s)), "\n")
			if got := lines[len(lines)-1]; got != tt.last {
				t.Errorf("it ends with %q, want %q", got, tt.last)
			}
		})
	}
}

// How a client leaves after its message says nothing about the message.
func TestSessionsThatWentWell(t *testing.T) {
	for name, leave := range map[string]func(*client){
		"QUIT":                       func(c *client) { c.do("QUIT", "221") },
		"closed without QUIT":        func(c *client) { c.conn.(*net.TCPConn).CloseWrite(); c.closed() },
		"closed after RSET":          func(c *client) { c.do("RSET", "250"); c.conn.(*net.TCPConn).CloseWrite(); c.closed() },
		"reset":                      func(c *client) { c.conn.(*net.TCPConn).SetLinger(0); c.conn.Close() },
		"kept until the end of ours": func(*client) {},
	} {
		t.Run(name, func(t *testing.T) {
			w := serve(t, nil)
			c := w.greet(t)
			c.deliver("x\r\n.\r\n", "250")
			leave(c)
			w.stop()
			if len(w.sessions) != 0 {
				t.Errorf("reported:\n%s", dialogue(<-w.sessions))
			}
		})
	}
}

// What a client broke off after its message is told of.
func TestSessionsThatFailedAfterAMessage(t *testing.T) {
	for name, say := range map[string]string{
		"in an envelope":      "MAIL FROM:<a@example.com>\r\n",
		"in a command":        "MAIL FR",
		"refused":             "RCPT TO:<b@example.net>\r\n",
		"in a handshake":      "STARTTLS\r\n",
		"in AUTH":             "AUTH LOGIN\r\n",
		"in the next content": "MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.net>\r\nDATA\r\nhalf",
	} {
		t.Run(name, func(t *testing.T) {
			w := serve(t, withTLS)
			c := w.greet(t)
			c.deliver("x\r\n.\r\n", "250")
			c.send(say)
			c.conn.(*net.TCPConn).CloseWrite()
			w.ended(t)
		})
	}
}
