package api

import (
	"encoding/base64"
	"net"
	"net/http"
	"net/mail"
	"strings"
	"testing"

	"github.com/postmuster/postmuster/internal/message"
	"github.com/postmuster/postmuster/internal/testkit/smtptest"
)

func TestSendWritesTheMessageThatWasMeant(t *testing.T) {
	s := newSink(t, nil)
	var receipt struct {
		ID  string
		Seq uint64
	}
	s.want(http.StatusCreated, "POST", prefix+"/send", map[string]any{
		"from": "Ännie <ann@example.com>", "to": []string{"Bob <bob@example.net>"}, "cc": []string{"carol@example.net"}, "bcc": []string{"dave@example.net"},
		"subject": "Grüße" + strings.Repeat(" word", 30), "text": "Hello\nWörld\n.\n", "html": `<p>Hello</p><img src="cid:pic">`,
		"headers": map[string]string{"X-Campaign": "spring"}, "tags": []string{"sent"}, "inbox": "run-7",
		"attachments": []any{
			map[string]any{"filename": "a.txt", "content": base64.StdEncoding.EncodeToString([]byte("attached"))},
			map[string]any{"filename": "pic.png", "content": base64.StdEncoding.EncodeToString([]byte("\x89PNG\r\n\x1a\n")), "content_id": "pic"},
		},
	}, &receipt)
	var d Detail
	s.want(200, "GET", prefix+"/messages/"+receipt.ID, nil, &d)
	if d.Name != "Ännie" || d.From != "ann@example.com" || d.Subject != "Grüße"+strings.Repeat(" word", 30) || d.Inbox != "run-7" || len(d.Tags) != 1 {
		t.Errorf("summary %+v", d.Summary)
	}
	if d.Text != "Hello\r\nWörld\r\n.\r\n" || d.Attachments != 1 || len(d.Envelope.Rcpt) != 3 {
		t.Errorf("text %q, %d attachments, envelope %+v", d.Text, d.Attachments, d.Envelope)
	}
	_, raw := s.do("GET", prefix+"/messages/"+receipt.ID+"/raw", nil)
	if strings.Contains(string(raw), "dave@") {
		t.Error("the message names its Bcc")
	}
	if defects := message.Parse(raw).Defects; len(defects) > 0 {
		t.Errorf("the message has defects: %+v", defects)
	}
}

// Mailpit's GHSA-54wq-72mp-cq7c: CR and LF in an address became header fields.
func TestNothingIsInjectedIntoAMessage(t *testing.T) {
	s := newSink(t, nil)
	const evil = "x\r\nBcc: eve@example.org\r\n\r\nbody"
	base := func(key string, value any) map[string]any {
		m := map[string]any{"from": "ann@example.com", "to": []string{"bob@example.net"}, "subject": "x"}
		m[key] = value
		return m
	}
	for what, body := range map[string]map[string]any{
		"subject": base("subject", evil), "from": base("from", "ann@example.com>\r\nBcc: eve@example.org"), "to": base("to", []string{"bob@example.net\r\nX: y"}),
		"header name": base("headers", map[string]string{"X: y\r\nBcc": "eve@example.org"}), "header value": base("headers", map[string]string{"X-A": evil}),
		"own field": base("headers", map[string]string{"subject": "other"}), "inbox": base("inbox", evil),
		"file name":  base("attachments", []any{map[string]any{"filename": evil, "content": ""}}),
		"media type": base("attachments", []any{map[string]any{"filename": "a", "content": "", "content_type": "text/plain\r\nX: y"}}),
		"content ID": base("attachments", []any{map[string]any{"filename": "a", "content": "", "content_id": evil}}),
		"nobody":     base("to", []string{}),
	} {
		if res, text := s.do("POST", prefix+"/send", body); res.StatusCode != 422 {
			t.Errorf("%s: %d %s", what, res.StatusCode, text)
		}
	}
	mailpit := map[string]any{"From": map[string]string{"Email": "ann@example.com\r\nBcc: eve@example.org"}, "To": []any{map[string]string{"Email": "bob@example.net"}}}
	if res, text := s.do("POST", "/api/v1/send", mailpit); res.StatusCode != 400 {
		t.Errorf("by Mailpit's path: %d %s", res.StatusCode, text)
	}
	var p listPage
	if s.want(200, "GET", prefix+"/messages", nil, &p); p.Total != 0 {
		t.Errorf("%d messages were made", p.Total)
	}
}

