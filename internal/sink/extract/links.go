// Package extract takes out of a message what a test or a reader looks for in it:
// where its links lead, and one-time codes. It fetches nothing.
package extract

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html"

	"github.com/postmuster/postmuster/internal/message"
)

// What is extracted from one message at most.
const (
	MaxLinks     = 1000
	maxCodes     = 20
	maxExtracted = 1 << 20 // bytes of all parts that are looked at
	maxMatches   = 2000    // that look like codes at first
	maxText      = 300     // bytes of a link's text
)

// A Link is a link of a message.
type Link struct {
	URL  string
	Text string // what a reader sees of it, in HTML
	Part string // the path of the part it is in
}

// Links returns the links of all parts that are read, each once per part.
func Links(tree *message.Tree) []Link {
	var links []Link
	seen := map[[2]string]bool{}
	for _, p := range readable(tree) {
		found := textLinks(p)
		if p.mediaType == "text/html" {
			found = htmlLinks(p)
		}
		for _, l := range found {
			if key := [2]string{l.Part, l.URL}; !seen[key] && len(links) < MaxLinks {
				seen[key] = true
				links = append(links, l)
			}
		}
	}
	return links
}

// Images returns the images that the HTML of a message has fetched when it is
// shown, each once.
func Images(tree *message.Tree) []Link {
	var images []Link
	seen := map[string]bool{}
	for _, p := range readable(tree) {
		if p.mediaType != "text/html" {
			continue
		}
		for _, l := range htmlImages(p) {
			if !seen[l.URL] && len(images) < MaxLinks {
				seen[l.URL] = true
				images = append(images, l)
			}
		}
	}
	return images
}

func htmlImages(p page) (images []Link) {
	z := html.NewTokenizer(strings.NewReader(p.text))
	for len(images) < MaxLinks {
		switch z.Next() {
		case html.ErrorToken:
			return images
		case html.StartTagToken, html.SelfClosingTagToken:
			token := z.Token()
			for _, a := range token.Attr {
				shows := a.Key == "background" || a.Key == "src" && token.Data == "img"
				if url := strings.TrimSpace(a.Val); shows && urlInText.MatchString(url) {
					images = append(images, Link{URL: url, Part: p.path})
				}
			}
		}
	}
	return images
}

// A page is a text part that a reader is shown.
type page struct{ path, mediaType, text string }

// readable are the text parts that are no attachments, as far as we look.
func readable(tree *message.Tree) []page {
	var out []page
	left := maxExtracted
	for _, p := range tree.Parts {
		if p.IsText() && !p.IsAttachment() && left > 0 {
			text := p.Text[:min(len(p.Text), left)]
			left -= len(text)
			out = append(out, page{p.Path, p.MediaType, text})
		}
	}
	return out
}

var urlInText = regexp.MustCompile(`(?i)\b(?:https?://|mailto:)[^\s<>"]+`)

func textLinks(p page) []Link {
	var links []Link
	for _, url := range urlInText.FindAllString(p.text, MaxLinks) {
		links = append(links, Link{URL: trimURL(url), Part: p.path})
	}
	return links
}

// trimURL takes away the punctuation of the sentence that an address ends, and
// brackets that were opened in front of it.
func trimURL(url string) string {
	round := strings.Count(url, ")") - strings.Count(url, "(")
	square := strings.Count(url, "]") - strings.Count(url, "[")
	for n := len(url); n > 0; n-- {
		switch c := url[n-1]; {
		case strings.IndexByte(".,;:!?'*", c) >= 0:
		case c == ')' && round > 0:
			round--
		case c == ']' && square > 0:
			square--
		default:
			return url[:n]
		}
	}
	return ""
}

// htmlLinks returns where a reader may click.
func htmlLinks(p page) (links []Link) {
	open := -1 // the link whose text is being read
	z := html.NewTokenizer(strings.NewReader(p.text))
	defer func() {
		for i := range links {
			links[i].Text = clip(strings.Join(strings.Fields(links[i].Text), " "))
		}
	}()
	for len(links) < MaxLinks {
		switch z.Next() {
		case html.ErrorToken:
			return links
		case html.TextToken:
			if open >= 0 && len(links[open].Text) < 2*maxText {
				links[open].Text += string(z.Text())
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			name, more := z.TagName()
			if tag := string(name); tag == "a" || tag == "area" {
				if url := attribute(z, more, "href"); url != "" {
					links = append(links, Link{URL: url, Part: p.path})
					open = len(links) - 1
				}
			}
		case html.EndTagToken:
			if name, _ := z.TagName(); string(name) == "a" {
				open = -1
			}
		}
	}
	return links
}

func attribute(z *html.Tokenizer, more bool, name string) string {
	for more {
		var key, value []byte
		key, value, more = z.TagAttr()
		if string(key) == name {
			return strings.TrimSpace(string(value))
		}
	}
	return ""
}

// clip shortens a text that is shown to a reader.
func clip(s string) string {
	if len(s) <= maxText {
		return s
	}
	n := maxText
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}
