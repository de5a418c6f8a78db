package bimi

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

const (
	svgNamespace   = "http://www.w3.org/2000/svg"
	xlinkNamespace = "http://www.w3.org/1999/xlink"
	xmlNamespace   = "http://www.w3.org/XML/1998/namespace"
	byteOrderMark  = "\ufeff"
)

// linter walks through an SVG once. encoding/xml expands no entities and keeps
// no tree, so the size of the text bounds the work.
type linter struct {
	text    []byte
	offset  int // of what the decoder reads within text
	decoder *xml.Decoder

	at     int // where the token at hand begins
	open   []string
	titles int
	title  string
	inText *strings.Builder // the title or description being read

	viewBox    string
	hasRoot    bool
	hasPaint   bool
	atFirst    bool // no child of the root has been seen
	stopped    bool // before the end, so what is missing may stand there
	references *referenceGraph

	issues []Issue
	counts map[string]int // of a message; the first is reported
}

func newLinter(text []byte) *linter {
	l := &linter{text: text, counts: map[string]int{}, atFirst: true, references: newReferenceGraph()}
	body := text
	if bytes.HasPrefix(body, []byte(byteOrderMark)) {
		l.offset = len(byteOrderMark)
		body = body[l.offset:]
	}
	l.decoder = xml.NewDecoder(bytes.NewReader(body))
	return l
}

func (l *linter) report(severity Severity, code Code, position int, format string, args ...any) {
	if message := fmt.Sprintf(format, args...); l.isNew(code, message) {
		l.issues = append(l.issues, Issue{severity, code, message, position})
	}
}

// reportAttribute finds the attribute's place only when that is needed: a tag
// can be as long as the file.
func (l *linter) reportAttribute(severity Severity, code Code, a xml.Attr, format string, args ...any) {
	if message := fmt.Sprintf(format, args...); l.isNew(code, message) {
		l.issues = append(l.issues, Issue{severity, code, message, l.attributeAt(a)})
	}
}

// isNew counts a message, and forgets those that there is no room for.
func (l *linter) isNew(code Code, message string) bool {
	key := string(code) + message
	if l.counts[key] > 0 || len(l.issues) < maxSVGIssues {
		l.counts[key]++
	}
	return l.counts[key] == 1
}

func (l *linter) run() {
	for {
		l.at = l.offset + int(l.decoder.InputOffset())
		token, err := l.decoder.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			l.malformed(err)
			return
		}
		if !l.token(token) {
			l.stopped = true
			return
		}
	}
}

func (l *linter) malformed(err error) {
	l.stopped = true
	l.report(SeverityError, CodeXML, l.offset+int(l.decoder.InputOffset()), "the file is not well-formed XML: %.200s", err)
}

func (l *linter) token(token xml.Token) (goOn bool) {
	switch t := token.(type) {
	case xml.StartElement:
		return l.start(t)
	case xml.EndElement:
		l.end()
	case xml.CharData:
		l.charData(t)
	case xml.ProcInst:
		if t.Target != "xml" {
			l.report(SeverityError, CodeReference, l.at, "the processing instruction <?%.40s?> is not allowed", t.Target)
		}
	case xml.Directive:
		l.report(SeverityError, CodeDoctype, l.at, "a DOCTYPE is not allowed")
	}
	return true
}

// start judges an element, and skips what is in one that is not of the profile.
func (l *linter) start(e xml.StartElement) (goOn bool) {
	if len(l.open) >= maxSVGDepth {
		l.report(SeverityError, CodeXML, l.at, "more than %d elements are within each other", maxSVGDepth)
		return false
	}
	l.duplicates(e)
	if len(l.open) == 0 {
		return l.root(e)
	}
	if !l.allowed(e) {
		if err := l.decoder.Skip(); err != nil {
			l.malformed(err)
			return false
		}
		l.atFirst = false
		return true
	}
	name := e.Name.Local
	l.open = append(l.open, name)
	l.attributes(e)
	switch {
	case name == "title":
		l.startTitle()
	case name == "desc":
		l.inText = &strings.Builder{}
	}
	l.atFirst = false
	l.hasPaint = l.hasPaint || paints[name]
	return true
}

