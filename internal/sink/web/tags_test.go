package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postmuster/postmuster/internal/sink/store"
)

// submit posts a form as a browser without scripts does.
func (s *site) submit(path string, form url.Values) *httptest.ResponseRecorder {
	s.t.Helper()
	r := httptest.NewRequestWithContext(s.t.Context(), http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	s.mux.ServeHTTP(w, r)
	return w
}

func TestTagsAreAddedAndRemoved(t *testing.T) {
	s := newSite(t)
	id := s.receive("X-Tags: keep\nSubject: x\n\nx\n")
	for _, step := range []struct {
		form   url.Values
		status int
		want   []string
	}{
		{url.Values{"add": {"a, \"b\" ,, keep"}}, http.StatusSeeOther, []string{`"b"`, "a", "keep"}},
		{url.Values{"remove": {`"b"`}}, http.StatusSeeOther, []string{"a", "keep"}},
		{url.Values{"remove": {"never there"}}, http.StatusSeeOther, []string{"a", "keep"}},
		{url.Values{"add": {strings.Repeat("x", 101)}}, http.StatusBadRequest, []string{"a", "keep"}},
		{url.Values{}, http.StatusSeeOther, []string{"a", "keep"}},
	} {
		if w := s.submit("/messages/"+id+"/tags", step.form); w.Code != step.status {
			t.Errorf("%v is answered with %d, want %d", step.form, w.Code, step.status)
		}
		r, err := s.store.Get(t.Context(), id)
		if err != nil || !cmp.Equal(r.Tags, step.want) {
			t.Errorf("after %v the tags are %q, want %q (%v)", step.form, r.Tags, step.want, err)
		}
	}
	if w := s.submit("/messages/none/tags", url.Values{"add": {"a"}}); w.Code != http.StatusNotFound {
		t.Errorf("tags of an unknown message: %d, want 404", w.Code)
	}
}

// Whatever a tag is called, its filter finds it, and switches off again.
func TestFiltersOfTags(t *testing.T) {
	for _, tag := range []string{"a", "two words", `"quoted"`, `half"`, `back\slash`, `\" both`, "tab\u00a0space", "tag:x", "-x", "a*", "ü"} {
		on, err := url.Parse(paths("").filter("from:ann", "tag", tag).Path)
		if err != nil {
			t.Fatal(err)
		}
		text := on.Query().Get("q")
		search, err := store.ParseSearch(text)
		if err != nil {
			t.Errorf("the filter of %q is %s: %v", tag, text, err)
			continue
		}
		again := paths("").filter(search.String(), "tag", tag)
		if off := paths("").list("from:ann", ""); !again.On || again.Path != off {
			t.Errorf("the filter of %q in %s is on: %t, and leads to %s, want %s", tag, text, again.On, again.Path, off)
		}
		s := newSite(t)
		id := s.receive("Subject: found\nFrom: ann@example.com\n\nx\n")
		if err := s.store.SetTags(t.Context(), []string{tag}, id); err != nil {
			t.Fatal(err)
		}
		if page, err := s.store.List(t.Context(), store.Query{Search: search}); err != nil || page.Total != 1 {
			t.Errorf("the filter of %q, %s, finds %d messages, want 1 (%v)", tag, text, page.Total, err)
		}
	}
}

func TestSendOnWithoutScripts(t *testing.T) {
	s := newSite(t)
	id := s.receive("Subject: x\n\nx\n")
	if w := s.submit("/messages/"+id+"/send-on", url.Values{"to": {"me@example.org"}}); w.Code != http.StatusForbidden {
		t.Errorf("without a relay: %d, want 403", w.Code)
	}
	var asked []string
	mux := http.NewServeMux()
	New(Config{
		Store: s.store, Now: time.Now, Logger: slog.New(slog.DiscardHandler), Relays: []string{"mx.example.com:25", "mx.example.org:25"},
		SendOn: func(_ context.Context, id, relay string, to []string) (string, error) {
			asked = append(asked, fmt.Sprint(relay, to))
			if len(to) == 0 {
				return "", errors.New("name at least one recipient")
			}
			return "250 <i>queued</i>", nil
		},
	}).Register(mux)
	s.mux = mux
	for _, test := range []struct {
		form   url.Values
		status int
		asked  string
		see    string
	}{
		{url.Values{"to": {" me@example.org,you@example.org;\nthird@example.org "}}, 200, "mx.example.com:25[me@example.org you@example.org third@example.org]", "250 &lt;i&gt;queued&lt;/i&gt;"},
		{url.Values{"to": {"me@example.org"}, "relay": {"mx.example.org:25"}}, 200, "mx.example.org:25[me@example.org]", "Sent to"},
		{url.Values{"to": {"me@example.org"}, "relay": {"192.0.2.1:25"}}, 502, "", "Not sent: no server of that name was named at start"},
		{url.Values{"to": {" , "}}, 502, "mx.example.com:25[]", "Not sent: name at least one recipient"},
	} {
		asked = nil
		w := s.submit("/messages/"+id+"/send-on", test.form)
		if w.Code != test.status || !strings.Contains(w.Body.String(), test.see) {
			t.Errorf("%v: %d, want %d and %q\n%s", test.form, w.Code, test.status, test.see, w.Body)
		}
		if got := strings.Join(asked, " "); got != test.asked {
			t.Errorf("%v sends to %s, want %s", test.form, got, test.asked)
		}
	}
	asked = nil
	if w := s.submit("/messages/none/send-on", url.Values{"to": {"me@example.org"}}); w.Code != http.StatusNotFound || len(asked) > 0 {
		t.Errorf("an unknown message: %d after %d calls", w.Code, len(asked))
	}
}
