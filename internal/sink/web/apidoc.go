package web

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// The page about the API reads the OpenAPI document of our own program, which is
// the one place that knows what there is.

// apiDocument is what the page shows of the document.
type apiDocument struct {
	Paths      map[string]map[string]apiOperation
	Components struct{ Schemas map[string]apiSchema }
}

type apiOperation struct {
	OperationID, Summary, Description string
	Tags                              []string
	Parameters                        []apiParameter
	RequestBody                       *struct{ Content apiContent }
	Responses                         map[string]struct {
		Description string
		Content     apiContent
	}
}

type apiParameter struct {
	Name, In, Description string
	Required              bool
	Schema                apiSchema
}

type apiContent map[string]struct{ Schema apiSchema } // by media type

type apiSchema struct {
	Ref                  string `json:"$ref"`
	Type                 apiType
	Description          string
	Enum                 []any
	Default              any
	Examples             []any
	Items                *apiSchema
	Properties           map[string]apiSchema
	Required             []string
	AdditionalProperties json.RawMessage
}

// An apiType is the type of a value; that it may be null does not matter here.
type apiType string

// UnmarshalJSON reads a type, or a list of types.
func (t *apiType) UnmarshalJSON(text []byte) error {
	var one string
	if json.Unmarshal(text, &one) == nil {
		*t = apiType(one)
		return nil
	}
	var several []string
	if err := json.Unmarshal(text, &several); err != nil {
		return err
	}
	several = slices.DeleteFunc(several, func(s string) bool { return s == "null" })
	*t = apiType(strings.Join(several, " or "))
	return nil
}

// apiGroups are in the order shown; others come behind them.
var apiGroups = []struct{ tag, title, about string }{
	{"messages", "Messages", "What was received, and what was found out about it."},
	{"waiting", "Waiting", "For tests: an answer when a message has come, without polling."},
	{"sending", "Sending", "Messages into the sink, and on from it to hosts that were named at start."},
	{"lists", "Lists", ""},
	{"faults", "Faults", "What SMTP does wrong on purpose."},
	{"health", "Health", ""},
	{"about", "This document", ""},
	{"mailpit", "As Mailpit", "As much of Mailpit's API as its clients call."},
	{"mailhog", "As MailHog", "As much of MailHog's API as its clients call."},
}

type apiView struct {
	Base   string // address in front of the paths
	Groups []apiGroup
	Types  []apiTypeView
}

type apiGroup struct {
	Tag, Title, About string
	Operations        []operationView
}

type operationView struct {
	apiOperation
	Method, Path string
	Prose        []prose
	Params       []apiField
	Bodies       []apiBody
	Answers      []apiBody
	Curl         string
}

// A prose is a paragraph, or a block that is shown as it is.
type prose struct {
	Text string
	Code bool
}

// An apiBody is what is sent or answered.
type apiBody struct{ Status, MediaType, Type, Link, Description string }

// An apiField is a parameter, or a field of an object.
type apiField struct {
	Name, In, Type, Link, Description, Default string
	Enum                                       []any
	Required                                   bool
}

type apiTypeView struct {
	Name   string
	Fields []apiField
}

func (p *Page) showAPI(w http.ResponseWriter, r *http.Request) error {
	doc, err := p.document()
	if err != nil {
		return err
	}
	scheme := "http"
	if r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https" {
		scheme = "https"
	}
	view := doc.view(scheme+"://"+r.Host+p.paths.at(""), p.config.Token)
	return p.render(w, r, http.StatusOK, shell{Title: "API", View: "wide", Body: "api", Wide: view})
}

func readDocument(text func() ([]byte, error)) func() (*apiDocument, error) {
	return func() (*apiDocument, error) {
		if text == nil {
			return nil, errNoPage
		}
		content, err := text()
		if err != nil {
			return nil, err
		}
		doc := &apiDocument{}
		if err := json.Unmarshal(content, doc); err != nil {
			return nil, fmt.Errorf("read the document of the API: %w", err)
		}
		return doc, nil
	}
}

// view puts the document in order. With a token, examples say where to give it.
func (d *apiDocument) view(base string, token bool) apiView {
	v := apiView{Base: base}
	groups := map[string][]operationView{}
	for _, path := range slices.Sorted(maps.Keys(d.Paths)) {
		for _, method := range slices.Sorted(maps.Keys(d.Paths[path])) {
			op := d.Paths[path][method]
			if len(op.Tags) > 0 {
				groups[op.Tags[0]] = append(groups[op.Tags[0]], d.operation(base, token, strings.ToUpper(method), path, op))
			}
		}
	}
	for _, g := range apiGroups {
		if len(groups[g.tag]) > 0 {
			v.Groups = append(v.Groups, apiGroup{g.tag, g.title, g.about, groups[g.tag]})
			delete(groups, g.tag)
		}
	}
	for _, tag := range slices.Sorted(maps.Keys(groups)) {
		v.Groups = append(v.Groups, apiGroup{tag, capital(tag), "", groups[tag]})
	}
	for _, name := range slices.Sorted(maps.Keys(d.Components.Schemas)) {
		if schema := d.Components.Schemas[name]; len(schema.Properties) > 0 {
			v.Types = append(v.Types, apiTypeView{name, d.fields(schema)})
		}
	}
	return v
}

