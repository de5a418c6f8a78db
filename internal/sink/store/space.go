package store

const (
	// maxReserve is what is left on a disk for the index, so that what was received
	// can be read, and for changes, so that it can be deleted.
	maxReserve = 128 << 20
	// indexShare is how many times as long as its record in the log the entry of a
	// message in the index may be, besides: it holds words that were compressed.
	indexShare = 3
	// maxPending bounds what is left for those entries: an index that is made
	// anew from a large log is not waited for.
	maxPending = 1 << 30
	// reservedShare of a small disk is left instead, one part of so many.
	reservedShare = 4
	// segmentShare bounds a segment on a small disk in the same way: space is
	// given back by whole ones.
	segmentShare = 32
	minSegment   = 128 << 10
)

// reserve returns how much of a disk must stay free behind a record of a kind.
func (k kind) reserve(total int64) int64 {
	most := min(maxReserve, total/reservedShare)
	switch k {
	case kindMessage:
		return most
	case kindReport, kindSession:
		return most / 2
	}
	return 0 // a change makes room
}

// admit refuses the entries of a batch for which there is no space, and returns
// the others.
func (c *committer) admit(batch []*entry) []*entry {
	free, total, known := c.log.disk.space()
	if !known {
		return batch
	}
	kept := batch[:0]
	free -= min(maxPending, indexShare*c.pending())
	for _, e := range batch {
		left := free - int64(headerBytes+e.metaLen) - int64(e.bodyLen)
		if reserve := e.kind.reserve(total); reserve > 0 && e.flags&flagMoved == 0 && left < reserve {
			_ = e.discard()
			c.codec.release(e)
			e.done <- result{err: ErrNoSpace}
			continue
		}
		free, kept = left, append(kept, e)
	}
	return kept
}

// pending is how many bytes of the log are not in the index yet.
func (s *engine) pending() int64 {
	s.progress.mu.Lock()
	from, to := s.progress.applied, s.progress.committed
	s.progress.mu.Unlock()
	if from.segment == to.segment {
		return to.offset - from.offset
	}
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	n := to.offset - from.offset
	for segment, size := range s.log.sizes {
		if segment >= from.segment && segment < to.segment {
			n += size
		}
	}
	return n
}

// segmentFor returns how large segments are on a disk.
func segmentFor(d disk) int64 {
	if _, total, known := d.space(); known {
		return min(DefaultSegmentBytes, max(minSegment, total/segmentShare))
	}
	return DefaultSegmentBytes
}
