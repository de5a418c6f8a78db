package store

import (
	"context"
	"errors"
	"fmt"
	"io"
)

const (
	// batchEntries and batchBytes bound what one sync makes safe.
	batchEntries = 512
	batchBytes   = 4 << 20
	// queuedEntries may wait for the committer before callers wait to be queued.
	queuedEntries = 1024
	// keptBatch is how much memory is kept from one batch to the next.
	keptBatch = 1 << 20
)

// A committer appends entries to the log, many with one sync.
type committer struct {
	log     *segmentLog
	codec   *codec
	pending func() int64 // bytes of the log that are not in the index yet
	now     func() int64 // Unix nanoseconds
	last    int64        // the time of the last message; times never go back
	queue   chan *entry
	closing chan struct{} // no more entries are taken
	stopped chan struct{} // all that were taken are answered
	done    func(result)  // called in the order of the log, before the entry is answered
	flush   func()        // called after each batch
	batch   []byte
}

// put has an entry appended and returns when it is as safe as it asks for. When
// ctx ends first, the entry may still be appended.
func (c *committer) put(ctx context.Context, e *entry) (result, error) {
	if err := ctx.Err(); err != nil {
		return result{}, errors.Join(err, e.discard())
	}
	select {
	case c.queue <- e:
	case <-c.closing:
		return result{}, errors.Join(ErrClosed, e.discard())
	case <-ctx.Done():
		return result{}, errors.Join(ctx.Err(), e.discard())
	}
	select {
	case r := <-e.done:
		return r, r.err
	case <-ctx.Done():
		return result{}, ctx.Err()
	case <-c.stopped:
		select {
		case r := <-e.done: // among the last ones
			return r, r.err
		default:
			return result{}, errors.Join(ErrClosed, e.discard())
		}
	}
}

// run appends entries until closing, and then those that wait.
func (c *committer) run() {
	defer close(c.stopped)
	for {
		select {
		case e := <-c.queue:
			c.commit(c.collect(e))
		case <-c.closing:
			for {
				select {
				case e := <-c.queue:
					c.commit(c.collect(e))
				default:
					return
				}
			}
		}
	}
}

// collect adds to an entry those that came while the last batch was synced.
func (c *committer) collect(first *entry) []*entry {
	batch := []*entry{first}
	bytes := first.size()
	for len(batch) < batchEntries && bytes < batchBytes {
		select {
		case e := <-c.queue:
			batch = append(batch, e)
			bytes += e.size()
		default:
			return batch
		}
	}
	return batch
}

// commit appends a batch and answers its entries.
func (c *committer) commit(batch []*entry) {
	if batch = c.admit(batch); len(batch) == 0 {
		return
	}
	results := make([]result, len(batch))
	err := c.write(batch, results)
	for i := range batch {
		if err != nil {
			results[i] = result{err: err}
		} else {
			c.done(results[i])
		}
	}
	if err == nil {
		c.flush()
	}
	for i, e := range batch {
		_ = e.discard() // what is left of it is removed at the next start
		c.codec.release(e)
		e.done <- results[i]
	}
}

// write appends a batch to the active segment. After an error the log is as before.
func (c *committer) write(batch []*entry, results []result) error {
	l := c.log
	if l.at.offset > l.limit || l.broken {
		if err := l.begin(l.at.segment + 1); err != nil {
			return spaceError(err)
		}
	}
	start, seq, last := l.at, l.nextSeq, c.last
	eager := false
	for i, e := range batch {
		c.assign(e)
		eager = eager || e.eager
		c.batch = e.append(c.batch, l.secret)
		c.batch = append(append(c.batch, e.meta...), e.body...)
		if err := c.writeLarge(e); err != nil {
			c.undo(start, seq, last)
			return spaceError(err)
		}
		end := position{l.at.segment, l.at.offset + int64(len(c.batch))}
		results[i] = result{header: e.header, end: end}
	}
	err := c.writeBatch()
	if err == nil && eager {
		if err = l.active.Sync(); err != nil {
			l.broken = true // what of it the disk holds is not known
		}
	}
	if err != nil {
		c.undo(start, seq, last)
		return spaceError(err)
	}
	l.mu.Lock()
	l.sizes[l.at.segment] = l.at.offset
	l.mu.Unlock()
	return nil
}

func (c *committer) assign(e *entry) {
	if !e.assign {
		return
	}
	c.last = max(c.last, c.now())
	e.seq, e.time = c.log.nextSeq, c.last
	c.log.nextSeq++
}

// writeBatch writes what was collected in memory.
func (c *committer) writeBatch() error {
	n, err := c.log.active.WriteAt(c.batch, c.log.at.offset)
	c.log.at.offset += int64(n)
	if c.batch = c.batch[:0]; cap(c.batch) > keptBatch {
		c.batch = nil
	}
	return err
}

// writeLarge appends the body of an entry that is in a file.
func (c *committer) writeLarge(e *entry) error {
	if e.spill == nil {
		return nil
	}
	if err := c.writeBatch(); err != nil {
		return err
	}
	if to, ok := c.log.active.(*memoryFile); ok {
		if spill, ok := e.spill.(memorySpill); ok {
			c.log.at.offset += to.take(spill.memoryFile)
			return nil
		}
	}
	n, err := io.Copy(io.NewOffsetWriter(c.log.active, c.log.at.offset), io.NewSectionReader(e.spill, 0, int64(e.bodyLen)))
	c.log.at.offset += n
	if err == nil && uint64(n) != e.bodyLen {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// undo takes a batch back. When that fails, too, the segment is not written any more.
func (c *committer) undo(start position, seq uint64, last int64) {
	l := c.log
	l.at, l.nextSeq, c.last = start, seq, last
	c.batch = c.batch[:0]
	if l.active.Truncate(start.offset) != nil { // which also gives the space back
		l.broken = true
	}
}

func spaceError(err error) error {
	if isNoSpace(err) {
		return fmt.Errorf("%w: %w", ErrNoSpace, err)
	}
	return fmt.Errorf("write the log: %w", err)
}
