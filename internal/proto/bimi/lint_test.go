package bimi

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// goodSVG is an indicator without anything to say about it.
const goodSVG = `<?xml version="1.0" encoding="UTF-8"?>
<svg xmlns="http://www.w3.org/2000/svg" version="1.2" baseProfile="tiny-ps" viewBox="0 0 100 100">
<title>Example, Inc.</title>
<desc>A circle on a square</desc>
<defs><linearGradient id="paint"><stop offset="0" stop-color="#036"/></linearGradient></defs>
<g transform="scale(1)"><rect width="100" height="100" fill="url(#paint)"/><circle id="dot" cx="50" cy="50" r="40"/></g>
<use href="#dot"/>
</svg>
`

// within puts text before the end of goodSVG.
func within(text string) string { return strings.Replace(goodSVG, "</svg>", text+"</svg>", 1) }

// without puts text instead of a part of goodSVG.
func without(part, text string) string { return strings.Replace(goodSVG, part, text, 1) }

func compress(t testing.TB, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// codes lists issues as "error script" in their order.
func codes(issues []Issue) string {
	var list []string
	for _, i := range issues {
		list = append(list, fmt.Sprintf("%s %s", i.Severity, i.Code))
	}
	return strings.Join(list, ", ")
}

func TestLintSVG(t *testing.T) {
	tests := []struct{ name, svg, want string }{
		{"as it should be", goodSVG, ""},
		{"a byte order mark", byteOrderMark + goodSVG, ""},
		{"a prefix for the namespace", strings.NewReplacer("</", "</s:", "<", "<s:", "xmlns=", "xmlns:s=").Replace(strings.SplitAfterN(goodSVG, "\n", 2)[1]), ""},

		{"nothing", "", "error xml"},
		{"text", "logo", "error xml, error xml"},
		{"JSON", `{"a": 1}`, "error xml, error xml"},
		{"NULs", "\x00\x00", "error xml"},
		{"invalid UTF-8", without("Example", "\xff\xfe"), "error xml"},
		{"a PNG", "\x89PNG\r\n\x1a\n\x00\x00", "error xml"},
		{"cut short", goodSVG[:len(goodSVG)-8], "error xml"},
		{"tags that do not match", without("</g>", "</h>"), "error xml"},
		{"another encoding", without("UTF-8", "ISO-8859-1"), "error xml"},
		{"a second root", goodSVG + goodSVG, "error xml"},
		{"text behind the root", goodSVG + "x", "error xml"},
		{"an attribute twice", within(`<path d="" d=""/>`), "error xml"},
		{"an id twice", within(`<path id="dot"/>`), "error xml"},
		{"an entity", within(`<title>&logo;</title>`), "error title, error xml"},
		{"a DOCTYPE", without("<svg", `<!DOCTYPE svg [<!ENTITY a "b">]><svg`), "error doctype"},
		{"a style sheet beside", without("<svg", `<?xml-stylesheet href="https://example.net/a.css"?><svg`), "error reference"},

		{"another root", "<html/>", "error root"},
		{"no namespace", without(` xmlns="http://www.w3.org/2000/svg"`, ""), "error root"},
		{"x and y on the root", without("<svg ", `<svg x="0" y="0" `), "error root, error root"},
		{"SVG 1.1", without(`version="1.2"`, `version="1.1"`), "error profile"},
		{"no baseProfile", without(` baseProfile="tiny-ps"`, ""), "error profile"},
		{"another baseProfile", without(`tiny-ps`, "tiny"), "error profile"},
		{"fixed attributes are better left out", without("<svg ", `<svg zoomAndPan="disable" `), "info attribute"},
		{"or wrong", without("<svg ", `<svg zoomAndPan="magnify" `), "error attribute"},
		{"no viewBox", without(` viewBox="0 0 100 100"`, ""), "warning viewbox"},
		{"not square", without("0 0 100 100", "0 0 200 100"), "warning viewbox"},
		{"commas in it", without("0 0 100 100", "0,0, 100 100"), ""},
		{"no numbers in it", without("0 0 100 100", "0 0 NaN NaN"), "error viewbox"},
		{"no area in it", without("0 0 100 100", "0 0 0 0"), "error viewbox"},
		{"an aspect ratio", without("<svg ", `<svg preserveAspectRatio="xMinYMin slice" `), "error attribute"},

		{"no title", without("<title>Example, Inc.</title>\n", ""), "error title"},
		{"an empty title", without("Example, Inc.", " "), "error title"},
		{"a placeholder", without("Example, Inc.", "Company name"), "warning title"},
		{"64 characters", without("Example, Inc.", strings.Repeat("é", 64)), ""},
		{"65 characters", without("Example, Inc.", strings.Repeat("é", 65)), "warning title"},
		{"two titles", within("<title>Example</title>"), "error title"},
		{"the title is not the first", strings.Replace(without("<title>Example, Inc.</title>", ""), "</svg>", "<title>E</title></svg>", 1), "warning title"},
		{"nothing is drawn", `<svg xmlns="http://www.w3.org/2000/svg" version="1.2" baseProfile="tiny-ps" viewBox="0 0 1 1"><title>E</title></svg>`, "warning root"},

		{"a script", within(`<script>alert(1)</script>`), "error script"},
		{"an event handler", within(`<path onClick="alert(1)"/>`), "error script"},
		{"an event handler on the root", without("<svg ", `<svg onload="a()" `), "error script"},
		{"animation", within(`<animate attributeName="x"/>`), "error animation"},
		{"a raster image", within(`<image href="data:image/png;base64,AAAA"/>`), "error image"},
		{"a style sheet", within(`<style>path{fill:red}</style>`), "error style"},
		{"a style", within(`<path style="fill:red"/>`), "error style"},
		{"a link", within(`<a href="https://example.com/"><path/></a>`), "error reference"},
		{"HTML within", within(`<foreignObject><p xmlns="http://www.w3.org/1999/xhtml"/></foreignObject>`), "error element"},
		{"an element of an editor", within(`<e:namedview xmlns:e="https://example.net/editor"/>`), "error element"},
		{"in metadata it is tolerated", within(`<metadata><e:x xmlns:e="https://example.net/editor"/></metadata>`), "warning element"},
		{"an attribute of an editor", within(`<path xmlns:e="https://example.net/editor" e:type="arc"/>`), "error attribute"},
		{"an element of full SVG", within(`<filter id="f"/>`), "error element"},
		{"an element in another's place", within(`<stop offset="0"/>`), "error element"},
		{"an attribute of full SVG", within(`<path clip-path="none"/>`), "error attribute"},
		{"text in a path", within(`<path>x</path>`), "error text"},
		{"the same many times is said once", within(strings.Repeat(`<path class="a" filter="none"/>`, 5)), "error attribute"},

		{"a paint of another server", within(`<path fill="URL( 'https://example.net/p#a' )"/>`), "error reference"},
		{"one of two", within(`<path fill="url(#paint) url(https://example.net/p#a)"/>`), "error reference"},
		{"a use of another file", within(`<use href="other.svg#a"/>`), "error reference"},
		{"a use of nothing", within(`<use href="#nothing"/>`), "warning reference"},
		{"a use by xlink", within(`<use xmlns:x="http://www.w3.org/1999/xlink" x:href="#dot"/>`), "warning attribute"},
		{"an xlink elsewhere", within(`<path xmlns:x="http://www.w3.org/1999/xlink" x:href="https://example.net/"/>`), "error attribute, error reference"},
		{"a use of itself", within(`<g id="a"><use href="#a"/></g>`), "error reference"},
		{"a use of what it stands in, further out", within(`<g id="a"><g id="b"><use href="#a"/></g></g>`), "error reference"},
		{"a loop over two", within(`<g id="a"><use href="#b"/></g><g id="b"><use href="#a"/></g>`), "error reference"},
		{"a base elsewhere", within(`<path xml:base="https://example.net/"/>`), "error reference"},

		{"32 KB", within(strings.Repeat(" ", MaxSVGSize-len(goodSVG))), ""},
		{"one more", within(strings.Repeat(" ", MaxSVGSize-len(goodSVG)+1)), "error size"},
		{"far more", within(strings.Repeat(" ", 1<<20)), "error size"},
		{"64 within each other", within(strings.Repeat("<g>", maxSVGDepth-1) + strings.Repeat("</g>", maxSVGDepth-1)), ""},
		{"65 within each other", within(strings.Repeat("<g>", maxSVGDepth) + strings.Repeat("</g>", maxSVGDepth)), "error xml"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for form, file := range map[string][]byte{"plain": []byte(test.svg), "gzip": compress(t, test.svg)} {
				s := LintSVG(file)
				if got := codes(s.Issues); got != test.want {
					t.Errorf("%s: %s, want %s\n%v", form, got, test.want, s.Issues)
				}
				if s.Compressed != (form == "gzip") {
					t.Errorf("%s: Compressed = %t", form, s.Compressed)
				}
			}
		})
	}
}

