package authres

import (
	"slices"
	"strings"
)

// Parse reads the value of an Authentication-Results field, folded or not
// (RFC 8601 §2.2).
func Parse(value string) (Field, []Issue) {
	p := newParser(value)
	p.payload()
	return p.field, p.sorted()
}

// ParseARC reads the value of an ARC-Authentication-Results field, which begins
// with "i=N;" (RFC 8617 §4.1.1).
func ParseARC(value string) (Field, []Issue) {
	p := newParser(value)
	p.instance()
	p.payload()
	return p.field, p.sorted()
}

func (p *parser) sorted() []Issue {
	slices.SortStableFunc(p.issues, func(a, b Issue) int { return a.Position - b.Position })
	return p.issues
}

type parser struct {
	scanner
	field    Field
	issues   []Issue
	strayEnd int // where the last text ended that is no property
}

func newParser(value string) *parser {
	p := &parser{scanner: scanner{s: value}, field: Field{Text: value, Results: []Result{}}}
	if len(value) > MaxSize {
		p.issue(CodeTooLong, SeverityError, MaxSize, "the field has %d octets; what follows the first %d is not read", len(value), MaxSize)
		p.s = value[:MaxSize]
	}
	if at, what := firstOdd(p.s); at >= 0 {
		p.issue(CodeCharacter, SeverityWarning, at, "the field holds %s", what)
	}
	return p
}

// skip goes over white space and comments, and keeps the comments.
func (p *parser) skip(comments *[]Comment) {
	for !p.done() {
		switch {
		case isSpace(p.peek()):
			p.i++
		case p.peek() == '(':
			at := p.i
			text, depth, closed := p.comment()
			switch {
			case !closed:
				p.issue(CodeComment, SeverityWarning, at, "a comment that does not end")
			case depth > MaxCommentDepth:
				p.issue(CodeComment, SeverityWarning, at, "comments are nested %d deep", depth)
			}
			p.keep(comments, Comment{text, at})
		default:
			return
		}
	}
}

func (p *parser) keep(comments *[]Comment, c Comment) {
	if len(*comments) < maxComments {
		*comments = append(*comments, c)
		return
	}
	p.tooMany(c.Position, "comments", maxComments)
}

// tooMany says once what is not kept.
func (p *parser) tooMany(at int, what string, most int) {
	for _, i := range p.issues {
		if i.Code == CodeTooMany {
			return
		}
	}
	p.issue(CodeTooMany, SeverityWarning, at, "more than %d %s; the rest is left out", most, what)
}

// instance reads "i=N;".
func (p *parser) instance() {
	comments := &p.field.Comments
	p.skip(comments)
	start := p.i
	name := p.word("=;\"")
	p.skip(comments)
	if name == "i" && p.accept('=') {
		p.skip(comments)
		number := p.word(";")
		p.skip(comments)
		if p.accept(';') {
			p.field.Instance, p.field.PayloadAt = number, p.i
			return
		}
	}
	p.i = start
	p.field.Comments = nil
	p.issue(CodeInstance, SeverityError, start, "the field does not begin with i= and a semicolon")
}

// payload reads the authserv-id, the version, and the results.
func (p *parser) payload() {
	f := &p.field
	p.skip(&f.Comments)
	p.authServID()
	for !p.done() {
		if !p.accept(';') {
			at := p.i
			p.rubbish(&f.Comments)
			p.issue(CodeSyntax, SeverityWarning, at, "%.40q belongs to nothing", strings.TrimRight(p.s[at:p.i], space))
			continue
		}
		p.result()
	}
	switch {
	case f.None && len(f.Results) > 0:
		p.issue(CodeNone, SeverityWarning, f.Position, "the field says none, and gives results")
	case !f.None && len(f.Results) == 0:
		p.issue(CodeNoResults, SeverityError, len(p.s), "there is neither a result nor none")
	}
}

