package api

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postmuster/postmuster/internal/report"
	"github.com/postmuster/postmuster/internal/sink/store"
)

func number(n float64) *float64 { return &n }

var spam = report.Opinion{
	Filter: spamAssassin, Spam: true, Score: 5.4, Required: 5,
	Symbols: []report.Symbol{{Name: "MISSING_DATE", Score: number(2.7), Description: "Missing Date: header"}, {Name: "DKIM_VALID", Score: number(-0.1)}},
}

func (s *sink) setOpinions(id string, opinions ...report.Opinion) {
	s.t.Helper()
	text, err := json.Marshal(report.Report{Opinions: opinions})
	if err != nil {
		s.t.Fatal(err)
	}
	if err := s.store.SetReport(s.t.Context(), id, &store.Report{JSON: text, Score: store.Score{Grade: "A"}}); err != nil {
		s.t.Error(err)
	}
}

// scoreAll gives every message that comes an opinion.
func (s *sink) scoreAll(opinion func(*store.Record) report.Opinion) {
	news := s.store.Subscribe("")
	go func() {
		for {
			event, err := news.Next(s.t.Context())
			if err != nil {
				return // the test is over
			}
			if event.Kind == store.Received {
				s.setOpinions(event.Record.ID, opinion(event.Record))
			}
		}
	}()
}

func TestOpinions(t *testing.T) {
	s := newSink(t, nil)
	r := s.add(simple("spam"))
	var got Opinions
	s.want(200, "GET", prefix+"/messages/"+r.ID+"/opinions", nil, &got)
	if !got.Pending || len(got.Opinions) > 0 {
		t.Errorf("before the message is scored: %+v", got)
	}
	s.setOpinions(r.ID, spam, report.Opinion{Filter: "rspamd", Error: "connection refused"})
	if err := s.store.WaitCommitted(t.Context()); err != nil {
		t.Fatal(err)
	}
	got = Opinions{}
	s.want(200, "GET", prefix+"/messages/"+r.ID+"/opinions", nil, &got)
	want := Opinions{Opinions: []Opinion{
		{
			Filter: "spamassassin", Spam: true, Score: 5.4, Required: 5,
			Rules: []Rule{{"MISSING_DATE", number(2.7), "Missing Date: header"}, {"DKIM_VALID", number(-0.1), ""}},
		},
		{Filter: "rspamd", Error: "connection refused", Rules: []Rule{}},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("opinions (-want +got):\n%s", diff)
	}
}

// A client that asks at once, as those of Mailpit do, waits for the filter.
func TestMailpitSpamCheckWaits(t *testing.T) {
	s := newSink(t, func(c *Config) { c.Filters = []string{spamAssassin} })
	r := s.add(simple("spam"))
	answer := make(chan []byte)
	go func() {
		_, text := s.do(http.MethodGet, "/api/v1/message/"+r.ID+"/sa-check", nil)
		answer <- text
	}()
	other := s.add(simple("other")) // whose score is none of ours
	s.setOpinions(other.ID)
	s.setOpinions(r.ID, spam)
	if text := string(<-answer); !strings.Contains(text, `"Name":"MISSING_DATE"`) || !strings.Contains(text, `"IsSpam":true`) {
		t.Errorf("the answer is %s", text)
	}
	var got struct{ Error string }
	s.want(200, "GET", "/api/v1/message/"+other.ID+"/sa-check", nil, &got)
	if got.Error == "" {
		t.Error("a message of which SpamAssassin said nothing has an opinion of it")
	}
}

func TestMailpitSpamCheckWithoutFilter(t *testing.T) {
	s := newSink(t, nil)
	r := s.add(simple("spam"))
	if res, text := s.do(http.MethodGet, "/api/v1/message/"+r.ID+"/sa-check", nil); res.StatusCode != 403 || !strings.Contains(string(text), "--spamd") {
		t.Errorf("sa-check = %d %s, want 403 and what allows it", res.StatusCode, text)
	}
}
