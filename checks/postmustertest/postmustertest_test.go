package postmustertest_test

import (
	"fmt"
	"net/smtp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/postmuster/postmuster/checks/postmustertest"
)

const welcome = "From: Shop <shop@example.com>\r\nTo: Bob <bob@example.net>\r\nSubject: Welcome to the shop\r\n" +
	"Date: Mon, 23 Nov 2026 09:59:00 +0000\r\nMessage-ID: <2@example.com>\r\n\r\n" +
	"Your code is 493021. Or follow https://shop.example.com/confirm?t=1\r\n"

// signUp is the program under test.
func signUp(smtpAddr, address string) error {
	return smtp.SendMail(smtpAddr, nil, "bounce@example.com", []string{address}, []byte(welcome))
}

func TestSignUp(t *testing.T) {
	sink := postmustertest.Start(t)
	if err := signUp(sink.SMTPAddr, "bob@example.net"); err != nil {
		t.Fatal(err)
	}
	m := sink.Wait(t, postmustertest.To("bob@example.net"), postmustertest.Subject("welcome"))
	if !slices.Equal(m.Codes(), []string{"493021"}) || !slices.Equal(m.Links(), []string{"https://shop.example.com/confirm?t=1"}) {
		t.Errorf("codes %v, links %v", m.Codes(), m.Links())
	}
	if string(m.Raw) != welcome || m.From != "shop@example.com" || m.MailFrom != "bounce@example.com" || m.Header("message-id") != "<2@example.com>" || !strings.HasPrefix(m.Text, "Your code") {
		t.Errorf("not what was sent: %+v", m)
	}
	sink.ExpectNone(t, postmustertest.To("eve@example.org"))
}

func TestWhatWasFoundOut(t *testing.T) {
	sink := postmustertest.Start(t, postmustertest.WithZone("example.com. TXT \"v=spf1 -all\"\n_dmarc.example.com. TXT \"v=DMARC1; p=none\"\n"))
	twice := strings.Replace(welcome, "Subject:", "Subject: Welcome\r\nSubject:", 1)
	if err := smtp.SendMail(sink.SMTPAddr, nil, "bounce@example.com", []string{"bob@example.net"}, []byte(twice)); err != nil {
		t.Fatal(err)
	}
	m := sink.Wait(t)
	if !m.Failed("header-duplicate-unique") || m.Score > 80 || m.Grade == "" {
		t.Errorf("two Subject fields were not found: score %d, grade %q, %+v", m.Score, m.Grade, m.Findings)
	}
	if !m.Failed("from-domain-no-mx") {
		t.Errorf("the zone was not asked: %+v", m.Findings)
	}
	if i := slices.IndexFunc(m.Findings, func(f postmustertest.Finding) bool { return f.Check == "header-duplicate-unique" }); i < 0 || m.Findings[i].Fix == "" || m.Findings[i].Where == "" {
		t.Errorf("a finding should say where, and what to do: %+v", m.Findings)
	}
}

func TestSTARTTLS(t *testing.T) {
	sink := postmustertest.Start(t, postmustertest.WithSTARTTLS())
	c, err := smtp.Dial(sink.SMTPAddr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.StartTLS(sink.ClientTLS); err != nil {
		t.Error(err)
	}
}

// A failing is a test that may fail.
type failing struct {
	testing.TB
	said string
}

func (f *failing) Helper() {}

func (f *failing) Fatalf(format string, args ...any) {
	f.said = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

// saidBy returns what a test that fails says.
func saidBy(t *testing.T, test func(testing.TB)) string {
	f := &failing{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		test(f)
	}()
	<-done
	return f.said
}

func TestFailuresSayWhatArrived(t *testing.T) {
	sink := postmustertest.Start(t)
	if err := signUp(sink.SMTPAddr, "carol@example.net"); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		test func(testing.TB)
		want []string
	}{
		{"none to bob", func(t testing.TB) {
			sink.Wait(t, postmustertest.To("dave@example.net"), postmustertest.Within(10*time.Millisecond))
		}, []string{`a message to "dave@example.net", within 10ms: at least 1 expected, 0 matched; 1 other message arrived:`,
			`shop@example.com to carol@example.net: "Welcome to the shop"`, `to:"dave@example.net": it has "bob@example.net, carol@example.net"`}},
		{"one though none was expected", func(t testing.TB) { sink.ExpectNone(t, postmustertest.Subject("Welcome")) },
			[]string{"none expected, 1 matched", `matched: shop@example.com to carol@example.net`}},
		{"too few", func(t testing.TB) { sink.WaitFor(t, 2, postmustertest.Within(0)) }, []string{"exactly 2 expected, 1 matched"}},
		{"a bad search", func(t testing.TB) { sink.Wait(t, postmustertest.Matching("score:often")) }, []string{`"often" is not a score`}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := saidBy(t, test.test)
			for _, want := range test.want {
				if !strings.Contains(got, want) {
					t.Errorf("want %q in\n%s", want, got)
				}
			}
		})
	}
	if got := saidBy(t, func(t testing.TB) { postmustertest.Start(t, postmustertest.WithZone("example.com. TXT")) }); !strings.Contains(got, "zone:1") {
		t.Errorf("a bad zone is said to be %q", got)
	}
}

func TestMessagesInOrder(t *testing.T) {
	sink := postmustertest.Start(t)
	for _, to := range []string{"bob@example.net", "carol@example.net"} {
		if err := signUp(sink.SMTPAddr, to); err != nil {
			t.Fatal(err)
		}
	}
	got := sink.WaitFor(t, 2, postmustertest.From("shop@example.com"))
	if len(got) != 2 || !slices.Equal(got[0].Rcpt, []string{"bob@example.net"}) || !slices.Equal(got[1].Rcpt, []string{"carol@example.net"}) {
		t.Errorf("the messages are %+v, want that to bob and then that to carol", got)
	}
}

func ExampleStart() {
	test := func(t *testing.T) {
		sink := postmustertest.Start(t)
		signUp(sink.SMTPAddr, "bob@example.net")
		m := sink.Wait(t, postmustertest.To("bob@example.net"), postmustertest.Subject("Welcome"))
		if m.Score < 90 {
			for _, f := range m.Findings {
				t.Errorf("%s: %s: %s\n%s", f.Check, f.Where, f.Message, f.Fix)
			}
		}
		t.Log("confirm with", m.Codes()[0], "or", m.Links()[0])
	}
	_ = test
}
