package api

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/postmuster/postmuster/internal/message"
	"github.com/postmuster/postmuster/internal/sink/store"
)

// answer is what wait and expect are read into.
type answer struct {
	Outcome
	Detail   string
	Outcomes []Outcome
	Seq      uint64
}

// asked starts a request, and returns once it waits.
func (s *sink) asked(path string, body any) <-chan answer {
	s.t.Helper()
	done := make(chan answer, 1)
	before := len(s.api.waiting)
	go func() {
		var a answer
		s.want(200, "POST", prefix+path, body, &a)
		done <- a
	}()
	for len(s.api.waiting) == before && len(done) == 0 {
		select { // nothing else says that it waits
		case <-s.t.Context().Done():
			s.t.Fatal("the request never waited")
		default:
		}
	}
	return done
}

func TestWaitReturnsWhenTheMessageArrives(t *testing.T) {
	s := newSink(t, nil)
	s.add(simple("another"), to("carol@example.net"))
	done := s.asked("/wait", map[string]any{"to": "Bob@example.net", "subject": "welcome", "timeout": "30s"})
	s.add(simple("welcome"), to("bob@example.network"), header("To", "bob@example.network")) // begins like the address, and is another
	r := s.add(simple("Welcome to us"))
	a := <-done
	if !a.Met || a.Count != 1 || len(a.Messages) != 1 || a.Messages[0].ID != r.ID || a.Seq < r.Seq {
		t.Errorf("got %+v, want the message %s", a, r.ID)
	}
}

// header replaces the value of a header field.
func header(name, value string) func(*message.Message) {
	return func(m *message.Message) {
		lines := strings.Split(string(m.Raw), "\r\n")
		for i, l := range lines {
			if strings.HasPrefix(l, name+":") {
				lines[i] = name + ": " + value
			}
		}
		m.Raw = []byte(strings.Join(lines, "\r\n"))
	}
}

func TestWaitFromACommandLine(t *testing.T) {
	s := newSink(t, nil)
	r := s.add(simple("Welcome to us"))
	var a answer
	s.want(200, "GET", prefix+"/wait?to=bob@example.net&subject=welcome&count=1&timeout=30s", nil, &a)
	if !a.Met || len(a.Messages) != 1 || a.Messages[0].ID != r.ID {
		t.Errorf("got %+v, want the message %s", a, r.ID)
	}
	s.want(417, "GET", prefix+"/wait?to=carol@example.net&timeout=1ms", nil, &a)
	if want := "at least 1 expected, 0 matched within 1ms; 1 other messages arrived"; a.Detail != want {
		t.Errorf("detail %q, want %q", a.Detail, want)
	}
	res, body := s.do("GET", prefix+"/wait?timeout=soon", nil)
	if p := wantProblem(t, res, body, 422); p.Errors[0].Location != "query.timeout" {
		t.Errorf("errors %+v", p.Errors)
	}
}

func TestWhatHasArrivedCounts(t *testing.T) {
	s := newSink(t, nil)
	first := s.add(simple("welcome"))
	var a answer
	s.want(200, "POST", prefix+"/wait", map[string]any{"query": "subject:welcome", "timeout": "30s"}, &a)
	if a.Count != 1 {
		t.Errorf("%d messages, want 1", a.Count)
	}
	s.want(417, "POST", prefix+"/wait", map[string]any{"query": "subject:welcome", "timeout": "1ms", "after_seq": first.Seq}, &a)
}

