package smtp

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/postmuster/postmuster/internal/sink/fault"
)

// waits keeps how long a server would have slept, and does not.
type waits struct {
	mu   sync.Mutex
	each []time.Duration
}

func (w *waits) sleep(ctx context.Context, d time.Duration) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if d > 0 {
		w.each = append(w.each, d)
	}
	return ctx.Err()
}

func (w *waits) all() []time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.each)
}

// withFaults serves with the rules of a script.
func withFaults(t *testing.T, rules string, changes ...func(*Config)) (*world, *waits) {
	t.Helper()
	slept := new(waits)
	return serve(t, func(c *Config) {
		for _, change := range changes {
			change(c)
		}
		c.Faults, c.Sleep = fault.NewInjector(c.Now), slept.sleep
		if err := c.Faults.Set("rules:\n" + rules); err != nil {
			t.Fatal(err)
		}
	}), slept
}

// gone fails unless the server has ended the connection, with or without saying
// that it got what was sent.
func (c *client) gone() {
	c.t.Helper()
	if b, err := c.r.ReadByte(); err == nil || !errors.Is(err, io.EOF) && !errors.Is(err, syscall.ECONNRESET) {
		c.t.Errorf("got %q, %v; want the connection gone", b, err)
	}
}

func TestFaultRefusesARecipient(t *testing.T) {
	w, _ := withFaults(t, "  - {name: flaky, on: rcpt, to: b@example.net, first: 1, reply: 450 4.2.1 busy}\n")
	c := w.greet(t)
	c.do("MAIL FROM:<a@example.com>", "250")
	c.do("RCPT TO:<b@example.net>", "450 4.2.1 busy")
	c.do("RCPT TO:<c@example.net>", "250")
	c.do("DATA", "354")
	c.send("x\r\n.\r\n")
	c.want("250")
	c.deliver("y\r\n.\r\n", "250") // the second attempt
	first := w.all()[0]
	if to := first.Envelope.Rcpt; len(to) != 1 || to[0].To != "c@example.net" {
		t.Errorf("recipients %v", to)
	}
	if got := dialogue(first.Session); !strings.Contains(got, "C: RCPT TO:<b@example.net>\n!: fault flaky: reply 450 4.2.1 busy\nS: 450 4.2.1 busy\n") {
		t.Errorf("the transcript does not show the fault:\n%s", got)
	}
	if got := dialogue(w.all()[1].Session); strings.Contains(got, "!:") {
		t.Errorf("the transcript of the second shows a fault:\n%s", got)
	}
}

func TestFaultGreylisting(t *testing.T) {
	var mu sync.Mutex
	now := time.Date(2026, 11, 25, 10, 0, 0, 0, time.UTC)
	w, _ := withFaults(t, "  - greylist: 5m\n", func(c *Config) {
		c.Now = func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
	})
	try := func(want string) {
		t.Helper()
		c := w.greet(t)
		c.do("MAIL FROM:<a@example.com>", "250")
		c.do("RCPT TO:<b@example.net>", want)
		c.do("QUIT", "221")
	}
	try("451 4.7.1 greylisted")
	try("451 4.7.1 greylisted")
	mu.Lock()
	now = now.Add(5 * time.Minute)
	mu.Unlock()
	try("250")
}

