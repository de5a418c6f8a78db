package api

import (
	"bufio"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/postmuster/postmuster/internal/sink/store"
)

// A reader reads events.
type reader struct {
	t     testing.TB
	lines *bufio.Scanner
	close func() error
}

func (s *sink) events(fields ...string) *reader {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), "GET", s.url+prefix+"/events", nil)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, f := range fields {
		name, value, _ := strings.Cut(f, ": ")
		req.Header.Set(name, value)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { res.Body.Close() })
	if res.StatusCode != 200 || res.Header.Get("Content-Type") != "text/event-stream" {
		s.t.Fatalf("events: %d %s", res.StatusCode, res.Header.Get("Content-Type"))
	}
	return &reader{t: s.t, lines: bufio.NewScanner(res.Body), close: res.Body.Close}
}

func (r *reader) next() (id string, e Event) {
	r.t.Helper()
	for r.lines.Scan() {
		name, value, _ := strings.Cut(r.lines.Text(), ": ")
		switch name {
		case "id":
			id = value
		case "data":
			if err := json.Unmarshal([]byte(value), &e); err != nil {
				r.t.Fatal(err)
			}
		case "":
			if id != "" {
				return id, e
			}
		}
	}
	r.t.Fatalf("the stream ended: %v", r.lines.Err())
	return "", Event{}
}

func TestEventsAsTheyHappen(t *testing.T) {
	s := newSink(t, nil)
	events := s.events()
	r := s.add(simple("one\u2028two"))
	id, e := events.next()
	if e.Type != "received" || e.Message == nil || e.Message.ID != r.ID {
		t.Errorf("first event %+v", e)
	}
	if err := s.store.SetReport(t.Context(), r.ID, &store.Report{JSON: []byte("{}"), Score: store.Score{Value: 50, Grade: "F"}}); err != nil {
		t.Fatal(err)
	}
	if _, e := events.next(); e.Type != "scored" || e.Message.Score.Value != 50 {
		t.Errorf("second event %+v", e)
	}
	events.close()
	s.want(204, "PATCH", prefix+"/messages/"+r.ID, map[string]any{"read": true}, nil)
	s.want(204, "DELETE", prefix+"/messages/"+r.ID, nil, nil)
	again := s.events("Last-Event-ID: " + id) // what was missed comes first
	var types []string
	for range 3 {
		_, e := again.next()
		types = append(types, e.Type)
	}
	if got := strings.Join(types, " "); got != "scored changed deleted" {
		t.Errorf("after coming back: %s", got)
	}
}

func TestAnEventThatIsNotKnownMeansReadAnew(t *testing.T) {
	s := newSink(t, nil)
	if _, e := s.events("Last-Event-ID: from-another-life").next(); e.Type != "resync" {
		t.Errorf("got %+v, want resync", e)
	}
}

func TestStreamsAreCounted(t *testing.T) {
	s := newSink(t, func(*Config) {})
	for range maxStreams {
		s.api.streams <- struct{}{}
	}
	s.want(http.StatusTooManyRequests, "GET", prefix+"/events", nil, nil)
}

func TestHeadOfAStreamEnds(t *testing.T) {
	s := newSink(t, nil)
	if res := s.want(200, "HEAD", prefix+"/events", nil, nil); res.Header.Get("Content-Type") != "text/event-stream" {
		t.Errorf("%v", res.Header)
	}
}
