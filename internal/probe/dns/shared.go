package dns

import (
	"context"
	"sync"

	"github.com/postmuster/postmuster/internal/dns"
)

type shared struct {
	next dns.Resolver

	mu      sync.Mutex
	askings map[dns.Question]*asking
}

// An asking is one question under way for any number of callers.
type asking struct {
	callers int
	cancel  context.CancelFunc
	done    chan struct{} // closed once answer and err are there
	answer  *dns.Answer
	err     error
}

// Shared lets callers who ask the same question at the same time share one
// asking. A caller who gives up leaves the others theirs; the last one to give
// up ends it. The asking heeds no caller's deadline, so next must have its own.
func Shared(next dns.Resolver) dns.Resolver {
	return &shared{next: next, askings: map[dns.Question]*asking{}}
}

func (s *shared) Resolve(ctx context.Context, q dns.Question) (*dns.Answer, error) {
	q.Name = dns.Canonical(q.Name)
	if err := ctx.Err(); err != nil {
		failure := givenUp(err)
		failure.Question = q
		return nil, failure
	}
	a := s.join(ctx, q)
	select {
	case <-a.done:
		return a.answer, a.err
	case <-ctx.Done():
		s.leave(q, a)
		failure := givenUp(ctx.Err())
		failure.Question = q
		return nil, failure
	}
}

func (s *shared) join(ctx context.Context, q dns.Question) *asking {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a, ok := s.askings[q]; ok {
		a.callers++
		return a
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	a := &asking{callers: 1, cancel: cancel, done: make(chan struct{})}
	s.askings[q] = a
	go s.ask(ctx, q, a)
	return a
}

func (s *shared) ask(ctx context.Context, q dns.Question, a *asking) {
	defer a.cancel()
	a.answer, a.err = s.next.Resolve(ctx, q)
	s.mu.Lock()
	s.forget(q, a)
	s.mu.Unlock()
	close(a.done)
}

func (s *shared) leave(q dns.Question, a *asking) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a.callers--; a.callers == 0 {
		s.forget(q, a) // who comes now starts afresh, not with what was cancelled
		a.cancel()
	}
}

func (s *shared) forget(q dns.Question, a *asking) {
	if s.askings[q] == a {
		delete(s.askings, q)
	}
}
