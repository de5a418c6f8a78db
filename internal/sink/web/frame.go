package web

import (
	"bytes"
	"encoding/base64"
	"html"
	"net/url"
	"regexp"
	"slices"
	"strings"

	nethtml "golang.org/x/net/html"

	"github.com/postmuster/postmuster/internal/message"
)

// The bounds of what a frame is made of.
const (
	maxInline    = 20 << 20 // of images inside it, together: more than mailbox providers let in
	maxRemote    = 100      // addresses listed
	maxLinks     = 200
	maxLinkBytes = 2000 // of an address that is shown
)

type options struct {
	scheme string
	images bool // remote images were asked for
}

// A link is where a message leads, and what it says there.
type link struct {
	Text, URL string
	Open      bool // a browser may be sent there
}

// A frame is a message's HTML made ready to be shown. It is not sanitised, for
// then it would not look as it does to its reader: what makes it harmless is the
// policy that it is served with. Left out is only what acts before or beside such
// a policy: link (a browser may connect at once), meta and base.
type frame struct {
	options options
	out     bytes.Buffer
	images  map[string]*message.Part // by Content-ID
	room    int                      // for images

	begun      bool // what we add was written
	raw        string
	linkDepth  int
	remote     []string
	moreRemote int
	links      []link
	moreLinks  int
	missing    int
	darkStyles bool
}

func newFrame(tree *message.Tree, o options) *frame {
	f := &frame{options: o, images: map[string]*message.Part{}, room: maxInline}
	for _, part := range tree.Parts {
		if part.ContentID != "" && strings.HasPrefix(part.MediaType, "image/") {
			f.images[part.ContentID] = part
		}
	}
	return f
}

// write writes the HTML. What is not changed is copied byte for byte.
func (f *frame) write(text string) {
	z := nethtml.NewTokenizer(strings.NewReader(text))
	for {
		switch kind := z.Next(); kind {
		case nethtml.ErrorToken:
			f.begin()
			return
		case nethtml.StartTagToken, nethtml.SelfClosingTagToken:
			f.tag(z)
		case nethtml.EndTagToken:
			raw := string(z.Raw())
			if f.raw = ""; strings.HasPrefix(strings.ToLower(raw), "</a") {
				f.linkDepth = 0
			}
			f.out.WriteString(raw)
		case nethtml.DoctypeToken:
			f.out.Write(z.Raw())
		default:
			f.text(string(z.Raw()), kind)
		}
	}
}

// hidden are tags that another parser than this one may see where this one sees
// text: inside a style in an SVG, or a comment that ends elsewhere.
var hidden = regexp.MustCompile(`(?i)<(link|meta|base)`)

func (f *frame) text(raw string, kind nethtml.TokenType) {
	if kind == nethtml.TextToken && strings.TrimSpace(raw) != "" {
		f.begin()
	}
	if f.raw == "style" {
		raw = f.style(raw)
	}
	f.out.WriteString(hidden.ReplaceAllString(raw, "<x-$1"))
	if n := len(f.links); kind == nethtml.TextToken && f.linkDepth > 0 && n > 0 && len(f.links[n-1].Text) < 200 {
		f.links[n-1].Text = strings.TrimSpace(f.links[n-1].Text + " " + strings.TrimSpace(html.UnescapeString(raw)))
	}
}

func (f *frame) tag(z *nethtml.Tokenizer) {
	raw := string(z.Raw())
	token := z.Token()
	if token.Data == "noscript" { // is read as markup where scripts do not run
		z.NextIsNotRawText()
	}
	f.raw = token.Data
	switch token.Data {
	case "html":
		f.out.WriteString(raw)
		return
	case "head":
		f.out.WriteString(raw)
		f.begin()
		return
	}
	f.begin()
	switch token.Data {
	case "link":
		if rel := attribute(token, "rel"); strings.Contains(strings.ToLower(rel), "stylesheet") {
			f.seen(attribute(token, "href"))
		}
		return
	case "base":
		return
	case "meta":
		if name := strings.ToLower(attribute(token, "name")); name == "color-scheme" || name == "supported-color-schemes" {
			f.darkStyles = f.darkStyles || strings.Contains(attribute(token, "content"), "dark")
		} else if name != "viewport" {
			return
		}
	case "a", "area":
		f.link(token)
	}
	// A tag inside a tag is one only for another parser than this one.
	if f.attributes(&token) || strings.Contains(raw[1:], "<") {
		raw = token.String()
	}
	f.out.WriteString(raw)
}

// begin writes what we add, once, behind what may come before it: a doctype must
// stay the first thing, for the page's mode depends on it.
func (f *frame) begin() {
	if f.begun {
		return
	}
	f.begun = true
	f.out.WriteString(`<base target="_blank">`) // a new window, which the sandbox does not let open
	switch f.options.scheme {
	case "dark":
		f.out.WriteString(`<style>:root{color-scheme:light dark}</style>`)
	case "inverted":
		f.out.WriteString(`<style>html{background:#fff!important;filter:invert(1) hue-rotate(180deg)!important}img,video,[background]{filter:invert(1) hue-rotate(180deg)!important}</style>`)
	}
}

