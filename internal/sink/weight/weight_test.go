package weight

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
)

func TestLargeIsAloneAndSmallIsTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := New(100)
		working := make(chan int64, 4)
		for _, size := range []int64{500, 60, 50, 40} {
			go func() {
				if err := w.Take(t.Context(), size); err != nil {
					t.Error(err)
				}
				working <- size
			}()
			synctest.Wait()
		}
		if size := <-working; size != 500 || len(working) > 0 {
			t.Fatalf("%d and %d more are in work, want 500 alone", size, len(working))
		}
		w.Leave(500)
		synctest.Wait()
		if len(working) != 2 { // 40 and one of the others
			t.Errorf("%d are in work, want 2", len(working))
		}
		for range 3 {
			w.Leave(<-working)
		}
	})
}

func TestWaitingEnds(t *testing.T) {
	w := New(100)
	if err := w.Take(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := w.Take(ctx, 100); !errors.Is(err, context.Canceled) {
		t.Errorf("Take = %v, want that ctx has ended", err)
	}
	if err := w.Take(t.Context(), 99); err != nil {
		t.Errorf("Take = %v", err)
	}
}
