package web

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// A previewView is the HTML tab: the frame that shows the message, and what was
// kept from it.
type previewView struct {
	HasHTML bool
	Frame   string // path
	Width   string // "phone", "tablet" or "desktop"
	Scheme  string // "light", "dark" or "inverted"
	Widths  []choice
	Schemes []choice

	Remote     []string // images and the like that the message would fetch
	MoreRemote int
	MayAsk     bool   // the reader may have them fetched
	AskPath    string // to do so, or to stop
	Asked      bool
	DarkStyles bool // the message has styles of its own for dark
	Missing    int  // cid: references without a part
	Links      []link
	MoreLinks  int
	Cut        int
}

type choice struct {
	Name, Label, Path string
	On                bool
}

var (
	widths  = [][2]string{{"desktop", "Desktop"}, {"tablet", "Tablet"}, {"phone", "Phone"}}
	schemes = [][2]string{{"light", "Light"}, {"dark", "Dark"}, {"inverted", "Inverted"}}
)

// maxFrame is how much HTML is shown in a frame: Gmail clips a message at 102 kB.
const maxFrame = 5 << 20

func (v *view) preview(query url.Values) (any, error) {
	part := v.htmlPart()
	if part == nil {
		return previewView{}, nil
	}
	options := frameOptions(query)
	text, cut := clip(part.Text, maxFrame)
	f := newFrame(v.tree, options)
	f.write(text)
	view := previewView{
		HasHTML: true, Width: pick(widths, query.Get("w")), Scheme: options.scheme, Remote: f.remote, MoreRemote: f.moreRemote,
		MayAsk: v.page.config.RemoteImages, Asked: options.images, DarkStyles: f.darkStyles, Missing: f.missing,
		Links: f.links, MoreLinks: f.moreLinks, Cut: cut,
	}
	path := func(tab, key, value string) string {
		q := url.Values{}
		for _, k := range []string{"q", "w", "scheme", "images"} {
			if query.Has(k) {
				q.Set(k, query.Get(k))
			}
		}
		q.Set(key, value)
		return v.page.paths.message(v.id, tab, "") + "?" + q.Encode()
	}
	view.Frame = fmt.Sprintf("%s?%s", v.page.paths.message(v.id, "frame", ""), url.Values{"scheme": {view.Scheme}, "images": {query.Get("images")}}.Encode())
	view.AskPath = path("html", "images", map[bool]string{true: "", false: "1"}[options.images])
	for _, w := range widths {
		view.Widths = append(view.Widths, choice{w[0], w[1], path("html", "w", w[0]), w[0] == view.Width})
	}
	for _, s := range schemes {
		view.Schemes = append(view.Schemes, choice{s[0], s[1], path("html", "scheme", s[0]), s[0] == view.Scheme})
	}
	return view, nil
}

// pick returns the choice of the name, or the first.
func pick(choices [][2]string, name string) string {
	for _, c := range choices {
		if c[0] == name {
			return name
		}
	}
	return choices[0][0]
}

func frameOptions(query url.Values) options {
	return options{scheme: pick(schemes, query.Get("scheme")), images: query.Get("images") == "1"}
}

// serveFrame serves a message's HTML as a page of an opaque origin: sandboxed by
// its own policy, wherever it is shown, without scripts, forms, frames, plug-ins or
// anything from elsewhere. Its own images come inside it, as data.
func (p *Page) serveFrame(w http.ResponseWriter, r *http.Request) error {
	v, done, err := p.view(r, r.PathValue("id"))
	if err != nil {
		return err
	}
	defer done()
	part := v.htmlPart()
	if part == nil {
		return &statusError{http.StatusNotFound, "The message has no HTML."}
	}
	o := frameOptions(r.URL.Query())
	o.images = o.images && p.config.RemoteImages
	text, _ := clip(part.Text, maxFrame)
	f := newFrame(v.tree, o)
	f.write(text)
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", framePolicy(o.images))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-DNS-Prefetch-Control", "off")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	done()
	_, err = w.Write(f.out.Bytes())
	return ignoreGone(err)
}

func framePolicy(images bool) string {
	sources := "data:"
	if images {
		sources = "data: https: http:"
	}
	return strings.Join([]string{
		"sandbox", "default-src 'none'", "img-src " + sources, "style-src 'unsafe-inline'", "font-src data:",
		"form-action 'none'", "base-uri 'none'", "frame-ancestors 'self'",
	}, "; ")
}
