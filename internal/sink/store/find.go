package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"math"
)

const (
	// fewMatches is up to how many messages a condition is worth beginning with,
	// whatever else is asked for.
	fewMatches = 300
	// lookedAt are the newest messages that are looked at one by one before all are
	// searched: what many messages meet is found among them in less time than an
	// index gathers it.
	lookedAt = 1500
)

// A finder finds what a query asks for.
type finder struct {
	engine     *engine
	db         *sql.DB
	q          Query
	last       uint64 // no message that is found has a greater Seq
	conditions []condition

	selected bool
	sel      selection
}

func (s *engine) finder(db *sql.DB, q Query, last uint64) *finder {
	f := &finder{engine: s, db: db, q: q, last: last}
	if q.Search != nil {
		f.conditions = q.Search.conditions(s.config.Now())
	}
	return f
}

// search counts what matches and reads the page. What is found is found once for
// both on the first page: it is what takes time.
func (f *finder) search(ctx context.Context, after, before uint64, page *Page) error {
	to, limit, offset := f.q.countTo(), pageLimit(f.q.Limit), max(f.q.Offset, 0)
	most := max(to, min(offset, math.MaxInt32)+limit) + 1
	if f.q.Cursor != "" {
		if err := f.count(ctx, page); err != nil {
			return err
		}
		most = min(offset, math.MaxInt32) + limit + 1
	}
	seqs, err := f.seqs(ctx, after, before, most)
	if err != nil {
		return err
	}
	if f.q.Cursor == "" {
		page.Total, page.More = min(len(seqs), to), len(seqs) > to
	}
	seqs = seqs[min(offset, len(seqs)):]
	seqs = seqs[:min(limit+1, len(seqs))]
	list, err := json.Marshal(seqs)
	if err != nil {
		return err
	}
	return f.q.records(ctx, f.db, page, "SELECT "+recordColumns+
		" FROM messages AS m WHERE m.seq IN (SELECT value FROM json_each(?)) ORDER BY m.seq"+f.q.direction(), string(list))
}

// count counts what matches on all pages.
func (f *finder) count(ctx context.Context, page *Page) error {
	to := f.q.countTo()
	seqs, err := f.newest(ctx, f.q.After, 0, to+1)
	if err != nil {
		return err
	}
	if page.Total = len(seqs); page.Total <= to {
		sel, err := f.selection(ctx)
		if err != nil {
			return err
		}
		sel = sel.between(f.q.After, 0)
		err = f.db.QueryRowContext(ctx, "SELECT count(*) FROM (SELECT 1 "+sel.from+" LIMIT ?)", append(sel.args, to+1)...).Scan(&page.Total)
		if err != nil {
			return err
		}
	}
	page.Total, page.More = min(page.Total, to), page.Total > to
	return nil
}

// seqs returns the first messages in the order of the list.
func (f *finder) seqs(ctx context.Context, after, before uint64, most int) ([]uint64, error) {
	seqs, err := f.newest(ctx, after, before, most)
	if err != nil || len(seqs) == most {
		return seqs, err
	}
	sel, err := f.selection(ctx)
	if err != nil {
		return nil, err
	}
	return f.read(ctx, sel.between(after, before), most)
}

// newest returns those of the newest messages that match, which are all that are
// asked for only if they are as many. It returns none where looking at each takes
// longer than asking an index.
func (f *finder) newest(ctx context.Context, after, before uint64, most int) ([]uint64, error) {
	words := false
	for _, c := range f.conditions {
		words = words || c.byWords
		if !c.byRow && !c.implied {
			return nil, nil
		}
	}
	end := f.last + 1
	if before > 0 {
		end = min(end, before)
	}
	if !words || f.q.OldestFirst || most > lookedAt || end <= lookedAt {
		return nil, nil
	}
	return f.read(ctx, f.all().between(max(after, end-lookedAt-1), end), most)
}

// read returns the first messages of a selection.
func (f *finder) read(ctx context.Context, sel selection, most int) ([]uint64, error) {
	rows, err := f.db.QueryContext(ctx, "SELECT "+sel.order+" "+sel.from+" ORDER BY "+sel.order+f.q.direction()+" LIMIT ?", append(sel.args, most)...)
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

// selection returns how to find what is asked for: by the condition that few
// messages meet, else by one whose index is in the order of the list.
func (f *finder) selection(ctx context.Context) (selection, error) {
	if !f.selected {
		by, err := f.cheapest(ctx)
		if err != nil {
			return selection{}, err
		}
		f.sel, f.selected = f.selectBy(by), true
	}
	return f.sel, nil
}

// all returns the selection that looks at all messages.
func (f *finder) all() selection { return f.selectBy(-1) }

func (f *finder) selectBy(by int) selection {
	aged := f.engine.config.MaxAge > 0
	sel := selectBy(f.conditions, by, aged)
	if aged {
		sel.from += " AND m.received >= ?"
		sel.args = append(sel.args, f.engine.horizon())
	}
	return sel
}

// cheapest returns the condition to begin with, or a negative number to look at all messages.
func (f *finder) cheapest(ctx context.Context) (int, error) {
	by, fewest := -1, fewMatches+1
	sources := 0
	for _, c := range f.conditions {
		if c.source != "" {
			sources++
		}
	}
	for i, c := range f.conditions {
		if c.source == "" || c.byWords && fewest <= fewMatches {
			continue
		}
		if sources == 1 && c.inOrder {
			return i, nil // there is no choice
		}
		n := 0
		err := f.db.QueryRowContext(ctx, "SELECT count(*) FROM ("+c.source+" LIMIT ?)", append(c.args[:len(c.args):len(c.args)], fewMatches+1)...).Scan(&n)
		if err != nil {
			return 0, err
		}
		if n > fewMatches && c.ordered != "" {
			f.conditions[i].source, f.conditions[i].inOrder = c.ordered, true
		}
		if n < fewest || by < 0 && f.conditions[i].inOrder {
			by, fewest = i, n
		}
	}
	return by, nil
}
