package sink

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/internal/message"
	"github.com/postmuster/postmuster/internal/report"
	"github.com/postmuster/postmuster/internal/sink/store"
	"github.com/postmuster/postmuster/internal/verdict"
)

var discard = slog.New(slog.DiscardHandler)

func openStore(t *testing.T, dir string) *store.Store {
	t.Helper()
	s, err := store.Open(store.Config{Dir: dir, Durability: store.Disk, Now: time.Now, Logger: discard})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func add(t *testing.T, s *store.Store, subject string) string {
	t.Helper()
	r, err := s.Add(t.Context(), &message.Message{Raw: []byte("Subject: " + subject + "\r\n\r\n")})
	if err != nil {
		t.Fatal(err)
	}
	return r.ID
}

// subjectOf makes a report that is about the subject of a message.
func subjectOf(_ context.Context, m *message.Message) *report.Report {
	return &report.Report{
		Subject: report.Subject{Name: m.Parse().Header().First("Subject").Text()},
		Score:   verdict.Score{Value: 80, Low: 70, High: 90, Grade: "B"},
		Results: []report.Result{{Check: "dkim-missing", Outcome: checks.OutcomeFail}, {Check: "spf-pass", Outcome: checks.OutcomePass}},
	}
}

// reports collects reports, and ends the run when there are so many.
func reports(n int, end func()) (*[]string, func(*report.Report) error) {
	var names []string
	return &names, func(r *report.Report) error {
		names = append(names, r.Subject.Name) // one at a time, or the race detector complains
		if len(names) == n {
			end()
		}
		return nil
	}
}

func TestEveryMessageIsScoredOnce(t *testing.T) {
	s := openStore(t, "")
	ctx, cancel := context.WithCancel(t.Context())
	const before, after = 20, 300
	for range before {
		add(t, s, "x")
	}
	names, collect := reports(before+after, cancel)
	scorer := &Scorer{Store: s, Score: subjectOf, Report: collect, Logger: discard}
	go func() {
		for range after {
			if _, err := s.Add(ctx, &message.Message{Raw: []byte("Subject: y\r\n\r\n")}); err != nil {
				t.Error(err)
			}
		}
	}()
	if left, err := scorer.Run(ctx); left != 0 || err != nil {
		t.Errorf("Run() = %d left, %v", left, err)
	}
	if len(*names) != before+after || scorer.Scored() != before+after {
		t.Errorf("%d reports, %d scored; want %d", len(*names), scorer.Scored(), before+after)
	}
}

func TestWhatIsKeptOfAReport(t *testing.T) {
	s := openStore(t, "")
	ctx, cancel := context.WithCancel(t.Context())
	id := add(t, s, "one")
	_, collect := reports(1, cancel)
	if _, err := (&Scorer{Store: s, Score: subjectOf, Report: collect, Logger: discard}).Run(ctx); err != nil {
		t.Fatal(err)
	}
	kept, err := s.Report(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(kept.JSON), `{"schema":`) || strings.Contains(string(kept.JSON), "\n") {
		t.Errorf("JSON %s", kept.JSON)
	}
	record, err := s.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&store.Score{Value: 80, Low: 70, High: 90, Grade: "B"}, record.Score); diff != "" {
		t.Errorf("score (-want +got):\n%s", diff)
	}
	for query, want := range map[string]int{"check:dkim-missing": 1, "check:spf-pass": 0} {
		search, err := store.ParseSearch(query)
		if err != nil {
			t.Fatal(err)
		}
		if page, err := s.List(t.Context(), store.Query{Search: search}); err != nil || page.Total != want {
			t.Errorf("%s finds %+v, %v; want %d", query, page, err, want)
		}
	}
}

func TestARestartGoesOn(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir)
	for _, subject := range []string{"a", "b", "c"} {
		add(t, s, subject)
	}
	ctx, cancel := context.WithCancel(t.Context())
	first, collect := reports(1, cancel)
	left, err := (&Scorer{Store: s, Score: subjectOf, Report: collect, Logger: discard, AtOnce: 1}).Run(ctx)
	if err != nil || left == 0 {
		t.Fatalf("the first run left %d, %v", left, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openStore(t, dir)
	ctx, cancel = context.WithCancel(t.Context())
	second, collect := reports(left, cancel)
	if left, err := (&Scorer{Store: s, Score: subjectOf, Report: collect, Logger: discard}).Run(ctx); left != 0 || err != nil {
		t.Errorf("the second run left %d, %v", left, err)
	}
	all := slices.Sorted(slices.Values(slices.Concat(*first, *second)))
	if diff := cmp.Diff([]string{"a", "b", "c"}, all); diff != "" {
		t.Errorf("scored in both runs (-want +got):\n%s", diff)
	}
}

func TestAMessageMayBeDeletedMeanwhile(t *testing.T) {
	s := openStore(t, "")
	ctx, cancel := context.WithCancel(t.Context())
	gone := add(t, s, "gone")
	score := func(ctx context.Context, m *message.Message) *report.Report {
		r := subjectOf(ctx, m)
		if r.Subject.Name == "gone" {
			if _, err := s.Delete(ctx, gone); err != nil {
				t.Error(err)
			}
			add(t, s, "stays")
		}
		return r
	}
	names, collect := reports(1, cancel)
	if left, err := (&Scorer{Store: s, Score: score, Report: collect, Logger: discard}).Run(ctx); left != 0 || err != nil {
		t.Errorf("Run() = %d left, %v", left, err)
	}
	if len(*names) != 1 || (*names)[0] != "stays" {
		t.Errorf("reports about %v", *names)
	}
}

func TestScoringStopsWhenReportsCannotBeWritten(t *testing.T) {
	s := openStore(t, "")
	add(t, s, "x")
	broken := errors.New("broken pipe")
	_, err := (&Scorer{Store: s, Score: subjectOf, Report: func(*report.Report) error { return broken }, Logger: discard}).Run(t.Context())
	if !errors.Is(err, broken) {
		t.Errorf("Run() = %v, want %v", err, broken)
	}
}

func TestReceivingDoesNotWaitForScoring(t *testing.T) {
	s := openStore(t, "")
	ctx, cancel := context.WithCancel(t.Context())
	stuck := func(ctx context.Context, m *message.Message) *report.Report {
		<-ctx.Done()
		return subjectOf(ctx, m)
	}
	done := make(chan int)
	go func() {
		left, err := (&Scorer{Store: s, Score: stuck, Logger: discard}).Run(ctx)
		if err != nil {
			t.Error(err)
		}
		done <- left
	}()
	const n = 1000
	for range n {
		add(t, s, "x") // none of them is ever scored
	}
	cancel()
	if left := <-done; left != n {
		t.Errorf("%d were left, want %d", left, n)
	}
}

func TestAClosedStoreEndsTheRun(t *testing.T) {
	s := openStore(t, "")
	done := make(chan error)
	go func() {
		_, err := (&Scorer{Store: s, Score: subjectOf, Logger: discard}).Run(t.Context())
		done <- err
	}()
	s.Close()
	if err := <-done; err != nil {
		t.Errorf("Run() = %v", err)
	}
}
