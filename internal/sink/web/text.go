package web

import (
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/postmuster/postmuster/internal/message"
)

// maxShown is how much of one text is put into a page: two hundred screens. More
// makes browsers slow, and can be had as a file.
const maxShown = 256 << 10

// A textBlock is a part as text.
type textBlock struct {
	Part      *message.Part
	Text      string
	Spans     []span // when it is marked up; Text is empty then
	Cut       int    // bytes left out
	MediaType string
}

func (v *view) text(url.Values) (any, error) {
	var blocks []textBlock
	room := maxShown
	for _, part := range v.textParts() {
		text, cut := clip(part.Text, room)
		room -= len(text)
		blocks = append(blocks, textBlock{Part: part, Text: shown(strings.ReplaceAll(text, "\r\n", "\n")), Cut: cut, MediaType: part.MediaType})
	}
	return blocks, nil
}

// source shows the HTML, with a place marked if one is asked for.
func (v *view) source(query url.Values) (any, error) {
	part := v.htmlPart()
	if part == nil {
		return (*textBlock)(nil), nil
	}
	text, cut := clip(part.Text, maxShown)
	start := min(number(query.Get("at"), 0), len(text))
	end := min(start+min(number(query.Get("len"), 0), maxShown), len(text))
	unix := func(s string) string { return strings.ReplaceAll(s, "\r\n", "\n") }
	spans := marked(htmlSpans(unix(text)), mark{len(unix(text[:start])), len(unix(text[:end]))})
	for i := range spans {
		spans[i].Text = shown(spans[i].Text)
	}
	return &textBlock{Part: part, Spans: spans, Cut: cut, MediaType: part.MediaType}, nil
}

// clip returns the beginning of a text, and how many bytes follow it.
func clip(s string, limit int) (string, int) {
	if len(s) <= limit {
		return s, 0
	}
	cut := max(limit, 0)
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut], len(s) - cut
}
