package api

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// A route is a path whose answers are not of our own design: health, and the
// APIs of others. It is in /openapi.json so that the document has all there is.
type route struct {
	pattern string // as http.ServeMux has it
	summary string
	query   string   // names of parameters, for programs that read them from the document
	answers []string // media types of 200; JSON when there are none
	handler func(http.ResponseWriter, *http.Request) error
}

// registerRoutes adds routes to the mux and to the document. problem answers errors.
func (a *API) registerRoutes(mux humago.Mux, doc *huma.OpenAPI, tag string, problem func(http.ResponseWriter, error), routes []route) {
	for _, r := range routes {
		mux.HandleFunc(r.pattern, a.thenLetGo(func(w http.ResponseWriter, req *http.Request) {
			if err := r.handler(w, req); err != nil {
				problem(w, err)
			}
		}))
		doc.AddOperation(r.operation(tag))
	}
}

var pathParam = regexp.MustCompile(`\{([^}]+)\}`)

func (r *route) operation(tag string) *huma.Operation {
	method, path, _ := strings.Cut(r.pattern, " ")
	op := &huma.Operation{
		Method: method, Path: path, OperationID: operationID(tag, method, path), Tags: []string{tag}, Summary: r.summary,
		Responses: map[string]*huma.Response{"200": {Description: "OK", Content: map[string]*huma.MediaType{}}},
	}
	text := &huma.Schema{Type: huma.TypeString}
	for _, name := range pathParam.FindAllStringSubmatch(path, -1) {
		op.Parameters = append(op.Parameters, &huma.Param{Name: name[1], In: "path", Required: true, Schema: text})
	}
	for name := range strings.FieldsSeq(r.query) {
		op.Parameters = append(op.Parameters, &huma.Param{Name: name, In: "query", Schema: text})
	}
	if slices.Contains([]string{http.MethodPost, http.MethodPut}, method) {
		op.RequestBody = &huma.RequestBody{Content: map[string]*huma.MediaType{"application/json": {Schema: &huma.Schema{}}}}
	}
	if len(r.answers) == 0 {
		op.Responses["200"].Content["application/json"] = &huma.MediaType{Schema: &huma.Schema{}}
	}
	for _, mediaType := range r.answers {
		op.Responses["200"].Content[mediaType] = &huma.MediaType{Schema: text}
	}
	return op
}

// operationID is unique as method and path are.
func operationID(tag, method, path string) string {
	words := strings.FieldsFunc(path, func(r rune) bool { return strings.ContainsRune("/{}.", r) })
	return strings.ToLower(strings.Join(slices.Concat([]string{tag, method}, words), "-"))
}

// registerDocuments adds the forms in which the document is had. The library
// would do so too, but fills in each at its first request without a lock.
func (a *API) registerDocuments(mux humago.Mux, doc *huma.OpenAPI) {
	var routes []route
	for _, d := range []struct {
		path, mediaType, summary string
		write                    func() ([]byte, error)
	}{
		{"/openapi.json", "application/openapi+json", "This document", a.document},
		{"/openapi.yaml", "application/openapi+yaml", "This document, as YAML", doc.YAML},
		{"/openapi-3.0.json", "application/openapi+json", "This document, for tools that know version 3.0 alone", doc.Downgrade},
		{"/openapi-3.0.yaml", "application/openapi+yaml", "The same as YAML", doc.DowngradeYAML},
	} {
		written := sync.OnceValues(d.write)
		routes = append(routes, route{pattern: "GET " + d.path, summary: d.summary, answers: []string{d.mediaType}, handler: func(w http.ResponseWriter, r *http.Request) error {
			text, err := written()
			if err != nil {
				return err
			}
			etag := etagOfBytes(text)
			w.Header().Set("Content-Type", d.mediaType)
			w.Header().Set("ETag", etag)
			w.WriteHeader(statusFor(r.Header.Get("If-None-Match"), etag))
			w.Write(text) // nothing, behind 304
			return nil
		}})
	}
	a.registerRoutes(mux, doc, "about", a.writeProblem, routes)
}
