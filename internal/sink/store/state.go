package store

import (
	"database/sql"
	"errors"
	"fmt"
)

// indexState is what the index knows about itself; it changes in the same
// transactions as its tables.
type indexState struct {
	position          // of the log behind the last record in the index
	store    [16]byte // which log
	seq      uint64   // the last message seen
	last     position // of the last record in the index
	checksum uint32   // of that record

	messages, unread, unscored int64
	bytes, stored              int64
	sessions                   uint64
}

var errIndexAhead = errors.New("the index does not belong to this log")

// isOver tells that there are more messages than the limits allow, or larger ones:
// one has just come, or the limits were lowered since the last run.
func (st *indexState) isOver(c Config) bool {
	return c.MaxMessages > 0 && st.messages > int64(c.MaxMessages) || c.MaxBytes > 0 && st.bytes > c.MaxBytes
}

// load reads the state; it is zero in a new index. An error means that the index
// is no use.
func (x *index) load() (indexState, error) {
	var st indexState
	var store []byte
	row := x.writer.QueryRow(`SELECT store, segment, "offset", seq, checksum, record_segment, record_offset,
		messages, unread, unscored, bytes, stored, sessions FROM state`)
	err := row.Scan(&store, &st.segment, &st.offset, &st.seq, &st.checksum, &st.last.segment, &st.last.offset,
		&st.messages, &st.unread, &st.unscored, &st.bytes, &st.stored, &st.sessions)
	if errors.Is(err, sql.ErrNoRows) {
		return st, nil
	}
	if err != nil {
		return st, err
	}
	copy(st.store[:], store)
	for _, table := range []string{"messages", "inboxes", "tags", "sessions", "text", "heads", "fields", "failed"} {
		if _, err := x.writer.Exec("SELECT 1 FROM " + table + " LIMIT 1"); err != nil {
			return st, err
		}
	}
	return st, nil
}

// save writes the state.
func (st *indexState) save(tx *sql.Tx) error {
	_, err := tx.Exec(`INSERT OR REPLACE INTO state (one, store, segment, "offset", seq, checksum, record_segment, record_offset,
		messages, unread, unscored, bytes, stored, sessions) VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		st.store[:], st.segment, st.offset, st.seq, st.checksum, st.last.segment, st.last.offset,
		st.messages, st.unread, st.unscored, st.bytes, st.stored, st.sessions)
	return err
}

// check compares the last record in the index with what stands in the log. If it
// is there, everything before it is, too: the index may be trusted for where a
// record begins. All of it is read: a disk that lost power may have kept the
// record's header, and zeros in the place of the rest.
func (st *indexState) check(d disk) error {
	if st.segment == 0 {
		return nil
	}
	file, err := d.open(st.last.segment)
	if err != nil {
		return fmt.Errorf("%w: %w", errIndexAhead, err)
	}
	defer file.Close()
	size, err := file.Size()
	if err != nil {
		return fmt.Errorf("%w: %w", errIndexAhead, err)
	}
	s := &scanner{file: file, secret: (&segmentHeader{store: st.store}).secret(), offset: st.last.offset, end: size}
	h, err := s.next()
	if err == nil {
		err = s.verify(h)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", errIndexAhead, err)
	}
	if h.checksum != st.checksum || st.last.segment != st.segment || st.last.offset+h.size() != st.offset {
		return errIndexAhead
	}
	return nil
}
