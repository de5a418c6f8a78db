package store

import "database/sql"

const (
	// piecesMerged is how many pieces of the index of words FTS5 merges into one.
	// Each transaction adds a piece.
	piecesMerged = 4
	// mergedPages are merged in one go, a millisecond's worth or two: whoever looks
	// for a message that has just come may have to wait for them.
	mergedPages = 8
)

// wordTables have an index of words.
var wordTables = []string{"text", "heads", "fields", "failed"}

// A merger merges what transactions add to the index of words, so that searches
// stay fast. FTS5 would do it inside a transaction now and then, for many pages at
// once, and what comes in would wait.
type merger struct {
	added int // transactions since the last look at all tables began
	left  int // tables to look at in this one
	next  int // the first of them
}

// work merges some pages of one table, and reports whether it is worth calling
// again; messages are those of the last transaction.
func (m *merger) work(x *index, messages int) (more bool, err error) {
	if messages > 0 {
		m.added++
	}
	if m.added >= piecesMerged {
		m.added, m.left = 0, len(wordTables)
	}
	if m.left == 0 {
		return false, nil
	}
	merged, err := x.merge(wordTables[m.next], max(mergedPages, messages))
	if !merged {
		m.left--
		m.next = (m.next + 1) % len(wordTables)
	}
	return m.left > 0, err
}

// merge merges up to so many pages of a table, and reports whether there were any.
func (x *index) merge(table string, pages int) (merged bool, err error) {
	err = x.write(func(tx *sql.Tx) error {
		var before, after int
		if err := tx.QueryRow("SELECT total_changes()").Scan(&before); err != nil {
			return err
		}
		if _, err := tx.Exec("INSERT INTO "+table+" ("+table+", rank) VALUES ('merge', ?)", pages); err != nil {
			return err
		}
		err := tx.QueryRow("SELECT total_changes()").Scan(&after)
		merged = after-before > 1 // the command counts, too
		return err
	})
	return merged, err
}
