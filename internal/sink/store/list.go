package store

import (
	"context"
	"database/sql"
	"encoding/json"
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

// List returns a page of messages. Those that were acknowledged before the call
// are looked at, unless more of them come at once than the index follows: then
// MinSeq says what has to be.
func (s *Store) List(ctx context.Context, q Query) (*Page, error) { return s.list(ctx, q) }

// fewMatches is up to how many messages a condition is worth beginning with,
// whatever else is asked for.
const fewMatches = 300

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
		sel, err := s.selection(ctx, db, q.Search)
		if err != nil {
			return err
		}
		if q.Search != nil {
			return s.search(ctx, db, q, sel, before, after, page)
		}
		if err := s.count(ctx, db, q, sel, page); err != nil {
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

// search counts what matches and reads the page. What is found is found once for
// both on the first page: it is what takes time.
func (s *engine) search(ctx context.Context, db *sql.DB, q Query, sel selection, before, after uint64, page *Page) error {
	to, limit, offset := q.countTo(), pageLimit(q.Limit), max(q.Offset, 0)
	most := max(to, min(offset, math.MaxInt32)+limit) + 1
	if q.Cursor != "" {
		if err := s.count(ctx, db, q, sel, page); err != nil {
			return err
		}
		most = min(offset, math.MaxInt32) + limit + 1
	}
	seqs, err := q.seqs(ctx, db, sel.between(after, before), most)
	if err != nil {
		return err
	}
	if q.Cursor == "" {
		page.Total, page.More = min(len(seqs), to), len(seqs) > to
	}
	seqs = seqs[min(offset, len(seqs)):]
	seqs = seqs[:min(limit+1, len(seqs))]
	list, err := json.Marshal(seqs)
	if err != nil {
		return err
	}
	return q.records(ctx, db, page, "SELECT "+recordColumns+
		" FROM messages AS m WHERE m.seq IN (SELECT value FROM json_each(?)) ORDER BY m.seq"+q.direction(), string(list))
}

// seqs returns the first messages of a selection.
func (q *Query) seqs(ctx context.Context, db *sql.DB, sel selection, most int) ([]uint64, error) {
	rows, err := db.QueryContext(ctx, "SELECT "+sel.order+" "+sel.from+" ORDER BY "+sel.order+q.direction()+" LIMIT ?", append(sel.args, most)...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	seqs := []uint64{}
	for rows.Next() {
		var seq uint64
		if err := rows.Scan(&seq); err != nil {
			return nil, err
		}
		seqs = append(seqs, seq)
	}
	return seqs, rows.Err()
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

// selection returns how to find what a search asks for: by the condition that few
// messages meet, else by one whose index is in the order of the list.
func (s *engine) selection(ctx context.Context, db *sql.DB, search *Search) (selection, error) {
	var conditions []condition
	if search != nil {
		conditions = search.conditions(s.config.Now())
	}
	by, err := cheapest(ctx, db, conditions)
	if err != nil {
		return selection{}, err
	}
	sel := selectBy(conditions, by, s.config.MaxAge > 0)
	if s.config.MaxAge > 0 {
		sel.from += " AND m.received >= ?"
		sel.args = append(sel.args, s.horizon())
	}
	return sel, nil
}

// cheapest returns the condition to begin with, or a negative number to look at all messages.
func cheapest(ctx context.Context, db *sql.DB, conditions []condition) (int, error) {
	by, fewest := -1, fewMatches+1
	for i, c := range conditions {
		if c.source == "" || c.byWords && fewest <= fewMatches {
			continue
		}
		if len(conditions) == 1 && c.inOrder {
			return i, nil // there is no choice
		}
		n := 0
		err := db.QueryRowContext(ctx, "SELECT count(*) FROM ("+c.source+" LIMIT ?)", append(c.args[:len(c.args):len(c.args)], fewMatches+1)...).Scan(&n)
		if err != nil {
			return 0, err
		}
		if n > fewMatches && c.ordered != "" {
			conditions[i].source, conditions[i].inOrder = c.ordered, true
		}
		if n < fewest || by < 0 && conditions[i].inOrder {
			by, fewest = i, n
		}
	}
	return by, nil
}

// count counts what matches on all pages.
func (s *engine) count(ctx context.Context, db *sql.DB, q Query, sel selection, page *Page) error {
	if q.Search == nil && q.After == 0 {
		err := db.QueryRowContext(ctx, "SELECT messages - (SELECT count(*) FROM messages WHERE received < ?) FROM state", s.horizon()).Scan(&page.Total)
		if errors.Is(err, sql.ErrNoRows) {
			return nil // an empty index
		}
		return err
	}
	to := q.countTo()
	sel = sel.between(q.After, 0)
	err := db.QueryRowContext(ctx, "SELECT count(*) FROM (SELECT 1 "+sel.from+" LIMIT ?)", append(sel.args, to+1)...).Scan(&page.Total)
	if page.Total > to {
		page.Total, page.More = to, true
	}
	return err
}

// matching returns the messages that a search finds among all acknowledged, and
// how many they are.
func (s *engine) matching(ctx context.Context, search *Search) (spans []span, n int, err error) {
	if err := s.waitCommitted(ctx); err != nil {
		return nil, 0, err
	}
	err = s.readReady(ctx, func(db *sql.DB) error {
		spans, n = nil, 0
		sel, err := s.selection(ctx, db, search)
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
