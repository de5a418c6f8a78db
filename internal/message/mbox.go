package message

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"iter"
)

var mboxFrom = []byte("From ")

func isMboxFrom(line []byte) bool { return bytes.HasPrefix(line, mboxFrom) }

// ReadMbox reads the messages of an mbox (RFC 4155). A "From " line begins one
// at the start of the file and behind an empty line; of ">From " lines one ">"
// is taken away, as mboxrd writes them and mboxo comes closest to. A message
// that cannot be read is an error, and the next one is read.
func ReadMbox(r io.Reader, name string) iter.Seq2[*Message, error] {
	return func(yield func(*Message, error) bool) {
		s := mboxSplitter{r: bufio.NewReader(r)}
		for n := 0; ; n++ {
			raw, err := s.next()
			if err == io.EOF && n > 0 {
				return
			}
			path := fmt.Sprintf("%s[%d]", name, n+1)
			if err == nil {
				err = plausible(raw)
			}
			switch {
			case err == io.EOF:
				yield(nil, fmt.Errorf("%s: no \"From \" line at its beginning; an mbox was expected", name))
				return
			case err != nil && s.failed:
				yield(nil, fmt.Errorf("%s: %w", path, err))
				return
			case err != nil:
				if !yield(nil, fmt.Errorf("%s: %w", path, err)) {
					return
				}
			default:
				if !yield(&Message{Raw: raw, Origin: OriginMbox, Path: path}, nil) {
					return
				}
			}
		}
	}
}

// An mboxSplitter reads an mbox line by line, in pieces if lines are long.
type mboxSplitter struct {
	r       *bufio.Reader
	started bool
	failed  bool // the reader returned an error
	ended   bool
}

// next returns the next message, cut behind MaxFileBytes+1 bytes, or io.EOF.
func (s *mboxSplitter) next() ([]byte, error) {
	if s.ended {
		return nil, io.EOF
	}
	if !s.started {
		s.started = true
		if start, _ := s.r.Peek(len(mboxFrom)); !isMboxFrom(start) {
			return nil, io.EOF
		}
		s.skipLine()
	}
	var raw []byte
	lineStart, afterEmpty := true, false
	for {
		line, err := s.r.ReadSlice('\n')
		if lineStart && afterEmpty && isMboxFrom(line) {
			if err == bufio.ErrBufferFull {
				s.skipLine()
			}
			return trimLineEnd(raw), nil // the empty line belongs to the mbox
		}
		whole := lineStart && err != bufio.ErrBufferFull
		afterEmpty = whole && len(trimLineEnd(line)) == 0
		if lineStart && len(line) > 0 && isMboxFrom(bytes.TrimLeft(line, ">")) {
			line = bytes.TrimPrefix(line, []byte(">"))
		}
		if len(raw) <= MaxFileBytes {
			raw = append(raw, line...)
		}
		lineStart = err != bufio.ErrBufferFull
		if err != nil && err != bufio.ErrBufferFull {
			s.ended = true
			if err != io.EOF {
				s.failed = true
				return nil, err
			}
			if afterEmpty {
				raw = trimLineEnd(raw)
			}
			return raw, nil
		}
	}
}

// skipLine reads to behind the next LF.
func (s *mboxSplitter) skipLine() {
	for {
		if _, err := s.r.ReadSlice('\n'); err != bufio.ErrBufferFull {
			return
		}
	}
}
