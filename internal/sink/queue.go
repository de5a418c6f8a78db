// Package sink takes received messages from the SMTP server and has them scored.
package sink

import (
	"context"
	"sync"

	"github.com/postmuster/postmuster/internal/message"
	"github.com/postmuster/postmuster/internal/report"
)

const (
	// waiting is how many messages may wait for their score before the SMTP
	// server has to wait as well.
	waiting = 1024
	// scoredAtOnce is how many are scored at a time; each mostly waits for DNS.
	scoredAtOnce = 8
)

// A Queue has messages scored after they were acknowledged, so that scoring
// does not slow receiving. It is a Handler of the SMTP server.
type Queue struct {
	Score  func(context.Context, *message.Message) *report.Report
	Report func(*report.Report) error // called for one report at a time

	messages chan *message.Message
}

// NewQueue returns an empty queue; Run works on it.
func NewQueue(score func(context.Context, *message.Message) *report.Report, report func(*report.Report) error) *Queue {
	return &Queue{Score: score, Report: report, messages: make(chan *message.Message, waiting)}
}

// Receive puts a message into the queue.
func (q *Queue) Receive(ctx context.Context, m *message.Message) error {
	select {
	case q.messages <- m:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Run scores messages until ctx ends or a report cannot be written. Reports come
// in the order in which they are ready. It returns how many messages were left.
func (q *Queue) Run(ctx context.Context) (left int, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range scoredAtOnce {
		wg.Go(func() {
			for {
				select {
				case m := <-q.messages:
					r := q.Score(ctx, m)
					mu.Lock()
					if reportErr := q.Report(r); reportErr != nil && err == nil {
						err = reportErr
						cancel(reportErr)
					}
					mu.Unlock()
				case <-ctx.Done():
					return
				}
			}
		})
	}
	wg.Wait()
	return len(q.messages), err
}
