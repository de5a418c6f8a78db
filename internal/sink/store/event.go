package store

import (
	"context"
	"strconv"
	"strings"
	"sync"
)

// An EventKind is what happened.
type EventKind string

// The kinds of events.
const (
	Received EventKind = "received" // Record is new; it can be listed and searched
	Scored   EventKind = "scored"   // Record has a score
	Changed  EventKind = "changed"  // tags or read mark of Record
	Deleted  EventKind = "deleted"  // or expired: IDs
	// Resync stands for events that are no longer known: read the list anew.
	Resync EventKind = "resync"
)

// An Event is one change that can be seen by all calls that begin afterwards.
type Event struct {
	ID     string // for Subscribe, and Last-Event-ID of server-sent events; URL-safe
	Kind   EventKind
	Record *Record  // as it was at the event; shared, not to be modified
	IDs    []string // Deleted: which; when a great many were, a Resync follows instead
}

// KeptEvents is how many events are kept for subscribers. One that is slower,
// or comes back later, gets a Resync instead of what it missed.
const KeptEvents = 4096

// A Subscription reads events. It holds no memory of its own.
type Subscription struct {
	events *events
	next   uint64
	resync bool
}

// Subscribe returns a subscription to what happens from now on, or behind the
// event with the ID after, if that is not empty.
func (s *Store) Subscribe(after string) *Subscription { return s.subscribe(after) }

// Next waits for the next event. It fails when ctx ends or the store is closed.
func (s *Subscription) Next(ctx context.Context) (Event, error) { return s.wait(ctx) }

// events are the last KeptEvents events, in a ring that all subscriptions read.
type events struct {
	mu      sync.Mutex
	boot    string // names the process, because events do not outlive it
	ring    [KeptEvents]Event
	next    uint64
	changed chan struct{} // closed and replaced at each event
	closed  bool
}

func newEvents(boot string) *events {
	return &events{boot: boot, next: 1, changed: make(chan struct{})}
}

// publish adds events, in their order.
func (e *events) publish(list []Event) {
	if len(list) == 0 {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, event := range list {
		event.ID = e.id(e.next)
		e.ring[e.next%KeptEvents] = event
		e.next++
	}
	close(e.changed)
	e.changed = make(chan struct{})
}

func (e *events) id(n uint64) string { return e.boot + "-" + strconv.FormatUint(n, 10) }

func (e *events) close() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed = true
	close(e.changed)
	e.changed = make(chan struct{})
}

func (e *events) subscribe(after string) *Subscription {
	e.mu.Lock()
	defer e.mu.Unlock()
	s := &Subscription{events: e, next: e.next}
	if after == "" {
		return s
	}
	number, ok := strings.CutPrefix(after, e.boot+"-")
	n, err := strconv.ParseUint(number, 10, 64)
	if !ok || err != nil || n >= e.next {
		s.resync = true
		return s
	}
	s.next = n + 1
	return s
}

func (s *Subscription) wait(ctx context.Context) (Event, error) {
	for {
		event, changed, err := s.take()
		if err != nil || changed == nil {
			return event, err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return Event{}, ctx.Err()
		}
	}
}

// take returns the next event, or what to wait for.
func (s *Subscription) take() (Event, <-chan struct{}, error) {
	e := s.events
	e.mu.Lock()
	defer e.mu.Unlock()
	oldest := uint64(1)
	if e.next > KeptEvents {
		oldest = e.next - KeptEvents
	}
	switch {
	case e.closed:
		return Event{}, nil, ErrClosed
	case s.resync || s.next < oldest:
		s.resync, s.next = false, e.next
		return Event{ID: e.id(e.next - 1), Kind: Resync}, nil, nil
	case s.next < e.next:
		event := e.ring[s.next%KeptEvents]
		s.next++
		return event, nil, nil
	}
	return Event{}, e.changed, nil
}
