package htmlsupport

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"
)

func slugs(r *Report) []string {
	var out []string
	for _, u := range r.Uses {
		out = append(out, u.Slug)
	}
	slices.Sort(out)
	return out
}

func TestWhatIsFound(t *testing.T) {
	style := func(css string) string { return "<style>" + css + "</style>" }
	for name, test := range map[string]struct{ html, want string }{
		"elements":                         {"<!DOCTYPE  html><h2>a</h2><ul><li>b</ul><nav></nav>", "html-doctype html-h1-h6 html-lists html-semantics"},
		"another doctype":                  {`<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "x">`, ""},
		"attributes":                       {`<td align=left valign="top" ALIGN=x>`, "html-align html-valign"},
		"a local link and one to write to": {`<a href="#top"><a href="mailto:a@example.com"><a href="#">`, "html-anchor-links html-mailto-links"},
		"fields":                           {`<input><input type=RADIO><button type=button><button>`, "html-button-submit html-input-radio html-input-text"},
		"images":                           {`<img src="https://example.com/a.WEBP?x=.png"><img src="data:image/svg+xml;base64,AA">`, "html-img image-base64 image-svg image-webp"},
		"images of CSS":                    {`<p style="background-image:url('a.avif')">`, "css-background-image html-p image-avif"},
		"linked styles":                    {`<link rel="preload stylesheet" href=x><link rel=icon href=y>`, "html-link"},
		"properties":                       {`<b style="Margin: 0 2px; DISPLAY : flex;-webkit-hyphens:auto;mso-x:1em">`, "css-display-flex css-margin css-unit-px"},
		"entities in a style":              {`<b style="font-family:&quot;A;float:left&quot;;color:red">`, ""},
		"a semicolon in an address":        {`<b style="background:url(data:image/png;base64,float:left)">`, "css-background image-base64 image-png"},
		"units":                            {`<b style="width:1.5em;height:2E1px;top:50%">`, "css-height css-left-right-top-bottom css-unit-em css-unit-percent css-unit-px css-width"},
		"functions":                        {`<b style="width:calc(1vw - var(--x));color:rgba(0,0,0,.5)">`, "css-rgba css-unit-calc css-unit-vw css-variables css-width"},
		"words":                            {`<b style="width:fit-content;font-family:system-ui;color:initial !IMPORTANT">`, "css-important css-intrinsic-size css-sytem-ui css-unit-initial css-width"},
		"selectors":                        {style("a:hover > b::after{} #i.c ~ *{} p, [x=y]{}"), "css-pseudo-class-hover css-pseudo-element-after css-selector-attribute css-selector-chaining css-selector-child css-selector-class css-selector-general-sibling css-selector-grouping css-selector-id css-selector-type css-selector-universal html-style"},
		"a descendant":                     {style(".a .b{}"), "css-selector-class css-selector-descendant html-style"},
		"no descendant":                    {style(" .a , .b {}"), "css-selector-class css-selector-grouping html-style"},
		"inside of :not":                   {style(":not(#a){}"), "css-pseudo-class-not html-style"},
		"media":                            {style("@media (prefers-color-scheme:dark){.a{float:left}}"), "css-at-media css-at-media-prefers-color-scheme css-float css-selector-class html-style"},
		"rules that start with @":          {style("@import 'a';@font-face{font-weight:1;src:url(x)}@keyframes a{from{opacity:0}}"), "css-at-font-face css-at-import css-at-keyframes css-opacity html-style"},
		"nesting":                          {style(".a{float:left;&:hover{clear:both}}"), "css-clear css-float css-nesting css-pseudo-class-hover css-selector-class html-style"},
		"comments":                         {style("/* a{float:left} */") + "<!-- <p> -->", "css-comments html-comments html-style"},
		"a style that never ends":          {"<style>.a{float:left", "css-float css-selector-class html-style"},
		"what is no style":                 {`<title>p{float:left}</title><b>float:left</b>`, ""},
		"a brace too many":                 {style("} .a{float:left}"), "css-float css-selector-class html-style"},
	} {
		if got := slugs(Check(test.html)); strings.Join(got, " ") != test.want {
			t.Errorf("%s: found\n%s, want\n%s", name, strings.Join(got, " "), test.want)
		}
	}
}

// use returns what was found of one feature.
func use(t *testing.T, html, slug string) *Use {
	t.Helper()
	r := Check(html)
	for _, u := range r.Uses {
		if u.Slug == slug {
			return u
		}
	}
	t.Fatalf("%s is not found in %s", slug, html)
	return nil
}

