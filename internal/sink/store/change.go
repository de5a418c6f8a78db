package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/postmuster/postmuster/internal/message"
)

func (s *engine) add(ctx context.Context, m *message.Message, tags []string) (Receipt, error) {
	if s.config.MaxBytes > 0 && int64(len(m.Raw)) > s.config.MaxBytes {
		return Receipt{}, ErrTooLarge // it would expire at once
	}
	tags, err := cleanTags(tags)
	if err != nil {
		return Receipt{}, err
	}
	meta, err := encodeMessage(m, tags, s.rules)
	if err != nil {
		return Receipt{}, err
	}
	e, err := s.codec.encode(s.log.disk, s.log.secret, header{kind: kindMessage}, meta, m.Raw)
	if err != nil {
		return Receipt{}, spaceError(err)
	}
	e.assign, e.eager = true, true
	r, err := s.commit.put(ctx, e)
	if err != nil {
		return Receipt{}, err
	}
	return Receipt{ID: formatID(r.seq, r.time), Seq: r.seq}, nil
}

// append appends a record whose meta is a value.
func (s *engine) append(ctx context.Context, h header, value any, eager bool) (position, error) {
	meta, err := json.Marshal(value)
	if err != nil {
		return position{}, err
	}
	return s.appendBody(ctx, h, meta, nil, eager)
}

func (s *engine) appendBody(ctx context.Context, h header, meta, body []byte, eager bool) (position, error) {
	e, err := s.codec.encode(s.log.disk, s.log.secret, h, meta, body)
	if err != nil {
		return position{}, spaceError(err)
	}
	e.eager = eager
	r, err := s.commit.put(ctx, e)
	return r.end, err
}

// change appends a change of messages and waits until it can be seen.
func (s *engine) change(ctx context.Context, k kind, c change, spans []span) error {
	if len(spans) == 0 {
		return nil
	}
	c.Seqs = encodeSpans(spans)
	h := header{kind: k, time: s.config.Now().UnixNano()}
	s.changes.RLock()
	end, err := s.append(ctx, h, c, true)
	s.changes.RUnlock()
	if err != nil {
		return err
	}
	return s.progress.waitApplied(ctx, end)
}

func (s *engine) setReport(ctx context.Context, id string, r *Report) error {
	row, err := s.find(ctx, id)
	if err != nil {
		return err
	}
	meta, err := json.Marshal(reportMeta{Score: r.Score, Failed: r.Failed})
	if err != nil {
		return err
	}
	h := header{kind: kindReport, seq: row.record.Seq, time: s.config.Now().UnixNano()}
	s.changes.RLock()
	defer s.changes.RUnlock()
	// A report that is lost can be made again: it is not worth a sync.
	_, err = s.appendBody(ctx, h, meta, r.JSON, false)
	return err
}

// present returns which of the messages there are, ascending.
func (s *engine) present(ctx context.Context, ids []string) ([]uint64, error) {
	var seqs []uint64
	for _, id := range ids {
		row, err := s.find(ctx, id)
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		seqs = append(seqs, row.record.Seq)
	}
	slices.Sort(seqs)
	return slices.Compact(seqs), nil
}

func (s *engine) delete(ctx context.Context, ids []string) (int, error) {
	seqs, err := s.present(ctx, ids)
	if err != nil {
		return 0, err
	}
	return len(seqs), s.change(ctx, kindDelete, change{}, spansOf(seqs))
}

func (s *engine) deleteMatching(ctx context.Context, search *Search) (int, error) {
	spans, n, err := s.matching(ctx, search)
	if err != nil {
		return 0, err
	}
	return n, s.change(ctx, kindDelete, change{}, spans)
}

func (s *engine) setTags(ctx context.Context, tags, ids []string) error {
	tags, err := cleanTags(tags)
	if err != nil {
		return err
	}
	seqs, err := s.present(ctx, ids)
	if err != nil {
		return err
	}
	return s.change(ctx, kindTags, change{Tags: tags}, spansOf(seqs))
}

func cleanTags(tags []string) ([]string, error) {
	var out []string
	for _, tag := range tags {
		tag = strings.TrimSpace(tag)
		if !validName(tag) {
			return nil, fmt.Errorf("%w: %q", ErrTag, tag)
		}
		out = append(out, tag)
	}
	slices.Sort(out)
	if out = slices.Compact(out); len(out) > maxTags {
		return nil, fmt.Errorf("%w: more than %d", ErrTag, maxTags)
	}
	return out, nil
}

// maxTags is how many tags a message may have.
const maxTags = 100

func (s *engine) setRead(ctx context.Context, read bool, ids []string) error {
	seqs, err := s.present(ctx, ids)
	if err != nil {
		return err
	}
	return s.change(ctx, kindRead, change{Read: read}, spansOf(seqs))
}

func (s *engine) setReadMatching(ctx context.Context, read bool, search *Search) error {
	spans, _, err := s.matching(ctx, search)
	if err != nil {
		return err
	}
	return s.change(ctx, kindRead, change{Read: read}, spans)
}

func (s *engine) addSession(ctx context.Context, session *message.Session, reason string) error {
	h := header{kind: kindSession, time: s.config.Now().UnixNano()}
	_, err := s.append(ctx, h, sessionMeta{Reason: clip(reason), Session: session}, false)
	return err
}

func (s *engine) failedSessions(ctx context.Context, before uint64, limit int) (list []FailedSession, err error) {
	if before == 0 {
		before = 1 << 62
	}
	err = s.readReady(ctx, func(db *sql.DB) error {
		list = nil
		rows, err := db.QueryContext(ctx, "SELECT seq, at, session FROM sessions WHERE seq < ? ORDER BY seq DESC LIMIT ?",
			int64(min(before, 1<<62)), pageLimit(limit))
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var f FailedSession
			var at int64
			var text []byte
			if err := rows.Scan(&f.Seq, &at, &text); err != nil {
				return err
			}
			var m sessionMeta
			if err := json.Unmarshal(text, &m); err != nil {
				return err
			}
			f.At, f.Reason, f.Session = timeOf(at), m.Reason, m.Session
			list = append(list, f)
		}
		return rows.Err()
	})
	return list, err
}
