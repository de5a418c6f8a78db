package api

import (
	"net/url"
	"strings"
	"testing"
)

// Mailpit's words, which are ours where we have them.
func TestMailpitSearches(t *testing.T) {
	s := newSink(t, nil)
	s.add("X-Tags: keep\nCc: Carol <carol@example.org>\nReply-To: help@example.com\n" + simple("one"))
	s.add(strings.ReplaceAll(simple("two"), "To: bob@example.net", "To: dave@example.net"))
	s.add("Content-Type: multipart/related; boundary=b\n" + strings.ReplaceAll(simple("three"), "Hello, Bob.", "--b\nContent-Type: text/html\n\nx\n--b\nContent-Type: image/png\nContent-ID: <a>\n\nx\n--b--"))
	for query, want := range map[string]string{
		"cc:carol": "one", "!cc:carol": "three two", "bcc:bob@example.net": "two", "reply-to:help": "one",
		"is:tagged": "one", "-is:tagged": "three two", "tag:keep": "one", "has:inline": "three", "has:inlines": "three", "-has:attachments": "three two one",
		"addressed:arol": "one", "-addressed:dave": "three one", "addressed:example.com is:tagged": "one",
	} {
		var page struct{ Messages []struct{ Subject string } }
		s.want(200, "GET", "/api/v1/search?query="+url.QueryEscape(query), nil, &page)
		var got []string
		for _, m := range page.Messages {
			got = append(got, m.Subject)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s finds %q, want %s", query, got, want)
		}
	}
}
