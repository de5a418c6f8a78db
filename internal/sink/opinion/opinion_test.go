package opinion

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postmuster/postmuster/internal/message"
	"github.com/postmuster/postmuster/internal/report"
)

var mail = &message.Message{
	Raw:      []byte("Subject: lunch\r\n\r\nat noon\r\n"),
	Envelope: &message.Envelope{MailFrom: "ann@example.com", Rcpt: []message.Rcpt{{To: "bob@example.net"}, {To: "jos\u00e9@example.net"}}},
	Session:  &message.Session{HELO: "mx.example.com", Peer: netip.MustParseAddrPort("192.0.2.7:40000")},
}

func dial(ctx context.Context, network, address string) (net.Conn, error) {
	return (&net.Dialer{}).DialContext(ctx, network, address)
}

// serveSpamd answers one request, and returns its address and what it was asked.
func serveSpamd(t *testing.T, answer string) (addr string, asked <-chan string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	questions := make(chan string, 1)
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		question, _ := io.ReadAll(bufio.NewReader(conn)) // until the client has said all
		questions <- string(question)
		io.WriteString(conn, answer)
	}()
	return l.Addr().String(), questions
}

// spamdReport is what SpamAssassin 4.0.1 answers, shortened. Its preview of the
// message ends with a table that the message brought.
const spamdReport = `SPAMD/1.1 0 EX_OK
Content-length: 839
Spam: True ; 26.7 / 5.0

Spam detection software, running on the system "mx.example.com",
has identified this incoming email as possible spam.

Content preview:
---- ---------------------- --------------------------------------------------
 9.0 FORGED                 not a rule

Content analysis details:   (26.7 points, 5.0 required)

 pts rule name              description
---- ---------------------- --------------------------------------------------
-0.0 NO_RELAYS              Informational: message was not relayed via SMTP
 1.8 DRUGS                  Refers to a drug
                            [score: 1.0000]
  25 DEAR_FRIEND            BODY: Dear Friend?
-0.1 DKIM_VALID
`

func TestSpamd(t *testing.T) {
	addr, asked := serveSpamd(t, strings.ReplaceAll(spamdReport, "\n", "\r\n"))
	spamd, err := NewSpamd(addr, dial)
	if err != nil {
		t.Fatal(err)
	}
	want := []report.Opinion{{
		Filter: "spamassassin", Spam: true, Score: 26.7, Required: 5,
		Symbols: []report.Symbol{
			{Name: "DEAR_FRIEND", Score: score(25), Description: "BODY: Dear Friend?"},
			{Name: "DRUGS", Score: score(1.8), Description: "Refers to a drug [score: 1.0000]"},
			{Name: "NO_RELAYS", Score: score(0), Description: "Informational: message was not relayed via SMTP"},
			{Name: "DKIM_VALID", Score: score(-0.1)},
		},
	}}
	if diff := cmp.Diff(want, Of(t.Context(), mail, []Filter{spamd})); diff != "" {
		t.Errorf("the opinion (-want +got):\n%s", diff)
	}
	if got, want := <-asked, fmt.Sprintf("REPORT SPAMC/1.5\r\nContent-length: %d\r\n\r\n%s", len(mail.Raw), mail.Raw); got != want {
		t.Errorf("spamd was asked\n%q, want\n%q", got, want)
	}
}

func score(n float64) *float64 { return &n }

// A server may be set up to write another report: then the sum is known alone.
func TestSpamdWithAReportOfItsOwn(t *testing.T) {
	o, err := readSpamd(strings.NewReader("SPAMD/1.1 0 EX_OK\r\nSpam: False ; 1.0 / 5.0\r\n\r\n1.0 A\r\n"))
	if err != nil || o.Score != 1 || len(o.Symbols) > 0 {
		t.Errorf("%+v, %v", o, err)
	}
}

func TestOneRuleMayNotSayTooMuch(t *testing.T) {
	o, err := readSpamd(strings.NewReader(spamdReport + strings.Repeat(strings.Repeat("\u00e9", 20_000)+"\n", 3)))
	if err != nil || len(o.Symbols[3].Description) > maxDescription+len("…") {
		t.Errorf("%d bytes are kept of a description, %v", len(o.Symbols[3].Description), err)
	}
}