// allowed judges whether the element may stand where it does.
func (l *linter) allowed(e xml.StartElement) bool {
	name, parent := e.Name.Local, l.open[len(l.open)-1]
	if e.Name.Space != svgNamespace {
		severity := SeverityError
		if parent == "metadata" {
			severity = SeverityWarning // the prose allows it, the schema does not
		}
		l.report(severity, CodeElement, l.at, "<%.40s> is not an element of SVG", name)
		return false
	}
	if b, isBanned := banned[name]; isBanned {
		l.report(SeverityError, b.code, l.at, "<%s>: %s", name, b.why)
		return false
	}
	if _, known := profile[name]; !known {
		l.report(SeverityError, CodeElement, l.at, "<%.40s> is not in the profile", name)
		return false
	}
	if !profile[parent].children[name] {
		l.report(SeverityError, CodeElement, l.at, "<%s> may not stand in <%s>", name, parent)
		return false
	}
	return true
}

// duplicates: encoding/xml lets an attribute occur twice, XML does not.
func (l *linter) duplicates(e xml.StartElement) {
	seen := map[xml.Name]bool{}
	for _, a := range e.Attr {
		if seen[a.Name] {
			l.reportAttribute(SeverityError, CodeXML, a, "the attribute %.40s occurs twice", a.Name.Local)
		}
		seen[a.Name] = true
	}
}

func (l *linter) end() {
	name := l.open[len(l.open)-1]
	l.open = l.open[:len(l.open)-1]
	l.references.end()
	if l.inText == nil {
		return
	}
	text := strings.Join(strings.Fields(l.inText.String()), " ")
	l.inText = nil
	if name == "title" {
		l.endTitle(text)
	} else if text == "" {
		l.report(SeverityWarning, CodeTitle, l.at, "the <desc> is empty")
	}
}

func (l *linter) charData(data xml.CharData) {
	text := strings.TrimSpace(string(data))
	if l.inText != nil {
		l.inText.Write(data)
	}
	if text == "" {
		return
	}
	switch {
	case len(l.open) == 0:
		l.report(SeverityError, CodeXML, l.at, "there is text outside of the root element")
	case !profile[l.open[len(l.open)-1]].text:
		l.report(SeverityError, CodeText, l.at, "there may be no text in <%s>", l.open[len(l.open)-1])
	}
}

func (l *linter) startTitle() {
	l.titles++
	l.inText = &strings.Builder{}
	switch {
	case l.titles > 1:
		l.report(SeverityError, CodeTitle, l.at, "there is more than one <title>")
	case !l.atFirst:
		l.report(SeverityWarning, CodeTitle, l.at, "the <title> is not the first element in <svg>")
	}
}

func (l *linter) endTitle(text string) {
	const advised = 64 // draft-svg-tiny-ps-abrotman §2.2
	if l.titles == 1 {
		l.title = text
	}
	switch {
	case text == "":
		l.report(SeverityError, CodeTitle, l.at, "the <title> is empty")
	case placeholders[strings.ToLower(text)]:
		l.report(SeverityWarning, CodeTitle, l.at, "the <title> %q is a placeholder, and should name the company or brand", text)
	case utf8.RuneCountInString(text) > advised:
		l.report(SeverityWarning, CodeTitle, l.at, "the <title> has %d characters, and should have at most %d", utf8.RuneCountInString(text), advised)
	}
}

// finish adds what can be said at the end only.
func (l *linter) finish() []Issue {
	position := len(l.text)
	switch {
	case l.stopped:
	case !l.hasRoot:
		l.report(SeverityError, CodeXML, position, "there is no element in the file")
	default:
		if l.titles == 0 {
			l.report(SeverityError, CodeTitle, 0, "there is no <title> in <svg>")
		}
		if !l.hasPaint {
			l.report(SeverityWarning, CodeRoot, 0, "nothing is drawn")
		}
		for _, issue := range l.references.issues() {
			l.report(issue.Severity, issue.Code, issue.Position, "%s", issue.Message)
		}
	}
	for i := range l.issues {
		issue := &l.issues[i]
		if n := l.counts[string(issue.Code)+issue.Message]; n > 1 {
			issue.Message += fmt.Sprintf(" (%d times)", n)
		}
	}
	return l.issues
}
