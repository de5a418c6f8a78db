package store

import (
	"context"
	"database/sql"
	"errors"
	"math"
	"strconv"
)

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
	DefaultCount = 500
)

// A Page is a part of a list.
type Page struct {
	Records []*Record
	Total   int    // how many match, on all pages
	More    bool   // Total is where counting ended: there are more
	Next    string // Cursor of the next page; empty on the last one
	Seq     uint64 // all messages up to this one were looked at
}

// List returns a page of messages. Those that were acknowledged before the call
// are looked at, unless more of them come at once than the index follows: then
// MinSeq says what has to be.
func (s *Store) List(ctx context.Context, q Query) (*Page, error) { return s.list(ctx, q) }

func pageLimit(limit int) int {
	if limit <= 0 {
		return DefaultLimit
	}
	return min(limit, MaxLimit)
}

func (s *engine) list(ctx context.Context, q Query) (*Page, error) {
	after, before, err := q.bounds()
	if err != nil {
		return nil, err
	}
	if err := s.waitSeq(ctx, q.MinSeq); err != nil {
		return nil, err
	}
	if err := s.waitRecent(ctx); err != nil {
		return nil, err
	}
	page := &Page{}
	err = s.readInTime(ctx, func(ctx context.Context, db *sql.DB) error {
		s.progress.mu.Lock()
		*page = Page{Seq: s.progress.appliedSeq}
		s.progress.mu.Unlock()
		f := s.finder(db, q, page.Seq)
		if q.Search != nil {
			return f.search(ctx, after, before, page)
		}
		sel, err := f.selection(ctx)
		if err != nil {
			return err
		}
		if err := s.count(ctx, db, q, page); err != nil {
			return err
		}
		return q.fill(ctx, db, sel.between(after, before), page)
	})
	if err != nil {
		return nil, err
	}
	return page, nil
}

// between keeps the messages with a Seq between the two, which are left out.
func (s selection) between(after, before uint64) selection {
	s.args = append([]any(nil), s.args...)
	if after > 0 {
		s.from += " AND " + s.order + " > ?"
		s.args = append(s.args, int64(min(after, 1<<62)))
	}
	if before > 0 {
		s.from += " AND " + s.order + " < ?"
		s.args = append(s.args, int64(min(before, 1<<62)))
	}
	return s
}

// bounds returns between which Seqs the page is.
func (q *Query) bounds() (after, before uint64, err error) {
	after = q.After
	if q.Cursor == "" {
		return after, 0, nil
	}
	seq, err := strconv.ParseUint(q.Cursor[1:], 36, 62)
	switch {
	case err != nil || seq == 0:
		return 0, 0, ErrCursor
	case q.Cursor[0] == 'o' && q.OldestFirst:
		return max(after, seq), 0, nil
	case q.Cursor[0] == 'n' && !q.OldestFirst:
		return after, seq, nil
	}
	return 0, 0, ErrCursor
}

func (q *Query) cursor(last uint64) string {
	if q.OldestFirst {
		return "o" + strconv.FormatUint(last, 36)
	}
	return "n" + strconv.FormatUint(last, 36)
}

// direction is the order of the list as SQL.
func (q *Query) direction() string {
	if q.OldestFirst {
		return " ASC"
	}
	return " DESC"
}

// fill reads the records of the page.
func (q *Query) fill(ctx context.Context, db *sql.DB, sel selection, page *Page) error {
	limit := pageLimit(q.Limit)
	return q.records(ctx, db, page, "SELECT "+recordColumns+" "+sel.from+" ORDER BY "+sel.order+q.direction()+" LIMIT ? OFFSET ?",
		append(sel.args, limit+1, max(q.Offset, 0))...)
}

// records reads a page by a query.
func (q *Query) records(ctx context.Context, db *sql.DB, page *Page, query string, args ...any) error {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	limit := pageLimit(q.Limit)
	for rows.Next() {
		if len(page.Records) == limit {
			page.Next = q.cursor(page.Records[limit-1].Seq)
			break
		}
		r, err := scanRecord(rows)
		if err != nil {
			return err
		}
		page.Records = append(page.Records, r)
	}
	return rows.Err()
}

// countTo is up to where matches are counted.
func (q *Query) countTo() int {
	switch {
	case q.CountTo < 0 || q.Search == nil:
		return math.MaxInt32
	case q.CountTo == 0:
		return DefaultCount
	}
	return q.CountTo
}

// count counts all messages of a list.
func (s *engine) count(ctx context.Context, db *sql.DB, q Query, page *Page) error {
	if q.After == 0 {
		err := db.QueryRowContext(ctx, "SELECT messages - (SELECT count(*) FROM messages WHERE received < ?) FROM state", s.horizon()).Scan(&page.Total)
		if errors.Is(err, sql.ErrNoRows) {
			return nil // an empty index
		}
		return err
	}
	f := s.finder(db, q, 0)
	return f.count(ctx, page)
}

// matching returns the messages that a search finds among all acknowledged, and
// how many they are.
func (s *engine) matching(ctx context.Context, search *Search) (spans []span, n int, err error) {
	if err := s.waitCommitted(ctx); err != nil {
		return nil, 0, err
	}
	err = s.readReady(ctx, func(db *sql.DB) error {
		spans, n = nil, 0
		f := s.finder(db, Query{Search: search}, 0)
		sel, err := f.selection(ctx)
		if err != nil {
			return err
		}
		rows, err := db.QueryContext(ctx, "SELECT "+sel.order+" "+sel.from+" ORDER BY "+sel.order, sel.args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		var seqs []uint64
		for rows.Next() {
			var seq uint64
			if err := rows.Scan(&seq); err != nil {
				return err
			}
			seqs = append(seqs, seq)
		}
		spans, n = spansOf(seqs), len(seqs)
		return rows.Err()
	})
	return spans, n, err
}
