package smtp

import (
	"bytes"
	"strings"
	"sync"
	"unsafe"
)

const (
	pooledChunk  = 64 << 10
	pooledChunks = 16
	mappedChunk  = 1 << 20
)

var chunkPool = sync.Pool{New: func() any { return new([pooledChunk]byte) }}

// A buffer gathers a message of unknown size, so that receiving it costs one
// copy: its chunks are used again, or given back to the system one by one while
// the message is put together. A slice that grows would cost several times the
// message, and the size that a client announces is not to be relied on.
type buffer struct {
	more   func(n int64) bool   // asked before each chunk but the first; nil for no bound
	pooled []*[pooledChunk]byte // the beginning
	mapped []mapping            // the rest
	size   int
	room   []byte // what is free of the last chunk
}

// space returns where to write next; nil if there may be no more.
func (b *buffer) space() []byte {
	if len(b.room) > 0 {
		return b.room
	}
	next := int64(pooledChunk)
	if len(b.pooled) == pooledChunks {
		next = mappedChunk
	}
	if b.more != nil && len(b.pooled) > 0 && !b.more(next) {
		return nil
	}
	if len(b.pooled) < pooledChunks {
		chunk := chunkPool.Get().(*[pooledChunk]byte)
		b.pooled = append(b.pooled, chunk)
		b.room = chunk[:]
	} else {
		chunk := mapChunk(mappedChunk)
		b.mapped = append(b.mapped, chunk)
		b.room = chunk.bytes
	}
	return b.room
}

// wrote tells that n bytes were written to space.
func (b *buffer) wrote(n int) {
	b.size += n
	b.room = b.room[n:]
}

// write reports whether there was space.
func (b *buffer) write(p []byte) bool {
	for len(p) > 0 {
		n := copy(b.space(), p)
		if n == 0 {
			return false
		}
		b.wrote(n)
		p = p[n:]
	}
	return true
}

// take returns what was written, and empties the buffer.
func (b *buffer) take() []byte {
	defer b.release()
	switch len(b.pooled) {
	case 0:
		return []byte{}
	case 1:
		return bytes.Clone(b.pooled[0][:b.size])
	}
	// make would clear memory that was used before, and so have all of it
	// present while the chunks still are; a Builder does not.
	var all strings.Builder
	all.Grow(b.size)
	left := b.size
	for _, chunk := range b.pooled {
		n, _ := all.Write(chunk[:min(left, len(chunk))])
		left -= n
	}
	for i := range b.mapped {
		chunk := b.mapped[i].bytes
		n, _ := all.Write(chunk[:min(left, len(chunk))])
		left -= n
		b.mapped[i].unmap()
	}
	return unsafe.Slice(unsafe.StringData(all.String()), b.size) // nobody else has the string
}

// release forgets what was written.
func (b *buffer) release() {
	for _, chunk := range b.pooled {
		chunkPool.Put(chunk)
	}
	for i := range b.mapped {
		b.mapped[i].unmap()
	}
	*b = buffer{more: b.more}
}
