package fact_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/postmuster/postmuster/checks/fact"
)

func TestAFactIsGatheredOnceHoweverManyAsk(t *testing.T) {
	var gathered atomic.Int32
	began := make(chan struct{})
	f := fact.New("slow", func(context.Context, *fact.Set) (int, error) {
		gathered.Add(1)
		<-began
		return 42, nil
	})
	set := fact.NewSet(fact.Subject{}, fact.Options{}, fact.Net{})
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if got, err := f.Get(t.Context(), set); got != 42 || err != nil {
				t.Errorf("Get() = %d, %v", got, err)
			}
		})
	}
	close(began)
	wg.Wait()
	if n := gathered.Load(); n != 1 {
		t.Errorf("gathered %d times, want once", n)
	}
}

func TestAnErrorIsKeptToo(t *testing.T) {
	silent := errors.New("no answer")
	calls := 0
	f := fact.New("silent", func(context.Context, *fact.Set) (string, error) { calls++; return "", silent })
	set := fact.NewSet(fact.Subject{}, fact.Options{}, fact.Net{})
	for range 2 {
		if _, err := f.Get(t.Context(), set); !errors.Is(err, silent) {
			t.Errorf("Get() = %v, want %v", err, silent)
		}
	}
	if calls != 1 {
		t.Errorf("gathered %d times, want once", calls)
	}
}

func TestGatherReturnsTheFirstErrorInTheOrderOfKeys(t *testing.T) {
	failing := func(name string) *fact.Fact[int] {
		return fact.New(name, func(context.Context, *fact.Set) (int, error) { return 0, errors.New(name) })
	}
	first, second := failing("first"), failing("second")
	set := fact.NewSet(fact.Subject{}, fact.Options{}, fact.Net{})
	if err := set.Gather(t.Context(), []fact.Key{first, second}); err == nil || err.Error() != "first" {
		t.Errorf("Gather() = %v, want first", err)
	}
}

func TestAPanicWhileGatheringIsOurBug(t *testing.T) {
	f := fact.New("buggy", func(context.Context, *fact.Set) (int, error) { panic("oops") })
	set := fact.NewSet(fact.Subject{}, fact.Options{}, fact.Net{})
	_, err := f.Get(t.Context(), set)
	var panicked *fact.PanicError
	if !errors.As(err, &panicked) || panicked.Fact != "buggy" || len(panicked.Stack) == 0 {
		t.Errorf("Get() = %v, want a PanicError that names the fact", err)
	}
}

func TestAFactThatNeedsItselfSaysSo(t *testing.T) {
	var f *fact.Fact[int]
	f = fact.New("ouroboros", func(ctx context.Context, s *fact.Set) (int, error) { return f.Get(ctx, s) })
	set := fact.NewSet(fact.Subject{}, fact.Options{}, fact.Net{})
	if _, err := f.Get(t.Context(), set); err == nil || !strings.Contains(err.Error(), "ouroboros needs itself") {
		t.Errorf("Get() = %v, want an error and no deadlock", err)
	}
}

func TestAViewHoldsOnlyWhatWasDeclared(t *testing.T) {
	declared := fact.New("declared", func(context.Context, *fact.Set) (int, error) { return 1, nil })
	other := fact.New("other", func(context.Context, *fact.Set) (int, error) { return 2, nil })
	set := fact.NewSet(fact.Subject{}, fact.Options{}, fact.Net{})
	if err := set.Gather(t.Context(), []fact.Key{declared, other}); err != nil {
		t.Fatal(err)
	}
	view := fact.NewView(set, []fact.Key{declared})
	if got := declared.Of(view); got != 1 {
		t.Errorf("Of() = %d, want 1", got)
	}
	defer func() {
		if p, ok := recover().(fact.UndeclaredError); !ok || p.Fact != "other" {
			t.Errorf("reading an undeclared fact panicked with %v, want UndeclaredError", p)
		}
	}()
	other.Of(view)
}
