package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"io"
	"time"
)

const (
	// indexedAtOnce records, or as many as have indexedBytes of text, are put
	// into the index in one transaction.
	indexedAtOnce = 200
	indexedBytes  = 2 << 20
	// In memory, readers wait for the writer.
	indexedInMemory = 20
	// retryAfter is when work on the index that failed is tried again, and how
	// often messages that grow too old are looked for.
	retryAfter = time.Second
)

// An indexer follows the log and keeps the index; it is the only one that writes it.
type indexer struct {
	store   *engine
	state   indexState
	tail    *tail
	stuck   uint64 // a segment that nothing can be moved out of
	merger  merger
	expire  chan chan struct{} // asks for what is too old to be deleted now
	rules   map[string]*Search // of messages, by their text
	stopped chan struct{}

	verified chan struct{} // closed when verify is done
}

func newIndexer(s *engine, known indexState) *indexer {
	x := &indexer{
		store: s, state: known,
		expire: make(chan chan struct{}), stopped: make(chan struct{}),
		verified: make(chan struct{}),
	}
	x.begin()
	return x
}

// begin makes the tail read behind what is in the index.
func (x *indexer) begin() {
	if x.tail != nil {
		x.tail.close()
	}
	x.state.store = x.store.log.store
	x.tail = &tail{log: x.store.log, at: x.state.position}
	if x.tail.at.segment == 0 {
		x.tail.at.segment, _ = x.store.log.oldest()
	}
}

// lastTime returns when the last message was received.
func (x *indexer) lastTime() int64 {
	var last sql.NullInt64
	// Without it times may go back, which sorts a list by Seq all the same.
	_ = x.store.index.writer.QueryRow("SELECT max(received) FROM messages").Scan(&last)
	return last.Int64
}

// run works until ctx ends. What is left then is done after the next Open.
func (x *indexer) run(ctx context.Context) {
	defer close(x.stopped)
	defer func() { x.tail.close() }()
	go x.verify(ctx)
	tick := time.NewTicker(retryAfter)
	defer tick.Stop()
	for ctx.Err() == nil {
		changed, damage := x.watch()
		var asked chan struct{}
		select {
		case asked = <-x.expire:
		default:
		}
		var more bool
		err := damage
		began := time.Now()
		if err == nil {
			more, err = x.step(ctx)
		}
		if err != nil && ctx.Err() == nil {
			err = x.recover(err)
			x.fail(err)
			more = err == nil
			changed = nil // the ticker tells when to try again
		}
		if asked != nil {
			close(asked)
		}
		if !more && asked == nil {
			x.rest(ctx, changed, tick.C)
		} else if more {
			x.store.pace.rest(ctx, time.Since(began), x.store.progress.mayLag)
		}
	}
}

// rest waits until there may be something to do.
func (x *indexer) rest(ctx context.Context, changed <-chan struct{}, tick <-chan time.Time) {
	select {
	case <-changed:
	case <-tick:
	case done := <-x.expire:
		_, _ = x.step(ctx) // an error comes again in the next one
		close(done)
	case <-ctx.Done():
	}
}

// watch returns what is closed at the next change, and damage that a reader found.
func (x *indexer) watch() (changed <-chan struct{}, damage error) {
	p := x.store.progress
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.changed, p.damage
}

// fail tells those that wait for the index that they would wait long.
func (x *indexer) fail(err error) {
	if err == nil {
		return
	}
	x.store.config.Logger.Error("the index cannot be written; trying again", "reason", err)
	x.store.progress.update(func() { x.store.progress.failed = err })
}

// recover makes a damaged index anew. It returns the error when that is no remedy.
func (x *indexer) recover(err error) error {
	x.begin() // behind what was committed to the index
	if !isDamage(err) {
		st, loadErr := x.store.index.load()
		if loadErr == nil {
			st.store = x.store.log.store
			x.state = st
			x.begin()
			return err
		}
	}
	x.store.config.Logger.Warn("the index is damaged; it is made anew from the log", "reason", err)
	p := x.store.progress
	p.update(func() { p.start, p.applied, p.appliedSeq = p.committed, position{}, 0 })
	if err := x.store.renewIndex(); err != nil {
		return err
	}
	x.state = indexState{}
	x.begin()
	p.update(func() { p.damage = nil })
	x.store.events.publish([]Event{{Kind: Resync}}) // for what came in since the last events
	return nil
}

// verify looks once for damage that reading would find too late.
func (x *indexer) verify(ctx context.Context) {
	defer close(x.verified)
	err := x.store.read(func(db *sql.DB) error {
		var answer string
		if err := db.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&answer); err != nil {
			return err
		}
		if answer != "ok" {
			return errIndexAhead
		}
		return nil
	})
	if err != nil && ctx.Err() == nil {
		x.report(err)
	}
}

