package facts

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postmuster/postmuster/internal/message"
)

func htmlOf(text string) HTMLBody {
	return readHTML(&message.Part{MediaType: "text/html", Text: text})
}

func TestReadHTML(t *testing.T) {
	for _, test := range []struct{ name, html, visible, links string }{
		{"text and a link", `<p>See <a href="https://example.com/">our <b>shop</b></a>.</p>`, "See our shop .", "our shop"},
		{"style and title are not shown", `<title>t</title><style>p{}</style><p>x`, "x", ""},
		{"a style that does not end hides the rest", `<p>x<style>p{}<p>y`, "x", ""},
		{"entities", `a &amp; b&nbsp;c`, "a & b c", ""},
		{"a comment", `a<!-- b -->c`, "ac", ""},
		{"a link that does not end", `<a href="x">one<a href="y">two`, "one two", "one|two"},
		{"less-than signs", `a < b`, "a < b", ""},
	} {
		body := htmlOf(test.html)
		if got := strings.Join(strings.Fields(body.Visible), " "); got != test.visible {
			t.Errorf("%s: visible text is %q, want %q", test.name, got, test.visible)
		}
		var links []string
		for _, e := range body.Elements {
			if e.Name == "a" {
				links = append(links, e.Text)
			}
		}
		if diff := cmp.Diff(test.links, strings.Join(links, "|")); diff != "" {
			t.Errorf("%s: links (-want +got):\n%s", test.name, diff)
		}
	}
}

// FuzzReadHTML: hostile HTML costs no more than its length allows.
func FuzzReadHTML(f *testing.F) {
	f.Add(`<a href="x">y</a><style><!--</style><p title='`)
	f.Fuzz(func(t *testing.T, text string) {
		body := htmlOf(text)
		if len(body.Visible) > 3*len(text)+3 {
			t.Errorf("the visible text of %d octets has %d", len(text), len(body.Visible))
		}
	})
}
