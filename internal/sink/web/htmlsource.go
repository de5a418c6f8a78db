package web

import (
	"strings"

	nethtml "golang.org/x/net/html"
)

// maxSpans bounds the elements of a page of source.
const maxSpans = 20_000

// htmlSpans marks up HTML source for a reader. The text of all spans together is
// the source.
func htmlSpans(source string) []span {
	z := nethtml.NewTokenizer(strings.NewReader(source))
	var spans []span
	read := 0
	for len(spans) < maxSpans {
		kind := z.Next()
		if kind == nethtml.ErrorToken {
			break
		}
		raw := string(z.Raw())
		read += len(raw)
		switch kind {
		case nethtml.StartTagToken, nethtml.SelfClosingTagToken, nethtml.EndTagToken:
			spans = append(spans, tagSpans(raw)...)
		case nethtml.CommentToken, nethtml.DoctypeToken:
			spans = append(spans, span{Class: "comment", Text: shown(raw)})
		default:
			spans = append(spans, span{Text: shown(raw)})
		}
	}
	if read < len(source) {
		spans = append(spans, span{Text: shown(source[read:])})
	}
	return spans
}

// tagSpans marks up one tag: its name, the names of attributes, and their values.
func tagSpans(raw string) []span {
	end := strings.IndexAny(raw, " \t\r\n\f")
	if end < 0 {
		return []span{{Class: "tag", Text: shown(raw)}}
	}
	spans := []span{{Class: "tag", Text: shown(raw[:end])}}
	rest := raw[end:]
	for rest != "" {
		i := strings.IndexByte(rest, '=')
		if i < 0 || i+1 >= len(rest) {
			break
		}
		stop := valueEnd(rest, i+1)
		spans = append(spans, span{Class: "attr", Text: shown(rest[:i+1])}, span{Class: "value", Text: shown(rest[i+1 : stop])})
		rest = rest[stop:]
	}
	return append(spans, span{Class: "tag", Text: shown(rest)})
}

// valueEnd returns where the attribute value ends that begins at i.
func valueEnd(s string, i int) int {
	if s[i] == '"' || s[i] == '\'' {
		if j := strings.IndexByte(s[i+1:], s[i]); j >= 0 {
			return i + 1 + j + 1
		}
		return len(s)
	}
	if j := strings.IndexAny(s[i:], " \t\r\n\f>"); j >= 0 {
		return i + j
	}
	return len(s)
}