func TestPlaces(t *testing.T) {
	for name, test := range map[string]struct {
		html, slug, want string
		line             int
	}{
		"element":               {"<p>\n<video src=a>", "html-video", "<video src=a>", 2},
		"attribute":             {"<p\n  align = 'left' dir=ltr>", "html-align", "align = 'left'", 2},
		"style attribute":       {"a\r\nb\r\n<p style=\"color:red; float: left ;top:0\">", "css-float", "float: left", 3},
		"style with an entity":  {`<p style="content:&quot;x&quot;;float:left">`, "css-float", "content:&quot;x&quot;;float:left", 1},
		"unquoted style":        {"<p style=float:left>", "css-float", "float:left", 1},
		"style sheet":           {"<style>\n.a {\n  float: left;\n}</style>", "css-float", "float: left", 3},
		"selector":              {"<style>\n.a:hover {\n}</style>", "css-pseudo-class-hover", ".a:hover", 2},
		"unit":                  {"<p style='width: 2rem'>", "css-unit-rem", "2rem", 1},
		"behind other letters":  {"é<p style='float:left'>", "css-float", "float:left", 1},
		"image of a background": {"<p style='background-image:url(a.webp)'>", "image-webp", "url(a.webp)", 1},
	} {
		u := use(t, test.html, test.slug)
		p := u.Places[0]
		if got := test.html[p.Offset:p.End]; got != test.want || p.Line != test.line {
			t.Errorf("%s: the place is %q on line %d, want %q on line %d", name, got, p.Line, test.want, test.line)
		}
	}
}

// Partial support is none of the sender's concern where what is wanting is not used.
func TestPartialSupportDependsOnTheValue(t *testing.T) {
	const gmail, outlook = "gmail.desktop-webmail", "outlook.windows"
	for _, test := range []struct {
		html, slug, client string
		want               Support
	}{
		{`<p style="margin:4px">`, "css-margin", gmail, Yes},
		{`<p style="margin:-4px">`, "css-margin", gmail, Partial},
		{`<p style="margin:4px"><p style="margin:0 -1px">`, "css-margin", gmail, Partial},
		{`<p style="color:rgb(1, 2, 3)">`, "css-rgb", gmail, Yes},
		{`<p style="color:rgb(1 2 3)">`, "css-rgb", gmail, Partial},
		{`<ul>`, "html-lists", gmail, Yes},
		{`<ol reversed>`, "html-lists", gmail, Partial},
		{`<td style="width:9px">`, "css-width", outlook, Yes},
		{`<div style="width:9px">`, "css-width", outlook, Partial},
		{`<style>.a{width:9px}</style>`, "css-width", outlook, Partial},
		{`<p style="color:red !important">`, "css-important", "orange.ios", Yes},
		{`<p style="color:red!important">`, "css-important", "orange.ios", No},
		{`<style>@media (max-width:9px){}</style>`, "css-at-media", "outlook.ios", Yes},
		{`<style>@media screen{@media (max-width:9px){}}</style>`, "css-at-media", "outlook.ios", Partial},
		{`<p style="position:relative">`, "css-position", "apple-mail.ios", Yes},
		{`<p style="position:fixed">`, "css-position", "apple-mail.ios", Partial},
		{`<p style="position:relative">`, "css-position", gmail, No},
		{`<p style="background:#fff">`, "css-background", outlook, Yes},
		{`<p style="background:#fff linear-gradient(red,tan)">`, "css-background", outlook, Partial},
		{`<p style="background:url(a.png), url(b.png)">`, "css-background", "yahoo.ios", Partial},
		{`<p style="background:rgb(1,2,3)">`, "css-background", "yahoo.ios", Yes},
		{`<p style="display:flex">`, "css-display-flex", outlook, No},
	} {
		found := Unknown
		for _, r := range use(t, test.html, test.slug).Results {
			if r.Client.ID == test.client {
				found = r.Support
			}
		}
		if found != test.want {
			t.Errorf("%s: %s in %s is %q, want %q", test.html, test.slug, test.client, found, test.want)
		}
	}
}

func TestThePlaceThatIsHurtComesFirst(t *testing.T) {
	text := strings.Repeat("<p style='margin:1px'>", 2*maxPlaces) + "<p style='margin:-1px'>"
	u := use(t, text, "css-margin")
	if p := u.Places[0]; text[p.Offset:p.End] != "margin:-1px" || u.Found != 2*maxPlaces+1 || len(u.Places) != maxPlaces {
		t.Errorf("of %d uses %d places are kept, the first is %q", u.Found, len(u.Places), text[p.Offset:p.End])
	}
}

func TestWorstFirst(t *testing.T) {
	r := Check(`<p style="display:grid;border-radius:3px;color:#fff"><video></video>`)
	var got []string
	for _, u := range r.Uses {
		got = append(got, u.Slug)
	}
	want := []string{"html-video", "css-display-grid", "css-border-radius", "css-unit-px", "html-p"}
	if order := slices.DeleteFunc(slices.Clone(got), func(s string) bool { return !slices.Contains(want, s) }); !slices.Equal(order, want) {
		t.Errorf("in the order %v, want %v", order, want)
	}
	if c := r.Clients[0]; c.No == 0 {
		t.Errorf("the client that is hurt most is %s, which supports all", c.Name)
	}
	if c := r.Clients[len(r.Clients)-1]; c.No+c.Partial > 0 {
		t.Errorf("the client that is hurt least is %s, which does not support %d", c.Name, c.No+c.Partial)
	}
}