// A condition may come to hold by other things than a message that arrives.
func TestWaitingForWhatHappensToAMessage(t *testing.T) {
	s := newSink(t, nil)
	r := s.add(simple("welcome"), to("bob+signup@example.net"))
	scored := func(value int, failed ...string) {
		if err := s.store.SetReport(t.Context(), r.ID, &store.Report{JSON: []byte("{}"), Score: store.Score{Value: value, Grade: "B"}, Failed: failed}); err != nil {
			t.Fatal(err)
		}
	}
	tests := []struct {
		name      string
		condition map[string]any
		happens   func()
	}{
		{"the inbox has a message, in any case", map[string]any{"inbox": "SignUp", "min": 2}, func() { s.add(simple("more"), to("bob+Signup@example.net")) }},
		{"a recipient of the envelope alone", map[string]any{"to": "hidden@example.org"}, func() { s.add(simple("bcc"), to("hidden@example.org")) }},
		{"a sender of the envelope alone", map[string]any{"from": "BOUNCE@example.com", "query": "subject:bounce"}, func() { s.add(simple("bounce")) }},
		{"a score", map[string]any{"query": "score:>=80 subject:welcome"}, func() { scored(80) }},
		{"a check that failed", map[string]any{"query": "check:dkim-missing"}, func() { scored(80, "dkim-missing") }},
		{"a tag", map[string]any{"query": "tag:seen"}, func() { s.want(204, "PATCH", prefix+"/messages/"+r.ID, map[string]any{"tags": []string{"seen"}}, nil) }},
		{"a read mark", map[string]any{"query": "is:read"}, func() { s.want(204, "PATCH", prefix+"/messages/"+r.ID, map[string]any{"read": true}, nil) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.condition["timeout"] = "30s"
			done := s.asked("/wait", tt.condition)
			tt.happens()
			if a := <-done; !a.Met {
				t.Errorf("got %+v", a)
			}
		})
	}
}