func TestLintSVGSays(t *testing.T) {
	s := LintSVG(compress(t, goodSVG))
	if s.Title != "Example, Inc." || s.ViewBox != "0 0 100 100" || s.Size != len(goodSVG) || string(s.Text) != goodSVG {
		t.Errorf("LintSVG = title %q, viewBox %q, %d octets", s.Title, s.ViewBox, s.Size)
	}
}

// A position is that of the attribute or the element, in the uncompressed text.
func TestLintSVGPositions(t *testing.T) {
	for _, test := range []struct{ svg, at string }{
		{within(`<path d="M0 0" filter="none"/>`), `filter="none"`},
		{within(`<path data-style="x" style = "x"/>`), `style = "x"`},
		{byteOrderMark + within("<script/>"), "<script/>"},
		{within(`<use href="#gone"/>`), `<use href="#gone"`},
	} {
		issues := LintSVG([]byte(test.svg)).Issues
		last := issues[len(issues)-1]
		if want := strings.LastIndex(test.svg, test.at); last.Position != want {
			t.Errorf("%+v, want it at %d: %q", last, want, test.at)
		}
	}
}

func TestLintSVGGzip(t *testing.T) {
	file := compress(t, goodSVG)
	for name, bad := range map[string][]byte{
		"cut short": file[:len(file)-9], "no more than its name": file[:2], "a wrong sum": append(bytes.Clone(file[:len(file)-8]), make([]byte, 8)...),
		"garbage": []byte("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x00garbage"),
	} {
		if got := codes(LintSVG(bad).Issues); got != "error gzip" {
			t.Errorf("%s: %s, want error gzip", name, got)
		}
	}
}

