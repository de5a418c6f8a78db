package htmlsupport

import (
	"path"
	"strings"

	"golang.org/x/net/html"
)

// A scan goes through the HTML of a message once, tag by tag: a tree of hostile
// HTML costs too much.
type scan struct {
	html  string
	found map[string]*found // by slug
	nodes int

	at     int  // offset of the token
	inBody bool // behind <body>
	style  bool // the next text is a style sheet
}

// An occurrence is what may matter of how a feature is used.
type occurrence struct {
	text    string // in lower case: the value of a property, a selector, a tag
	name    string // of the property, or the element
	element string // that a style attribute is of; empty in a style sheet
	nested  bool   // in a rule of the same kind
	inBody  bool
}

func (s *scan) read() {
	z := html.NewTokenizer(strings.NewReader(s.html))
	for {
		kind := z.Next()
		end := s.at + len(z.Raw())
		switch kind {
		case html.ErrorToken:
			return
		case html.CommentToken:
			s.see("html-comments", s.at, end, occurrence{})
		case html.DoctypeToken:
			if strings.EqualFold(strings.Join(strings.Fields(string(z.Raw())), " "), "<!doctype html>") {
				s.see("html-doctype", s.at, end, occurrence{})
			}
		case html.TextToken:
			if s.style {
				s.see("html-style", s.at, end, occurrence{text: s.html[s.at:end], inBody: s.inBody})
				newCSS(s, s.html[s.at:end], s.at).read(inRules)
			}
			s.style = false
		case html.StartTagToken, html.SelfClosingTagToken:
			s.tag(s.html[s.at:end])
		case html.EndTagToken:
			s.style = false
		}
		s.at = end
	}
}

// tag looks at a start tag.
func (s *scan) tag(raw string) {
	s.nodes++
	name, attrs := attributes(raw)
	s.style = name == "style"
	s.inBody = s.inBody || name == "body"
	o := occurrence{text: strings.ToLower(raw), name: name, inBody: s.inBody}
	if slug := elements[name]; slug != "" {
		s.see(slug, s.at, s.at+len(raw), o)
	}
	kind := ""
	for _, a := range attrs {
		if a.name == "type" {
			kind = strings.ToLower(a.value)
		}
	}
	s.control(name, kind, raw, o)
	for _, a := range attrs {
		s.attribute(name, a, o)
	}
	s.head(name, attrs, raw, o)
}

// control looks at a field or button of a form, which is of a type.
func (s *scan) control(name, kind, raw string, o occurrence) {
	slug := ""
	switch {
	case name == "button" && kind == "reset":
		slug = "html-button-reset"
	case name == "button" && (kind == "submit" || kind == ""):
		slug = "html-button-submit"
	case name == "input" && kind == "":
		slug = "html-input-text"
	case name == "input":
		slug = inputs[kind]
	}
	if slug != "" {
		s.see(slug, s.at, s.at+len(raw), o)
	}
}

// attribute looks at one attribute.
func (s *scan) attribute(element string, a attr, o occurrence) {
	from, to := s.at+a.from, s.at+a.to
	if slug := globals[a.name]; slug != "" {
		s.see(slug, from, to, o)
	}
	value := strings.TrimSpace(a.value)
	switch a.name {
	case "style":
		c := newCSS(s, a.value, s.at+a.valueFrom)
		if a.value != s.html[s.at+a.valueFrom:s.at+a.valueTo] { // with entities, offsets are others
			c.from, c.to = s.at+a.valueFrom, s.at+a.valueTo
		}
		c.element = element
		c.read(inDeclarations)
	case "href":
		switch {
		case element != "a" && element != "area":
		case len(value) > 1 && value[0] == '#':
			s.see("html-anchor-links", from, to, o)
		case len(value) > 7 && strings.EqualFold(value[:7], "mailto:"):
			s.see("html-mailto-links", from, to, occurrence{text: strings.ToLower(value)})
		}
	case "src":
		if element == "img" {
			s.image(value, from, to)
		}
	case "background", "poster":
		s.image(value, from, to)
	case "srcset":
		first, _, _ := strings.Cut(value, " ")
		s.image(first, from, to)
	}
}

// image looks at the address of an image, which tells its format.
func (s *scan) image(address string, from, to int) {
	if len(address) > 5 && strings.EqualFold(address[:5], "data:") {
		s.see("image-base64", from, to, occurrence{})
		mediaType, _, _ := strings.Cut(address[5:], ",")
		mediaType, _, _ = strings.Cut(mediaType, ";")
		address = strings.TrimSuffix(strings.Replace(strings.ToLower(mediaType), "image/", "image.", 1), "+xml")
	}
	address, _, _ = strings.Cut(address, "?")
	address, _, _ = strings.Cut(address, "#")
	if slug := images[strings.ToLower(path.Ext(address))]; slug != "" {
		s.see(slug, from, to, occurrence{})
	}
}

// head looks at link and meta, which say by one attribute what they are.
func (s *scan) head(name string, attrs []attr, raw string, o occurrence) {
	for _, a := range attrs {
		value := strings.ToLower(a.value)
		switch {
		case name == "link" && a.name == "rel" && strings.Contains(value, "stylesheet"):
			s.see("html-link", s.at, s.at+len(raw), o)
		case name == "meta" && a.name == "name" && value == "color-scheme":
			s.see("html-meta-color-scheme", s.at, s.at+len(raw), o)
		}
	}
}

// An attr is an attribute as it stands in its tag.
type attr struct {
	name, value        string // in lower case; decoded
	from, to           int    // of all of it
	valueFrom, valueTo int
}

const spaces = " \t\r\n\f"

// attributes takes a start tag apart as HTML §13.2.5.32 ff. says, and keeps
// where its attributes stand.
func attributes(raw string) (element string, attrs []attr) {
	end := len(raw)
	if end > 0 && raw[end-1] == '>' {
		end--
	}
	i := until(raw, 1, end, spaces+"/")
	element = strings.ToLower(raw[min(1, i):i])
	seen := map[string]bool{}
	for {
		for i < end && strings.IndexByte(spaces+"/", raw[i]) >= 0 {
			i++
		}
		if i >= end {
			return element, attrs
		}
		a := attr{from: i}
		i = until(raw, i+1, end, spaces+"/=") // a first = belongs to the name
		a.name, a.to = strings.ToLower(raw[a.from:i]), i
		a.valueFrom, a.valueTo = i, i
		if next := skip(raw, i, end); next < end && raw[next] == '=' {
			i = a.takeValue(raw, skip(raw, next+1, end), end)
		}
		if !seen[a.name] { // the first of a name counts
			attrs = append(attrs, a)
		}
		seen[a.name] = true
	}
}

// takeValue takes the value that begins at i, and returns where the tag goes on.
func (a *attr) takeValue(raw string, i, end int) int {
	next := i
	switch {
	case i < end && (raw[i] == '"' || raw[i] == '\''):
		a.valueFrom = i + 1
		a.valueTo = until(raw, i+1, end, raw[i:i+1])
		next = min(a.valueTo+1, end)
	default:
		a.valueFrom, a.valueTo = i, until(raw, i, end, spaces)
		next = a.valueTo
	}
	a.value, a.to = html.UnescapeString(raw[a.valueFrom:a.valueTo]), next
	return next
}

func until(s string, i, end int, stop string) int {
	for i < end && strings.IndexByte(stop, s[i]) < 0 {
		i++
	}
	return min(i, end)
}

func skip(s string, i, end int) int {
	for i < end && strings.IndexByte(spaces, s[i]) >= 0 {
		i++
	}
	return i
}
