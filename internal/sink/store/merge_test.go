package store

import (
	"database/sql"
	"testing"
)

// However many transactions add words, a search looks into a few pieces.
func TestIndexOfWordsIsMerged(t *testing.T) {
	x, err := openIndex("", "merge-test")
	if err != nil {
		t.Fatal(err)
	}
	defer x.close()
	var m merger
	const n = 60
	for i := range n {
		err := x.write(func(tx *sql.Tx) error {
			for _, table := range []string{"text", "fields"} {
				if _, err := tx.Exec("INSERT INTO "+table+" (rowid, words) VALUES (?, 'word')", i+1); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for messages, more := 1, true; more; messages = 0 {
			if more, err = m.work(x, messages); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, table := range []string{"text", "fields"} {
		var pieces, found int
		err := x.reader.QueryRow("SELECT count(DISTINCT segid), (SELECT count(*) FROM "+table+" WHERE "+table+" MATCH 'word') FROM "+table+"_idx").Scan(&pieces, &found)
		if err != nil {
			t.Fatal(err)
		}
		if pieces > 3*piecesMerged || found != n {
			t.Errorf("%s: %d pieces, %d of %d messages found", table, pieces, found, n)
		}
	}
}
