package store

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"slices"
	"sync"
)

// A segmentLog is the records that were ever stored, in segments. One goroutine
// appends (the committer), one removes the oldest segment (the indexer), all read.
type segmentLog struct {
	disk   disk
	logger *slog.Logger
	store  [16]byte
	secret uint32
	limit  int64 // a segment is closed when it is larger

	mu      sync.Mutex
	sizes   map[uint64]int64 // of all segments
	numbers []uint64         // ascending

	// The committer's own.
	active  segmentFile
	at      position // where the next record goes
	nextSeq uint64
	broken  bool // the active segment may hold bytes that were not acknowledged
}

// openLog opens the log of a disk, or begins one. hint is how far an index
// knows the log to be valid; a torn record behind it is cut off.
func openLog(d disk, limit int64, hint position, logger *slog.Logger) (*segmentLog, error) {
	l := &segmentLog{disk: d, logger: logger, limit: limit, sizes: map[uint64]int64{}, nextSeq: 1}
	numbers, err := d.list()
	if err != nil {
		return nil, err
	}
	for len(numbers) > 0 {
		last := numbers[len(numbers)-1]
		err := l.resume(last, hint)
		if errors.Is(err, errTornSegment) {
			// The process ended while it began the segment: it holds nothing.
			if err := d.remove(last); err != nil {
				return nil, err
			}
			numbers = numbers[:len(numbers)-1]
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("segment %d: %w", last, err)
		}
		break
	}
	if len(numbers) == 0 {
		rand.Read(l.store[:])
		l.setStore(l.store)
		return l, l.begin(1)
	}
	return l, l.measure(numbers)
}

func (l *segmentLog) setStore(id [16]byte) {
	l.store = id
	l.secret = (&segmentHeader{store: id}).secret()
}

func (l *segmentLog) measure(numbers []uint64) error {
	for _, n := range numbers[:len(numbers)-1] {
		f, err := l.disk.open(n)
		if err != nil {
			return err
		}
		size, err := f.Size()
		f.Close()
		if err != nil {
			return err
		}
		l.sizes[n] = size
	}
	l.numbers = numbers
	return nil
}

var errTornSegment = errors.New("the segment has no header")

// resume makes a segment the active one, behind its last valid record.
func (l *segmentLog) resume(number uint64, hint position) error {
	file, err := l.disk.open(number)
	if err != nil {
		return err
	}
	size, err := file.Size()
	if err != nil {
		return err
	}
	b := make([]byte, segmentHeaderBytes)
	if n, err := file.ReadAt(b, 0); err != nil && !errors.Is(err, io.EOF) {
		return err
	} else if n < len(b) {
		file.Close()
		return errTornSegment
	}
	h, err := parseSegmentHeader(b)
	if err != nil {
		if empty, seekErr := l.isEmpty(file, number, size); seekErr == nil && empty {
			err = errTornSegment
		}
		file.Close()
		return err
	}
	l.setStore(h.store)
	l.nextSeq = max(l.nextSeq, h.nextSeq)
	end, err := l.findEnd(file, number, size, hint)
	if err != nil {
		return err
	}
	if end < size {
		l.logger.Warn("cut off what was being written when the last process ended; it was not acknowledged",
			"segment", number, "bytes", size-end)
		if err := errors.Join(file.Truncate(end), file.Sync()); err != nil {
			return err
		}
	}
	l.active, l.at, l.sizes[number] = file, position{number, end}, end
	return nil
}

// isEmpty tells that a segment with a damaged header holds no record, as the
// segments before it are written.
func (l *segmentLog) isEmpty(file segmentFile, number uint64, size int64) (bool, error) {
	if size <= segmentHeaderBytes {
		return true, nil
	}
	before, err := l.disk.open(number - 1)
	if err != nil {
		return false, err
	}
	defer before.Close()
	b := make([]byte, segmentHeaderBytes)
	if _, err := before.ReadAt(b, 0); err != nil {
		return false, err
	}
	h, err := parseSegmentHeader(b)
	if err != nil {
		return false, err
	}
	s := &scanner{file: file, secret: h.secret(), end: size}
	found, err := s.seek()
	return !found, err
}