func TestATimeoutSaysWhatDidArriveAndWhy(t *testing.T) {
	s := newSink(t, nil)
	s.add(simple("Welcome"), to("carol@example.net"), header("To", "carol@example.net"))
	s.add(simple("Goodbye"))
	s.add(simple("Welcome"), to("bob+a@example.net"), header("To", "bob+a@example.net"))
	var a answer
	res := s.want(http.StatusExpectationFailed, "POST", prefix+"/wait",
		map[string]any{"to": "bob@example.net", "query": `subject:"welcome" -has:attachment`, "timeout": "1ms"}, &a)
	if got := res.Header.Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("Content-Type: %s", got)
	}
	if want := "at least 1 expected, 0 matched within 1ms; 3 other messages arrived"; a.Detail != want {
		t.Errorf("detail %q, want %q", a.Detail, want)
	}
	var got []string
	for _, arrival := range a.Outcomes[0].Arrived {
		for _, m := range arrival.Mismatches {
			got = append(got, fmt.Sprintf("%s: %s has %s", arrival.Subject, m.Term, m.Has))
		}
	}
	want := []string{
		`Welcome: to:"bob@example.net" has bob+a@example.net`,
		`Goodbye: subject:"welcome" has Goodbye`,
		`Welcome: to:"bob@example.net" has carol@example.net`,
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("mismatches:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestExpectSeveralThingsAtOnce(t *testing.T) {
	s := newSink(t, nil)
	done := s.asked("/expect", map[string]any{"timeout": "30s", "expect": []any{
		map[string]any{"subject": "invoice", "exact": 2},
		map[string]any{"inbox": "signup", "min": 1, "max": 3},
		map[string]any{"query": "score:>=90"},
	}})
	s.add(simple("invoice 1"))
	s.add(simple("invoice 2"))
	r := s.add(simple("hello"), to("bob+signup@example.net"))
	if err := s.store.SetReport(t.Context(), r.ID, &store.Report{JSON: []byte("{}"), Score: store.Score{Value: 95, Low: 95, High: 95, Grade: "A"}}); err != nil {
		t.Fatal(err)
	}
	a := <-done
	if len(a.Outcomes) != 3 || !a.Outcomes[0].Met || !a.Outcomes[1].Met || !a.Outcomes[2].Met {
		t.Errorf("outcomes %+v", a.Outcomes)
	}
}

func TestTooManyIsKnownAtOnce(t *testing.T) {
	s := newSink(t, nil)
	s.add(simple("invoice 1"))
	s.add(simple("invoice 2"))
	for what, body := range map[string]map[string]any{
		"exactly one": {"subject": "invoice", "exact": 1, "timeout": "5m"},
		"none":        {"subject": "invoice", "none": true, "timeout": "5m"},
		"at most one": {"subject": "invoice", "max": 1, "timeout": "5m"},
	} {
		var a answer
		s.want(417, "POST", prefix+"/wait", body, &a)
		if a.Outcomes[0].Count != 2 || len(a.Outcomes[0].Messages) != 2 {
			t.Errorf("%s: %+v", what, a.Outcomes[0])
		}
	}
}

func TestNoneWaitsForTheWholeTime(t *testing.T) {
	s := newSink(t, nil)
	var a answer
	s.want(200, "POST", prefix+"/wait", map[string]any{"subject": "invoice", "none": true, "timeout": "20ms"}, &a)
	if !a.Met || a.Expected != "none" {
		t.Errorf("got %+v", a.Outcome)
	}
	done := s.asked("/expect", map[string]any{"timeout": "30s", "expect": []any{map[string]any{"subject": "x", "max": 1}, map[string]any{"subject": "y"}}})
	s.add(simple("y"))
	if a := <-done; !a.Outcomes[0].Met {
		t.Errorf("got %+v", a.Outcomes)
	}
}

func TestConditionsThatMakeNoSense(t *testing.T) {
	s := newSink(t, nil)
	for what, body := range map[string]string{
		"a search that is none": `{"query":"colour:red"}`, "a timeout that is none": `{"timeout":"soon"}`, "a timeout too long": `{"timeout":"6m"}`,
		"a settle longer than the timeout": `{"timeout":"1s","settle":"2s"}`, "two counts": `{"exact":1,"min":1}`, "none and some": `{"none":true,"min":1}`,
		"a max less than the min": `{"min":3,"max":2}`, "an unknown key": `{"too":"bob@example.net"}`, "an inbox of quotes": `{"inbox":" "}`, "no JSON": `{`,
		"a negative count": `{"exact":-1}`,
	} {
		res, text := s.do("POST", prefix+"/wait", body)
		if res.StatusCode != 422 && res.StatusCode != 400 || !strings.HasPrefix(res.Header.Get("Content-Type"), "application/problem+json") {
			t.Errorf("%s: %d %s", what, res.StatusCode, text)
		}
	}
	s.want(422, "POST", prefix+"/expect", `{"expect":[]}`, nil)
	_, text := s.do("POST", prefix+"/expect", `{"expect":[{"subject":"x"},{"query":"from:"}]}`)
	if !strings.Contains(string(text), "body.expect[1].query") {
		t.Errorf("the answer does not say where: %s", text)
	}
}

func FuzzSplitTerms(f *testing.F) {
	for _, seed := range []string{`from:a subject:"order 7" -has:attachment`, `"a \" b" !c`, `x:"y`, `-"a b"c`, "a\u00a0b", `subject:"a\\" b`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, query string) {
		terms := splitTerms(query)
		if got, want := squeeze(strings.Join(terms, " ")), squeeze(query); got != want {
			t.Fatalf("splitTerms(%q) lost something: %q", query, terms)
		}
		if _, err := store.ParseSearch(query); err != nil {
			return
		}
		for _, term := range terms {
			if _, err := store.ParseSearch(term); err != nil {
				t.Errorf("%q is a search, its term %q is none: %v", query, term, err)
			}
		}
	})
}

func squeeze(s string) string { return strings.Join(strings.Fields(s), "") }

func FuzzCondition(f *testing.F) {
	f.Add("subject:x", "inbox", "a@example.com", `"b" <b@example.com>`, `say "hi" \`)
	f.Fuzz(func(t *testing.T, query, inbox, to, from, subject string) {
		c := Condition{Query: query, Inbox: inbox, To: to, From: from, Subject: subject}
		read, err := c.read("body")
		if err != nil {
			return
		}
		if read.search == nil && query+inbox+to+from+subject != "" && strings.TrimSpace(query) != "" {
			t.Errorf("%+v became no search", c)
		}
		for _, term := range read.terms {
			if _, err := store.ParseSearch(term); err != nil {
				t.Errorf("%+v: the term %q is no search: %v", c, term, err)
			}
		}
	})
}