func TestPercent(t *testing.T) {
	if r := Check("plain"); r.Supported() != 100 || r.Percent(r.Yes) != 100 {
		t.Errorf("%d %% of nothing is supported, want all of it", r.Supported())
	}
	if r := Check("<p>a"); r.Supported() != 100 || r.No > 0 {
		t.Errorf("%d %% of a paragraph is supported, want all of it", r.Supported())
	}
	r := Check("<p>a<video>")
	if got := r.Supported(); got < 50 || got > 70 { // half of it everywhere, half in few clients
		t.Errorf("%d %% of a paragraph and a video are supported", got)
	}
	if sum := r.Percent(r.Yes) + r.Percent(r.Partial) + r.Percent(r.No); sum < 99.9 || sum > 100.1 {
		t.Errorf("the shares are %.2f %% together", sum)
	}
}

func TestOfALongMessageTheBeginningIsRead(t *testing.T) {
	r := Check("<p>" + strings.Repeat("x", MaxBytes) + "<video>")
	if want := len("<p><video>"); r.Cut != want || slices.Contains(slugs(r), "html-video") {
		t.Errorf("%d bytes were not read, want %d; found %v", r.Cut, want, slugs(r))
	}
}

// TestTables holds the tables and the data together.
func TestTables(t *testing.T) {
	known := map[string]bool{}
	for _, table := range []map[string]string{elements, inputs, globals, images, properties, functions, units, keywords, mediaFeatures, pseudos} {
		for name, slug := range table {
			known[slug] = true
			if data().features[slug] == nil {
				t.Errorf("%s is to be %s, which the data does not have", name, slug)
			}
		}
	}
	maps.Copy(known, elsewhere)
	for slug := range data().features {
		if !known[slug] {
			t.Errorf("nothing leads to %s", slug)
		}
	}
	for name, table := range map[string][]string{
		"harmless": slices.Collect(maps.Keys(harmless)), "advice": slices.Collect(maps.Keys(advice)), "elsewhere": slices.Collect(maps.Keys(elsewhere)),
	} {
		for _, slug := range table {
			if data().features[slug] == nil {
				t.Errorf("%s names %s, which the data does not have", name, slug)
			}
		}
	}
	for slug, notes := range depends {
		for note := range notes {
			if f := data().features[slug]; f == nil || f.Notes[note] == "" {
				t.Errorf("depends names note %s of %s, which the data does not have", note, slug)
			}
		}
	}
}

func TestData(t *testing.T) {
	if len(Clients()) < 40 || len(Updated()) != len("2006-01-02") {
		t.Errorf("%d clients of %q", len(Clients()), Updated())
	}
	for slug, f := range data().features {
		if f.Title == "" || len(f.results) < 5 {
			t.Errorf("%s has the title %q and %d results", slug, f.Title, len(f.results))
		}
		for _, r := range f.results {
			for _, note := range r.Notes {
				if f.Notes[note] == "" {
					t.Errorf("%s in %s: there is no note %s", slug, r.Client.Name, note)
				}
			}
		}
	}
}

func FuzzCheck(f *testing.F) {
	f.Add(`<!doctype html><p style="margin:-1px;background:url(a)"><style>@media (a){.b>c:not(d){e:f(1px)!important}}</style>`)
	f.Add(`<p style='a:"&quot;&#59;b:c'><style>/*`)
	f.Fuzz(func(t *testing.T, text string) {
		r := Check(text)
		for _, u := range r.Uses {
			if u.Found < len(u.Places) || len(u.Places) == 0 {
				t.Errorf("%s: %d places of %d uses", u.Slug, len(u.Places), u.Found)
			}
			for _, p := range u.Places {
				if p.Offset < 0 || p.Offset > p.End || p.End > len(text) || p.Line != 1+strings.Count(text[:p.Offset], "\n") {
					t.Errorf("%s is at %+v of %d bytes", u.Slug, p, len(text))
				}
			}
		}
	})
}

// FuzzAttributes compares what we find in a tag with what the tokenizer does.
func FuzzAttributes(f *testing.F) {
	f.Add(`<p a b=c d = "e f" g='h>' =i / j=k/>`)
	f.Fuzz(func(t *testing.T, text string) {
		z := html.NewTokenizer(strings.NewReader(text))
		if kind := z.Next(); kind != html.StartTagToken && kind != html.SelfClosingTagToken || strings.ContainsFunc(text, func(r rune) bool { return r == '\r' || r == 0 || r > '~' }) {
			return // of which either makes something else
		}
		raw := string(z.Raw())
		name, more := z.TagName()
		want := [][2]string{{string(name)}}
		for more {
			var key, value []byte
			key, value, more = z.TagAttr()
			want = append(want, [2]string{string(key), string(value)})
		}
		element, attrs := attributes(raw)
		got := [][2]string{{element}}
		for _, a := range attrs {
			got = append(got, [2]string{a.name, a.value})
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-tokenizer +here):\n%s", raw, diff)
		}
	})
}
