package store

import (
	"database/sql"
	"encoding/json"
	"errors"
	"strings"
	"time"
)

// announced is how many messages of one change get an event each, or are named
// in one. More are a Resync: a page reads its list anew faster than it follows.
const announced = 200

// An applier changes the index by a batch of records, in one transaction. It works
// on a copy of the state, which holds when the transaction does.
type applier struct {
	indexer *indexer
	state   indexState
	start   position // what stands before it in the log is old: nobody waits for its events
	quiet   bool     // what is applied is old
	tx      *sql.Tx
	stmts   map[string]*sql.Stmt
	events  []Event
}

func (a *applier) apply(tx *sql.Tx, batch []*prepared) error {
	a.tx, a.stmts = tx, map[string]*sql.Stmt{}
	for _, p := range batch {
		a.quiet = p.at.less(a.start)
		if err := a.one(p); err != nil {
			return err
		}
		a.state.position = position{p.at.segment, p.at.offset + p.size()}
		a.state.last, a.state.checksum = p.at, p.checksum
	}
	a.quiet = a.state.position.less(a.start)
	if err := errors.Join(a.expireMany(), a.expireOld()); err != nil {
		return err
	}
	return a.state.save(tx)
}

func (a *applier) one(p *prepared) error {
	switch p.kind {
	case kindMessage:
		return a.message(p)
	case kindReport:
		return a.report(p)
	case kindDelete:
		for _, s := range p.spans {
			if err := a.remove(s); err != nil {
				return err
			}
		}
	case kindTags:
		return a.each(p, func(seq uint64) error { return a.tags(seq, p.change.Tags) })
	case kindRead:
		return a.each(p, func(seq uint64) error {
			return errors.Join(a.read(seq, p.change.Read), a.moved(seq, p.change))
		})
	case kindSession:
		return a.session(p)
	}
	return nil
}

