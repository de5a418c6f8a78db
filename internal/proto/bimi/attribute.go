package bimi

import (
	"bytes"
	"encoding/xml"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// root judges the root element.
func (l *linter) root(e xml.StartElement) (goOn bool) {
	if l.hasRoot {
		l.report(SeverityError, CodeXML, l.at, "there is a second root element")
		return false
	}
	l.hasRoot = true
	if e.Name.Local != "svg" {
		l.report(SeverityError, CodeRoot, l.at, "the root element is <%.40s>, and not <svg>", e.Name.Local)
		return false
	}
	if e.Name.Space != svgNamespace {
		l.report(SeverityError, CodeRoot, l.at, "the root element is not in the namespace of SVG: xmlns=%q", svgNamespace)
		return false // no name within means anything
	}
	l.open = append(l.open, "svg")
	l.attributes(e)
	l.required(e, "version", "1.2")
	l.required(e, "baseProfile", "tiny-ps")
	l.fixed(e)
	if a, ok := attribute(e, "preserveAspectRatio"); ok && !aspectRatio.MatchString(a.Value) {
		l.reportAttribute(SeverityError, CodeAttribute, a, `preserveAspectRatio has to be none or "xMidYMid meet"`)
	}
	l.checkViewBox(e)
	return true
}

var aspectRatio = regexp.MustCompile(`^\s*(none|xMidYMid)\s*(meet)?\s*$`)

func attribute(e xml.StartElement, name string) (xml.Attr, bool) {
	for _, a := range e.Attr {
		if a.Name.Space == "" && a.Name.Local == name {
			return a, true
		}
	}
	return xml.Attr{}, false
}

func (l *linter) required(e xml.StartElement, name, value string) {
	a, ok := attribute(e, name)
	switch {
	case !ok:
		l.report(SeverityError, CodeProfile, l.at, "<svg> has no %s=%q", name, value)
	case a.Value != value:
		l.reportAttribute(SeverityError, CodeProfile, a, "%s has to be %q, and is %.40q", name, value, a.Value)
	}
}

func (l *linter) fixed(e xml.StartElement) {
	for _, a := range e.Attr {
		value, isFixed := fixedValues[a.Name.Local]
		switch {
		case !isFixed || a.Name.Space != "":
		case a.Value != value:
			l.reportAttribute(SeverityError, CodeAttribute, a, "%s may only be %q", a.Name.Local, value)
		default:
			l.reportAttribute(SeverityInfo, CodeAttribute, a, "%s is better left out", a.Name.Local)
		}
	}
}

// checkViewBox: mailbox providers show a square or a circle.
func (l *linter) checkViewBox(e xml.StartElement) {
	a, ok := attribute(e, "viewBox")
	if !ok {
		l.report(SeverityWarning, CodeViewBox, l.at, "<svg> has no viewBox")
		return
	}
	l.viewBox = a.Value
	fields := strings.FieldsFunc(a.Value, func(r rune) bool { return strings.ContainsRune(", \t\r\n", r) })
	var numbers []float64
	for _, field := range fields {
		if n, err := strconv.ParseFloat(field, 64); err == nil && !math.IsNaN(n) && !math.IsInf(n, 0) {
			numbers = append(numbers, n)
		}
	}
	switch {
	case len(fields) != 4 || len(numbers) != 4 || numbers[2] <= 0 || numbers[3] <= 0:
		l.reportAttribute(SeverityError, CodeViewBox, a, "the viewBox is not four numbers with a width and a height")
	case numbers[2] != numbers[3]:
		l.reportAttribute(SeverityWarning, CodeViewBox, a, "the viewBox is not square: %g by %g", numbers[2], numbers[3])
	}
}

// attributes judges the attributes of an element of the profile.
func (l *linter) attributes(e xml.StartElement) {
	name := e.Name.Local
	id := ""
	for _, a := range e.Attr {
		switch a.Name.Space {
		case "xmlns": // a prefix
		case "":
			l.plainAttribute(name, a)
		case xmlNamespace:
			l.xmlAttribute(name, a)
		case xlinkNamespace:
			l.xlinkAttribute(name, a)
		default:
			l.reportAttribute(SeverityError, CodeAttribute, a, "the attribute %.40s on <%s> is not one of SVG", a.Name.Local, name)
		}
		if a.Name.Local == "id" && (a.Name.Space == "" || a.Name.Space == xmlNamespace) {
			id = a.Value
		}
	}
	l.references.start(id)
	for _, a := range e.Attr {
		if a.Name.Local == "href" && name == "use" {
			l.references.use(strings.TrimPrefix(strings.TrimSpace(a.Value), "#"))
		}
	}
}

func (l *linter) plainAttribute(on string, a xml.Attr) {
	name := a.Name.Local
	switch {
	case name == "xmlns":
		return
	case len(name) > 2 && strings.EqualFold(name[:2], "on"):
		l.reportAttribute(SeverityError, CodeScript, a, "the event handler %.40s on <%s> is not allowed", name, on)
	case name == "style":
		l.reportAttribute(SeverityError, CodeStyle, a, "style on <%s> is not allowed; the profile has attributes such as fill", on)
	case on == "svg" && (name == "x" || name == "y"):
		l.reportAttribute(SeverityError, CodeRoot, a, "<svg> may have no %s", name)
	case !profile[on].allows(name):
		l.reportAttribute(SeverityError, CodeAttribute, a, "the attribute %.40s on <%s> is not in the profile", name, on)
	}
	if name == "href" {
		l.reference(a, a.Value)
	}
	l.functions(a)
}

func (l *linter) xmlAttribute(on string, a xml.Attr) {
	if !profile[on].allows("xml:" + a.Name.Local) {
		l.reportAttribute(SeverityError, CodeAttribute, a, "the attribute xml:%.40s on <%s> is not in the profile", a.Name.Local, on)
	}
	if a.Name.Local == "base" && strings.TrimSpace(a.Value) != "" {
		l.reportAttribute(SeverityError, CodeReference, a, "xml:base leads out of the document")
	}
}

func (l *linter) xlinkAttribute(on string, a xml.Attr) {
	switch {
	case a.Name.Local == "href" && on == "use":
		l.reportAttribute(SeverityWarning, CodeAttribute, a, "the schema of the profile has href, and not xlink:href, on <use>")
	default:
		l.reportAttribute(SeverityError, CodeAttribute, a, "the attribute xlink:%.40s on <%s> is not in the profile", a.Name.Local, on)
	}
	if a.Name.Local == "href" {
		l.reference(a, a.Value)
	}
}

// functions looks for url(…) in a value: a paint server of the same document,
// or a request to somebody's server.
func (l *linter) functions(a xml.Attr) {
	rest := a.Value
	for range len(a.Value) {
		_, after, found := cutFold(rest, "url(")
		if !found {
			return
		}
		target, remainder, _ := strings.Cut(after, ")")
		l.reference(a, strings.Trim(strings.TrimSpace(target), `"'`))
		rest = remainder
	}
}

// cutFold is strings.Cut without regard to ASCII case.
func cutFold(s, separator string) (before, after string, found bool) {
	for i := 0; i+len(separator) <= len(s); i++ {
		if strings.EqualFold(s[i:i+len(separator)], separator) {
			return s[:i], s[i+len(separator):], true
		}
	}
	return s, "", false
}

func (l *linter) reference(a xml.Attr, target string) {
	target = strings.TrimSpace(target)
	if len(target) < 2 || target[0] != '#' {
		l.reportAttribute(SeverityError, CodeReference, a, "%.40s refers to %.80q, and may refer to #id of this document only", a.Name.Local, target)
		return
	}
	l.references.wanted(target[1:], l.at)
}

// attributeAt finds where an attribute stands within the tag at hand;
// encoding/xml does not say. The tag's own place is the next best.
func (l *linter) attributeAt(a xml.Attr) int {
	tag := l.text[min(l.at, len(l.text)):min(l.offset+int(l.decoder.InputOffset()), len(l.text))]
	for from := 0; ; {
		i := bytes.Index(tag[from:], []byte(a.Name.Local))
		if i < 0 {
			return l.at
		}
		i += from
		from = i + len(a.Name.Local)
		after := bytes.TrimLeft(tag[from:], space)
		if i > 0 && bytes.HasPrefix(after, []byte("=")) && strings.IndexByte(space+":", tag[i-1]) >= 0 {
			return l.at + i
		}
	}
}
