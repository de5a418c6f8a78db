package api

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postmuster/postmuster/internal/message"
)

func TestLinksOfAMessage(t *testing.T) {
	s := newSink(t, nil)
	r := s.add(strings.Replace(related, "Your code is 123456.\n", "See (https://example.com/a_(b)), or https://example.com/x?y=1.\n", 1))
	var got struct{ Links []Link }
	s.want(200, "GET", prefix+"/messages/"+r.ID+"/links", nil, &got)
	want := []Link{
		{URL: "https://example.com/a_(b)", Part: "1.1.1"}, {URL: "https://example.com/x?y=1", Part: "1.1.1"},
		{URL: "https://app.example.com/verify?t=1&u=2", Text: "Confirm now", Part: "1.1.2"},
	}
	if diff := cmp.Diff(want, got.Links); diff != "" {
		t.Errorf("links (-want +got):\n%s", diff)
	}
}

func TestCodesOfAMessage(t *testing.T) {
	s := newSink(t, nil)
	r := s.add(related)
	var got struct{ Codes []Code }
	s.want(200, "GET", prefix+"/messages/"+r.ID+"/codes", nil, &got)
	if len(got.Codes) != 1 || got.Codes[0].Code != "123456" {
		t.Errorf("codes %+v, want 123456 alone", got.Codes)
	}
}

func TestWhatIsACode(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"Your verification code is 481920.", "481920"},
		{"Enter\n\n  7391  \n\nto sign in", "7391"},
		{"Use code 123-456 to log in. It expires in 10 minutes.", "123456"},
		{"PIN: 0042", "0042"},
		{"Ihr Bestätigungscode lautet 55 12 90", "551290"},
		{"Your one-time password: A1B2C3", "A1B2C3"},
		{"482913 is your Example login code", "482913"},
		{"Order 20261125 was sent on 25.11.2026 for 1234.50 EUR", ""},
		{"Copyright 2026 Example. Your code is 771122", "771122"},
		{"https://example.com/verify?code=123456", ""},
		{"Call us: +49 30 1234567", ""},
		{"no digits here, CODE", ""},
		{"", ""},
	} {
		tree := message.Parse([]byte("Content-Type: text/plain; charset=utf-8\r\n\r\n" + test.text))
		got := ""
		if codes := codesIn("", tree); len(codes) > 0 {
			got = codes[0].Code
		}
		if got != test.want {
			t.Errorf("the code in %q is %q, want %q", test.text, got, test.want)
		}
	}
	if codes := codesIn("998877 is your code", message.Parse(nil)); len(codes) != 1 || codes[0].Code != "998877" {
		t.Errorf("the code in a subject: %+v", codes)
	}
}

func FuzzExtract(f *testing.F) {
	f.Add([]byte(crlf(related)))
	f.Add([]byte("Content-Type: text/html\r\n\r\n<a href=x><area href=y><a href='cid:z'>\x00</a>"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		tree := message.Parse(raw)
		if links := linksIn(tree); len(links) > maxLinks {
			t.Errorf("%d links", len(links))
		}
		for _, c := range codesIn("", tree) {
			if len(c.Code) < 4 || len(c.Code) > 12 {
				t.Errorf("code %q", c.Code)
			}
		}
		_, html := bodies(tree)
		withImages(html, tree)
	})
}
