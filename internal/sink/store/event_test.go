package store

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// nextEvents returns n events as words.
func nextEvents(t *testing.T, sub *Subscription, n int) (words []string, last string) {
	t.Helper()
	for range n {
		e, err := sub.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		word := string(e.Kind)
		if e.Record != nil {
			word += " " + e.Record.Subject
		}
		if len(e.IDs) > 0 {
			word += fmt.Sprint(" ", len(e.IDs))
		}
		words, last = append(words, word), e.ID
	}
	return words, last
}

func TestEvents(t *testing.T) {
	modes(t, func(t *testing.T, config Config, _ *clock) {
		s := mustOpen(t, config)
		sub := s.Subscribe("")
		a := mustAdd(t, s, letter("a"))
		got, first := nextEvents(t, sub, 1)
		score(t, s, a.ID, 80)
		if err := s.SetRead(t.Context(), true, a.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Delete(t.Context(), a.ID); err != nil {
			t.Fatal(err)
		}
		rest, _ := nextEvents(t, sub, 3)
		if want := []string{"received a", "scored a", "changed a", "deleted 1"}; !cmp.Equal(append(got, rest...), want) {
			t.Errorf("events = %v %v, want %v", got, rest, want)
		}
		again, _ := nextEvents(t, s.Subscribe(first), 3)
		if !cmp.Equal(again, rest) {
			t.Errorf("events after the first = %v, want %v", again, rest)
		}
		for _, after := range []string{"x", "other-1", s.events.id(1000)} {
			if got, _ := nextEvents(t, s.Subscribe(after), 1); got[0] != "resync" {
				t.Errorf("Subscribe(%q) = %v, want resync", after, got)
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := sub.Next(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("Next = %v, want the context's error", err)
		}
		s.Close()
		if _, err := sub.Next(t.Context()); !errors.Is(err, ErrClosed) {
			t.Errorf("Next = %v, want ErrClosed", err)
		}
	})
}

func TestSlowSubscriberIsToldToResync(t *testing.T) {
	e := newEvents("boot")
	sub := e.subscribe("")
	for range KeptEvents + 1 {
		e.publish([]Event{{Kind: Received}})
	}
	got, last := nextEvents(t, sub, 1)
	if got[0] != "resync" || last != e.id(KeptEvents+1) {
		t.Errorf("Next = %v %s, want resync", got, last)
	}
	e.publish([]Event{{Kind: Scored}})
	if got, _ := nextEvents(t, sub, 1); got[0] != "scored" {
		t.Errorf("Next = %v, want what happens after the resync", got)
	}
}

// A message that comes in while the store is being opened has its event, too.
func TestEventsFromTheBeginning(t *testing.T) {
	for range 50 {
		config, _ := testConfig(t)
		config.Dir = ""
		s := mustOpen(t, config)
		sub := s.Subscribe("")
		mustAdd(t, s, letter("a"))
		if got, _ := nextEvents(t, sub, 1); got[0] != "received a" {
			t.Fatalf("Next = %v, want the message", got)
		}
		s.Close()
	}
}

// What came in while the index was made anew has no events of its own.
func TestResyncAfterDamage(t *testing.T) {
	config, _ := testConfig(t)
	s := mustOpen(t, config)
	mustAdd(t, s, letter("a"))
	subjects(t, s, "")
	sub := s.Subscribe("")
	s.indexer.report(errIndexAhead)
	if got, _ := nextEvents(t, sub, 1); got[0] != "resync" {
		t.Errorf("Next = %v, want resync", got)
	}
	if got := subjects(t, s, ""); !cmp.Equal(got, []string{"a"}) {
		t.Errorf("the list is %q", got)
	}
}
