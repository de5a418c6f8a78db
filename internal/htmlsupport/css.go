package htmlsupport

import (
	"strings"

	"github.com/tdewolff/parse/v2"
	"github.com/tdewolff/parse/v2/css"
)

// maxStatement is how many tokens of one selector or declaration are looked at.
const maxStatement = 4096

// Where a style is read.
type context byte

const (
	inRules        context = iota // a style sheet, or a rule that holds rules
	inMedia                       // the same, in @media
	inDeclarations                // a style attribute, or the block of a rule
	inKeyframes                   // rules whose preludes are no selectors
	inDescriptors                 // what @font-face and its like say
)

// cssReader reads a style sheet or a style attribute. It goes from one {, ; or }
// to the next, so that nothing in it makes it go deep.
type cssReader struct {
	scan     *scan
	text     string
	base     int // offset of the text in the HTML
	from, to int // the place of all of it, where its own offsets are others
	element  string

	within    []context
	media     int     // how many of them are inMedia
	statement []token // since the last {, ; or }
	brackets  int     // that are open in it
}

type token struct {
	kind     css.TokenType
	text     string
	from, to int // in the text
}

func newCSS(s *scan, text string, base int) *cssReader {
	return &cssReader{scan: s, text: text, base: base}
}

func (c *cssReader) read(where context) {
	c.within = []context{where}
	lexer := css.NewLexer(parse.NewInputString(c.text))
	at := 0
	for {
		kind, text := lexer.Next()
		if kind == css.ErrorToken {
			c.declaration()
			return
		}
		t := token{kind, string(text), at, at + len(text)}
		at = t.to
		c.take(t)
	}
}

func (c *cssReader) top() context { return c.within[len(c.within)-1] }

// take takes one token.
func (c *cssReader) take(t token) {
	switch t.kind {
	case css.CommentToken:
		c.see("css-comments", t.from, t.to, occurrence{})
		return
	case css.CDOToken, css.CDCToken:
		return
	case css.LeftBraceToken:
		c.push(c.open())
	case css.RightBraceToken:
		c.declaration()
		c.pop()
	case css.SemicolonToken:
		if c.brackets > 0 {
			c.keep(t)
			return
		}
		c.declaration()
	default:
		c.keep(t)
		return
	}
	c.statement, c.brackets = c.statement[:0], 0
}

func (c *cssReader) push(block context) {
	c.within = append(c.within, block)
	if block == inMedia {
		c.media++
	}
}

func (c *cssReader) pop() {
	if len(c.within) == 1 {
		return // one } too many
	}
	if c.top() == inMedia {
		c.media--
	}
	c.within = c.within[:len(c.within)-1]
}

func (c *cssReader) keep(t token) {
	switch t.kind {
	case css.FunctionToken, css.LeftParenthesisToken, css.LeftBracketToken:
		c.brackets++
	case css.RightParenthesisToken, css.RightBracketToken:
		c.brackets = max(0, c.brackets-1)
	case css.WhitespaceToken:
		if len(c.statement) == 0 {
			return
		}
	}
	if len(c.statement) < maxStatement {
		c.statement = append(c.statement, t)
	}
}

// see notes a feature at a place of the text.
func (c *cssReader) see(slug string, from, to int, o occurrence) {
	o.element = c.element
	if c.to > 0 {
		c.scan.see(slug, c.from, c.to, o)
		return
	}
	c.scan.see(slug, c.base+from, c.base+to, o)
}

// trimmed is the statement without the space behind it.
func (c *cssReader) trimmed() []token {
	s := c.statement
	for len(s) > 0 && s[len(s)-1].kind == css.WhitespaceToken {
		s = s[:len(s)-1]
	}
	return s
}

// open reads what stands in front of {, and returns what its block is.
func (c *cssReader) open() context {
	s := c.trimmed()
	if len(s) == 0 {
		return c.nested()
	}
	from, to := s[0].from, s[len(s)-1].to
	if s[0].kind == css.AtKeywordToken {
		return c.openAt(s, from, to)
	}
	switch c.top() {
	case inKeyframes, inDescriptors:
		return inDeclarations
	case inDeclarations:
		c.see("css-nesting", from, to, occurrence{})
	}
	c.selectors(s)
	return inDeclarations
}

