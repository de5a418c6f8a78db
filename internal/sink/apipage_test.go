package sink_test

import (
	"encoding/json"
	"html"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

func TestAPIPageShowsEveryOperation(t *testing.T) {
	s, _ := start(t, config())
	page := get(t, s.URL()+"/api")
	var doc struct {
		Paths map[string]map[string]struct{ OperationID string }
	}
	if err := json.Unmarshal([]byte(get(t, s.URL()+"/openapi.json")), &doc); err != nil {
		t.Fatal(err)
	}
	for path, operations := range doc.Paths {
		for method, op := range operations {
			if !strings.Contains(page, `id="`+op.OperationID+`"`) || !strings.Contains(page, ">"+path+"<") {
				t.Errorf("%s %s is not on the page", method, path)
			}
		}
	}
	ids := map[string]bool{}
	for _, m := range regexp.MustCompile(`\sid="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		if ids[m[1]] {
			t.Errorf("two elements have the ID %s", m[1])
		}
		ids[m[1]] = true
	}
	for _, m := range regexp.MustCompile(`href="#([^"]*)"`).FindAllStringSubmatch(page, -1) {
		if !ids[m[1]] {
			t.Errorf("nothing has the ID %s, which the page leads to", m[1])
		}
	}
	if m := regexp.MustCompile(`(src|href)="(https?:)?//[^"]*`).FindString(page); m != "" {
		t.Errorf("the page has something from elsewhere: %s", m)
	}
}

var example = regexp.MustCompile(`(?s)aria-label="Example">curl -X POST '([^']*)' \\\n  -H 'Content-Type: application/json' -d '([^<]*)'<`)

func TestExamplesOfTheAPIWork(t *testing.T) {
	s, _ := start(t, config())
	bodies := map[string]string{}
	page := html.UnescapeString(strings.ReplaceAll(get(t, s.URL()+"/api"), "&lt;", `\u003c`)) // a < of JSON must not end the example
	for _, m := range example.FindAllStringSubmatch(page, -1) {
		bodies[m[1]] = m[2]
	}
	for _, path := range []string{"/send", "/wait", "/expect"} { // what is waited for is sent first
		url := s.URL() + "/api/postmuster/v1" + path
		res, err := http.Post(url, "application/json", strings.NewReader(bodies[url]))
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != http.StatusOK && res.StatusCode != http.StatusCreated {
			t.Errorf("the example %s %q is answered with %s", path, bodies[url], res.Status)
		}
	}
}
