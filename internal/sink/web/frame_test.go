package web

import (
	"strings"
	"testing"

	nethtml "golang.org/x/net/html"

	"github.com/postmuster/postmuster/internal/message"
)

func framed(html string, o options) string {
	f := newFrame(message.Parse(nil), o)
	f.write(html)
	return f.out.String()
}

func TestFrame(t *testing.T) {
	const base = `<base target="_blank">`
	for _, c := range []struct{ name, html, want string }{
		{"a doctype stays first", "<!doctype html><p>x", "<!doctype html>" + base + "<p>x"},
		{"links that connect are left out", `<link rel=preconnect href=//example.org><p>x`, base + "<p>x"},
		{"so is a refresh", `<meta http-equiv=refresh content="0;url=//example.org">x`, base + "x"},
		{"and another base", `<base href="//example.org">x`, base + "x"},
		{"a link leads nowhere", `<a href="https://example.org/">x</a>`, base + `<a href="about:blank">x</a>`},
		{"nor in an SVG", `<svg><a xlink:href="https://example.org/">x</a></svg>`, base + `<svg><a xlink:href="about:blank">x</a></svg>`},
		{"but to a place in the message", `<a href="#a">x</a>`, base + `<a href="#a">x</a>`},
		{"no frame names a source", `<iframe src="//example.org" srcdoc="x"></iframe>`, base + `<iframe></iframe>`},
		{"nothing hides in a comment", `<!--><link rel=preconnect href=//example.org>-->`, `<!-->` + base + `-->`},
		{"nor in one that ends elsewhere", `<p><!-- <link rel=x> --!>x`, base + `<p><!-- <x-link rel=x> --!>x`},
		{"nor in an attribute", `<p title="</style><link rel=x>">x`, base + `<p title="&lt;/style&gt;&lt;link rel=x&gt;">x`},
		{"a missing inline image stays as it is", `<img src="cid:a">`, base + `<img src="cid:a">`},
	} {
		if got := framed(c.html, options{scheme: "light"}); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, c.want)
		}
	}
}

// FuzzFrame looks in what is shown for what acts before a policy does.
func FuzzFrame(f *testing.F) {
	for _, seed := range []string{
		"<p>x", `<svg><style><link rel=preconnect href=//example.org></style>`, `<select><title><a title="</title><base href=//example.org>">`,
		`<noscript><p title="</noscript><link rel=x>">`, `<!--!><meta http-equiv=refresh content=0>`, `<a href="&#x6a;avascript:x">x</a>`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, html string) {
		out := framed(html, options{scheme: "dark"})
		doc, err := nethtml.ParseWithOptions(strings.NewReader(out), nethtml.ParseOptionEnableScripting(false))
		if err != nil {
			t.Skip("not for this parser:", err) // nested too deep
		}
		bases := 0
		for n := range doc.Descendants() {
			if n.Type != nethtml.ElementNode {
				continue
			}
			switch n.Data {
			case "link":
				t.Errorf("a link element is left in %q", out)
			case "base":
				bases++
			case "meta":
				if attribute(nethtml.Token{Attr: n.Attr}, "http-equiv") != "" {
					t.Errorf("a meta element acts in %q", out)
				}
			}
		}
		if bases > 1 {
			t.Errorf("%d base elements in %q", bases, out)
		}
	})
}