func TestFaultRepliesByCommand(t *testing.T) {
	tests := []struct {
		name, rule string
		say        func(*client)
		taken      int
	}{
		{"EHLO is refused, HELO is tried", "{on: helo, first: 1, reply: 502}", func(c *client) {
			c.want("220")
			c.do("EHLO client.example.net", "502 5.5.1 command not implemented")
			c.do("HELO client.example.net", "250")
			c.deliver("x\r\n.\r\n", "250")
		}, 1},
		{"EHLO without extensions", "{on: helo, reply: 250 hello}", func(c *client) {
			c.want("220")
			if got := c.do("EHLO client.example.net", "250"); got != "250 hello" {
				c.t.Errorf("EHLO answers %q", got)
			}
			c.deliver("x\r\n.\r\n", "250")
		}, 1},
		{"the banner refuses", "{on: connect, reply: 554 5.7.1 go away}", func(c *client) {
			c.want("554 5.7.1 go away")
			c.closed()
		}, 0},
		{"AUTH", "{on: auth, reply: 535}", func(c *client) {
			c.want("220")
			c.do("EHLO client.example.net", "250")
			c.do("AUTH PLAIN AGFiYwBzZWNyZXQ=", "535 5.7.8")
			c.do("NOOP", "250")
		}, 0},
		{"MAIL by its sender", "{on: mail, from: <>, reply: 550 5.7.1 no bounces}", func(c *client) {
			c.want("220")
			c.do("EHLO client.example.net", "250")
			c.do("MAIL FROM:<>", "550 5.7.1 no bounces")
			c.deliver("x\r\n.\r\n", "250")
		}, 1},
		{"another text for what is accepted", "{on: rcpt, reply: 251 will forward}", func(c *client) {
			c.want("220")
			c.do("EHLO client.example.net", "250")
			c.do("RCPT TO:<b@example.net>", "502") // what is refused anyway stays refused
			c.do("MAIL FROM:<a@example.com>", "250")
			c.do("RCPT TO:<b@example.net>", "251 will forward")
			c.do("DATA", "354")
			c.send("x\r\n.\r\n")
			c.want("250")
		}, 1},
		{"DATA", "{on: data, first: 1, reply: 451}", func(c *client) {
			c.want("220")
			c.do("EHLO client.example.net", "250")
			c.envelope()
			c.do("DATA", "451 4.3.0")
			c.do("DATA", "502") // the transaction is over
			c.deliver("x\r\n.\r\n", "250")
		}, 1},
		{"BDAT, whose chunk is no command", "{on: data, nth: 2, reply: 451}", func(c *client) {
			c.want("220")
			c.do("EHLO client.example.net", "250")
			c.envelope()
			c.send("BDAT 6\r\nNOOP\r\nBDAT 6 LAST\r\nQUIT\r\n")
			c.want("250")
			c.want("451 4.3.0")
			c.deliver("x\r\n.\r\n", "250")
		}, 1},
		{"the message", "{on: body, first: 1, reply: \"554 5.7.1 spam\\nsee https://example.com/\"}", func(c *client) {
			c.want("220")
			c.do("EHLO client.example.net", "250")
			if got := c.deliver("x\r\n.\r\n", "554"); got != "554-5.7.1 spam\n554 5.7.1 see https://example.com/" {
				c.t.Errorf("the message answers %q", got)
			}
			c.deliver("x\r\n.\r\n", "250")
		}, 1},
		{"the message's own acknowledgement", "{on: body, reply: 250 2.6.0 queued as 123}", func(c *client) {
			c.want("220")
			c.do("EHLO client.example.net", "250")
			c.envelope()
			c.send("BDAT 1 LAST\r\nx")
			c.want("250 2.6.0 queued as 123")
		}, 1},
		{"a full disk", "{disk: full}", func(c *client) {
			c.want("220")
			c.do("EHLO client.example.net", "250")
			c.deliver("x\r\n.\r\n", "452 4.3.1 insufficient system storage")
			c.do("NOOP", "250")
		}, 0},
		{"421 after two messages", "{on: mail, per: connection, after: 2, reply: 421 4.7.28 slow down}", func(c *client) {
			c.want("220")
			c.do("EHLO client.example.net", "250")
			c.deliver("x\r\n.\r\n", "250")
			c.deliver("x\r\n.\r\n", "250")
			c.do("MAIL FROM:<a@example.com>", "421 4.7.28 slow down")
			c.closed()
		}, 2},
		{"421 after three commands", "{on: any, per: connection, after: 4, reply: 421}", func(c *client) { // connect counts
			c.want("220")
			c.do("EHLO client.example.net", "250")
			c.do("NOOP", "250")
			c.do("HELP", "502")
			c.do("HELP", "421 4.3.2")
			c.closed()
		}, 0},
		{"421 in place of the acknowledgement", "{on: body, reply: 421}", func(c *client) {
			c.want("220")
			c.do("EHLO client.example.net", "250")
			c.deliver("x\r\n.\r\n", "421 4.3.2")
			c.closed()
		}, 0},
		{"in the middle of a pipelined group", "{on: rcpt, nth: 2, reply: 550}", func(c *client) {
			c.want("220")
			c.do("EHLO client.example.net", "250")
			c.send("MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.net>\r\nRCPT TO:<c@example.net>\r\nDATA\r\n")
			c.want("250")
			c.want("250")
			c.want("550 5.1.1")
			c.want("354")
			c.send("x\r\n.\r\n")
			c.want("250")
		}, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w, _ := withFaults(t, "  - "+tt.rule+"\n")
			tt.say(w.dial(t))
			if got := len(w.all()); got != tt.taken {
				t.Errorf("%d messages were taken, want %d", got, tt.taken)
			}
		})
	}
}