func TestRspamd(t *testing.T) {
	var header http.Header
	var body []byte
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header = r.Header
		body, _ = io.ReadAll(r.Body)
		if r.URL.Path != "/checkv2" {
			http.NotFound(w, r)
			return
		}
		io.WriteString(w, `{"score":7.5,"required_score":15,"action":"add header","symbols":{"MISSING_DATE":{"score":1},"R_SPF_ALLOW":{"score":-0.2},"FORGED":{"name":"FORGED","score":6.7,"description":"Sender is\n forged","options":["a"]}}}`)
	}))
	defer server.Close()
	rspamd, err := NewRspamd(server.URL, dial)
	if err != nil {
		t.Fatal(err)
	}
	want := []report.Opinion{{
		Filter: "rspamd", Spam: true, Score: 7.5, Required: 15, Action: "add header",
		Symbols: []report.Symbol{{Name: "FORGED", Score: score(6.7), Description: "Sender is forged"}, {Name: "MISSING_DATE", Score: score(1)}, {Name: "R_SPF_ALLOW", Score: score(-0.2)}},
	}}
	if diff := cmp.Diff(want, Of(t.Context(), mail, []Filter{rspamd})); diff != "" {
		t.Errorf("the opinion (-want +got):\n%s", diff)
	}
	if !bytes.Equal(body, mail.Raw) || header.Get("Helo") != "mx.example.com" || header.Get("Ip") != "192.0.2.7" || header.Get("From") != "ann@example.com" {
		t.Errorf("rspamd was sent %q with %v", body, header)
	}
	if rcpt := header.Values("Rcpt"); len(rcpt) != 1 || rcpt[0] != "bob@example.net" {
		t.Errorf("the recipients are %q; that which no header field holds is left out", rcpt)
	}
}

func TestAFilterThatFailsIsNamed(t *testing.T) {
	refused, err := NewSpamd("192.0.2.1", func(context.Context, string, string) (net.Conn, error) { return nil, io.ErrUnexpectedEOF })
	if err != nil {
		t.Fatal(err)
	}
	addr, _ := serveSpamd(t, "220 mx.example.com ESMTP\r\n")
	other, err := NewSpamd(addr, dial)
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(http.NotFoundHandler())
	defer web.Close()
	notRspamd, err := NewRspamd(web.URL, dial)
	if err != nil {
		t.Fatal(err)
	}
	got := Of(t.Context(), mail, []Filter{refused, other, notRspamd})
	want := []report.Opinion{
		{Filter: "spamassassin", Error: "unexpected EOF"},
		{Filter: "spamassassin", Error: "what answers is not spamd"},
		{Filter: "rspamd", Error: "rspamd answers 404 Not Found"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the opinions (-want +got):\n%s", diff)
	}
}

func TestAFilterMayNotSayTooMuch(t *testing.T) {
	long := strings.Repeat("x", 100_000)
	refused, _ := serveSpamd(t, "SPAMD/1.1 76 "+long+"\r\n\r\n")
	spamd, err := NewSpamd(refused, dial)
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"score":1,"action":%q,"symbols":{%q:{"score":1}}}`, long, long)
	}))
	defer web.Close()
	rspamd, err := NewRspamd(web.URL, dial)
	if err != nil {
		t.Fatal(err)
	}
	got := Of(t.Context(), mail, []Filter{spamd, rspamd})
	for _, text := range []string{got[0].Error, got[1].Action, got[1].Symbols[0].Name} {
		if text == "" || len(text) > maxDescription+len("…") {
			t.Errorf("%d bytes are kept of an answer's text", len(text))
		}
	}
}

func TestAddresses(t *testing.T) {
	tests := []struct{ text, network, addr string }{
		{"127.0.0.1", "tcp", "127.0.0.1:783"},
		{"127.0.0.1:7830", "tcp", "127.0.0.1:7830"},
		{"[2001:db8::1]", "tcp", "[2001:db8::1]:783"},
		{"spam.example.net", "tcp", "spam.example.net:783"},
		{"unix:/run/spamd.sock", "unix", "/run/spamd.sock"},
		{"", "", ""},
		{"http://spam.example.net/", "", ""},
	}
	for _, test := range tests {
		network, addr, err := address(test.text, "783")
		if network != test.network || addr != test.addr || (err == nil) != (test.addr != "") {
			t.Errorf("address(%q) = %s %s, %v; want %s %s", test.text, network, addr, err, test.network, test.addr)
		}
	}
	for _, text := range []string{"ftp://127.0.0.1", "unix:/run/rspamd.sock", "http://"} {
		if _, err := NewRspamd(text, dial); err == nil {
			t.Errorf("NewRspamd(%q) takes it for an address", text)
		}
	}
}

func FuzzSpamd(f *testing.F) {
	f.Add(spamdReport)
	f.Add("SPAMD/1.1 0 EX_OK\r\nSpam: False ; 1.0 / 5.0\r\n\r\nA,B\r\n")
	f.Add("SPAMD/1.1 76 Bad header line\r\n\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		o, err := readSpamd(strings.NewReader(text))
		if err == nil && (math.IsNaN(o.Score) || math.IsInf(o.Required, 0)) {
			t.Errorf("a score that JSON cannot hold: %+v", o)
		}
	})
}

func FuzzRspamd(f *testing.F) {
	f.Add(`{"score":7.5,"required_score":15,"action":"add header","symbols":{"A":{"score":1}}}`)
	f.Fuzz(func(t *testing.T, text string) {
		o, err := readRspamd(strings.NewReader(text))
		if err == nil && math.IsNaN(o.Score) {
			t.Errorf("a score that JSON cannot hold: %+v", o)
		}
	})
}
