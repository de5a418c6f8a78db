package store

import "database/sql"

const (
	// piecesMerged is how many pieces of the index of words FTS5 merges into one.
	// Each transaction adds a piece.
	piecesMerged = 4
	// mergedPages are merged in one go, a few milliseconds' worth: whoever looks for
	// a message that has just come waits for them.
	mergedPages = 16
)

// wordTables have an index of words.
var wordTables = []string{"text", "heads", "fields", "failed"}

// A merger merges what transactions add to the index of words, so that searches
// stay fast. FTS5 would do it inside a transaction now and then, for many pages at
// once, and what comes in would wait.
type merger struct {
	added int  // transactions since there was nothing left to merge
	more  bool // the last merge did not come to an end
}

// work merges some pages when there is something to merge, and reports whether
// there was; messages are those of the last transaction.
func (m *merger) work(x *index, messages int) (bool, error) {
	if messages > 0 {
		m.added++
	}
	if !m.more && m.added < piecesMerged {
		return false, nil
	}
	m.added = 0
	var err error
	m.more, err = x.merge(max(mergedPages, messages))
	return m.more, err
}

// merge merges up to so many pages of each table, and reports whether there were any.
func (x *index) merge(pages int) (worked bool, err error) {
	err = x.write(func(tx *sql.Tx) error {
		var before, after int
		if err := tx.QueryRow("SELECT total_changes()").Scan(&before); err != nil {
			return err
		}
		for _, table := range wordTables {
			if _, err := tx.Exec("INSERT INTO "+table+" ("+table+", rank) VALUES ('merge', ?)", pages); err != nil {
				return err
			}
		}
		err := tx.QueryRow("SELECT total_changes()").Scan(&after)
		worked = after-before > len(wordTables) // the commands count, too
		return err
	})
	return worked, err
}
