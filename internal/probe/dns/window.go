package dns

import (
	"context"
	"sync"
)

// minWindow is how many questions are always under way at once: enough that
// names whose own servers are dead do not hold up the rest.
const minWindow = 8

// A window bounds the questions under way. Every answer widens it by one, every
// silence narrows it by an eighth: at one silence in a hundred it stays open,
// at every second it is nearly shut.
type window struct {
	mu      sync.Mutex
	limit   int
	most    int
	entered int
	waiting []chan struct{} // first come, first served; closed to let one in
}

func newWindow(most int) *window {
	return &window{limit: min(max(minWindow, most/4), most), most: most}
}

// enter waits for a place.
func (w *window) enter(ctx context.Context) error {
	w.mu.Lock()
	if w.entered < w.limit && len(w.waiting) == 0 {
		w.entered++
		w.mu.Unlock()
		return nil
	}
	place := make(chan struct{})
	w.waiting = append(w.waiting, place)
	w.mu.Unlock()
	select {
	case <-place:
		return nil
	case <-ctx.Done():
		w.forget(place)
		return ctx.Err()
	}
}

// forget removes one who gave up waiting, or passes on the place that came
// meanwhile.
func (w *window) forget(place chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i, other := range w.waiting {
		if other == place {
			w.waiting = append(w.waiting[:i], w.waiting[i+1:]...)
			return
		}
	}
	w.entered--
	w.admit()
}

func (w *window) leave() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.entered--
	w.admit()
}

// admit lets in those who wait, as far as there is room.
func (w *window) admit() {
	for w.entered < w.limit && len(w.waiting) > 0 {
		close(w.waiting[0])
		w.waiting = w.waiting[1:]
		w.entered++
	}
}

func (w *window) widen() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.limit = min(w.limit+1, w.most)
	w.admit()
}

func (w *window) narrow() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.limit = max(w.limit-max(w.limit/8, 1), min(minWindow, w.most))
}
