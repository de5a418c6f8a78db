package store

import (
	"io"
	"io/fs"
	"slices"
	"sort"
	"sync"
)

// memoryDisk keeps segments in memory.
type memoryDisk struct {
	mu       sync.Mutex
	segments map[uint64]*memoryFile
}

func (d *memoryDisk) list() ([]uint64, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var numbers []uint64
	for n := range d.segments {
		numbers = append(numbers, n)
	}
	slices.Sort(numbers)
	return numbers, nil
}

func (d *memoryDisk) open(number uint64) (segmentFile, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f := d.segments[number]
	if f == nil {
		return nil, fs.ErrNotExist
	}
	return f, nil
}

func (d *memoryDisk) create(number uint64) (segmentFile, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f := &memoryFile{}
	d.segments[number] = f
	return f, nil
}

func (d *memoryDisk) remove(number uint64) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.segments, number)
	return nil
}

func (d *memoryDisk) space() (free, total int64, known bool) { return 0, 0, false }

func (d *memoryDisk) spill() (spillFile, error) { return memorySpill{&memoryFile{}}, nil }

// memoryChunk is by how much a file in memory grows: nothing is copied to grow it.
const memoryChunk = 256 << 10

// A memoryFile is a file in chunks. It grows at its end only.
type memoryFile struct {
	mu     sync.RWMutex
	chunks []memoryPart
	size   int64
}

// A memoryPart is what a file holds from a place on.
type memoryPart struct {
	at   int64
	data []byte
}

// find returns the part that holds a place, or ends there.
func (f *memoryFile) find(offset int64) int {
	return max(0, sort.Search(len(f.chunks), func(i int) bool { return f.chunks[i].at > offset })-1)
}

func (f *memoryFile) ReadAt(p []byte, offset int64) (int, error) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	n := 0
	for i := f.find(offset); i < len(f.chunks) && n < len(p); i++ {
		part := f.chunks[i]
		if at := offset + int64(n) - part.at; at < int64(len(part.data)) {
			n += copy(p[n:], part.data[at:])
		}
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// WriteAt appends: offset must be the size.
func (f *memoryFile) WriteAt(p []byte, offset int64) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if offset != f.size {
		return 0, fs.ErrInvalid
	}
	n := 0
	for n < len(p) {
		last := len(f.chunks) - 1
		if last < 0 || len(f.chunks[last].data) == cap(f.chunks[last].data) {
			f.chunks = append(f.chunks, memoryPart{f.size, make([]byte, 0, memoryChunk)})
			last++
		}
		data := f.chunks[last].data
		c := copy(data[len(data):cap(data)], p[n:])
		f.chunks[last].data = data[:len(data)+c]
		n, f.size = n+c, f.size+int64(c)
	}
	return n, nil
}

// take appends the parts of a file that nobody else writes, without copying them.
func (f *memoryFile) take(from *memoryFile) int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, part := range from.chunks {
		f.chunks = append(f.chunks, memoryPart{f.size, slices.Clip(part.data)})
		f.size += int64(len(part.data))
	}
	return from.size
}

func (f *memoryFile) Size() (int64, error) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.size, nil
}

func (f *memoryFile) Truncate(size int64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for last := len(f.chunks) - 1; f.size > size; last-- {
		part := &f.chunks[last]
		if part.at >= size {
			f.chunks, f.size = f.chunks[:last], part.at
			continue
		}
		part.data, f.size = part.data[:size-part.at], size
	}
	return nil
}

func (f *memoryFile) Sync() error  { return nil }
func (f *memoryFile) Close() error { return nil }

// A memorySpill is a large body, which becomes a part of the log as it is.
type memorySpill struct{ *memoryFile }

func (s memorySpill) Write(p []byte) (int, error) { return s.WriteAt(p, s.size) }
