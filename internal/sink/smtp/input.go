package smtp

import (
	"bytes"
	"io"
	"sync"
)

const (
	tinyBuffer  = 256      // for a command: every idle connection has one
	smallBuffer = 4 << 10  // for a pipelined group of them
	largeBuffer = 64 << 10 // for content
)

var largeBuffers = sync.Pool{New: func() any { b := make([]byte, largeBuffer); return &b }}

// input is what was read from the client and not used yet: buf[r:w].
type input struct {
	buf   []byte
	r, w  int
	large *[]byte // of largeBuffers, when buf is one
}

func (in *input) len() int      { return in.w - in.r }
func (in *input) bytes() []byte { return in.buf[in.r:in.w] }
func (in *input) skip(n int)    { in.r += n }

// line takes a line with its end, or returns nil when there is no whole one.
func (in *input) line() []byte {
	i := bytes.IndexByte(in.bytes(), '\n')
	if i < 0 {
		return nil
	}
	line := in.buf[in.r : in.r+i+1]
	in.r += i + 1
	return line
}

// fill reads once. It makes room if there is none.
func (in *input) fill(from io.Reader) error {
	if in.r > 0 {
		in.w = copy(in.buf, in.bytes())
		in.r = 0
	}
	if in.w == len(in.buf) {
		larger := make([]byte, max(tinyBuffer, 2*len(in.buf)))
		copy(larger, in.buf)
		in.buf = larger
	}
	n, err := from.Read(in.buf[in.w:])
	in.w += n
	if n > 0 {
		return nil // an error will come again
	}
	return err
}

// enlarge prepares for content.
func (in *input) enlarge() {
	if len(in.buf) >= largeBuffer {
		return
	}
	large := largeBuffers.Get().(*[]byte)
	in.w = copy(*large, in.bytes())
	in.r, in.buf, in.large = 0, *large, large
}

// shrink undoes enlarge, unless the client has sent far ahead.
func (in *input) shrink() {
	if in.large == nil || in.len() > smallBuffer {
		return
	}
	large := in.large
	in.buf, in.large = bytes.Clone(in.bytes()), nil
	in.r, in.w = 0, len(in.buf)
	largeBuffers.Put(large)
}

// rest gives back the room for a pipelined group, once that is answered.
func (in *input) rest() {
	in.shrink()
	if in.len() == 0 && len(in.buf) > tinyBuffer {
		in.buf, in.r, in.w = nil, 0, 0
	}
}