func TestFaultDropsTheConnection(t *testing.T) {
	tests := []struct {
		name, rule string
		say        func(*client)
		taken      int
	}{
		{"before the banner", "{on: connect, drop: before}", func(c *client) {}, 0},
		{"after the banner", "{on: connect, drop: after}", func(c *client) { c.want("220") }, 0},
		{"before MAIL", "{on: mail, drop: before}", func(c *client) {
			c.want("220")
			c.do("EHLO client.example.net", "250")
			c.send("MAIL FROM:<a@example.com>\r\n")
		}, 0},
		{"instead of 354", "{on: data, drop: instead}", func(c *client) {
			c.want("220")
			c.do("EHLO client.example.net", "250")
			c.envelope()
			c.send("DATA\r\n")
		}, 0},
		{"after 354", "{on: data, drop: after}", func(c *client) {
			c.want("220")
			c.do("EHLO client.example.net", "250")
			c.envelope()
			c.do("DATA", "354")
		}, 0},
		{"the message is not taken, and has no reply", "{on: body, drop: before}", func(c *client) {
			c.want("220")
			c.do("EHLO client.example.net", "250")
			c.envelope()
			c.do("DATA", "354")
			c.send("x\r\n.\r\n")
		}, 0},
		{"the message is taken, and has no reply", "{on: body, drop: instead}", func(c *client) {
			c.want("220")
			c.do("EHLO client.example.net", "250")
			c.envelope()
			c.do("DATA", "354")
			c.send("x\r\n.\r\n")
		}, 1},
		{"the same with BDAT", "{on: body, drop: instead}", func(c *client) {
			c.want("220")
			c.do("EHLO client.example.net", "250")
			c.envelope()
			c.send("BDAT 1 LAST\r\nx")
		}, 1},
		{"after the acknowledgement", "{on: body, drop: after}", func(c *client) {
			c.want("220")
			c.do("EHLO client.example.net", "250")
			c.deliver("x\r\n.\r\n", "250")
		}, 1},
		{"QUIT has no reply", "{on: quit, drop: before}", func(c *client) {
			c.want("220")
			c.send("QUIT\r\n")
		}, 0},
		{"what was said before is still sent", "{on: rcpt, drop: before}", func(c *client) {
			c.want("220")
			c.do("EHLO client.example.net", "250")
			c.send("MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.net>\r\n")
			c.want("250")
		}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w, _ := withFaults(t, "  - "+strings.Replace(tt.rule, "{", "{name: rude, ", 1)+"\n")
			c := w.dial(t)
			tt.say(c)
			c.gone()
			if got := dialogue(w.ended(t)); !strings.Contains(got, "!: fault rude: drop ") {
				t.Errorf("the transcript does not show the fault:\n%s", got)
			}
			if got := len(w.all()); got != tt.taken {
				t.Errorf("%d messages were taken, want %d", got, tt.taken)
			}
		})
	}
}

