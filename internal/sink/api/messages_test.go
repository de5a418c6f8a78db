package api

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postmuster/postmuster/internal/message"
	"github.com/postmuster/postmuster/internal/sink/store"
)

func TestListHasTheKeysThatWerePromised(t *testing.T) {
	s := newSink(t, nil)
	r := s.add(simple("first"), to("bob+signup@example.net"))
	if err := s.store.SetReport(t.Context(), r.ID, &store.Report{JSON: []byte(`{}`), Score: store.Score{Value: 83, Low: 71, High: 83, Grade: "B"}}); err != nil {
		t.Fatal(err)
	}
	if err := s.store.WaitCommitted(t.Context()); err != nil {
		t.Fatal(err)
	}
	var out struct{ Messages []map[string]any }
	s.want(200, "GET", prefix+"/messages?min_seq="+fmt.Sprint(r.Seq), nil, &out)
	if len(out.Messages) != 1 {
		t.Fatalf("%d messages, want 1", len(out.Messages))
	}
	got := out.Messages[0]
	delete(got, "received")
	for key, want := range map[string]any{
		"id": r.ID, "seq": float64(r.Seq), "from": "ann@example.com", "rcpt": []any{"bob+signup@example.net"}, "subject": "first",
		"inbox": "signup", "score": map[string]any{"value": 83.0, "low": 71.0, "high": 83.0, "grade": "B"},
	} {
		if diff := cmp.Diff(want, got[key]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", key, diff)
		}
	}
}

func TestPagesByCursor(t *testing.T) {
	s := newSink(t, nil)
	var last store.Receipt
	for i := range 7 {
		last = s.add(simple(fmt.Sprintf("number %d", i)))
	}
	var seen []Summary
	path := fmt.Sprintf("%s/messages?limit=3&min_seq=%d", prefix, last.Seq)
	for next := ""; ; {
		var p listPage
		s.want(200, "GET", path+"&cursor="+url.QueryEscape(next), nil, &p)
		if p.Total != 7 {
			t.Errorf("total = %d, want 7", p.Total)
		}
		seen = append(seen, p.Messages...)
		if next = p.Next; next == "" {
			break
		}
	}
	if got, want := subjects(seen), "[number 6 number 5 number 4 number 3 number 2 number 1 number 0]"; got != want {
		t.Errorf("the pages hold %s, want %s", got, want)
	}
}

// A page number would show messages twice when others have come meanwhile.
func TestPagesStayWhileMailArrivesAndGoes(t *testing.T) {
	s := newSink(t, nil)
	var all []store.Receipt
	for i := range 6 {
		all = append(all, s.add(simple(fmt.Sprintf("number %d", i))))
	}
	for _, order := range []struct{ name, want string }{
		{"newest", "[number 5 number 4 number 3 number 1 number 0]"}, {"oldest", "[number 0 number 1 number 3 number 4 number 5 late late]"},
	} {
		var seen []Summary
		path := fmt.Sprintf("%s/messages?limit=2&order=%s&query=number", prefix, order.name)
		if order.name == "oldest" {
			path = fmt.Sprintf("%s/messages?limit=2&order=%s", prefix, order.name)
		}
		for next := ""; ; {
			var p listPage
			s.want(200, "GET", path+"&min_seq="+fmt.Sprint(all[5].Seq)+"&cursor="+url.QueryEscape(next), nil, &p)
			seen = append(seen, p.Messages...)
			if next == "" && order.name == "newest" {
				s.want(204, "DELETE", prefix+"/messages/"+all[2].ID, nil, nil)
				for range 2 {
					last := s.add(simple("late"))
					s.want(200, "GET", prefix+"/messages?min_seq="+fmt.Sprint(last.Seq), nil, nil)
				}
			}
			if next = p.Next; next == "" {
				break
			}
		}
		if got := subjects(seen); got != order.want {
			t.Errorf("%s first, the pages hold %s, want %s", order.name, got, order.want)
		}
	}
}