// findEnd returns where the valid records of a segment end.
func (l *segmentLog) findEnd(file segmentFile, number uint64, size int64, hint position) (int64, error) {
	s := &scanner{file: file, secret: l.secret, offset: segmentHeaderBytes, end: size}
	if hint.segment == number && hint.offset <= size {
		s.offset = max(s.offset, hint.offset)
	}
	for {
		h, err := s.next()
		if err == nil {
			err = s.verify(h)
		}
		switch {
		case err == nil:
			s.offset += h.size()
			if h.kind == kindMessage {
				l.nextSeq = max(l.nextSeq, h.seq+1)
			}
		case errors.Is(err, io.EOF):
			return s.offset, nil
		case errors.Is(err, errBadRecord):
			end := s.offset
			if found, err := s.seek(); err != nil || !found {
				return end, err
			}
			l.logger.Error("the log is damaged; what stood there is lost", "segment", number, "offset", end)
		default:
			return 0, err
		}
	}
}

// begin closes the active segment and begins the next one.
func (l *segmentLog) begin(number uint64) error {
	if err := l.finish(); err != nil {
		return err
	}
	file, err := l.disk.create(number)
	if err != nil {
		return err
	}
	h := segmentHeader{store: l.store, number: number, nextSeq: l.nextSeq}
	_, err = file.WriteAt(h.append(nil), 0)
	if err = errors.Join(err, file.Sync()); err != nil {
		file.Close()
		return errors.Join(err, l.disk.remove(number))
	}
	if l.active != nil {
		l.active.Close()
	}
	l.active, l.broken = file, false
	l.at = position{number, segmentHeaderBytes}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sizes[number] = segmentHeaderBytes
	l.numbers = append(l.numbers, number)
	return nil
}

// finish makes sure that the disk holds of the active segment what was acknowledged,
// and nothing else: the next sync is of another file. What is in a broken one behind
// that has numbers that will be given out again.
func (l *segmentLog) finish() error {
	if l.active == nil {
		return nil
	}
	if l.broken {
		if err := l.active.Truncate(l.at.offset); err != nil {
			return err
		}
	}
	return l.active.Sync()
}

// after returns the number of the segment behind one.
func (l *segmentLog) after(number uint64) uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	i, found := slices.BinarySearch(l.numbers, number)
	if found {
		i++
	}
	if i < len(l.numbers) {
		return l.numbers[i]
	}
	return number + 1
}

// oldest returns the first segment, and whether it is not the only one.
func (l *segmentLog) oldest() (number uint64, more bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.numbers[0], len(l.numbers) > 1
}

// remove gives a segment's space back.
func (l *segmentLog) remove(number uint64) error {
	if err := l.disk.remove(number); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.sizes, number)
	l.numbers = slices.DeleteFunc(l.numbers, func(n uint64) bool { return n == number })
	return nil
}

// bytes returns the size of the log and of how many segments it consists.
func (l *segmentLog) bytes() (bytes int64, segments int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, size := range l.sizes {
		bytes += size
	}
	return bytes, len(l.sizes)
}

func (l *segmentLog) close() error { return l.active.Close() }

// errGone tells that a segment was removed between finding a record in the index
// and reading it.
var errGone = errors.New("the segment was removed")

// read opens the record at a position.
func (l *segmentLog) read(at position) (*recordReader, error) {
	file, err := l.disk.open(at.segment)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errGone
	}
	if err != nil {
		return nil, err
	}
	b := make([]byte, headerBytes)
	if _, err := file.ReadAt(b, at.offset); err != nil && !errors.Is(err, io.EOF) {
		file.Close()
		return nil, err
	}
	h, err := parseHeader(b, l.secret)
	if err != nil {
		file.Close()
		return nil, l.damaged(at)
	}
	return &recordReader{header: h, at: at, file: file, log: l}, nil
}

func (l *segmentLog) damaged(at position) error {
	return fmt.Errorf("the log is damaged: segment %d, offset %d", at.segment, at.offset)
}
