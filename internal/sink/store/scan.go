package store

import (
	"bytes"
	"errors"
	"hash/crc32"
	"io"
	"io/fs"
)

// A position is a place in the log; the next record begins there.
type position struct {
	segment uint64
	offset  int64
}

func (p position) less(o position) bool {
	return p.segment < o.segment || p.segment == o.segment && p.offset < o.offset
}

// readAhead is how much of a segment is read at once. Most messages are smaller.
const readAhead = 256 << 10

// A scanner reads the records of one segment in their order.
type scanner struct {
	file   segmentFile
	secret uint32
	offset int64
	end    int64 // records end here

	buffer []byte // bytes of the file from bufferAt on
	at     int64
}

// bytes returns n bytes at offset; they are valid until the next call.
func (s *scanner) bytes(offset int64, n int) ([]byte, error) {
	if offset >= s.at && offset+int64(n) <= s.at+int64(len(s.buffer)) {
		return s.buffer[offset-s.at:][:n], nil
	}
	want := max(n, int(min(readAhead, s.end-offset)))
	if cap(s.buffer) < want {
		s.buffer = make([]byte, max(want, readAhead))
	}
	s.buffer, s.at = s.buffer[:want], offset
	got, err := s.file.ReadAt(s.buffer, offset)
	s.buffer = s.buffer[:got]
	if got >= n {
		return s.buffer[:n], nil
	}
	if errors.Is(err, io.EOF) {
		err = errBadRecord
	}
	return nil, err
}

// next returns the header of the record at s.offset, without moving on. It is
// io.EOF at the end and errBadRecord when no record stands there.
func (s *scanner) next() (header, error) {
	if s.offset >= s.end {
		return header{}, io.EOF
	}
	if s.end-s.offset < headerBytes {
		return header{}, errBadRecord
	}
	b, err := s.bytes(s.offset, headerBytes)
	if err != nil {
		return header{}, err
	}
	h, err := parseHeader(b, s.secret)
	if err == nil && h.size() > s.end-s.offset {
		err = errBadRecord
	}
	return h, err
}

// verify reads meta and body of the record at s.offset and compares their checksum.
func (s *scanner) verify(h header) error {
	sum := s.secret
	for offset, end := s.offset+headerBytes, s.offset+h.size(); offset < end; {
		b, err := s.bytes(offset, int(min(readAhead, end-offset)))
		if err != nil {
			return err
		}
		sum = crc32.Update(sum, castagnoli, b)
		offset += int64(len(b))
	}
	if sum != h.checksum {
		return errBadRecord
	}
	return nil
}

// seek looks behind a damaged place for the next valid record. It returns false
// when there is none.
func (s *scanner) seek() (bool, error) {
	for offset := s.offset + 1; offset < s.end; {
		n := int(min(readAhead, s.end-offset))
		b, err := s.bytes(offset, n)
		if err != nil {
			return false, err
		}
		i := bytes.Index(b, []byte(recordMagic))
		if i < 0 {
			offset += int64(max(1, n-len(recordMagic)+1))
			continue
		}
		s.offset = offset + int64(i)
		if h, err := s.next(); err == nil && s.verify(h) == nil {
			return true, nil
		}
		offset = s.offset + 1
	}
	return false, nil
}

// A tail reads the log from a position on, as far as it is committed.
type tail struct {
	log  *segmentLog
	at   position
	scan *scanner // of the segment at.segment; nil before it is opened
}

// next returns the next record and moves behind it; ok is false when there is
// none before end. What is damaged is passed over, and counted.
func (t *tail) next(end position) (h header, at position, ok bool, err error) {
	for t.at.less(end) {
		if t.scan == nil {
			if err := t.open(); err != nil {
				return header{}, at, false, err
			}
			continue
		}
		t.scan.offset = t.at.offset
		if t.at.segment == end.segment {
			t.scan.end = end.offset
		} else if t.scan.end, err = t.scan.file.Size(); err != nil {
			return header{}, at, false, err
		}
		h, err := t.scan.next()
		switch {
		case err == nil:
			at = t.at
			t.at.offset += h.size()
			return h, at, true, nil
		case errors.Is(err, io.EOF):
			t.nextSegment()
		case errors.Is(err, errBadRecord):
			if err := t.pass(); err != nil {
				return header{}, at, false, err
			}
		default:
			return header{}, at, false, err
		}
	}
	return header{}, at, false, nil
}

// open opens the segment at t.at, or the next one that there is.
func (t *tail) open() error {
	file, err := t.log.disk.open(t.at.segment)
	if errors.Is(err, fs.ErrNotExist) {
		t.nextSegment()
		return nil
	}
	if err != nil {
		return err
	}
	t.at.offset = max(t.at.offset, segmentHeaderBytes)
	t.scan = &scanner{file: file, secret: t.log.secret}
	return nil
}

func (t *tail) nextSegment() {
	t.close()
	t.at = position{segment: t.log.after(t.at.segment), offset: segmentHeaderBytes}
}

// pass goes to the next valid record behind a damaged place.
func (t *tail) pass() error {
	found, err := t.scan.seek()
	if err != nil {
		return err
	}
	t.log.logger.Error("the log is damaged; what stood there is lost",
		"segment", t.at.segment, "offset", t.at.offset)
	if found {
		t.at.offset = t.scan.offset
	} else {
		t.at.offset = t.scan.end
	}
	return nil
}

func (t *tail) close() {
	if t.scan != nil {
		t.scan.file.Close()
		t.scan = nil
	}
}
