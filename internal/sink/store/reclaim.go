package store

import (
	"context"
	"database/sql"
	"errors"
	"io"
)

// movedAtOnce is how many messages are moved while changes have to wait.
const movedAtOnce = 100

// reclaim gives the space of the oldest segments back. Only the oldest one ever
// goes: what it holds is about its own messages or older ones, so that nothing
// in it is needed when none of them is left in it. When more than half of the
// log is of messages that are gone, those that are left in the oldest segment
// are moved to the end of the log when the indexer is idle.
func (x *indexer) reclaim(ctx context.Context, idle bool) error {
	log := x.store.log
	for {
		oldest, more := log.oldest()
		if !more || oldest >= x.state.segment {
			return nil
		}
		used, err := x.isUsed(oldest)
		if err != nil {
			return err
		}
		if !used {
			if err := log.remove(oldest); err != nil {
				x.leave(oldest, err)
				return nil
			}
			continue
		}
		if bytes, _ := log.bytes(); !idle || oldest == x.stuck || bytes <= 2*x.state.stored+2*log.limit {
			return nil
		}
		if moved, err := x.move(ctx, oldest); err != nil || !moved {
			return err
		}
	}
}

// leave goes on without the space of a segment: nothing else depends on it.
func (x *indexer) leave(segment uint64, err error) {
	if x.stuck != segment {
		x.store.config.Logger.Error("the space of old messages cannot be given back", "segment", segment, "reason", err)
	}
	x.stuck = segment
}

// isUsed tells whether a segment holds a message or a report that is kept.
func (x *indexer) isUsed(segment uint64) (used bool, err error) {
	err = x.store.index.writer.QueryRow(`SELECT EXISTS (SELECT 1 FROM messages WHERE segment = ?)
		OR EXISTS (SELECT 1 FROM messages WHERE report_segment = ? AND report_segment IS NOT NULL)`, segment, segment).Scan(&used)
	return used, err
}

// A kept message is one to be moved.
type kept struct {
	seq    uint64
	at     position
	report position // segment 0 without one
	read   bool
	tags   string
}

// move copies messages of a segment, with what is known about them, to the end of
// the log. Changes wait meanwhile. It returns false if the segment is better left
// for later.
func (x *indexer) move(ctx context.Context, segment uint64) (bool, error) {
	x.store.changes.Lock()
	defer x.store.changes.Unlock()
	if err := x.catchUp(); err != nil {
		return false, err
	}
	list, err := x.keptIn(segment)
	if err != nil {
		return false, err
	}
	var oldest uint64
	if err := x.store.index.writer.QueryRow("SELECT coalesce(min(seq), 0) FROM messages").Scan(&oldest); err != nil {
		return false, err
	}
	for i, k := range list {
		if err := x.copy(ctx, k, oldest, i == len(list)-1); err != nil {
			// A full disk is tried again: messages that expire will free it.
			if ctx.Err() == nil && !errors.Is(err, ErrNoSpace) && !errors.Is(err, ErrClosed) {
				x.leave(segment, err)
			}
			return false, nil
		}
	}
	return true, x.catchUp()
}

// catchUp puts into the index what is committed now.
func (x *indexer) catchUp() error {
	p := x.store.progress
	p.mu.Lock()
	end := p.committed
	p.mu.Unlock()
	for x.tail.at.less(end) {
		if more, err := x.stepOnly(); err != nil || !more {
			return err
		}
	}
	return nil
}

func (x *indexer) keptIn(segment uint64) ([]kept, error) {
	rows, err := x.store.index.writer.Query(`SELECT seq, segment, "offset", coalesce(report_segment, 0), coalesce(report_offset, 0), read, tags
		FROM messages WHERE segment = ?1 OR (report_segment = ?1 AND report_segment IS NOT NULL) ORDER BY seq LIMIT ?2`, segment, movedAtOnce)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []kept
	for rows.Next() {
		var k kept
		if err := rows.Scan(&k.seq, &k.at.segment, &k.at.offset, &k.report.segment, &k.report.offset, &k.read, &k.tags); err != nil {
			return nil, err
		}
		list = append(list, k)
	}
	return list, rows.Err()
}

// copy appends a message as it is, its report, its tags and its read mark. The
// last of them makes the copies count: the process may end between any two.
func (x *indexer) copy(ctx context.Context, k kept, oldest uint64, last bool) error {
	at, err := x.copyRecord(ctx, k.at)
	if err != nil {
		return err
	}
	if k.report.segment != 0 {
		if _, err := x.copyRecord(ctx, k.report); err != nil {
			return err
		}
	}
	seqs := encodeSpans([]span{{k.seq, k.seq}})
	h := header{kind: kindTags, flags: flagMoved, time: x.store.config.Now().UnixNano()}
	if _, err := x.store.append(ctx, h, change{Seqs: seqs, Tags: decodeTags(k.tags)}, false); err != nil {
		return err
	}
	h.kind = kindRead
	_, err = x.store.append(ctx, h, change{
		Seqs: seqs, Read: k.read, Segment: at.segment, Offset: at.offset, Oldest: oldest,
	}, last)
	return err
}

// copyRecord appends a record as it is stored, without decoding it, and returns where.
func (x *indexer) copyRecord(ctx context.Context, at position) (position, error) {
	r, err := x.store.log.read(at)
	if err != nil {
		return position{}, err
	}
	defer r.Close()
	e := &entry{header: r.header, done: make(chan result, 1)}
	e.flags |= flagMoved
	if r.bodyLen > spillBytes {
		if e.meta, err = r.stored(0, int64(r.metaLen)); err != nil {
			return position{}, err
		}
		offset := at.offset + headerBytes + int64(r.metaLen)
		e.spill = sectionSpill{io.NewSectionReader(r.file, offset, int64(r.bodyLen))}
	} else if e.meta, err = r.stored(0, int64(r.metaLen)+int64(r.bodyLen)); err != nil {
		return position{}, err
	}
	c, err := x.store.commit.put(ctx, e)
	return position{c.end.segment, c.end.offset - r.size()}, err
}

// A sectionSpill is the body of a record that is copied.
type sectionSpill struct{ *io.SectionReader }

func (sectionSpill) Close() error { return nil }

// horizon is when the oldest message may have been received, in Unix nanoseconds.
func (s *engine) horizon() int64 {
	if s.config.MaxAge <= 0 {
		return 0
	}
	return s.config.Now().Add(-s.config.MaxAge).UnixNano()
}

// read calls f with the connections for reading, and has a damaged index made anew.
func (s *engine) read(f func(*sql.DB) error) error {
	s.indexMu.RLock()
	err := s.index.read(f)
	s.indexMu.RUnlock()
	if err != nil {
		s.indexer.report(err)
	}
	return err
}