func TestSearchAndItsMistakes(t *testing.T) {
	s := newSink(t, nil)
	s.add(simple("invoice 17"))
	r := s.add(simple("welcome"))
	var p listPage
	s.want(200, "GET", fmt.Sprintf("%s/messages?min_seq=%d&query=%s", prefix, r.Seq, url.QueryEscape(`subject:invoice from:ann@example.com -is:read`)), nil, &p)
	if got := subjects(p.Messages); got != "[invoice 17]" {
		t.Errorf("found %s", got)
	}
	for what, query := range map[string]string{
		"an unknown field": "query=colour:red", "an open quote": `query=%22x`, "an unknown parameter": "q=invoice",
		"a limit too high": "limit=100000", "a cursor of our own": "cursor=zzz", "a seq that is none": "min_seq=x",
	} {
		res, body := s.do("GET", prefix+"/messages?"+query, nil)
		if res.StatusCode != 422 || res.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %d %s %s", what, res.StatusCode, res.Header.Get("Content-Type"), body)
		}
	}
}

func TestAMessageInFull(t *testing.T) {
	s := newSink(t, nil)
	r := s.add(related, func(m *message.Message) {
		m.Envelope.Params = message.Params{{Keyword: "BODY", Value: "8BITMIME"}}
		m.Session.TLS = &message.TLSState{Version: 0x0304, Cipher: 0x1301}
	})
	var d Detail
	s.want(200, "GET", prefix+"/messages/"+r.ID, nil, &d)
	if d.Text != "Your code is 123456.\r\n" || !strings.Contains(d.HTML, "cid:logo") {
		t.Errorf("text %q, HTML %q", d.Text, d.HTML)
	}
	if d.Envelope.Params["BODY"] != "8BITMIME" || d.Session.HELO != "client.example.com" || d.Session.TLS.Version != "TLS 1.3" {
		t.Errorf("envelope %+v, session %+v", d.Envelope, d.Session)
	}
	var paths []string
	for _, p := range d.Parts {
		paths = append(paths, p.Path+" "+p.MediaType)
	}
	want := []string{"1 multipart/mixed", "1.1 multipart/alternative", "1.1.1 text/plain", "1.1.2 text/html", "1.2 image/png", "1.3 text/html"}
	if diff := cmp.Diff(want, paths); diff != "" {
		t.Errorf("parts (-want +got):\n%s", diff)
	}
	var newest Detail
	s.want(200, "GET", prefix+"/messages/latest", nil, &newest)
	if newest.ID != r.ID {
		t.Errorf("latest is %s, want %s", newest.ID, r.ID)
	}
	var lines struct{ Lines []Line }
	s.want(200, "GET", prefix+"/messages/"+r.ID+"/transcript", nil, &lines)
	if len(lines.Lines) != 2 || lines.Lines[1].Text != "EHLO client.example.com" {
		t.Errorf("transcript %+v", lines.Lines)
	}
}

// related has an image in its HTML, and an attachment with a hostile name and type.
const related = `From: Ann <ann@example.com>
To: bob@example.net
Subject: picture
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=m

--m
Content-Type: multipart/alternative; boundary=a

--a
Content-Type: text/plain

Your code is 123456.

--a
Content-Type: text/html

<p>Your code is <b>123456</b>. <a href="https://app.example.com/verify?t=1&amp;u=2">Confirm <i>now</i></a><img src="cid:logo"></p>
<script>alert(1)</script>
--a--
--m
Content-Type: image/png; name=logo.png
Content-ID: <logo>
Content-Disposition: inline; filename=logo.png
Content-Transfer-Encoding: base64

iVBORw0KGgo=
--m
Content-Type: text/html
Content-Disposition: attachment; filename="../../.ssh/authorized_keys"

<script>alert(document.domain)</script>
--m--
`

func TestRawIsExact(t *testing.T) {
	s := newSink(t, nil)
	raw := "Subject: odd\r\n\r\nbare\nand\rand \x00 and \xff\r\n.\r\n"
	r := s.add("", func(m *message.Message) { m.Raw = []byte(raw) })
	res, got := s.do("GET", prefix+"/messages/"+r.ID+"/raw", nil)
	if string(got) != raw {
		t.Errorf("raw = %q, want %q", got, raw)
	}
	etag := res.Header.Get("ETag")
	if res, body := s.do("GET", prefix+"/messages/"+r.ID+"/raw", nil, "If-None-Match: W/"+etag); res.StatusCode != 304 || len(body) != 0 {
		t.Errorf("the second time: %d, %d bytes", res.StatusCode, len(body))
	}
	if _, got := s.do("GET", "/api/v1/message/"+r.ID+"/raw", nil); string(got) != raw {
		t.Errorf("raw by Mailpit's path = %q", got)
	}
}

