package api

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

// A problem is an answer of RFC 9457.
type problem struct {
	Title, Detail string
	Status        int
	Errors        []struct{ Message, Location string }
}

// wantProblem asserts that a refusal is one that programs can read.
func wantProblem(t *testing.T, res *http.Response, body []byte, status int) (p problem) {
	t.Helper()
	if res.StatusCode != status {
		t.Errorf("status %d, want %d: %.300s", res.StatusCode, status, body)
	}
	if got := res.Header.Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("Content-Type %q of %d", got, res.StatusCode)
	}
	if err := json.Unmarshal(body, &p); err != nil || p.Status != res.StatusCode || p.Title == "" || p.Detail == "" {
		t.Errorf("a problem lacks title, status or detail: %s", body)
	}
	return p
}

func TestEveryRefusalIsAProblem(t *testing.T) {
	s := newSink(t, nil)
	s.add(simple("x"))
	xml := "Content-Type: text/xml"
	tests := []struct {
		name, method, path string
		body               any
		field              string
		status             int
	}{
		{"no such path", "GET", "/nothing", nil, "", 404},
		{"no such path of the API", "GET", prefix + "/nothing", nil, "", 404},
		{"no such message", "GET", prefix + "/messages/unknown", nil, "", 404},
		{"no such part", "GET", prefix + "/messages/latest/parts/9", nil, "", 404},
		{"nothing found is the latest", "GET", prefix + "/messages/latest?query=subject:never", nil, "", 404},
		{"another method", "PUT", prefix + "/wait", nil, "", 405},
		{"another method for health", "POST", "/livez", nil, "", 405},
		{"another method for a list", "OPTIONS", prefix + "/messages", nil, "", 405},
		{"another type than JSON", "POST", prefix + "/wait", "<x/>", xml, 415},
		{"a form", "POST", prefix + "/send", "from=a", "Content-Type: application/x-www-form-urlencoded", 415},
		{"a message as text", "POST", prefix + "/messages", "x", "Content-Type: text/plain", 415},
		{"a message as a form", "POST", prefix + "/messages", "x", "Content-Type: multipart/form-data; boundary=x", 415},
		{"a script as text", "PUT", prefix + "/faults", "x", "Content-Type: text/plain", 415},
		{"a body that is too large", "POST", prefix + "/wait", `{"to":"` + strings.Repeat("x", 2<<20) + `"}`, "", 413},
		{"no JSON", "POST", prefix + "/wait", "{", "", 400},
		{"two values", "POST", prefix + "/wait", `{} {}`, "", 400},
		{"a parameter that does not exist", "GET", prefix + "/messages?qeury=x", nil, "", 422},
		{"a parameter where there are none", "GET", prefix + "/inboxes?x=1", nil, "", 422},
		{"a key that does not exist", "POST", prefix + "/wait", `{"subjet":"x"}`, "", 422},
		{"a key inside that does not exist", "POST", prefix + "/expect", `{"expect":[{"too":"x"}]}`, "", 422},
		{"a limit out of range", "GET", prefix + "/messages?limit=0", nil, "", 422},
		{"a mistake in a search", "GET", prefix + "/messages?query=sbject:x", nil, "", 422},
		{"a search for a message that has an ID", "GET", prefix + "/messages/x?query=y", nil, "", 422},
		{"a cursor from elsewhere", "GET", prefix + "/messages?cursor=x", nil, "", 422},
		{"a message that is to come", "GET", prefix + "/messages?min_seq=99", nil, "", 422},
		{"a message that is to come, by its ID", "GET", prefix + "/messages/latest/raw?min_seq=99", nil, "", 422},
		{"no relay was named", "POST", prefix + "/messages/latest/relay", `{"to":["bob@example.net"]}`, "", 403},
		{"no faults here", "GET", prefix + "/faults", nil, "", 501},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var fields []string
			if tt.field != "" {
				fields = append(fields, tt.field)
			}
			res, body := s.do(tt.method, tt.path, tt.body, fields...)
			wantProblem(t, res, body, tt.status)
			if tt.status == 405 && res.Header.Get("Allow") == "" {
				t.Error("405 without Allow")
			}
			if len(body) > 4<<10 {
				t.Errorf("a refusal of %d bytes", len(body))
			}
		})
	}
}

// What is wrong is named by its place in the request.
func TestAProblemSaysWhere(t *testing.T) {
	s := newSink(t, nil)
	res, body := s.do("POST", prefix+"/expect", `{"expect":[{"query":"sbject:x"}]}`)
	p := wantProblem(t, res, body, 422)
	if len(p.Errors) != 1 || p.Errors[0].Location != "body.expect[0].query" {
		t.Errorf("errors %+v, want one at body.expect[0].query", p.Errors)
	}
}