func TestFaultBreaksTLS(t *testing.T) {
	tests := []struct {
		name, rule string
		want       func(error) bool
	}{
		{"an alert", "{tls: handshake}", func(err error) bool {
			return err != nil && strings.HasSuffix(err.Error(), "remote error: tls: handshake failure")
		}},
		{"a bad certificate", "{tls: certificate}", func(err error) bool {
			invalid := x509.CertificateInvalidError{}
			return errors.As(err, &invalid) && invalid.Reason == x509.Expired
		}},
		{"the connection ends", "{tls: drop}", func(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) }},
	}
	for _, tt := range tests {
		for _, implicit := range []bool{false, true} {
			name := tt.name + " after STARTTLS"
			if implicit {
				name = tt.name + " from the first byte"
			}
			t.Run(name, func(t *testing.T) {
				w, _ := withFaults(t, "  - "+tt.rule+"\n", withTLS, func(c *Config) { c.ImplicitTLS = implicit })
				c := w.dial(t)
				if !implicit {
					c.want("220")
					c.do("EHLO client.example.net", "250")
					c.do("STARTTLS", "220")
				}
				if err := verify(c.conn); !tt.want(err) {
					t.Errorf("the handshake ends with %v", err)
				}
				c.conn.Close()
				if got := dialogue(w.ended(t)); !strings.Contains(got, "!: fault rule 1: TLS breaks: ") {
					t.Errorf("the transcript does not show the fault:\n%s", got)
				}
			})
		}
	}
	t.Run("STARTTLS is refused", func(t *testing.T) {
		w, _ := withFaults(t, "  - {on: starttls, reply: 454 4.7.0 TLS not available}\n", withTLS)
		c := w.greet(t)
		c.do("STARTTLS", "454 4.7.0 TLS not available")
		c.deliver("x\r\n.\r\n", "250")
	})
}

// verify begins TLS as a client that insists on the certificate does.
func verify(conn net.Conn) error {
	return tls.Client(conn, &tls.Config{ServerName: "expired.invalid"}).Handshake()
}

func TestFaultHoldsRepliesUp(t *testing.T) {
	tests := []struct {
		name, rule string
		want       []time.Duration
	}{
		{"a delay", "{on: rcpt, delay: 3s}", []time.Duration{3 * time.Second, 3 * time.Second}},
		{"a tarpit", "{on: rcpt, tarpit: 2s}", []time.Duration{2 * time.Second, 4 * time.Second}},
		{"a greet pause", "{on: connect, delay: 30s}", []time.Duration{30 * time.Second}},
		{"before each line", "{on: mail, slow: {line: 1s}}", []time.Duration{time.Second}},
		{"beside a reply", "{on: rcpt, nth: 2, delay: 5s, reply: 250 2.1.5 at last}", []time.Duration{5 * time.Second}},
		{"before a drop", "{on: quit, delay: 7s, drop: before}", []time.Duration{7 * time.Second}},
		{"with the last reply", "{on: quit, delay: 1m}", []time.Duration{time.Minute}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w, slept := withFaults(t, "  - "+tt.rule+"\n")
			c := w.greet(t)
			c.send("MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.net>\r\nRCPT TO:<c@example.net>\r\nDATA\r\n")
			for _, want := range []string{"250", "250", "250", "354"} {
				c.want(want)
			}
			c.send("x\r\n.\r\nQUIT\r\n")
			c.want("250")
			if !strings.Contains(tt.rule, "drop") {
				c.want("221")
			}
			c.closed()
			if got := slept.all(); !slices.Equal(got, tt.want) {
				t.Errorf("waits %v, want %v", got, tt.want)
			}
		})
	}
}