func TestETagsFollowWhatChanges(t *testing.T) {
	s := newSink(t, nil)
	r := s.add(simple("x"))
	path := prefix + "/messages/" + r.ID
	first := s.want(200, "GET", path, nil, nil).Header.Get("ETag")
	s.want(304, "GET", path, nil, nil, "If-None-Match: "+first)
	s.want(204, "PATCH", path, map[string]any{"read": true, "tags": []string{"b", "a"}}, nil)
	var d Detail
	if res := s.want(200, "GET", path, nil, &d, "If-None-Match: "+first); res.Header.Get("ETag") == first {
		t.Error("a changed message has the same ETag")
	}
	if !d.Read || fmt.Sprint(d.Tags) != "[a b]" {
		t.Errorf("read %v, tags %v", d.Read, d.Tags)
	}
}

// Nothing that a client has already is sent again.
func TestEveryReadHasAnETag(t *testing.T) {
	s := newSink(t, nil)
	r := s.add(simple("x"))
	if err := s.store.SetReport(t.Context(), r.ID, &store.Report{JSON: []byte(`{"schema":1}`)}); err != nil {
		t.Fatal(err)
	}
	if err := s.store.WaitCommitted(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"", "/raw", "/parts", "/parts/1", "/transcript", "/links", "/codes", "/report"} {
		for _, id := range []string{r.ID, "latest"} {
			path := prefix + "/messages/" + id + path
			res := s.want(200, "GET", path, nil, nil)
			etag := res.Header.Get("ETag")
			if etag == "" {
				t.Errorf("%s has no ETag", path)
				continue
			}
			for _, known := range []string{etag, "W/" + etag, `"other", ` + etag, "*"} {
				if res, body := s.do("GET", path, nil, "If-None-Match: "+known); res.StatusCode != 304 || len(body) > 0 {
					t.Errorf("%s with If-None-Match %s: %d, %d bytes", path, known, res.StatusCode, len(body))
				}
			}
			s.want(200, "GET", path, nil, nil, `If-None-Match: "other"`)
		}
	}
	list := s.want(200, "GET", prefix+"/messages", nil, nil).Header.Get("ETag")
	s.want(304, "GET", prefix+"/messages", nil, nil, "If-None-Match: "+list)
	r = s.add(simple("y"))
	s.want(200, "GET", prefix+"/messages?min_seq="+fmt.Sprint(r.Seq), nil, nil, "If-None-Match: "+list)
}

// Who was told 250 can read, whatever is read.
func TestWhatWasAcknowledgedCanBeRead(t *testing.T) {
	s := newSink(t, nil)
	for i := range 20 {
		subject := fmt.Sprintf("turn%d", i)
		r := s.add(simple(subject))
		for _, path := range []string{"/messages?query=" + subject + "&", "/messages/latest?query=" + subject + "&", "/messages/latest?", "/messages/latest/raw?", "/messages/" + r.ID + "?"} {
			_, body := s.do("GET", fmt.Sprintf("%s%smin_seq=%d", prefix, path, r.Seq), nil)
			if !strings.Contains(string(body), subject) {
				t.Errorf("%s does not show %s: %.200s", path, subject, body)
			}
		}
	}
}

func TestReportIsWaitedFor(t *testing.T) {
	s := newSink(t, nil)
	r := s.add(simple("x"))
	path := prefix + "/messages/" + r.ID + "/report"
	if res := s.want(202, "GET", path, nil, nil); res.Header.Get("Retry-After") == "" {
		t.Error("202 without Retry-After")
	}
	if err := s.store.SetReport(t.Context(), r.ID, &store.Report{JSON: []byte(`{"schema":1}`)}); err != nil {
		t.Fatal(err)
	}
	if err := s.store.WaitCommitted(t.Context()); err != nil {
		t.Fatal(err)
	}
	var report map[string]any
	etag := s.want(200, "GET", path, nil, &report).Header.Get("ETag")
	if report["schema"] != 1.0 {
		t.Errorf("report %v", report)
	}
	s.want(304, "GET", path, nil, nil, "If-None-Match: "+etag)
}