func FuzzDraft(f *testing.F) {
	f.Add("Ann", "ann@example.com", "subject", "X-A", "value", "file.txt", "text/plain", "cid")
	f.Add("\"\\", "\"a b\"@example.com", "ü\u2028", "X", "=?utf-8?q?x?=", "\"\r\n", "text/html; a=b", "<>")
	f.Fuzz(func(t *testing.T, name, address, subject, field, value, filename, mediaType, cid string) {
		d := &draft{
			from: mail.Address{Name: name, Address: address}, to: []mail.Address{{Name: name, Address: "bob@example.net"}}, subject: subject,
			headers: map[string]string{field: value}, files: []file{{name: filename, mediaType: mediaType, contentID: cid, content: []byte("x")}},
		}
		m, err := d.message()
		if err != nil {
			return
		}
		tree := message.Parse(m.Raw)
		if got := len(tree.Parts); got != 3 { // multipart, text, file
			t.Errorf("%d parts in %q", got, m.Raw)
		}
		for _, forbidden := range []string{"Bcc", "Resent-To"} {
			if !strings.EqualFold(field, forbidden) && tree.Header().First(forbidden) != nil {
				t.Errorf("a field %s in %q", forbidden, m.Raw)
			}
		}
		if n := len(tree.Header().Fields); n > 10 {
			t.Errorf("%d fields in %q", n, m.Raw)
		}
	})
}

func TestImportKeepsTheBytes(t *testing.T) {
	s := newSink(t, nil)
	const raw = "Subject: as it is\nno CR here\n"
	var receipt struct{ ID string }
	path := prefix + "/messages?from=ann@example.com&rcpt=bob%2Bbox@example.net&rcpt=carol@example.net"
	s.want(http.StatusCreated, "POST", path, raw, &receipt, "Content-Type: message/rfc822")
	if _, got := s.do("GET", prefix+"/messages/"+receipt.ID+"/raw", nil); string(got) != raw {
		t.Errorf("raw = %q", got)
	}
	var d Detail
	if s.want(200, "GET", prefix+"/messages/"+receipt.ID, nil, &d); d.Inbox != "box" || len(d.Rcpt) != 2 {
		t.Errorf("envelope %+v", d.Envelope)
	}
}

// Mailpit's GHSA-fpxj-m5q8-fphw and GHSA-28pq-6qxg-wg5r: bodies without a limit.
func TestBodiesAreLimited(t *testing.T) {
	s := newSink(t, func(c *Config) { c.MaxMessageBytes = 1 << 20 })
	big := strings.Repeat("x", 3<<20)
	for path, contentType := range map[string]string{
		prefix + "/messages": "message/rfc822", prefix + "/send": "application/json", prefix + "/wait": "application/json", "/api/v1/send": "application/json",
		"/api/v1/tags": "application/json", prefix + "/faults": "application/yaml",
	} {
		method := "POST"
		if path == "/api/v1/tags" || path == prefix+"/faults" {
			method = "PUT"
		}
		res, body := s.do(method, path, `{"Text":"`+big+`"}`, "Content-Type: "+contentType)
		if res.StatusCode != http.StatusRequestEntityTooLarge {
			t.Errorf("%s %s: %d %.200s", method, path, res.StatusCode, body)
		}
	}
	if res, _ := s.do("POST", prefix+"/wait", strings.Repeat(`{"expect":`, 50_000)); res.StatusCode < 400 || res.StatusCode > 499 {
		t.Errorf("deep JSON: %d", res.StatusCode)
	}
}

