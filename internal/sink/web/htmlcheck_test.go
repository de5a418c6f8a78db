package web

import (
	"fmt"
	"strings"
	"testing"

	nethtml "golang.org/x/net/html"
)

const newsletter = "Content-Type: text/html; charset=utf-8\n\n<p>Hello</p>\n<div style=\"color:#333; display: grid\">a</div>\n<p style=\"border-radius:3px\">b</p>\n"

// texts returns the text of every element of a name.
func texts(doc *nethtml.Node, name string) []string {
	var out []string
	for n := range doc.Descendants() {
		if n.Type != nethtml.ElementNode || n.Data != name {
			continue
		}
		var b strings.Builder
		for inside := range n.Descendants() {
			if inside.Type == nethtml.TextNode {
				b.WriteString(inside.Data)
			}
		}
		out = append(out, b.String())
	}
	return out
}

func TestHTMLCheckShowsThePlaceAndWhatToDo(t *testing.T) {
	s := newSite(t)
	id := s.receive(newsletter)
	body := s.get("/messages/" + id + "/html-check").Body.String()
	doc := parsePage(t, body)
	if got := texts(doc, "mark"); len(got) < 2 || got[0] != "display: grid" || got[1] != "border-radius:3px" {
		t.Errorf("marked are %q, want what is used, the worst first", got)
	}
	for _, want := range []string{"line 2", "not in 7", "Outlook", "Lay out with tables", "whose lack only makes it plainer", "caniemail.com", "All clients weigh the same"} {
		if !strings.Contains(body, want) {
			t.Errorf("%q is not on the page", want)
		}
	}
	for _, n := range texts(doc, "pre") {
		if strings.ContainsAny(n, "\u240a\u240d") {
			t.Errorf("the end of a decoded line is shown as if it were something: %q", n)
		}
	}
}

func TestHTMLCheckHasABadge(t *testing.T) {
	s := newSite(t)
	for text, want := range map[string]bool{newsletter: true, "Subject: x\n\nplain\n": false} {
		body := s.get("/messages/" + s.receive(text) + "/text").Body.String()
		if got := strings.Contains(body, " %</span></a>"); got != want {
			t.Errorf("a badge with per cent is on the tabs: %v, want %v, for\n%s", got, want, text)
		}
	}
}

func TestSourceMarksThePlace(t *testing.T) {
	s := newSite(t)
	id := s.receive("Content-Type: text/html; charset=utf-8\n\n<p>é</p>\n<b style='color:red'>x</b>\n")
	text := "<p>é</p>\r\n<b style='color:red'>x</b>\n"
	at := strings.Index(text, "color")
	v := s.get(fmt.Sprintf("/messages/%s/source?at=%d&len=%d", id, at, len("color:red"))).Body.String()
	if got := texts(parsePage(t, v), "mark"); strings.Join(got, "") != "color:red" {
		t.Errorf("marked is %q, want the declaration", got)
	}
	for _, query := range []string{"?at=999999&len=9", "?at=5&len=999999999", "?at=-1&len=-1", "?at=4&len=1"} {
		if w := s.get("/messages/" + id + "/source" + query); w.Code != 200 {
			t.Errorf("%s answers %d", query, w.Code)
		}
	}
}

func TestNotesAreReadable(t *testing.T) {
	var text strings.Builder
	for _, s := range markdown("Use `<b>`. See [the bug](https://example.com/1).") {
		text.WriteString("[" + s.Class + ":" + s.Text + "]")
	}
	if got, want := text.String(), "[:Use ][mono:<b>][:. See the bug.]"; got != want {
		t.Errorf("the note reads %s, want %s", got, want)
	}
}
