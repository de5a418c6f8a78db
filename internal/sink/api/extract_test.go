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

func FuzzBodies(f *testing.F) {
	f.Add([]byte(crlf(related)))
	f.Fuzz(func(_ *testing.T, raw []byte) {
		tree := message.Parse(raw)
		_, html := bodies(tree)
		withImages(html, tree)
	})
}
