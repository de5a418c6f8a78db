package store

import "context"

// A Query asks for a page of messages.
type Query struct {
	Search *Search // nil: all messages
	Limit  int     // messages on a page; 0: DefaultLimit, at most MaxLimit
	Cursor string  // Next of the page before; empty for the first page
	Offset int     // messages to pass over, for clients that count pages; a Cursor is faster

	OldestFirst bool   // else newest first
	After       uint64 // only messages with a greater Seq
	MinSeq      uint64 // wait until all messages up to it can be found

	// CountTo is up to where matches are counted for Total; 0: DefaultCount,
	// negative: all of them. Messages are counted exactly when Search is nil.
	CountTo int
}

// The limits of a Query. Counting is what takes time in a large store.
const (
	DefaultLimit = 50
	MaxLimit     = 1000
	DefaultCount = 1000
)

// A Page is a part of a list.
type Page struct {
	Records []*Record
	Total   int    // how many match, on all pages
	More    bool   // Total is where counting ended: there are more
	Next    string // Cursor of the next page; empty on the last one
	Seq     uint64 // all messages up to this one were looked at
}

// List returns a page of messages.
func (s *Store) List(ctx context.Context, q Query) (*Page, error) { return s.list(ctx, q) }
