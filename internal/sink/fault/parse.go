package fault

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// An Error is what is wrong at one place of a script.
type Error struct {
	Name         string // of the script
	Line, Column int    // from 1; 0 when it is the script as a whole
	Key          string // "rules[2].reply"; empty outside of one
	Problem      string
}

// Error returns "faults.yaml:3:5: rules[2].repply: unknown key, did you mean reply?".
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(cmp.Or(e.Name, "faults"))
	if e.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", e.Line, e.Column)
	}
	if e.Key != "" {
		b.WriteString(": " + e.Key)
	}
	b.WriteString(": " + e.Problem)
	return b.String()
}

const (
	// maxErrors is how many errors of a script are told of at once.
	maxErrors = 10
	// maxBrackets bounds the nesting of [ and {: the parser's time grows with
	// its square, and the language needs three.
	maxBrackets = 20
)

// Parse reads a script in YAML or JSON; name is the file's, for errors. Each
// error is an *Error, several are joined.
func Parse(name string, text []byte) (*Script, error) {
	p := &reader{name: name}
	root, err := p.syntax(text)
	if err != nil {
		return nil, err
	}
	s := &Script{Rules: []Rule{}}
	if root != nil {
		p.mapping("", root, scriptKeys(p, s))
	}
	if len(p.errs) > 0 {
		return nil, errors.Join(p.errs...)
	}
	return s, nil
}

// A reader reads one script, and collects what is wrong.
type reader struct {
	name string
	errs []error
}

// syntax returns the root of a document, nil if there is none.
func (p *reader) syntax(text []byte) (root ast.Node, err error) {
	if len(text) > MaxScriptBytes {
		return nil, &Error{Name: p.name, Problem: fmt.Sprintf("longer than %d bytes", MaxScriptBytes)}
	}
	if nesting(text) > maxBrackets {
		return nil, &Error{Name: p.name, Problem: fmt.Sprintf("brackets nested more than %d deep", maxBrackets)}
	}
	defer func() {
		if r := recover(); r != nil { // the library meets hostile input here
			root, err = nil, &Error{Name: p.name, Problem: fmt.Sprint("not YAML: ", r)}
		}
	}()
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		return nil, p.syntaxError(err)
	}
	for _, doc := range file.Docs {
		if doc.Body == nil || doc.Body.Type() == ast.CommentType {
			continue
		}
		if root != nil {
			return nil, p.at("", doc.Body, "a second document")
		}
		root = doc.Body
	}
	return root, nil
}

func (p *reader) syntaxError(err error) error {
	var syntax *yaml.SyntaxError
	if !errors.As(err, &syntax) || syntax.Token == nil {
		first, _, _ := strings.Cut(err.Error(), "\n")
		return &Error{Name: p.name, Problem: first}
	}
	at := position(syntax.Token)
	return &Error{Name: p.name, Line: at.Line, Column: at.Column, Problem: SyntaxProblem(syntax)}
}

// SyntaxProblem is what the parser says of a mistake, and what mostly is behind it.
func SyntaxProblem(e *yaml.SyntaxError) string {
	if strings.HasSuffix(e.Message, "not allowed in this context") {
		return e.Message + "; is the line indented as its neighbours are?"
	}
	return e.Message
}

func nesting(text []byte) (deepest int) {
	depth := 0
	for _, c := range text {
		switch c {
		case '[', '{':
			depth++
			deepest = max(deepest, depth)
		case ']', '}':
			depth = max(depth-1, 0)
		}
	}
	return deepest
}

func position(t *token.Token) token.Position {
	if t == nil || t.Position == nil {
		return token.Position{}
	}
	return *t.Position
}

// at returns an error at a node.
func (p *reader) at(key string, n ast.Node, format string, args ...any) error {
	at := position(start(n))
	return &Error{Name: p.name, Line: at.Line, Column: at.Column, Key: key, Problem: fmt.Sprintf(format, args...)}
}

// start returns the first token of a node; that of a mapping in blocks is the
// colon behind its first key.
func start(n ast.Node) *token.Token {
	switch n := n.(type) {
	case *ast.MappingNode:
		if !n.IsFlowStyle && len(n.Values) > 0 {
			return start(n.Values[0])
		}
	case *ast.MappingValueNode:
		return n.Key.GetToken()
	}
	return n.GetToken()
}

func (p *reader) fail(key string, n ast.Node, format string, args ...any) {
	switch len(p.errs) {
	case maxErrors:
	case maxErrors - 1:
		p.errs = append(p.errs, &Error{Name: p.name, Problem: "and more errors"})
	default:
		p.errs = append(p.errs, p.at(key, n, format, args...))
	}
}

// A field reads the value of a key.
type field struct {
	key  string
	read func(key string, value ast.Node)
}

// mapping reads the keys of a node, of which no other may be there.
func (p *reader) mapping(prefix string, n ast.Node, fields []field) {
	var values []*ast.MappingValueNode
	switch n := n.(type) {
	case *ast.MappingNode:
		values = n.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{n}
	default:
		p.fail(prefix, n, "a mapping is needed here, such as %s", example(fields))
		return
	}
	seen := map[string]bool{}
	for _, v := range values {
		name := v.Key.GetToken().Value
		key := strings.TrimPrefix(prefix+"."+clip(name), ".")
		if seen[name] {
			p.fail(key, v, "a key twice")
		}
		seen[name] = true
		if f := find(fields, name); f != nil {
			f.read(key, v.Value)
		} else {
			p.fail(key, v, "unknown key%s", suggestion(name, keys(fields)))
		}
	}
}

func example(fields []field) string { return `"` + fields[len(fields)-1].key + `: …"` }

func find(fields []field, name string) *field {
	for i := range fields {
		if fields[i].key == name {
			return &fields[i]
		}
	}
	return nil
}

func keys(fields []field) (names []string) {
	for _, f := range fields {
		names = append(names, f.key)
	}
	return names
}

// text returns the text of a scalar.
func (p *reader) text(key string, n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return n.GetToken().Value, true
	case nil, *ast.NullNode:
		p.fail(key, n, "a value is missing")
	case *ast.AnchorNode, *ast.AliasNode, *ast.TagNode:
		p.fail(key, n, "anchors, aliases and tags are not part of the language")
	default:
		p.fail(key, n, "a single value is needed here; one with a colon stands in quotes")
	}
	return "", false
}

// each calls read for the elements of a list, or for the one value instead of it.
func (p *reader) each(key string, n ast.Node, read func(key string, n ast.Node)) {
	list, ok := n.(*ast.SequenceNode)
	if !ok {
		read(key, n)
		return
	}
	if len(list.Values) == 0 {
		p.fail(key, n, "an empty list")
	}
	for i, v := range list.Values {
		read(fmt.Sprintf("%s[%d]", key, i), v)
	}
}

// suggestion returns ", did you mean key?" for the nearest name, or the names.
func suggestion(wrong string, names []string) string {
	best, distance := "", 3 // more than two letters are another word
	for _, name := range names {
		if d := edits(strings.ToLower(clip(wrong)), name); d < distance && d < len(name) {
			best, distance = name, d
		}
	}
	if best == "" {
		return "; known are " + strings.Join(names, ", ")
	}
	return ", did you mean " + best + "?"
}

// edits returns how many letters must be inserted, deleted or replaced.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