func TestWhatComesFromAMessageIsNeverAPage(t *testing.T) {
	s := newSink(t, nil)
	r := s.add(related)
	for _, path := range []string{prefix + "/messages/" + r.ID + "/parts/1.3", "/api/v1/message/" + r.ID + "/part/1.3", prefix + "/messages/" + r.ID + "/raw", "/api/v1/message/" + r.ID + "/raw", "/view/latest.txt"} {
		res := s.want(200, "GET", path, nil, nil)
		h := res.Header
		if strings.Contains(h.Get("Content-Type"), "html") || h.Get("X-Content-Type-Options") != "nosniff" || !strings.HasPrefix(h.Get("Content-Security-Policy"), "sandbox") {
			t.Errorf("%s is sent as %q with %q, %q", path, h.Get("Content-Type"), h.Get("X-Content-Type-Options"), h.Get("Content-Security-Policy"))
		}
	}
	res := s.want(200, "GET", prefix+"/messages/"+r.ID+"/parts/1.3", nil, nil)
	if got := res.Header.Get("Content-Disposition"); got != `attachment; filename=authorized_keys` {
		t.Errorf("Content-Disposition: %s", got)
	}
	res, body := s.do("GET", prefix+"/messages/"+r.ID+"/parts/1.2", nil)
	if res.Header.Get("Content-Type") != "image/png" || string(body) != "\x89PNG\r\n\x1a\n" {
		t.Errorf("the image is %q of type %s", body, res.Header.Get("Content-Type"))
	}
	s.want(404, "GET", prefix+"/messages/"+r.ID+"/parts/1.9", nil, nil)
}

func TestSafeName(t *testing.T) {
	for name, want := range map[string]string{
		"report.pdf": "report.pdf", "../../etc/passwd": "passwd", `..\..\boot.ini`: "boot.ini", "/": "part", "..": "part", "": "part", ".bashrc": "bashrc",
		"-rf": "rf", "a\r\nSet-Cookie: x.txt": "aSet-Cookie_ x.txt", "invoice\u202Egpj.exe": "invoicegpj.exe", "x\x00.png": "x.png", "rechnung ü.pdf": "rechnung ü.pdf",
		`a"b;c$d.txt`: "a_b_c_d.txt", "\xff.txt": "_.txt", strings.Repeat("ü", 200) + ".pdf": strings.Repeat("ü", 58) + ".pdf",
	} {
		if got := safeName(name); got != want {
			t.Errorf("safeName(%q) = %q, want %q", name, got, want)
		}
	}
}

func FuzzSafeName(f *testing.F) {
	f.Add("../../etc/passwd")
	f.Add("a\r\nb")
	f.Fuzz(func(t *testing.T, name string) {
		got := safeName(name)
		if got == "" || len(got) > maxNameBytes || strings.ContainsAny(got, "/\\\r\n\x00\"") || strings.HasPrefix(got, ".") || strings.HasPrefix(got, "-") {
			t.Errorf("safeName(%q) = %q", name, got)
		}
		if header := attachment(name); header == "" || strings.ContainsAny(header, "\r\n") {
			t.Errorf("attachment(%q) = %q", name, header)
		}
	})
}

func TestDelete(t *testing.T) {
	s := newSink(t, nil)
	one, _ := s.add(simple("one")), s.add(simple("two"))
	s.add(simple("three"))
	s.want(204, "DELETE", prefix+"/messages/"+one.ID, nil, nil)
	s.want(404, "DELETE", prefix+"/messages/"+one.ID, nil, nil)
	s.want(404, "GET", prefix+"/messages/"+one.ID, nil, nil)
	s.want(422, "DELETE", prefix+"/messages?q=two", nil, nil) // a slip of the pen does not delete everything
	var n struct{ Deleted int }
	if s.want(200, "DELETE", prefix+"/messages?query=subject:two", nil, &n); n.Deleted != 1 {
		t.Errorf("%d deleted, want 1", n.Deleted)
	}
	if s.want(200, "DELETE", prefix+"/messages", nil, &n); n.Deleted != 1 {
		t.Errorf("%d deleted, want the 1 that was left", n.Deleted)
	}
}

