package sink

import (
	"context"
	"errors"
	"testing"

	"github.com/postmuster/postmuster/internal/message"
	"github.com/postmuster/postmuster/internal/report"
)

func TestQueueScoresEveryMessageOnce(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	seen := map[string]int{}
	score := func(_ context.Context, m *message.Message) *report.Report {
		return &report.Report{Subject: report.Subject{Name: m.Path}}
	}
	const n = 300
	q := NewQueue(score, func(r *report.Report) error {
		seen[r.Subject.Name]++ // one report at a time, or the race detector complains
		if len(seen) == n {
			cancel()
		}
		return nil
	})
	go func() {
		for i := range n {
			if err := q.Receive(ctx, &message.Message{Path: string(rune('a' + i))}); err != nil {
				t.Error(err)
			}
		}
	}()
	if left, err := q.Run(ctx); left != 0 || err != nil {
		t.Errorf("Run() = %d left, %v", left, err)
	}
	for name, times := range seen {
		if times != 1 {
			t.Errorf("message %q was reported %d times", name, times)
		}
	}
}

func TestQueueStopsWhenReportsCannotBeWritten(t *testing.T) {
	broken := errors.New("broken pipe")
	score := func(context.Context, *message.Message) *report.Report { return &report.Report{} }
	q := NewQueue(score, func(*report.Report) error { return broken })
	if err := q.Receive(t.Context(), &message.Message{}); err != nil {
		t.Fatal(err)
	}
	if _, err := q.Run(t.Context()); !errors.Is(err, broken) {
		t.Errorf("Run() = %v, want %v", err, broken)
	}
}

func TestReceiveGivesUpWhenTheServerEnds(t *testing.T) {
	q := NewQueue(nil, nil)
	ctx, cancel := context.WithCancel(t.Context())
	for range waiting {
		if err := q.Receive(ctx, &message.Message{}); err != nil {
			t.Fatal(err)
		}
	}
	cancel()
	if err := q.Receive(ctx, &message.Message{}); !errors.Is(err, context.Canceled) {
		t.Errorf("Receive() with a full queue = %v, want %v", err, context.Canceled)
	}
}
