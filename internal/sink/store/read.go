package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"github.com/postmuster/postmuster/internal/message"
)

// recordColumns are what scanRecord scans, of messages AS m.
const recordColumns = "m.seq, m.received, m.read, m.score, m.score_low, m.score_high, m.grade, m.tags, m.record"

type scannable interface{ Scan(...any) error }

// scanRecord reads a Record, and more columns that follow it.
func scanRecord(row scannable, more ...any) (*Record, error) {
	var seq uint64
	var received int64
	var read bool
	var value, low, high sql.NullInt64
	var grade sql.NullString
	var tags string
	var record []byte
	if err := row.Scan(append([]any{&seq, &received, &read, &value, &low, &high, &grade, &tags, &record}, more...)...); err != nil {
		return nil, err
	}
	r := &Record{}
	if err := json.Unmarshal(record, r); err != nil {
		return nil, err
	}
	r.Seq, r.ID, r.Received, r.Read, r.Tags = seq, formatID(seq, received), timeOf(received), read, decodeTags(tags)
	if value.Valid {
		r.Score = &Score{Value: int(value.Int64), Low: int(low.Int64), High: int(high.Int64), Grade: grade.String}
	}
	return r, nil
}

func timeOf(nanos int64) time.Time { return time.Unix(0, nanos).UTC() }

// encodeTags writes the column tags.
func encodeTags(tags []string) (string, error) {
	if len(tags) == 0 {
		return "", nil
	}
	b, err := json.Marshal(tags)
	return string(b), err
}

// decodeTags reads the column tags, which the indexer wrote.
func decodeTags(text string) []string {
	var tags []string
	if text != "" {
		_ = json.Unmarshal([]byte(text), &tags) // a damaged index is made anew
	}
	return tags
}

// readReady reads when the index knows what the log held at Open. After damage it
// reads once more, from the new index.
func (s *engine) readReady(ctx context.Context, f func(*sql.DB) error) error {
	for attempt := 0; ; attempt++ {
		if err := s.progress.wait(ctx, s.progress.ready); err != nil {
			return err
		}
		err := s.read(f)
		if err == nil || attempt == 1 || !isDamage(err) {
			return err
		}
		if err := s.waitRenewed(ctx); err != nil {
			return err
		}
	}
}

// readInTime is readReady for what may take long, with the context it is to use.
func (s *engine) readInTime(ctx context.Context, f func(context.Context, *sql.DB) error) error {
	return s.readReady(ctx, func(db *sql.DB) error {
		inTime, cancel := context.WithTimeoutCause(ctx, s.longest, errSlow)
		defer cancel()
		if err := f(inTime, db); err == nil || context.Cause(inTime) != errSlow {
			return err
		}
		return errSlow
	})
}

// waitRenewed waits until a damaged index was replaced.
func (s *engine) waitRenewed(ctx context.Context) error {
	return s.progress.wait(ctx, func() bool { return s.progress.damage == nil })
}

// A found message is a Record and where it is in the log.
type found struct {
	record *Record
	at     position
	report position // segment 0 without one
}

// find finds a message by its ID, when it is not expired.
func (s *engine) find(ctx context.Context, id string) (found, error) {
	seq, ok := parseID(id)
	if !ok {
		return found{}, ErrNotFound
	}
	if err := s.waitFor(ctx, seq); err != nil {
		return found{}, err
	}
	var f found
	err := s.readReady(ctx, func(db *sql.DB) (err error) {
		row := db.QueryRowContext(ctx, "SELECT "+recordColumns+`, m.segment, m."offset", coalesce(m.report_segment, 0),
			coalesce(m.report_offset, 0) FROM messages AS m WHERE seq = ?`, int64(min(seq, 1<<62)))
		f.record, err = scanRecord(row, &f.at.segment, &f.at.offset, &f.report.segment, &f.report.offset)
		return err
	})
	if errors.Is(err, sql.ErrNoRows) || err == nil && (f.record.ID != id || f.record.Received.UnixNano() < s.horizon()) {
		return found{}, ErrNotFound
	}
	return f, err
}

// waitFor waits until a message can be found, if it was acknowledged.
func (s *engine) waitFor(ctx context.Context, seq uint64) error {
	p := s.progress
	return p.wait(ctx, func() bool { return p.ready() && (p.appliedSeq >= seq || p.committedSeq < seq) })
}

// open finds a message's record in the log and calls f. The record may be moved
// in between.
func (s *engine) open(ctx context.Context, id string, where func(found) position, f func(*recordReader) error) error {
	for attempt := 0; ; attempt++ {
		m, err := s.find(ctx, id)
		if err != nil {
			return err
		}
		at := where(m)
		if at.segment == 0 {
			return ErrNoReport
		}
		r, err := s.log.read(at)
		if errors.Is(err, errGone) && attempt < 3 {
			continue
		}
		if err != nil {
			return err
		}
		defer r.Close()
		return f(r)
	}
}

func (f found) place() position       { return f.at }
func (f found) reportPlace() position { return f.report }

func (s *engine) get(ctx context.Context, id string) (*Record, error) {
	f, err := s.find(ctx, id)
	return f.record, err
}

func (s *engine) raw(ctx context.Context, id string) (raw []byte, err error) {
	err = s.open(ctx, id, found.place, func(r *recordReader) (err error) {
		raw, err = s.codec.body(r)
		return err
	})
	return raw, err
}

