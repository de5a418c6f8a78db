package web

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/postmuster/postmuster/internal/report"
	"github.com/postmuster/postmuster/internal/sink/store"
)

func TestOpinionsStandBesideTheScore(t *testing.T) {
	s := newSite(t)
	id := s.receive("Subject: hello\n\nhello\n")
	two := 2.5
	text, err := json.Marshal(report.Report{Opinions: []report.Opinion{
		{Filter: "spamassassin", Score: 4, Required: 5, Symbols: []report.Symbol{{Name: "MISSING_DATE", Score: &two, Description: "Missing Date: " + evil}, {Name: "QUIET"}}},
		{Filter: "rspamd", Error: "connection refused " + evil},
	}})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.store.SetReport(t.Context(), id, &store.Report{JSON: text, Score: store.Score{Grade: "A"}}); err != nil {
		t.Fatal(err)
	}
	if err := s.store.WaitCommitted(t.Context()); err != nil {
		t.Fatal(err)
	}
	body := s.get("/messages/" + id + "/score").Body.String()
	for _, want := range []string{"SpamAssassin: no spam", "4 of 5", "MISSING_DATE", "2.5", "Missing Date:", "Rspamd did not answer", "connection refused", "It does not count"} {
		if !strings.Contains(body, want) {
			t.Errorf("%q is not beside the score", want)
		}
	}
	checkNode(t, "score", parsePage(t, body))
}