// fetching are attributes whose address a browser fetches by itself.
var fetching = map[string]bool{"src": true, "background": true, "poster": true, "data": true, "srcset": true, "lowsrc": true, "dynsrc": true}

// frames are elements that show or run something of their own, which the policy
// refuses whatever it is.
var frames = map[string]bool{"iframe": true, "frame": true, "object": true, "embed": true, "script": true}

// leads are elements that lead somewhere when they are clicked. The sandbox lets
// them go nowhere, but a browser may connect to where they lead as soon as it is
// pointed at them.
var leads = map[string]bool{"a": true, "area": true}

// nowhere is where they lead instead, so that they still look like links.
const nowhere = "about:blank"

// attributes changes those of a tag that need it, and reports whether any did.
func (f *frame) attributes(token *nethtml.Token) (changed bool) {
	kept := token.Attr[:0]
	for _, a := range token.Attr {
		key, value := strings.ToLower(a.Key), a.Val
		switch {
		case key == "target", key == "ping", key == "download":
			changed = true
			continue
		case key == "href" || key == "xlink:href":
			if leads[token.Data] && !strings.HasPrefix(value, "#") {
				a.Val = nowhere
			}
		case key == "style":
			a.Val = f.style(value)
		case key == "media":
			a.Val = f.scheme(value)
		case frames[token.Data] && key == "srcdoc": // a page in the page, with links of its own
			changed = true
			continue
		case frames[token.Data] && fetching[key]:
			f.seen(value)
			changed = true
			continue
		case fetching[key] && hasCID(value):
			a.Val = f.inline(value)
		case fetching[key]:
			f.seen(value)
		}
		changed = changed || a.Val != value
		kept = append(kept, a)
	}
	token.Attr = kept
	return changed
}

var (
	cssURL    = regexp.MustCompile(`(?i)url\(\s*['"]?([^'")\s]+)['"]?\s*\)`)
	cssImport = regexp.MustCompile(`(?i)@import\s+['"]([^'"]+)['"]`)
	cssScheme = regexp.MustCompile(`(?i)\(\s*prefers-color-scheme\s*:\s*(dark|light)\s*\)`)
)

// style changes the text of a style: images of the message's own, and the answer
// to whether its reader prefers dark.
func (f *frame) style(css string) string {
	for _, m := range cssImport.FindAllStringSubmatch(css, maxRemote) {
		f.seen(m[1])
	}
	css = cssURL.ReplaceAllStringFunc(css, func(s string) string {
		u := cssURL.FindStringSubmatch(s)[1]
		if hasCID(u) {
			return `url("` + f.inline(u) + `")`
		}
		f.seen(u)
		return s
	})
	return f.scheme(css)
}

// scheme decides the media query in the text, for the frame has no way to ask
// for the scheme that it should be shown in: (min-width:0) is true, not all is not.
func (f *frame) scheme(css string) string {
	return cssScheme.ReplaceAllStringFunc(css, func(s string) string {
		wants := strings.ToLower(cssScheme.FindStringSubmatch(s)[1])
		f.darkStyles = f.darkStyles || wants == "dark"
		if (wants == "dark") == (f.options.scheme == "dark") {
			return "(min-width:0px)"
		}
		return "(max-width:0px)"
	})
}

func hasCID(u string) bool { return len(u) > 4 && strings.EqualFold(u[:4], "cid:") }

// inline returns the image that a cid: address names, as data: the frame's origin
// is opaque and may not ask us for anything either.
func (f *frame) inline(address string) string {
	id := address[4:]
	if decoded, err := url.PathUnescape(id); err == nil {
		id = decoded // RFC 2392 §2
	}
	part := f.images[id]
	if part == nil || len(part.Body) > f.room {
		f.missing++
		return address
	}
	f.room -= len(part.Body)
	return "data:" + part.MediaType + ";base64," + base64.StdEncoding.EncodeToString(part.Body)
}

// seen notes an address that the message would have fetched.
func (f *frame) seen(address string) {
	address = strings.TrimSpace(address)
	u, err := url.Parse(address)
	if err == nil && u.Host == "" && u.Scheme != "http" && u.Scheme != "https" {
		return // data:, or relative to nothing
	}
	address, _ = clip(address, maxLinkBytes)
	switch {
	case slices.Contains(f.remote, address):
	case len(f.remote) < maxRemote:
		f.remote = append(f.remote, address)
	default:
		f.moreRemote++
	}
}

func (f *frame) link(token nethtml.Token) {
	href := strings.TrimSpace(attribute(token, "href"))
	if href == "" || strings.HasPrefix(href, "#") {
		return
	}
	if len(f.links) >= maxLinks {
		f.moreLinks++
		return
	}
	f.linkDepth = 1
	href, cut := clip(href, maxLinkBytes)
	u, err := url.Parse(href)
	f.links = append(f.links, link{
		URL:  href,
		Open: cut == 0 && err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil,
	})
}

func attribute(token nethtml.Token, name string) string {
	for _, a := range token.Attr {
		if strings.EqualFold(a.Key, name) {
			return a.Val
		}
	}
	return ""
}
