package htmlsupport

import (
	"strings"

	"github.com/tdewolff/parse/v2/css"
)

// selectorReader goes through the selectors of a rule.
type selectorReader struct {
	css      *cssReader
	from, to int
	o        occurrence

	simple  int  // simple selectors since the last combinator
	spaced  bool // a space stands before what comes
	opening bool // behind a combinator or a comma
	depth   int  // in brackets, whose inside is not looked at
}

// selectors looks at what a rule is for.
func (c *cssReader) selectors(s []token) {
	r := &selectorReader{css: c, from: s[0].from, to: s[len(s)-1].to, opening: true}
	r.o = occurrence{text: strings.ToLower(c.text[r.from:r.to])}
	for i, t := range s {
		var before token
		if i > 0 {
			before = s[i-1]
		}
		r.take(t, before)
	}
}

func (r *selectorReader) see(slug string) {
	if slug != "" {
		r.css.see(slug, r.from, r.to, r.o)
	}
}

func (r *selectorReader) take(t, before token) {
	if r.depth > 0 || t.kind == css.RightParenthesisToken || t.kind == css.RightBracketToken {
		r.bracket(t)
		return
	}
	switch t.kind {
	case css.WhitespaceToken:
		r.spaced = true
	case css.CommaToken:
		r.see("css-selector-grouping")
		r.combined()
	case css.HashToken:
		r.begin()
		r.chained("css-selector-id")
	case css.IdentToken:
		switch before.text {
		case ".":
			r.chained("css-selector-class")
		case ":":
			r.see(pseudos[strings.ToLower(t.text)])
		default:
			r.begin()
			r.chained("css-selector-type")
		}
	case css.FunctionToken:
		r.see(pseudos[strings.ToLower(strings.TrimSuffix(t.text, "("))])
		r.depth = 1
	case css.LeftBracketToken:
		r.begin()
		r.see("css-selector-attribute")
		r.depth = 1
	case css.ColonToken:
		if before.kind != css.ColonToken {
			r.begin()
		}
	case css.DelimToken:
		r.delim(t.text)
	}
}

func (r *selectorReader) bracket(t token) {
	switch t.kind {
	case css.FunctionToken, css.LeftParenthesisToken, css.LeftBracketToken:
		r.depth++
	case css.RightParenthesisToken, css.RightBracketToken:
		r.depth = max(0, r.depth-1)
	}
}

func (r *selectorReader) delim(text string) {
	switch text {
	case ".":
		r.begin()
	case "*":
		r.begin()
		r.see("css-selector-universal")
	case ">":
		r.see("css-selector-child")
		r.combined()
	case "+":
		r.see("css-selector-adjacent-sibling")
		r.combined()
	case "~":
		r.see("css-selector-general-sibling")
		r.combined()
	case "&":
		r.combined()
	}
}

// combined is behind a combinator or a comma.
func (r *selectorReader) combined() { r.simple, r.spaced, r.opening = 0, false, true }

// begin begins a simple selector.
func (r *selectorReader) begin() {
	if r.spaced && !r.opening {
		r.see("css-selector-descendant")
		r.simple = 0
	}
	r.spaced, r.opening = false, false
}

// chained counts what stands together without a space.
func (r *selectorReader) chained(slug string) {
	r.see(slug)
	if r.simple++; r.simple == 2 {
		r.see("css-selector-chaining")
	}
}