func (s *engine) session(ctx context.Context, id string) (m *message.Message, err error) {
	err = s.open(ctx, id, found.place, func(r *recordReader) error {
		meta, err := s.codec.meta(r)
		if err != nil {
			return err
		}
		m, err = decodeMessage(meta)
		return err
	})
	return m, err
}

func (s *engine) message(ctx context.Context, id string) (m *message.Message, err error) {
	err = s.open(ctx, id, found.place, func(r *recordReader) error {
		meta, err := s.codec.meta(r)
		if err != nil {
			return err
		}
		if m, err = decodeMessage(meta); err != nil {
			return err
		}
		m.Raw, err = s.codec.body(r)
		return err
	})
	if err != nil {
		return nil, err
	}
	return m, nil
}

func (s *engine) report(ctx context.Context, id string) (out *Report, err error) {
	err = s.open(ctx, id, found.reportPlace, func(r *recordReader) error {
		meta, err := s.codec.meta(r)
		if err != nil {
			return err
		}
		var m reportMeta
		if err := json.Unmarshal(meta, &m); err != nil {
			return err
		}
		body, err := s.codec.body(r)
		out = &Report{JSON: body, Score: m.Score, Failed: m.Failed}
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (s *engine) waitSeq(ctx context.Context, seq uint64) error {
	p := s.progress
	return p.wait(ctx, func() bool { return p.ready() && p.appliedSeq >= seq })
}

// recentMessages are indexed in a few hundredths of a second.
const recentMessages = 200

// waitRecent waits for what was acknowledged just now: who sends a message and
// then asks for a list looks for it there.
func (s *engine) waitRecent(ctx context.Context) error {
	p := s.progress
	p.mu.Lock()
	seq, behind := p.committedSeq, p.committedSeq-p.appliedSeq
	p.mu.Unlock()
	if behind > recentMessages || s.waitSeq(ctx, seq) == nil {
		return nil
	}
	return ctx.Err() // an index that cannot be written is no reason to show nothing
}

// waitCommitted waits until everything acknowledged so far can be found.
func (s *engine) waitCommitted(ctx context.Context) error {
	s.progress.mu.Lock()
	end := s.progress.committed
	s.progress.mu.Unlock()
	return s.progress.waitApplied(ctx, end)
}

// expireNow has what is too old deleted, for calls that count what there is.
func (s *engine) expireNow(ctx context.Context) error {
	if s.config.MaxAge <= 0 {
		return nil
	}
	done := make(chan struct{})
	select {
	case s.indexer.expire <- done:
	case <-s.indexer.stopped:
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-done:
		return nil
	case <-s.indexer.stopped:
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *engine) stats(ctx context.Context) (Stats, error) {
	if err := s.expireNow(ctx); err != nil {
		return Stats{}, err
	}
	var st Stats
	err := s.read(func(db *sql.DB) error {
		err := db.QueryRowContext(ctx, "SELECT messages, unread, unscored, bytes FROM state").
			Scan(&st.Messages, &st.Unread, &st.Unscored, &st.Bytes)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		return err
	})
	st.DiskBytes, st.Segments = s.log.bytes()
	s.progress.mu.Lock()
	st.Seq, st.IndexedSeq, st.CatchingUp = s.progress.committedSeq, s.progress.appliedSeq, !s.progress.ready()
	s.progress.mu.Unlock()
	return st, err
}

func (s *engine) unscored(ctx context.Context, after uint64, limit int) (list []Unscored, err error) {
	err = s.readReady(ctx, func(db *sql.DB) error {
		list = nil
		rows, err := db.QueryContext(ctx, `SELECT seq, received, size FROM messages INDEXED BY messages_unscored
			WHERE score IS NULL AND seq > ? AND received >= ? ORDER BY seq LIMIT ?`,
			int64(min(after, 1<<62)), s.horizon(), pageLimit(limit))
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var seq uint64
			var received, size int64
			if err := rows.Scan(&seq, &received, &size); err != nil {
				return err
			}
			list = append(list, Unscored{Receipt{ID: formatID(seq, received), Seq: seq}, size})
		}
		return rows.Err()
	})
	return list, err
}

func (s *engine) inboxes(ctx context.Context) (list []Inbox, err error) {
	if err := errors.Join(s.expireNow(ctx), s.waitRecent(ctx)); err != nil {
		return nil, err
	}
	err = s.readReady(ctx, func(db *sql.DB) error {
		list = nil
		rows, err := db.QueryContext(ctx, `SELECT c.inbox, c.messages, c.unread, m.seq, m.received FROM inbox_counts AS c
			JOIN messages AS m ON m.seq = (SELECT max(seq) FROM inboxes WHERE inbox = c.inbox) ORDER BY m.seq DESC, c.inbox`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var i Inbox
			var received int64
			if err := rows.Scan(&i.Name, &i.Messages, &i.Unread, &i.Last.Seq, &received); err != nil {
				return err
			}
			i.Last.ID = formatID(i.Last.Seq, received)
			list = append(list, i)
		}
		return rows.Err()
	})
	return list, err
}

func (s *engine) tags(ctx context.Context) (list []Tag, err error) {
	if err := errors.Join(s.expireNow(ctx), s.waitRecent(ctx)); err != nil {
		return nil, err
	}
	err = s.readReady(ctx, func(db *sql.DB) error {
		list = nil
		rows, err := db.QueryContext(ctx, "SELECT tag, count(*) FROM tags GROUP BY tag ORDER BY tag")
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var t Tag
			if err := rows.Scan(&t.Name, &t.Messages); err != nil {
				return err
			}
			list = append(list, t)
		}
		return rows.Err()
	})
	return list, err
}
