package cmd

import (
	"errors"
	"io"
)

// errInterrupted says that the user ended the run before it was through.
var errInterrupted = errors.New("interrupted")

// interruptible returns a reader that gives up once done is closed: a read of a
// terminal or a pipe would wait until the other side closes it.
func interruptible(done <-chan struct{}, r io.Reader) io.Reader {
	return &interruptibleReader{done: done, r: r, pending: make(chan readResult, 1)}
}

type interruptibleReader struct {
	done    <-chan struct{}
	r       io.Reader
	pending chan readResult
	rest    []byte // of what was read last
	err     error
}

type readResult struct {
	data []byte
	err  error
}

// readAhead is how much is asked for at once.
const readAhead = 32 << 10

func (i *interruptibleReader) Read(p []byte) (int, error) {
	if len(i.rest) == 0 && i.err == nil {
		i.fill()
	}
	if len(i.rest) == 0 {
		return 0, i.err
	}
	n := copy(p, i.rest)
	i.rest = i.rest[n:]
	return n, nil
}

func (i *interruptibleReader) fill() {
	go func() {
		buffer := make([]byte, readAhead) // its own: the read may outlive the reader
		n, err := i.r.Read(buffer)
		i.pending <- readResult{buffer[:n], err}
	}()
	select {
	case <-i.done:
		i.err = errInterrupted
	case got := <-i.pending:
		i.rest, i.err = got.data, got.err
	}
}