// rubbish goes on to the next semicolon.
func (p *parser) rubbish(comments *[]Comment) {
	for !p.done() && p.peek() != ';' {
		before := p.i
		p.value(";")
		p.skip(comments)
		if p.i == before {
			p.i++
		}
	}
}

// authServID reads "authserv-id [version]". Some receivers leave it out and
// begin with the first result.
func (p *parser) authServID() {
	f := &p.field
	start, comments := p.i, len(f.Comments)
	f.Position = start
	id := p.value(";=")
	p.skip(&f.Comments)
	switch {
	case p.peek() == '=':
		p.issue(CodeAuthServID, SeverityWarning, start, "the field does not say who it is from: there is no authserv-id")
		f.Comments = f.Comments[:comments]
		p.i = start
		p.result()
		return
	case id == "":
		p.issue(CodeAuthServID, SeverityWarning, start, "the field does not say who it is from: there is no authserv-id")
		return
	}
	f.AuthServID = id
	if p.s[start] != '"' && !isToken(id) {
		p.issue(CodeAuthServID, SeverityInfo, start, "the authserv-id %.60q should be in quotes", id)
	}
	if p.done() || p.peek() == ';' {
		return
	}
	at := p.i
	version := p.word(";")
	p.skip(&f.Comments)
	if version == "" || strings.Trim(version, digits) != "" {
		p.i = at // the caller says that it belongs to nothing
		return
	}
	f.Version = version
	if strings.TrimLeft(version, "0") != "1" {
		p.issue(CodeVersion, SeverityWarning, at, "the version is %.20s, which readers of version 1 do not know", version)
	}
}

const digits = "0123456789"

// value reads a quoted string, or the octets up to white space, a comment or one
// of those in stop; quoted strings inside keep their quotes: "a b"@example.com.
func (p *parser) value(stop string) string {
	start := p.i
	if p.peek() == '"' {
		if text, ok := p.quoted(); ok && (p.done() || isSpace(p.peek()) || p.peek() == '(' || strings.IndexByte(stop, p.peek()) >= 0) {
			return text
		}
		p.i = start
	}
	for {
		p.word(stop + `"`)
		if p.peek() != '"' {
			return p.s[start:p.i]
		}
		at := p.i
		if _, ok := p.quoted(); !ok {
			p.issue(CodeQuotes, SeverityWarning, at, "a quoted string that does not end")
			p.i++
		}
	}
}

// result reads what stands between two semicolons: "none", or a method, its
// result, and what that is about.
func (p *parser) result() {
	var r Result
	at := p.i
	p.skip(&r.Comments)
	if p.done() || p.peek() == ';' {
		p.issue(CodeEmpty, SeverityInfo, max(at-1, 0), "nothing follows the semicolon")
		return
	}
	if !p.methodSpec(&r) {
		return
	}
	for !p.done() && p.peek() != ';' {
		p.property(&r)
		p.skip(&r.Comments)
	}
	p.identify(&r)
	if len(p.field.Results) >= MaxResults {
		p.tooMany(r.Position, "results", MaxResults)
		return
	}
	p.field.Results = append(p.field.Results, r)
}

// methodSpec reads METHOD[/VERSION]=RESULT and the comments behind it.
func (p *parser) methodSpec(r *Result) bool {
	r.Position = p.i
	name := p.word(`=/;"`)
	r.Method = lower(name)
	p.skip(&r.Comments)
	if r.Method == "none" && (p.done() || p.peek() == ';') {
		p.field.None = true
		return false
	}
	if p.accept('/') {
		p.skip(&r.Comments)
		at := p.i
		if r.Version = p.word("=;"); r.Version == "" || strings.Trim(r.Version, digits) != "" {
			p.issue(CodeVersion, SeverityWarning, at, "the version of the method %.40q is no number", name)
		}
		p.skip(&r.Comments)
	}
	if r.Method == "" || !p.accept('=') {
		p.rubbish(&r.Comments)
		p.issue(CodeSyntax, SeverityError, r.Position, "%.40q is not a method and its result", strings.TrimRight(p.s[r.Position:p.i], space))
		return false
	}
	if !isKeyword(name) {
		p.issue(CodeSyntax, SeverityWarning, r.Position, "%.40q cannot be the name of a method", name)
	}
	p.skip(&r.Comments)
	r.ValueAt = p.i
	r.Value = lower(p.value(";"))
	if !isKeyword(r.Value) || p.s[r.ValueAt] == '"' {
		p.issue(CodeSyntax, SeverityWarning, r.ValueAt, "%.40q cannot be a result", r.Value)
	}
	p.skip(&r.Comments)
	return true
}

