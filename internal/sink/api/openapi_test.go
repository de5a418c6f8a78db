package api

import (
	"encoding/json"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// A noting mux knows what was registered.
type noting struct {
	*http.ServeMux
	patterns []string
}

func (n *noting) HandleFunc(pattern string, handler func(http.ResponseWriter, *http.Request)) {
	n.patterns = append(n.patterns, pattern)
	n.ServeMux.HandleFunc(pattern, handler)
}

// routes are all patterns that an API registers.
func (s *sink) routes() []string {
	mux := &noting{ServeMux: http.NewServeMux()}
	s.api.Register(mux)
	return mux.patterns
}

// document is what this test looks at in /openapi.json.
type document struct {
	OpenAPI    string
	Paths      map[string]map[string]operation
	Components struct {
		Schemas map[string]json.RawMessage
	}
}

type operation struct {
	OperationID, Summary string
	Parameters           []struct{ Name, In string }
	RequestBody          *struct {
		Content map[string]json.RawMessage
	}
	Responses map[string]json.RawMessage
}

func TestOpenAPIHasEveryRoute(t *testing.T) {
	s := newSink(t, nil)
	var doc document
	s.want(200, "GET", "/openapi.json", nil, &doc)
	if !strings.HasPrefix(doc.OpenAPI, "3.1") {
		t.Errorf("OpenAPI %s, want 3.1", doc.OpenAPI)
	}
	described := map[string]bool{}
	ids := map[string]bool{}
	for path, operations := range doc.Paths {
		for method, op := range operations {
			described[strings.ToUpper(method)+" "+path] = true
			if op.Summary == "" || op.OperationID == "" || ids[op.OperationID] {
				t.Errorf("%s %s has the summary %q and the ID %q, which must be its own", method, path, op.Summary, op.OperationID)
			}
			ids[op.OperationID] = true
			for _, name := range regexp.MustCompile(`\{([^}]+)\}`).FindAllStringSubmatch(path, -1) {
				if !slices.ContainsFunc(op.Parameters, func(p struct{ Name, In string }) bool { return p.Name == name[1] && p.In == "path" }) {
					t.Errorf("%s %s does not describe {%s}", method, path, name[1])
				}
			}
		}
	}
	routes := s.routes()
	if len(routes) < 50 {
		t.Fatalf("only %d routes were registered", len(routes))
	}
	for _, pattern := range routes {
		if !described[pattern] {
			t.Errorf("%s is not described", pattern)
		}
		delete(described, pattern)
	}
	for _, left := range slices.Sorted(maps.Keys(described)) {
		t.Errorf("%s is described, and does not exist", left)
	}
}

func TestOpenAPIRefersToWhatItHas(t *testing.T) {
	s := newSink(t, nil)
	_, text := s.do("GET", "/openapi.json", nil)
	var doc document
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	refs := regexp.MustCompile(`"\$ref":"([^"]+)"`).FindAllSubmatch(text, -1)
	if len(refs) == 0 {
		t.Fatal("there is no $ref")
	}
	for _, ref := range refs {
		name, ok := strings.CutPrefix(string(ref[1]), "#/components/schemas/")
		if !ok || doc.Components.Schemas[name] == nil {
			t.Errorf("%s leads nowhere", ref[1])
		}
	}
}

// The programs of a page that shows documentation would come from elsewhere.
func TestNoPageOfDocumentation(t *testing.T) {
	s := newSink(t, nil)
	for _, path := range []string{"/docs", "/schemas/Detail.json"} {
		if res, _ := s.do("GET", path, nil); res.StatusCode != http.StatusNotFound {
			t.Errorf("%s answers %d", path, res.StatusCode)
		}
	}
	if _, body := s.do("GET", prefix+"/messages", nil); strings.Contains(string(body), "$schema") {
		t.Error("an answer has a $schema")
	}
}
