package store

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestWorkGivesWay(t *testing.T) {
	// At rest two works run side by side: each waits for the other.
	free := &pace{}
	var both sync.WaitGroup
	both.Add(2)
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			free.giveWay(t.Context(), func() {
				both.Done()
				both.Wait()
			})
		})
	}
	wg.Wait()

	// A window that began in the future does not end.
	busy := &pace{began: time.Now().Add(time.Hour)}
	busy.received(busyUnits-1, 2*unitBytes)
	var now, most atomic.Int32
	for range 8 {
		wg.Go(func() {
			busy.giveWay(t.Context(), func() {
				most.Store(max(most.Load(), now.Add(1)))
				now.Add(-1)
			})
		})
	}
	wg.Wait()
	if most.Load() != 1 {
		t.Errorf("while messages come in quickly, %d works were done at once, want 1", most.Load())
	}
}

func TestRestEndsWithoutAReason(t *testing.T) {
	busy := &pace{began: time.Now().Add(time.Hour)}
	busy.received(busyUnits, 0)
	busy.rest(t.Context(), time.Hour, func() bool { return false }) // returns at once
	(&pace{}).rest(t.Context(), time.Hour, func() bool { return true })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	busy.rest(ctx, time.Hour, func() bool { return true })
}