// relays starts a mail server.
func relays(t *testing.T, c smtptest.Config) *smtptest.Server {
	t.Helper()
	server, err := smtptest.Listen(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	return server
}

func TestRelayToANamedHost(t *testing.T) {
	server := relays(t, smtptest.Config{Hostname: "mx.example.net"})
	s := newSink(t, func(c *Config) { c.Relays = []Relay{{Addr: server.Addr().String()}}; c.Hostname = "sink.example.com" })
	r := s.add(simple("on its way") + ".hidden dot\n")
	var out struct {
		Host, Reply string
		To          []string
	}
	s.want(200, "POST", prefix+"/messages/"+r.ID+"/relay", map[string]any{}, &out)
	s.want(200, "POST", "/api/v1/message/"+r.ID+"/release", map[string]any{"To": []string{"eve@example.org"}}, nil)
	if out.Host != server.Addr().String() || len(out.To) != 1 || !strings.HasPrefix(out.Reply, "250 ") || len(out.Reply) < 6 {
		t.Errorf("the answer is %+v, want what the host said", out)
	}
	got := server.Messages()
	if len(got) != 2 {
		t.Fatalf("%d messages arrived, want 2", len(got))
	}
	if got[0].HELO != "sink.example.com" || got[0].From != "bounce@example.com" || got[0].To[0] != "bob@example.net" || string(got[0].Data) != crlf(simple("on its way")+".hidden dot\n") {
		t.Errorf("the relay received %+v", got[0])
	}
	if got[1].To[0] != "eve@example.org" {
		t.Errorf("the second time for %v", got[1].To)
	}
}

func TestRelayGoesNowhereElse(t *testing.T) {
	named, other := relays(t, smtptest.Config{}), relays(t, smtptest.Config{})
	s := newSink(t, func(c *Config) { c.Relays = []Relay{{Addr: named.Addr().String()}} })
	r := s.add(simple("x"))
	path := prefix + "/messages/" + r.ID + "/relay"
	s.want(http.StatusForbidden, "POST", path, map[string]any{"host": other.Addr().String()}, nil)
	host, port, _ := net.SplitHostPort(other.Addr().String())
	s.want(http.StatusForbidden, "POST", "/api/v1/messages/"+r.ID+"/release", map[string]any{"host": host, "port": port, "email": "bob@example.net"}, nil)
	for _, to := range []string{"", "bob@example.net> SIZE=1\r\nRCPT TO:<eve@example.org", "a b"} {
		s.want(422, "POST", path, map[string]any{"to": []string{to}}, nil)
	}
	if n := named.Sessions() + other.Sessions(); n != 0 {
		t.Errorf("%d sessions were held", n)
	}
	without := newSink(t, nil)
	r = without.add(simple("x"))
	without.want(http.StatusForbidden, "POST", prefix+"/messages/"+r.ID+"/relay", map[string]any{}, nil)
}

// The page asks by a call: it names recipients, or nothing is sent.
func TestSendOnNeedsRecipients(t *testing.T) {
	server := relays(t, smtptest.Config{})
	s := newSink(t, func(c *Config) { c.Relays = []Relay{{Addr: server.Addr().String()}} })
	r := s.add(simple("x"))
	if _, err := s.api.SendOn(t.Context(), r.ID, "", nil); err == nil || server.Sessions() != 0 {
		t.Errorf("SendOn without recipients = %v, after %d sessions", err, server.Sessions())
	}
	sent, err := s.api.SendOn(t.Context(), r.ID, "", []string{"me@example.org"})
	if err != nil || sent.To[0] != "me@example.org" || server.Messages()[0].To[0] != "me@example.org" {
		t.Errorf("SendOn = %+v, %v", sent, err)
	}
}

func TestARelayThatTalksOnIsLeft(t *testing.T) {
	server := relays(t, smtptest.Config{Replies: map[string]string{"MAIL": strings.Repeat("250-on and on\n", maxRelayReplies/14) + "250 at last"}})
	s := newSink(t, func(c *Config) { c.Relays = []Relay{{Addr: server.Addr().String()}} })
	r := s.add(simple("x"))
	res, body := s.do("POST", prefix+"/messages/"+r.ID+"/relay", map[string]any{})
	if res.StatusCode != http.StatusBadGateway || !strings.Contains(string(body), "its replies are too long") {
		t.Errorf("%d %.300s", res.StatusCode, body)
	}
}

func TestARelayThatRefusesIsQuoted(t *testing.T) {
	server := relays(t, smtptest.Config{Replies: map[string]string{"RCPT": "550 5.1.1 no such user"}})
	s := newSink(t, func(c *Config) { c.Relays = []Relay{{Addr: server.Addr().String()}} })
	r := s.add(simple("x"))
	res, body := s.do("POST", prefix+"/messages/"+r.ID+"/relay", map[string]any{})
	if res.StatusCode != http.StatusBadGateway || !strings.Contains(string(body), "bob@example.net: 550 5.1.1 no such user") {
		t.Errorf("%d %s", res.StatusCode, body)
	}
}

// FuzzMailpitQuery: whatever is asked in Mailpit's language is answered or refused.
func FuzzMailpitQuery(f *testing.F) {
	for _, seed := range []string{`from:a to:"b c" !is:read`, "cc:x has:attachments before:2026/11/25", "http://example.com/", `subject:"x" -"a b"`, `"a:b"`, "before:"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, query string) {
		search, err := mailpitQuery(query, "")
		if err == nil && search.search == nil && len(search.tests) == 0 && strings.TrimSpace(query) != "" {
			t.Errorf("%q finds everything", query)
		}
	})
}
