// Package weight bounds what is in memory at a time by how much it is: many small
// messages, or few large ones.
package weight

import (
	"context"
	"sync"
)

// A Weight is what is in work, and how much may be.
type Weight struct {
	most int64

	mu      sync.Mutex
	taken   int64
	changed chan struct{} // closed when there is more room
}

// New returns a weight of at most so much at a time.
func New(most int64) *Weight { return &Weight{most: most, changed: make(chan struct{})} }

// Take waits until there is room for n, or nothing else in work: what is larger
// than all the room is alone. Its error is that ctx has ended.
func (w *Weight) Take(ctx context.Context, n int64) error {
	for {
		changed := w.try(n)
		if changed == nil {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// try takes n, or returns what is closed when it is worth trying again.
func (w *Weight) try(n int64) <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.taken > 0 && w.taken+n > w.most {
		return w.changed
	}
	w.taken += n
	return nil
}

// Leave gives back what was taken.
func (w *Weight) Leave(n int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.taken -= n
	close(w.changed)
	w.changed = make(chan struct{})
}
