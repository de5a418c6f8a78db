package api

import (
	"encoding/base64"
	"strings"

	"golang.org/x/net/html"

	"github.com/postmuster/postmuster/internal/message"
)

// maxInlined bounds the images that are put into a view: each time they are named.
const maxInlined = 16 << 20

// withImages puts the images of a message that its HTML names by cid: into it, so
// that the view need not ask for anything.
func withImages(source string, tree *message.Tree) string {
	images := map[string]*message.Part{}
	for _, p := range tree.Parts {
		if p.ContentID != "" && strings.HasPrefix(p.MediaType, "image/") && safeType(p.MediaType) == p.MediaType {
			images[p.ContentID] = p
		}
	}
	if len(images) == 0 {
		return source
	}
	var b strings.Builder
	left := maxInlined
	z := html.NewTokenizer(strings.NewReader(source))
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			return b.String()
		}
		raw := string(z.Raw())
		if kind != html.StartTagToken && kind != html.SelfClosingTagToken {
			b.WriteString(raw)
			continue
		}
		token := z.Token()
		if !inline(&token, images, &left) {
			b.WriteString(raw)
			continue
		}
		b.WriteString(token.String())
	}
}

// inline replaces cid: in the attributes of a tag, and reports whether it did.
func inline(token *html.Token, images map[string]*message.Part, left *int) bool {
	changed := false
	for i := range token.Attr {
		attr := &token.Attr[i]
		cid, ok := strings.CutPrefix(attr.Val, "cid:")
		if !ok || attr.Key != "src" && attr.Key != "background" {
			continue
		}
		p := images[cid]
		if p == nil || len(p.Body) > *left {
			continue
		}
		*left -= len(p.Body)
		attr.Val = "data:" + p.MediaType + ";base64," + base64.StdEncoding.EncodeToString(p.Body)
		changed = true
	}
	return changed
}
