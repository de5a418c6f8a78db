package web

import (
	"strings"

	nethtml "golang.org/x/net/html"
)

// maxSpans bounds the elements of a page of source.
const maxSpans = 20_000

// htmlSpans marks up HTML source. The text of all spans together is the source.
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
			spans = append(spans, span{Class: "comment", Text: raw})
		default:
			spans = append(spans, span{Text: raw})
		}
	}
	if read < len(source) {
		spans = append(spans, span{Text: source[read:]})
	}
	return spans
}

// marked marks a place in spans whose texts together are what it is a place in.
func marked(spans []span, m mark) []span {
	var out []span
	at := 0
	for _, s := range spans {
		from, to := min(max(m.Start-at, 0), len(s.Text)), min(max(m.End-at, 0), len(s.Text))
		at += len(s.Text)
		for _, piece := range []span{{s.Class, s.Mark, s.Text[:from]}, {s.Class, true, s.Text[from:max(from, to)]}, {s.Class, s.Mark, s.Text[max(from, to):]}} {
			if piece.Text != "" {
				out = append(out, piece)
			}
		}
	}
	return out
}

// tagSpans marks up one tag: its name, the names of attributes, and their values.
func tagSpans(raw string) []span {
	end := strings.IndexAny(raw, " \t\r\n\f")
	if end < 0 {
		return []span{{Class: "tag", Text: raw}}
	}
	spans := []span{{Class: "tag", Text: raw[:end]}}
	rest := raw[end:]
	for rest != "" {
		i := strings.IndexByte(rest, '=')
		if i < 0 || i+1 >= len(rest) {
			break
		}
		stop := valueEnd(rest, i+1)
		spans = append(spans, span{Class: "attr", Text: rest[:i+1]}, span{Class: "value", Text: rest[i+1 : stop]})
		rest = rest[stop:]
	}
	return append(spans, span{Class: "tag", Text: rest})
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
