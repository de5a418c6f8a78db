package sink

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/internal/message"
	"github.com/postmuster/postmuster/internal/report"
	"github.com/postmuster/postmuster/internal/sink/store"
	"github.com/postmuster/postmuster/internal/sink/weight"
)

const (
	// scoredAtOnce is how many messages are scored at a time: most of it is
	// waiting for DNS, and each is held in memory meanwhile.
	scoredAtOnce = 8
	// scoredBytes is how much of them is scored at a time, unless one alone is
	// larger: checking a message takes several times its size.
	scoredBytes = 32 << 20
	// fetchedAtOnce is how many messages are asked for at a time; only their names are.
	fetchedAtOnce = 256
)

// A Scorer scores what is in a store and has no report: messages as they come,
// and those that an earlier run left. It works on names, so that messages wait
// in the store rather than in memory, and receiving never waits for it.
// Store, Score and Logger must be set.
type Scorer struct {
	Store  *store.Store
	Score  func(context.Context, *message.Message) *report.Report
	Logger *slog.Logger

	// Report is called with each report once it can be read from the store, for
	// one at a time, in the order in which they are ready. May be nil.
	Report func(*report.Report) error

	AtOnce int // messages scored at a time; 0: enough

	scored atomic.Int64
}

// Scored returns how many messages were scored.
func (s *Scorer) Scored() int64 { return s.scored.Load() }

// Run scores messages until ctx ends, the store is closed or Report fails. It
// returns how many were left without a report; a later Run goes on with them.
func (s *Scorer) Run(ctx context.Context) (left int, err error) {
	run, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	names := make(chan store.Unscored)
	var wg sync.WaitGroup
	wg.Go(func() {
		defer close(names)
		if err := s.feed(run, names); err != nil {
			cancel(err)
		}
	})
	var one sync.Mutex
	inWork := weight.New(scoredBytes)
	for range cmp.Or(s.AtOnce, scoredAtOnce) {
		wg.Go(func() {
			for name := range names {
				s.Store.GiveWay(run, func() {
					if inWork.Take(run, name.Size) != nil {
						return // we end
					}
					defer inWork.Leave(name.Size)
					if err := s.one(run, name.ID, &one); err != nil {
						cancel(err)
					}
				})
			}
		})
	}
	wg.Wait()
	if cause := context.Cause(run); ctx.Err() == nil && !errors.Is(cause, store.ErrClosed) {
		err = cause
	}
	left, countErr := s.left(context.WithoutCancel(ctx))
	return left, errors.Join(err, countErr)
}

// left returns how many messages have no report.
func (s *Scorer) left(ctx context.Context) (int, error) {
	err := s.Store.WaitCommitted(ctx)
	if err == nil {
		var stats store.Stats
		if stats, err = s.Store.Stats(ctx); err == nil {
			return stats.Unscored, nil
		}
	}
	if errors.Is(err, store.ErrClosed) {
		return 0, nil
	}
	return 0, err
}

// feed sends the names of messages without a report, each once, oldest first.
func (s *Scorer) feed(ctx context.Context, names chan<- store.Unscored) error {
	news := s.Store.Subscribe("")
	var last uint64
	for {
		page, err := s.Store.Unscored(ctx, last, fetchedAtOnce)
		if err != nil {
			return err
		}
		for _, name := range page {
			select {
			case names <- name:
				last = name.Seq
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		if len(page) > 0 {
			continue
		}
		if err := awaitNews(ctx, news); err != nil {
			return err
		}
	}
}

// awaitNews returns when there may be another message.
func awaitNews(ctx context.Context, news *store.Subscription) error {
	for {
		event, err := news.Next(ctx)
		if err != nil {
			return err
		}
		if event.Kind == store.Received || event.Kind == store.Resync {
			return nil
		}
	}
}

// one scores one message. It fails only when all must end; a message that cannot
// be scored now is left for a later run.
func (s *Scorer) one(ctx context.Context, id string, oneReport *sync.Mutex) error {
	m, err := s.Store.Message(ctx, id)
	if err != nil {
		return s.leave(ctx, id, err)
	}
	r := s.Score(ctx, m)
	if ctx.Err() != nil {
		return nil // what it found out is not worth keeping: questions were cut off
	}
	kept, err := summarise(r)
	if err == nil {
		// What was found out is kept and told, even if we end while it is written.
		err = s.Store.SetReport(context.WithoutCancel(ctx), id, kept)
	}
	if err != nil {
		return s.leave(ctx, id, err)
	}
	s.scored.Add(1)
	if s.Report == nil {
		return nil
	}
	oneReport.Lock()
	defer oneReport.Unlock()
	return s.Report(r)
}

func (s *Scorer) leave(ctx context.Context, id string, err error) error {
	switch {
	case errors.Is(err, store.ErrClosed):
		return err
	case errors.Is(err, store.ErrNotFound), ctx.Err() != nil: // deleted meanwhile, or we end
		return nil
	default:
		s.Logger.Error("a message was not scored", "id", id, "error", err)
		return nil
	}
}

// summarise makes of a report what the store keeps.
func summarise(r *report.Report) (*store.Report, error) {
	var text bytes.Buffer
	w, err := report.NewWriter("ndjson", &text, report.Style{})
	if err != nil {
		return nil, err
	}
	if err := errors.Join(w.Write(r), w.Close()); err != nil {
		return nil, fmt.Errorf("write the report: %w", err)
	}
	kept := &store.Report{
		JSON:  bytes.TrimRight(text.Bytes(), "\n"),
		Score: store.Score{Value: r.Score.Value, Low: r.Score.Low, High: r.Score.High, Grade: string(r.Score.Grade)},
	}
	for _, result := range r.Results {
		if result.Outcome == checks.OutcomeFail {
			kept.Failed = append(kept.Failed, result.Check)
		}
	}
	return kept, nil
}
