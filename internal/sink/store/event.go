package store

import "context"

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