func TestFaultSendsBytesSlowly(t *testing.T) {
	w, slept := withFaults(t, "  - {on: helo, slow: {bytes: 20}}\n")
	c := w.dial(t)
	c.want("220")
	reply := c.do("EHLO client.example.net", "250")
	c.do("NOOP", "250")
	total := time.Duration(0)
	for _, d := range slept.all() {
		total += d
	}
	onTheWire := len(strings.ReplaceAll(reply, "\n", "\r\n")) + 2
	if want := time.Duration(onTheWire) * time.Second / 20; total != want {
		t.Errorf("it took %s, want %s for %d bytes", total, want, onTheWire)
	}
}

func TestFaultTarpitEndsWithTheServer(t *testing.T) {
	sleeping := make(chan bool, 10)
	w := serve(t, func(c *Config) {
		c.Faults = fault.NewInjector(c.Now)
		c.Faults.Set("rules:\n  - {on: mail, delay: 10m}\n")
		c.Sleep = func(ctx context.Context, d time.Duration) error { sleeping <- true; return sleep(ctx, d) }
	})
	c := w.greet(t)
	c.send("MAIL FROM:<a@example.com>\r\n")
	<-sleeping
	w.stop()
	c.want("250")
	c.want("421 4.3.2 shutting down")
}

func TestFaultsOverLMTPDifferByRecipient(t *testing.T) {
	const rules = `  - {on: body, to: b@example.net, reply: 452 4.2.2 mailbox full}
  - {on: body, to: d@example.net, reply: 250 2.1.5 stored for d}
  - {on: body, to: all@*, reply: 550 as written}
`
	deliver := map[string]func(*client){
		"DATA": func(c *client) { c.do("DATA", "354"); c.send("x\r\n.\r\n") },
		"BDAT": func(c *client) { c.send("BDAT 1 LAST\r\nx") },
	}
	for how, send := range deliver {
		t.Run(how, func(t *testing.T) {
			w, _ := withFaults(t, rules, func(c *Config) { c.LMTP = true })
			c := w.dial(t)
			c.want("220")
			c.do("LHLO client.example.net", "250")
			c.do("MAIL FROM:<a@example.com>", "250")
			for _, to := range []string{"b", "c", "d", "c"} {
				c.do("RCPT TO:<"+to+"@example.net>", "250")
			}
			send(c)
			c.want("452 4.2.2 <b@example.net> mailbox full")
			c.want("250 2.0.0 <c@example.net>")
			c.want("250 2.1.5 <d@example.net> stored for d")
			c.want("250 2.0.0 <c@example.net>")
			m := w.only(t)
			if to := m.Envelope.Rcpt; len(to) != 3 || to[0].To != "c@example.net" || to[1].To != "d@example.net" {
				t.Errorf("recipients %v", to)
			}
			c.do("MAIL FROM:<a@example.com>", "250")
			c.do("RCPT TO:<all@example.net>", "250")
			send(c)
			c.want("550 <all@example.net> as written")
			c.do("NOOP", "250")
			if n := len(w.all()); n != 1 {
				t.Errorf("%d messages were taken, want 1", n)
			}
		})
	}
}

func TestFaultsAreReplacedDuringASession(t *testing.T) {
	var faults *fault.Injector
	w := serve(t, func(c *Config) { c.Faults = fault.NewInjector(c.Now); faults = c.Faults })
	c := w.greet(t)
	c.deliver("x\r\n.\r\n", "250")
	if err := faults.Set("rules: [{name: full, disk: full}]"); err != nil {
		t.Fatal(err)
	}
	c.deliver("x\r\n.\r\n", "452 4.3.1")
	if got := faults.Status().Counts; len(got) != 1 || got[0] != (fault.Count{Rule: "full", Matched: 1, Fired: 1}) {
		t.Errorf("counts %v", got)
	}
	if err := faults.Set(""); err != nil {
		t.Fatal(err)
	}
	c.deliver("x\r\n.\r\n", "250")
}

func TestNestedMAIL(t *testing.T) {
	c := serve(t, nil).greet(t)
	c.envelope()
	c.do("MAIL FROM:<other@example.com>", "503 5.5.1")
	c.do("RSET", "250")
	c.do("MAIL FROM:<other@example.com>", "250")
}