// property reads a reason or a property: reason=VALUE, PTYPE.NAME=VALUE.
func (p *parser) property(r *Result) {
	q := Property{Position: p.i}
	name := p.word(`.=;"`)
	p.skip(&r.Comments)
	if p.peek() == '.' && name != "" {
		p.i++
		p.skip(&r.Comments)
		q.Type, name = lower(name), p.word(`=;"`)
		p.skip(&r.Comments)
	}
	q.Name = lower(name)
	if q.Name == "" || !p.accept('=') {
		p.stray(q.Position)
		return
	}
	p.skip(&r.Comments)
	q.ValueAt = p.i
	q.Value = p.value(";")
	raw := p.s[q.ValueAt:p.i]
	if q.Type == "" && q.Name == "reason" {
		p.reason(r, q, raw)
		return
	}
	p.judge(r, q, raw)
	if len(r.Properties) >= MaxProperties {
		p.tooMany(q.Position, "properties", MaxProperties)
		return
	}
	r.Properties = append(r.Properties, q)
}

// stray is text where a property was expected. Words that follow each other are
// one issue.
func (p *parser) stray(at int) {
	if p.i == at {
		p.value(";")
	}
	if p.i == at {
		p.i++
	}
	if p.strayEnd == 0 || strings.Trim(p.s[p.strayEnd:at], space) != "" {
		p.issue(CodeSyntax, SeverityWarning, at, "%.40q is not a property with a value", strings.TrimRight(p.s[at:p.i], space))
	}
	p.strayEnd = p.i
}

func (p *parser) reason(r *Result, q Property, raw string) {
	switch {
	case r.ReasonAt > 0:
		p.issue(CodeReason, SeverityWarning, q.Position, "there is a second reason; the first one counts")
		return
	case len(r.Properties) > 0:
		p.issue(CodeReason, SeverityInfo, q.Position, "the reason stands behind a property, and not before all of them")
	}
	r.Reason, r.ReasonAt = q.Value, q.ValueAt
	p.unquoted(q, raw, isToken(raw))
}

func (p *parser) judge(r *Result, q Property, raw string) {
	switch {
	case q.Type == "":
		p.issue(CodeProperty, SeverityWarning, q.Position, "%.40s has no type, such as smtp. or header., before it", q.Name)
	case !isKeyword(q.Type) || !isKeyword(q.Name):
		p.issue(CodeSyntax, SeverityWarning, q.Position, "%.60q cannot be a property", q.Type+"."+q.Name)
	}
	if _, twice := r.Property(q.Type, q.Name); twice {
		p.issue(CodeProperty, SeverityInfo, q.Position, "%.60s is there twice", strings.TrimPrefix(q.Type+"."+q.Name, "."))
	}
	if raw == "" {
		p.issue(CodeProperty, SeverityWarning, q.ValueAt, "%.60s has no value", strings.TrimPrefix(q.Type+"."+q.Name, "."))
		return
	}
	p.unquoted(q, raw, isToken(raw) || isMailbox(raw))
}

// unquoted says that a value needs quotes which it does not have.
func (p *parser) unquoted(q Property, raw string, fine bool) {
	if !fine && raw != "" && !(raw[0] == '"' && q.Value != raw) {
		p.issue(CodeQuotes, SeverityInfo, q.ValueAt, "%.60q should be in quotes", raw)
	}
}
