package store

import (
	"strings"

	"golang.org/x/net/html"

	"github.com/postmuster/postmuster/internal/message"
)

// What a message has, as bits of the column contents.
const (
	hasInline = 1 << iota // a part that is shown within others
	hasHTML
	hasLink
)

// contentBits are the words behind has: for them.
var contentBits = map[string]int{"inline": hasInline, "html": hasHTML, "link": hasLink}

// maxFileNames bounds how many names of attachments are searched.
const maxFileNames = 100

// fromContents notes what kinds of parts there are, and the names of files.
func (s *summary) fromContents(tree *message.Tree) {
	var names []string
	for _, p := range tree.Parts {
		named := p.Filename != ""
		switch {
		case p.IsMultipart():
			continue
		case p.IsAttachment():
		case p.MediaType == "text/html":
			s.contents |= hasHTML
		case named || p.ContentID != "":
			s.contents |= hasInline
		}
		if named && len(names) < maxFileNames {
			names = append(names, clip(p.Filename))
		}
	}
	s.files = join(names)
}

// linkIn tells whether a start tag leads somewhere.
func linkIn(z *html.Tokenizer, tag string, more bool) bool {
	if tag != "a" && tag != "area" {
		return false
	}
	for more {
		var key []byte
		if key, _, more = z.TagAttr(); string(key) == "href" {
			return true
		}
	}
	return false
}

// urlIn tells whether plain text has an address that mail programs make a link of.
func urlIn(text string) bool {
	for {
		before, after, ok := strings.Cut(text, "://")
		if !ok {
			return false
		}
		for _, scheme := range []string{"http", "https"} {
			if len(before) >= len(scheme) && strings.EqualFold(before[len(before)-len(scheme):], scheme) {
				return true
			}
		}
		text = after
	}
}
