package store

import (
	"context"
	"sync"
)

// progress is how far the log is committed and the index has followed.
type progress struct {
	mu      sync.Mutex
	changed chan struct{} // closed and replaced at each change
	closed  bool

	committed    position
	committedSeq uint64
	applied      position
	appliedSeq   uint64
	start        position // where the log ended when the store was opened, or the index was lost
	failed       error    // the index cannot follow
	damage       error    // a reader found the index damaged
	waiting      int      // callers that wait for the index
}

func newProgress() *progress { return &progress{changed: make(chan struct{})} }

// update changes the state and wakes all that wait.
func (p *progress) update(change func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change()
	close(p.changed)
	p.changed = make(chan struct{})
}

// wait waits until done, which is called with the state locked.
func (p *progress) wait(ctx context.Context, done func() bool) error {
	p.await(1)
	defer p.await(-1)
	for {
		p.mu.Lock()
		ok, closed, failed, changed := done(), p.closed, p.failed, p.changed
		p.mu.Unlock()
		switch {
		case closed:
			return ErrClosed
		case ok:
			return nil
		case failed != nil:
			return failed
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (p *progress) await(more int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waiting += more
}

// mayLag tells that nobody waits for the index, and that it is not far behind.
func (p *progress) mayLag() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.waiting == 0 && p.committedSeq-p.appliedSeq < maxBehind
}

// ready tells that the index knows all that the log held when it was opened.
func (p *progress) ready() bool { return !p.applied.less(p.start) }

// waitApplied waits until the index has followed to a position.
func (p *progress) waitApplied(ctx context.Context, at position) error {
	return p.wait(ctx, func() bool { return p.ready() && !p.applied.less(at) })
}