func (d *apiDocument) operation(base string, token bool, method, path string, op apiOperation) operationView {
	v := operationView{apiOperation: op, Method: method, Path: path, Prose: paragraphs(op.Description)}
	for _, p := range op.Parameters {
		if p.In == "header" {
			continue // those that HTTP has for all
		}
		f := d.field(p.Name, p.Schema, p.Required)
		f.In, f.Description = p.In, cmp.Or(p.Description, p.Schema.Description)
		v.Params = append(v.Params, f)
	}
	if op.RequestBody != nil {
		v.Bodies = d.bodies("", "", op.RequestBody.Content)
	}
	for _, status := range slices.Sorted(maps.Keys(op.Responses)) {
		response := op.Responses[status]
		if status >= "400" && response.Description == http.StatusText(number(status, 0)) {
			continue // a problem like any other
		}
		if response.Description == http.StatusText(number(status, 0)) {
			response.Description = ""
		}
		if len(response.Content) == 0 {
			v.Answers = append(v.Answers, apiBody{Status: status, Description: response.Description})
		}
		v.Answers = append(v.Answers, d.bodies(status, response.Description, response.Content)...)
	}
	v.Curl = d.curl(base, token, v)
	return v
}

func (d *apiDocument) bodies(status, description string, content apiContent) []apiBody {
	var bodies []apiBody
	for _, mediaType := range slices.Sorted(maps.Keys(content)) {
		name, link := d.typeOf(content[mediaType].Schema)
		bodies = append(bodies, apiBody{status, mediaType, name, link, description})
	}
	return bodies
}

func (d *apiDocument) fields(schema apiSchema) []apiField {
	var fields []apiField
	for _, name := range slices.Sorted(maps.Keys(schema.Properties)) {
		fields = append(fields, d.field(name, schema.Properties[name], slices.Contains(schema.Required, name)))
	}
	return fields
}

func (d *apiDocument) field(name string, s apiSchema, required bool) apiField {
	f := apiField{Name: name, Description: s.Description, Enum: s.Enum, Required: required}
	f.Type, f.Link = d.typeOf(s)
	if s.Default != nil {
		f.Default = fmt.Sprint(s.Default)
	}
	return f
}

// typeOf names a type, and the element that describes it.
func (d *apiDocument) typeOf(s apiSchema) (name, link string) {
	switch {
	case s.Ref != "":
		name = s.Ref[strings.LastIndexByte(s.Ref, '/')+1:]
		if len(d.Components.Schemas[name].Properties) > 0 {
			link = "type-" + name
		}
		return name, link
	case s.Type == "array" && s.Items != nil:
		name, link = d.typeOf(*s.Items)
		return "list of " + cmp.Or(name, "values"), link
	default:
		return string(s.Type), ""
	}
}

// curl writes a call that can be pasted: IDs are to be filled in.
func (d *apiDocument) curl(base string, token bool, v operationView) string {
	address := base + v.Path
	query := url.Values{}
	for _, p := range v.Params {
		switch {
		case p.In == "path":
			address = strings.ReplaceAll(address, "{"+p.Name+"}", strings.ToUpper(p.Name))
		case p.Required:
			query.Set(p.Name, strings.ToUpper(p.Name))
		}
	}
	if len(query) > 0 {
		address += "?" + query.Encode()
	}
	words := []string{"curl"}
	if v.Method != http.MethodGet {
		words = append(words, "-X "+v.Method)
	}
	if token {
		words = append(words, `-H "Authorization: Bearer $POSTMUSTER_TOKEN"`)
	}
	words = append(words, "'"+address+"'")
	if len(v.Bodies) > 0 {
		body := v.RequestBody.Content[v.Bodies[0].MediaType]
		data := "--data-binary @FILE"
		if sample := d.sample(body.Schema, 0); sample != nil && v.Bodies[0].MediaType == "application/json" {
			data = "-d '" + strings.ReplaceAll(compact(sample), "'", `'\''`) + "'"
		}
		words = append(words, "\\\n  -H 'Content-Type: "+v.Bodies[0].MediaType+"' "+data)
	}
	return strings.Join(words, " ")
}

func compact(v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if e.Encode(v) != nil {
		return "{}"
	}
	return strings.TrimSpace(b.String())
}

// maxSample is how deep an example goes: types may hold themselves.
const maxSample = 6

// sample makes an example of a type out of those that its fields have, and of the
// fields that must be there; nil when it has none.
func (d *apiDocument) sample(s apiSchema, depth int) any {
	switch {
	case depth == maxSample:
		return nil
	case len(s.Examples) > 0:
		return s.Examples[0]
	case s.Ref != "":
		return d.sample(d.Components.Schemas[s.Ref[strings.LastIndexByte(s.Ref, '/')+1:]], depth+1)
	case s.Type == "array" && s.Items != nil:
		if item := d.sample(*s.Items, depth+1); item != nil {
			return []any{item}
		}
		return []any{}
	case len(s.Properties) > 0:
		object := map[string]any{}
		for name, property := range s.Properties {
			if len(property.Examples) > 0 || slices.Contains(s.Required, name) {
				object[name] = d.sample(property, depth+1)
			}
		}
		return object
	default:
		return nil
	}
}

// paragraphs divides a description at its blocks of code.
func paragraphs(text string) []prose {
	var list []prose
	for i, block := range strings.Split(text, "```") {
		if i%2 == 1 {
			_, block, _ = strings.Cut(block, "\n") // the language
		}
		if block = strings.TrimSpace(block); block != "" {
			list = append(list, prose{block, i%2 == 1})
		}
	}
	return list
}