// What a file of some kilobytes can stand for: megabytes of text, millions of
// elements, thousands of complaints. None of it costs more than the limits.
func TestLintSVGIsBounded(t *testing.T) {
	var doubling strings.Builder
	doubling.WriteString(`<path id="u0"/>`)
	for i := range 40 {
		fmt.Fprintf(&doubling, `<g id="u%d"><use href="#u%d"/><use href="#u%d"/></g>`, i+1, i, i)
	}
	var chain, nested, complaints strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&chain, `<g id="c%d"><use href="#c%d"/></g>`, i, i+1)
		fmt.Fprintf(&complaints, `<e%d/>`, i)
	}
	for i := range maxSVGDepth - 2 {
		fmt.Fprintf(&nested, `<g id="n%d">`, i)
	}
	nested.WriteString(strings.Repeat(`<use href="#dot"/>`, 20_000) + strings.Repeat("</g>", maxSVGDepth-2))
	tests := []struct {
		name string
		file []byte
		code Code
	}{
		{"a gzip bomb", compress(t, within(strings.Repeat(" ", 8<<20))), CodeSize},
		{"doubled again and again", []byte(within(doubling.String())), CodeReference},
		{"a long chain of references", []byte(within(chain.String())), CodeReference},
		{"many references deep within", []byte(within(nested.String())), CodeSize},
		{"thousands of complaints", []byte(within(complaints.String())), CodeElement},
		{"one long tag", []byte(within("<path " + strings.Repeat(`a="" `, 50_000) + "/>")), CodeXML},
		{"one long value", []byte(within(`<path fill="` + strings.Repeat("url(#a", 80_000) + `"/>`)), CodeReference},
		{"elements never closed", bytes.Repeat([]byte("<g>"), 100_000), CodeRoot},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			s := LintSVG(test.file)
			runtime.ReadMemStats(&after)
			if len(s.Issues) > maxSVGIssues+10 || !strings.Contains(codes(s.Issues), string(test.code)) {
				t.Errorf("%d issues: %.300v, want %s", len(s.Issues), s.Issues, test.code)
			}
			// What is allocated in all, most of it at once given back; a
			// tree of the text or a list of every complaint takes more.
			if used := after.TotalAlloc - before.TotalAlloc; used > 64*maxSVGRead {
				t.Errorf("%d MB were allocated", used>>20)
			}
		})
	}
}

func FuzzLintSVG(f *testing.F) {
	for _, svg := range []string{
		goodSVG, byteOrderMark + goodSVG, within(`<use href="#nothing"/><script/><path style="a" onload="b" fill="url(x"/>`),
		within(`<g id="a"><use href="#a"/></g><metadata><a xmlns="b"/></metadata>`), `<svg xmlns="http://www.w3.org/2000/svg"><svg/>`,
		"<!DOCTYPE svg><svg>", "<a b='c' b='d' xml:base='e'>&f;",
	} {
		f.Add([]byte(svg))
		f.Add(compress(f, svg))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		s := LintSVG(file)
		for _, i := range s.Issues {
			if i.Message == "" || i.Position < 0 || i.Position > len(s.Text) {
				t.Errorf("%+v points outside of %d octets", i, len(s.Text))
			}
		}
		if again := LintSVG(file); codes(again.Issues) != codes(s.Issues) {
			t.Errorf("another answer the second time: %v, %v", again.Issues, s.Issues)
		}
		if Usable(s.Issues) && (s.Title == "" || s.Size > MaxSVGSize) {
			t.Errorf("%q can be used, with the title %q and %d octets", file, s.Title, s.Size)
		}
	})
}

func BenchmarkLintSVG(b *testing.B) {
	svg := []byte(within(strings.Repeat(`<path d="M10 10 L20 20 C30 30 40 40 50 50 Z" fill="#036"/>`+"\n", 500)))
	b.SetBytes(int64(len(svg)))
	b.ReportAllocs()
	for b.Loop() {
		LintSVG(svg)
	}
}
