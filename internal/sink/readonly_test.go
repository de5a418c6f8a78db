package sink_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/postmuster/postmuster/internal/sink/egress"
	"github.com/postmuster/postmuster/internal/sink/linkcheck"
	"github.com/postmuster/postmuster/internal/sink/store"
)

func TestWhoMayReadOnly(t *testing.T) {
	c := config()
	c.Token, c.ReadToken = "all", "look"
	c.Links = linkcheck.New(linkcheck.Config{Now: c.Now, Dialer: &egress.Public{}})
	s, _ := start(t, c)
	dial(t, s.Addrs().SMTP).send("Subject: hello", "", "hello")
	if err := s.Store().WaitSeq(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	page, err := s.Store().List(t.Context(), store.Query{})
	if err != nil || len(page.Records) != 1 {
		t.Fatalf("the store lists %+v, %v", page, err)
	}
	id := page.Records[0].ID
	ask := func(method, path, body string) int {
		req, err := http.NewRequestWithContext(t.Context(), method, s.URL()+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer look")
		req.Header.Set("Content-Type", "application/json")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		return res.StatusCode
	}
	for request, want := range map[string]int{
		"GET /":                                     http.StatusOK,
		"GET /api/postmuster/v1/messages":           http.StatusOK,
		"GET /api/v1/message/" + id:                 http.StatusOK,
		"GET /api/v1/messages":                      http.StatusOK,
		"GET /api/v1/message/" + id + "/link-check": http.StatusForbidden,
		"POST /api/postmuster/v1/wait":              http.StatusOK,
		"DELETE /api/postmuster/v1/messages":        http.StatusForbidden,
		"POST /api/postmuster/v1/send":              http.StatusForbidden,
		"PUT /api/postmuster/v1/faults":             http.StatusForbidden,
		"POST /api/postmuster/v1/messages/1/relay":  http.StatusForbidden,
		"PUT /api/v1/messages":                      http.StatusForbidden,
		"DELETE /api/v1/messages":                   http.StatusForbidden,
		"PUT /api/v1/chaos":                         http.StatusForbidden,
		"POST /delete":                              http.StatusForbidden,
	} {
		method, path, _ := strings.Cut(request, " ")
		if got := ask(method, path, `{"timeout":"0s"}`); got != want {
			t.Errorf("%s: status %d, want %d", request, got, want)
		}
	}
	if r, err := s.Store().Get(t.Context(), id); err != nil || r.Read {
		t.Errorf("the message is marked as read: %+v, %v", r, err)
	}
}
