package store

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// A disk holds the segments of a log by number.
type disk interface {
	list() ([]uint64, error) // ascending
	open(number uint64) (segmentFile, error)
	create(number uint64) (segmentFile, error)
	remove(number uint64) error
	// spill returns a file without a name, for a message that is too large to
	// be held twice in memory.
	spill() (spillFile, error)
}

type segmentFile interface {
	io.ReaderAt
	io.WriterAt
	Size() (int64, error)
	Truncate(size int64) error
	Sync() error
	Close() error
}

type spillFile interface {
	io.Writer
	spillBody
}

type spillBody interface {
	io.ReaderAt
	Close() error // removes it
}

// osDisk is a directory with a file per segment.
type osDisk struct {
	dir  string
	sync bool // Sync reaches the disk
}

const segmentExt = ".log"

func (d osDisk) path(number uint64) string {
	return filepath.Join(d.dir, fmt.Sprintf("%016d%s", number, segmentExt))
}

func (d osDisk) list() ([]uint64, error) {
	entries, err := os.ReadDir(d.dir)
	if err != nil {
		return nil, err
	}
	var numbers []uint64
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), segmentExt)
		if n, err := strconv.ParseUint(name, 10, 64); ok && err == nil {
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	return numbers, nil
}

func (d osDisk) open(number uint64) (segmentFile, error) {
	f, err := os.OpenFile(d.path(number), os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	return &osFile{f, d.sync}, nil
}

func (d osDisk) create(number uint64) (segmentFile, error) {
	f, err := os.OpenFile(d.path(number), os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	if err := d.syncDir(); err != nil {
		f.Close()
		return nil, err
	}
	return &osFile{f, d.sync}, nil
}

func (d osDisk) remove(number uint64) error {
	if err := os.Remove(d.path(number)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return d.syncDir()
}

// syncDir makes a new name in the directory survive a power failure.
func (d osDisk) syncDir() error {
	if !d.sync {
		return nil
	}
	return syncDirectory(d.dir)
}

func (d osDisk) spill() (spillFile, error) {
	f, err := os.CreateTemp(d.dir, "spill-*.tmp")
	if err != nil {
		return nil, err
	}
	return spilled{f}, nil
}

// clean removes what a process that ended suddenly left.
func (d osDisk) clean() {
	names, _ := filepath.Glob(filepath.Join(d.dir, "spill-*.tmp"))
	for _, name := range names {
		os.Remove(name)
	}
}

type osFile struct {
	*os.File
	sync bool
}

func (f *osFile) Size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

func (f *osFile) Sync() error {
	if !f.sync {
		return nil
	}
	return syncData(f.File)
}

type spilled struct{ *os.File }

func (s spilled) Close() error {
	err := s.File.Close()
	return errors.Join(err, os.Remove(s.Name()))
}

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

func (d *memoryDisk) spill() (spillFile, error) { return &memorySpill{}, nil }

// memoryChunk is by how much a file in memory grows: nothing is copied to grow it.
const memoryChunk = 256 << 10

// A memoryFile is a file in chunks.
type memoryFile struct {
	mu     sync.RWMutex
	chunks [][]byte
	size   int64
}

func (f *memoryFile) ReadAt(p []byte, offset int64) (int, error) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	n := 0
	for n < len(p) && offset < f.size {
		chunk := f.chunks[offset/memoryChunk]
		end := min(memoryChunk, f.size-offset/memoryChunk*memoryChunk)
		c := copy(p[n:], chunk[offset%memoryChunk:end])
		n, offset = n+c, offset+int64(c)
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (f *memoryFile) WriteAt(p []byte, offset int64) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for n < len(p) {
		for int64(len(f.chunks)) <= offset/memoryChunk {
			f.chunks = append(f.chunks, make([]byte, memoryChunk))
		}
		c := copy(f.chunks[offset/memoryChunk][offset%memoryChunk:], p[n:])
		n, offset = n+c, offset+int64(c)
		f.size = max(f.size, offset)
	}
	return n, nil
}

func (f *memoryFile) Size() (int64, error) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.size, nil
}

func (f *memoryFile) Truncate(size int64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.size = min(f.size, size)
	return nil
}

func (f *memoryFile) Sync() error  { return nil }
func (f *memoryFile) Close() error { return nil }

type memorySpill struct{ buffer bytes.Buffer }

func (s *memorySpill) Write(p []byte) (int, error) { return s.buffer.Write(p) }
func (s *memorySpill) Close() error                { return nil }

func (s *memorySpill) ReadAt(p []byte, offset int64) (int, error) {
	return bytes.NewReader(s.buffer.Bytes()).ReadAt(p, offset)
}