// report tells the indexer of damage.
func (x *indexer) report(err error) {
	if isDamage(err) {
		x.store.progress.update(func() { x.store.progress.damage = err })
	}
}

// A prepared record is ready to be put into the index.
type prepared struct {
	header
	at      position
	summary *summary
	report  reportMeta
	change  change
	spans   []span
	session sessionMeta
}

// step puts the next records into the index, lets messages expire, and gives space
// back. more tells that there may be more to put.
func (x *indexer) step(ctx context.Context) (more bool, err error) {
	if more, err = x.stepOnly(); err != nil {
		return false, err
	}
	return more, x.reclaim(ctx, !more)
}

func (x *indexer) stepOnly() (more bool, err error) {
	p := x.store.progress
	p.mu.Lock()
	end, start := p.committed, p.start
	p.mu.Unlock()
	batch, err := x.collect(end)
	if err != nil {
		return false, err
	}
	a := &applier{indexer: x, state: x.state, start: start}
	if len(batch) > 0 || x.state.isOver(x.store.config) || x.isOld() {
		if err := x.store.index.write(func(tx *sql.Tx) error { return a.apply(tx, batch) }); err != nil {
			return false, err
		}
		x.state = a.state
	}
	x.publish(end, len(batch) == 0)
	x.store.events.publish(a.events)
	merged, err := x.merger.work(x.store.index, len(batch))
	return len(batch) > 0 || merged, err
}

// publish tells how far the index is; a batch that was empty means that it is at end.
func (x *indexer) publish(end position, atEnd bool) {
	p := x.store.progress
	applied := x.state.position
	if atEnd {
		applied = end
	}
	p.mu.Lock()
	same := p.failed == nil && p.applied == applied && p.appliedSeq == x.state.seq
	p.mu.Unlock()
	if !same { // an update wakes all that wait, the indexer too
		p.update(func() { p.failed, p.applied, p.appliedSeq = nil, applied, x.state.seq })
	}
}

// collect reads and prepares the next records.
func (x *indexer) collect(end position) ([]*prepared, error) {
	limit, bytes := indexedAtOnce, 0
	if x.store.index.memory {
		limit = indexedInMemory
	}
	var batch []*prepared
	for len(batch) < limit && bytes < indexedBytes {
		h, at, ok, err := x.tail.next(end)
		if err != nil || !ok {
			return batch, err
		}
		p := &prepared{header: h, at: at}
		if err := x.prepare(p); err != nil {
			x.store.config.Logger.Error("a record of the log is lost", "seq", h.seq, "reason", err)
			p.kind = 0
		}
		batch = append(batch, p)
		if p.summary != nil {
			bytes += len(p.summary.body) + len(p.summary.record.Snippet)
		}
	}
	return batch, nil
}

// prepare decodes a record.
func (x *indexer) prepare(p *prepared) error {
	r := &recordReader{header: p.header, at: p.at, file: x.tail.scan.file, log: x.store.log}
	meta, err := x.store.codec.meta(r)
	if err != nil {
		return err
	}
	switch p.kind {
	case kindMessage:
		m, err := decodeMeta(meta)
		if err != nil {
			return err
		}
		raw, err := x.head(r)
		if err != nil {
			// It is listed, and reading it says what is wrong.
			x.store.config.Logger.Error("a message in the log is damaged", "seq", p.seq, "reason", err)
		}
		p.summary = summarize(m.message(), raw, int64(p.bodyRaw))
		x.tag(p.summary, p.time, m)
	case kindReport:
		return json.Unmarshal(meta, &p.report)
	case kindDelete, kindTags, kindRead:
		if err := json.Unmarshal(meta, &p.change); err != nil {
			return err
		}
		p.spans, err = decodeSpans(p.change.Seqs)
		return err
	case kindSession:
		return json.Unmarshal(meta, &p.session)
	}
	return nil
}

// head returns the message, or of a large one what the index needs.
func (x *indexer) head(r *recordReader) (raw []byte, err error) {
	if r.bodyRaw <= spillBytes {
		return x.store.codec.body(r)
	}
	err = x.store.codec.stream(r, func(decoded io.Reader) (err error) {
		raw, err = skeleton(decoded)
		return err
	})
	return raw, err
}

// isOld tells that a message has to expire because of its age.
func (x *indexer) isOld() bool {
	if x.store.config.MaxAge <= 0 || x.state.messages == 0 {
		return false
	}
	var oldest sql.NullInt64
	if err := x.store.index.writer.QueryRow("SELECT min(received) FROM messages").Scan(&oldest); err != nil {
		return true // the transaction will say why
	}
	return oldest.Valid && oldest.Int64 < x.store.horizon()
}