// exec runs a statement that is prepared once in the transaction.
func (a *applier) exec(query string, args ...any) (changed int64, err error) {
	stmt := a.stmts[query]
	if stmt == nil {
		if stmt, err = a.tx.Prepare(query); err != nil {
			return 0, err
		}
		a.stmts[query] = stmt
	}
	result, err := stmt.Exec(args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

func (a *applier) row(query string, args ...any) *sql.Row {
	stmt := a.stmts[query]
	if stmt == nil {
		var err error
		if stmt, err = a.tx.Prepare(query); err != nil {
			return a.tx.QueryRow(query, args...) // says the same
		}
		a.stmts[query] = stmt
	}
	return stmt.QueryRow(args...)
}

// message puts a message into the index. The copy of one that is there counts from
// when its move is complete.
func (a *applier) message(p *prepared) error {
	if p.flags&flagMoved != 0 {
		var there bool
		if err := a.row("SELECT EXISTS (SELECT 1 FROM messages WHERE seq = ?)", p.seq).Scan(&there); err != nil || there {
			return err
		}
	} else if p.seq <= a.state.seq {
		return nil // already here
	}
	a.state.seq = max(a.state.seq, p.seq)
	s := p.summary
	record, err := encodeRecord(s.record)
	if err != nil {
		return err
	}
	tags, err := encodeTags(s.record.Tags)
	if err != nil {
		return err
	}
	_, err = a.exec(`INSERT INTO messages (seq, received, size, attachments, contents, segment, "offset", stored,
		sender, recipients, subject, cc, bcc, reply_to, files, message_id, tags, record)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, p.seq, p.time, s.record.Size, s.record.Attachments, s.contents,
		p.at.segment, p.at.offset, p.size(), lower(s.sender), lower(s.recipients), lower(s.subject),
		lower(s.cc), lower(s.bcc), lower(s.replyTo), lower(s.files), s.record.MessageID, tags, record)
	if err != nil {
		return err
	}
	if _, err := a.exec("INSERT INTO heads (rowid, subject, sender, recipients, more) VALUES (?, ?, ?, ?, ?)",
		p.seq, s.subject, s.sender, s.recipients, s.replyTo+"\n"+s.files); err != nil {
		return err
	}
	if _, err := a.exec("INSERT INTO fields (rowid, words) VALUES (?, ?)", p.seq, s.fields); err != nil {
		return err
	}
	if _, err := a.exec("INSERT INTO text (rowid, words) VALUES (?, ?)", p.seq, s.text()); err != nil {
		return err
	}
	if err := a.intoInboxes(p.seq, s.record.Inboxes); err != nil {
		return err
	}
	if err := a.tagged(p.seq, s.record.Tags); err != nil {
		return err
	}
	st := &a.state
	st.messages, st.unread, st.unscored = st.messages+1, st.unread+1, st.unscored+1
	st.bytes, st.stored = st.bytes+s.record.Size, st.stored+p.size()
	if !a.quiet && p.flags&flagMoved == 0 {
		r := s.record
		r.Seq, r.ID, r.Received = p.seq, formatID(p.seq, p.time), time.Unix(0, p.time).UTC()
		a.events = append(a.events, Event{Kind: Received, Record: &r})
	}
	return a.expireMany()
}

// expireMany lets the oldest messages go that are too many, or too large together.
// It acts after each message, so that reading the log again gives the same.
func (a *applier) expireMany() error {
	for a.state.isOver(a.indexer.store.config) {
		var oldest uint64
		if err := a.row("SELECT min(seq) FROM messages").Scan(&oldest); err != nil {
			return err
		}
		if err := a.remove(span{oldest, oldest}); err != nil {
			return err
		}
	}
	return nil
}

// expireOld lets messages go that are too old.
func (a *applier) expireOld() error {
	if a.indexer.store.config.MaxAge <= 0 {
		return nil
	}
	var last sql.NullInt64
	err := a.row("SELECT max(seq) FROM messages WHERE received < ?", a.indexer.store.horizon()).Scan(&last)
	if err != nil || !last.Valid {
		return err
	}
	return a.remove(span{0, uint64(last.Int64)})
}

// remove takes messages out of the index.
func (a *applier) remove(s span) error {
	rows, err := a.tx.Query(`SELECT seq, received, size, read, score IS NULL, stored + report_stored
		FROM messages WHERE seq BETWEEN ? AND ?`, s.First, int64(min(s.Last, 1<<62)))
	if err != nil {
		return err
	}
	defer rows.Close()
	var seqs []uint64
	var unread []int64 // 1 or 0 for each
	var ids []string
	st := &a.state
	for rows.Next() {
		var seq uint64
		var received, size, read, unscored, stored int64
		if err := rows.Scan(&seq, &received, &size, &read, &unscored, &stored); err != nil {
			return err
		}
		seqs, unread, ids = append(seqs, seq), append(unread, 1-read), append(ids, formatID(seq, received))
		st.messages, st.unread, st.unscored = st.messages-1, st.unread-(1-read), st.unscored-unscored
		st.bytes, st.stored = st.bytes-size, st.stored-stored
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	if len(seqs) == 0 {
		return nil
	}
	a.announceDeleted(ids)
	if st.messages == 0 {
		return a.removeAll()
	}
	for i, seq := range seqs {
		if err := a.outOfInboxes(seq, unread[i]); err != nil {
			return err
		}
		for _, query := range []string{
			"DELETE FROM messages WHERE seq = ?", "DELETE FROM text WHERE rowid = ?", "DELETE FROM heads WHERE rowid = ?", "DELETE FROM fields WHERE rowid = ?", "DELETE FROM failed WHERE rowid = ?",
			"DELETE FROM tags WHERE seq = ?",
		} {
			if _, err := a.exec(query, seq); err != nil {
				return err
			}
		}
	}
	return nil
}

// removeAll empties the index faster than message by message.
func (a *applier) removeAll() error {
	for _, query := range []string{
		"DELETE FROM messages", "DELETE FROM inboxes", "DELETE FROM inbox_counts", "DELETE FROM tags",
		"INSERT INTO text (text) VALUES ('delete-all')", "INSERT INTO heads (heads) VALUES ('delete-all')", "INSERT INTO fields (fields) VALUES ('delete-all')", "INSERT INTO failed (failed) VALUES ('delete-all')",
	} {
		if _, err := a.exec(query); err != nil {
			return err
		}
	}
	return nil
}

func (a *applier) announceDeleted(ids []string) {
	switch {
	case a.quiet:
	case len(ids) > announced:
		a.events = append(a.events, Event{Kind: Resync})
	default:
		if n := len(a.events); n > 0 && a.events[n-1].Kind == Deleted && len(a.events[n-1].IDs) < announced {
			a.events[n-1].IDs = append(a.events[n-1].IDs, ids...)
			return
		}
		a.events = append(a.events, Event{Kind: Deleted, IDs: ids})
	}
}

// report notes score and place of a report.
func (a *applier) report(p *prepared) error {
	var unscored, stored int64
	err := a.row("SELECT score IS NULL, report_stored FROM messages WHERE seq = ?", p.seq).Scan(&unscored, &stored)
	if errors.Is(err, sql.ErrNoRows) {
		return nil // deleted while it was scored
	}
	if err != nil {
		return err
	}
	s := p.report.Score
	if _, err := a.exec(`UPDATE messages SET score = ?, score_low = ?, score_high = ?, grade = ?,
		report_segment = ?, report_offset = ?, report_stored = ? WHERE seq = ?`,
		s.Value, s.Low, s.High, s.Grade, p.at.segment, p.at.offset, p.size(), p.seq); err != nil {
		return err
	}
	a.state.unscored -= unscored
	a.state.stored += p.size() - stored
	if _, err := a.exec("INSERT OR REPLACE INTO failed (rowid, checks) VALUES (?, ?)", p.seq, strings.Join(p.report.Failed, " ")); err != nil {
		return err
	}
	if p.flags&flagMoved != 0 {
		return nil
	}
	return a.announce(Scored, p.seq)
}

// announce adds an event that shows a message as it is now.
func (a *applier) announce(kind EventKind, seq uint64) error {
	if a.quiet {
		return nil
	}
	r, err := scanRecord(a.row("SELECT "+recordColumns+" FROM messages AS m WHERE seq = ?", seq))
	if err != nil {
		return err
	}
	a.events = append(a.events, Event{Kind: kind, Record: r})
	return nil
}

// each calls f for the messages of a change that there are.
func (a *applier) each(p *prepared, f func(seq uint64) error) error {
	var seqs []uint64
	for _, s := range p.spans {
		rows, err := a.tx.Query("SELECT seq FROM messages WHERE seq BETWEEN ? AND ?", s.First, int64(min(s.Last, 1<<62)))
		if err != nil {
			return err
		}
		for rows.Next() {
			var seq uint64
			if err := rows.Scan(&seq); err != nil {
				rows.Close()
				return err
			}
			seqs = append(seqs, seq)
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return err
		}
	}
	for _, seq := range seqs {
		if err := f(seq); err != nil {
			return err
		}
	}
	return a.announceChanged(p, seqs)
}

func (a *applier) announceChanged(p *prepared, seqs []uint64) error {
	if a.quiet || p.flags&flagMoved != 0 {
		return nil
	}
	if len(seqs) > announced {
		a.events = append(a.events, Event{Kind: Resync})
		return nil
	}
	for _, seq := range seqs {
		if err := a.announce(Changed, seq); err != nil {
			return err
		}
	}
	return nil
}

func (a *applier) tags(seq uint64, tags []string) error {
	text, err := encodeTags(tags)
	if err != nil {
		return err
	}
	if _, err := a.exec("UPDATE messages SET tags = ? WHERE seq = ?", text, seq); err != nil {
		return err
	}
	if _, err := a.exec("DELETE FROM tags WHERE seq = ?", seq); err != nil {
		return err
	}
	return a.tagged(seq, tags)
}

// tagged notes the tags of a message that has none.
func (a *applier) tagged(seq uint64, tags []string) error {
	for _, tag := range tags {
		if _, err := a.exec("INSERT OR IGNORE INTO tags (tag, seq) VALUES (?, ?)", tag, seq); err != nil {
			return err
		}
	}
	return nil
}

func (a *applier) read(seq uint64, read bool) error {
	n, err := a.exec("UPDATE messages SET read = ? WHERE seq = ? AND read <> ?", read, seq, read)
	if err != nil || n == 0 {
		return err
	}
	if read {
		n = -n
	}
	a.state.unread += n
	return a.readInInboxes(seq, n)
}

// moved notes the new place of a message. Until then its segment is not given back,
// nor are those behind it, which hold what else is known about the message.
func (a *applier) moved(seq uint64, c change) error {
	if c.Segment == 0 {
		return nil
	}
	if c.Oldest > 1 {
		if err := a.remove(span{1, c.Oldest - 1}); err != nil {
			return err
		}
	}
	_, err := a.exec(`UPDATE messages SET segment = ?, "offset" = ? WHERE seq = ?`, c.Segment, c.Offset, seq)
	return err
}

func (a *applier) session(p *prepared) error {
	a.state.sessions++
	b, err := json.Marshal(p.session)
	if err != nil {
		return err
	}
	if _, err := a.exec("INSERT INTO sessions (seq, at, session) VALUES (?, ?, ?)", a.state.sessions, p.time, string(b)); err != nil {
		return err
	}
	_, err = a.exec("DELETE FROM sessions WHERE seq <= ?", int64(a.state.sessions)-MaxFailedSessions)
	return err
}