func (c *cssReader) openAt(s []token, from, to int) context {
	switch name := strings.ToLower(s[0].text); name {
	case "@media":
		c.query(s, from, to)
		return inMedia
	case "@font-face":
		c.see("css-at-font-face", from, to, occurrence{})
		return inDescriptors
	case "@keyframes", "@-webkit-keyframes":
		if name == "@keyframes" {
			c.see("css-at-keyframes", from, to, occurrence{})
		}
		return inKeyframes
	case "@supports":
		c.see("css-at-supports", from, to, occurrence{})
		return c.nested()
	case "@layer", "@container", "@scope":
		return c.nested()
	default:
		return inDescriptors
	}
}

// nested is what a block holds that only groups what it is in.
func (c *cssReader) nested() context {
	if c.top() == inMedia {
		return inRules // counted once
	}
	return c.top()
}

// query looks at what a media query asks about.
func (c *cssReader) query(s []token, from, to int) {
	text := strings.ToLower(c.text[from:to])
	c.see("css-at-media", from, to, occurrence{text: text, nested: c.media > 0})
	for i, t := range s {
		if t.kind != css.IdentToken || i == 0 || s[i-1].kind != css.LeftParenthesisToken {
			continue
		}
		if slug := mediaFeatures[strings.ToLower(t.text)]; slug != "" {
			c.see(slug, from, to, occurrence{text: text})
		}
	}
}

// declaration reads a statement that ended without a block.
func (c *cssReader) declaration() {
	s := c.trimmed()
	if len(s) > 0 && s[0].kind == css.AtKeywordToken {
		if strings.EqualFold(s[0].text, "@import") {
			c.see("css-at-import", s[0].from, s[len(s)-1].to, occurrence{})
		}
		return
	}
	if len(s) < 2 || c.top() != inDeclarations {
		return
	}
	colon := 1
	if s[1].kind == css.WhitespaceToken {
		colon++
	}
	if colon >= len(s) || s[colon].kind != css.ColonToken {
		return
	}
	name := strings.ToLower(s[0].text)
	from, to := s[0].from, s[len(s)-1].to
	value := strings.TrimSpace(strings.ToLower(c.text[s[colon].to:to]))
	switch {
	case s[0].kind == css.CustomPropertyNameToken:
		c.see("css-variables", from, to, occurrence{})
	case s[0].kind != css.IdentToken:
		return
	case strings.HasPrefix(name, "-"), strings.HasPrefix(name, "mso-"): // of one client, who knows it
		return
	}
	o := occurrence{text: value, name: name}
	for _, slug := range propertySlugs(name, value) {
		c.see(slug, from, to, o)
	}
	c.value(name, s[colon+1:], o)
}

// value looks at the functions, units and words of a value.
func (c *cssReader) value(name string, s []token, o occurrence) {
	for i, t := range s {
		slug, o := "", o
		switch word := strings.ToLower(t.text); t.kind {
		case css.FunctionToken:
			slug = functions[strings.TrimSuffix(word, "(")]
			o.text = strings.ToLower(c.text[t.from:closing(s, i)])
		case css.DimensionToken:
			slug = units[strings.TrimLeft(word, "+-.0123456789e")]
			if slug == "" {
				slug = units[strings.TrimLeft(word, "+-.0123456789")] // em and ex begin with e
			}
		case css.PercentageToken:
			slug = "css-unit-percent"
		case css.IdentToken:
			slug = keywords[word]
			if word == "important" && i > 0 && s[i-1].text == "!" {
				c.important(s, i)
			}
		case css.URLToken:
			c.url(t)
		}
		if slug != "" {
			c.see(slug, t.from, t.to, o)
		}
	}
}

// closing returns where the function ends that begins at index i.
func closing(s []token, i int) int {
	depth := 0
	for _, t := range s[i:min(len(s), i+100)] {
		switch t.kind {
		case css.FunctionToken, css.LeftParenthesisToken:
			depth++
		case css.RightParenthesisToken:
			if depth--; depth == 0 {
				return t.to
			}
		}
	}
	return s[i].to
}

// important tells whether a space stands before the !.
func (c *cssReader) important(s []token, i int) {
	o := occurrence{text: c.text[s[i-1].from:s[i].to]}
	if i > 1 && s[i-2].kind == css.WhitespaceToken {
		o.text = " " + o.text
	}
	c.see("css-important", s[i-1].from, s[i].to, o)
}

func (c *cssReader) url(t token) {
	address := strings.Trim(t.text[strings.IndexByte(t.text, '(')+1:], spaces+`)'"`)
	if c.to > 0 {
		c.scan.image(address, c.from, c.to)
		return
	}
	c.scan.image(address, c.base+t.from, c.base+t.to)
}