func TestMarksByIDAndBySearch(t *testing.T) {
	s := newSink(t, nil)
	a, b := s.add(simple("one")), s.add(simple("two"))
	s.want(204, "PATCH", prefix+"/messages", map[string]any{"ids": []string{a.ID, "unknown"}, "tags": []string{"x"}}, nil)
	s.want(204, "PATCH", prefix+"/messages", map[string]any{"query": "subject:two", "read": true, "tags": []string{"y"}}, nil)
	s.want(422, "PATCH", prefix+"/messages", map[string]any{"read": true}, nil)
	s.want(422, "PATCH", prefix+"/messages/"+a.ID, map[string]any{"tags": []string{""}}, nil)
	var p listPage
	s.want(200, "GET", prefix+"/messages?query=tag:y+is:read", nil, &p)
	if len(p.Messages) != 1 || p.Messages[0].ID != b.ID {
		t.Errorf("tagged y and read: %s", subjects(p.Messages))
	}
	var tags struct{ Tags []Tag }
	s.want(200, "GET", prefix+"/tags", nil, &tags)
	if diff := cmp.Diff([]Tag{{"x", 1}, {"y", 1}}, tags.Tags); diff != "" {
		t.Errorf("tags (-want +got):\n%s", diff)
	}
}

func TestInboxesAndFailedSessions(t *testing.T) {
	s := newSink(t, nil)
	s.add(simple("a"), to("bob+test1@example.net"))
	r := s.add(simple("b"), to("bob+test2@example.net"))
	var boxes struct{ Inboxes []Inbox }
	s.want(200, "GET", prefix+"/messages?min_seq="+fmt.Sprint(r.Seq), nil, nil)
	s.want(200, "GET", prefix+"/inboxes", nil, &boxes)
	if len(boxes.Inboxes) != 2 || boxes.Inboxes[0].Name != "test2" || boxes.Inboxes[0].LastID != r.ID {
		t.Errorf("inboxes %+v", boxes.Inboxes)
	}
	if err := s.store.AddSession(t.Context(), &message.Session{HELO: "lost.example.com"}, "the client left before DATA"); err != nil {
		t.Fatal(err)
	}
	if err := s.store.WaitCommitted(t.Context()); err != nil {
		t.Fatal(err)
	}
	var failed struct{ Sessions []FailedSession }
	s.want(200, "GET", prefix+"/failed-sessions", nil, &failed)
	if len(failed.Sessions) != 1 || failed.Sessions[0].Reason != "the client left before DATA" || failed.Sessions[0].Session.HELO != "lost.example.com" {
		t.Errorf("failed sessions %+v", failed.Sessions)
	}
}

func TestHealthAndMetrics(t *testing.T) {
	s := newSink(t, nil)
	r := s.add(simple("secret subject"))
	s.want(200, "GET", prefix+"/messages?min_seq="+fmt.Sprint(r.Seq), nil, nil)
	s.want(200, "GET", "/livez", nil, nil)
	s.want(200, "GET", "/readyz", nil, nil)
	_, body := s.do("GET", "/metrics", nil)
	text := string(body)
	for _, want := range []string{"postmuster_sink_messages 1\n", "postmuster_sink_acknowledged_total 1\n", "# TYPE postmuster_sink_messages gauge\n", `postmuster_build_info{version="1.2.3"} 1` + "\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("the metrics lack %q", want)
		}
	}
	sample := regexp.MustCompile(`^([a-z_]+)(?:\{[a-z]+="[^"]*"\})? ([0-9.e+-]+|NaN)$`)
	kinds := map[string]string{}
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		switch {
		case strings.HasPrefix(line, "# HELP ") && len(words) > 3:
			kinds[words[2]] = "of no type"
		case strings.HasPrefix(line, "# TYPE ") && len(words) == 4 && kinds[words[2]] == "of no type":
			kinds[words[2]] = words[3]
		default:
			m := sample.FindStringSubmatch(strings.TrimSuffix(line, "\n"))
			if m == nil || kinds[m[1]] != "gauge" && kinds[m[1]] != "counter" || (kinds[m[1]] == "counter") != strings.HasSuffix(m[1], "_total") {
				t.Errorf("%q is no sample of a metric that was described", line)
			}
		}
	}
	if strings.Contains(text, "secret") || strings.Contains(text, "example") {
		t.Error("the metrics tell of messages")
	}
	s.store.Close()
	s.want(503, "GET", "/readyz", nil, nil)
	s.want(503, "GET", prefix+"/messages", nil, nil)
}

func TestNotReadyWhileTheIndexIsMade(t *testing.T) {
	err := caughtUp(store.Stats{CatchingUp: true, IndexedSeq: 3, Seq: 7})
	if err == nil || !strings.Contains(err.Error(), "it has 3 messages of 7") {
		t.Errorf("%v, want how far the index is", err)
	}
	if err := caughtUp(store.Stats{Seq: 7}); err != nil {
		t.Error(err)
	}
}
