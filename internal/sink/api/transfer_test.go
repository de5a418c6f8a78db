package api

import (
	"archive/zip"
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/url"
	"strings"
	"testing"

	"github.com/postmuster/postmuster/internal/message"
	"github.com/postmuster/postmuster/internal/sink/store"
)

// exported are messages that a format could spoil.
var exported = []string{
	simple("plain"),
	"From: a@example.com\nSubject: from lines\n\nFrom here on\n>From there\n\nFrom a@example.com Thu Jan  1 00:00:00 1970\n",
	"Subject: no line end\n\nx",
	"not a header at all",
}

func TestExportAsZipHasTheExactBytes(t *testing.T) {
	s := newSink(t, nil)
	var ids []string
	for _, raw := range exported {
		ids = append(ids, s.add(raw).ID)
	}
	last := s.add("Subject: ../../etc/passwd\nMessage-ID: <../../x@example.com>\n\nx\n")
	res, body := s.do("GET", prefix+"/export?query=-passwd&min_seq="+fmt.Sprint(last.Seq), nil)
	if res.StatusCode != 200 || res.Header.Get("Content-Disposition") != "attachment; filename=messages.zip" {
		t.Fatalf("%d %v", res.StatusCode, res.Header)
	}
	z, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		t.Fatal(err)
	}
	if len(z.File) != len(exported) {
		t.Fatalf("%d files, want %d", len(z.File), len(exported))
	}
	for i, f := range z.File {
		if f.Name != ids[i]+".eml" {
			t.Errorf("file %q, want the ID of the message", f.Name)
		}
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(r)
		if err != nil || string(got) != crlf(exported[i]) {
			t.Errorf("message %d came back as %q, %v", i, got, err)
		}
	}
}

func TestAnMboxIsExportedAndImported(t *testing.T) {
	from, to := newSink(t, nil), newSink(t, nil)
	for _, raw := range exported[:2] {
		from.add(raw)
	}
	last := from.add(exported[0])
	_, mbox := from.do("GET", prefix+"/export?format=mbox&min_seq="+fmt.Sprint(last.Seq), nil)
	var in struct {
		Receipt
		Messages []Receipt
	}
	to.want(201, "POST", prefix+"/messages?rcpt=bob@example.net", string(mbox), &in, "Content-Type: application/mbox")
	if len(in.Messages) != 3 || in.Receipt != in.Messages[2] {
		t.Fatalf("imported %+v", in)
	}
	for i, raw := range []string{exported[0], exported[1], exported[0]} {
		if _, got := to.do("GET", prefix+"/messages/"+in.Messages[i].ID+"/raw", nil); string(got) != crlf(raw) {
			t.Errorf("message %d came back as %q", i, got)
		}
	}
	res, body := to.do("POST", prefix+"/messages", "no mbox", "Content-Type: application/mbox")
	wantProblem(t, res, body, 422)
}

// A path or two would be other commands and fields where it is used later.
func TestImportTakesNoBrokenEnvelope(t *testing.T) {
	s := newSink(t, nil)
	for _, query := range []string{
		"from=" + url.QueryEscape("a@example.com\r\nRCPT TO:<c@example.com>"), "rcpt=" + url.QueryEscape("a@example.com> SIZE=1"),
		"rcpt=" + url.QueryEscape("a@example.com\nX-Injected: 1"),
	} {
		res, body := s.do("POST", prefix+"/messages?"+query, simple("x"), "Content-Type: message/rfc822")
		wantProblem(t, res, body, 422)
	}
	var list listPage
	s.want(200, "GET", prefix+"/messages", nil, &list)
	if len(list.Messages) != 0 {
		t.Errorf("received %s", subjects(list.Messages))
	}
}

func FuzzMbox(f *testing.F) {
	f.Add("From: a@example.com\r\n\r\nFrom x\r\n>From y\r\n\r\n")
	f.Add("Subject: x\n\n>>From z")
	f.Fuzz(func(t *testing.T, raw string) {
		if !strings.HasPrefix(raw, "Subject: ") || !strings.HasSuffix(raw, "\n") {
			raw = "Subject: " + raw + "\n" // an mbox has no message without a field, nor one that ends inside a line
		}
		var b bytes.Buffer
		m := &mboxArchive{bufio.NewWriter(&b)}
		record, want := &store.Record{MailFrom: "a@example.com"}, []byte(raw)
		for range 2 {
			if err := m.add(record, want); err != nil {
				t.Fatal(err)
			}
		}
		n := 0
		for got, err := range message.ReadMbox(&b, "mbox") {
			if err != nil {
				t.Skip() // header sections that the reader of files takes for none
			}
			if n++; !bytes.Equal(got.Raw, want) {
				t.Errorf("%q came back as %q", want, got.Raw)
			}
		}
		if n != 2 {
			t.Errorf("%d messages came back of %q", n, raw)
		}
	})
}
