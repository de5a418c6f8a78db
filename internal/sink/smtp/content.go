package smtp

import (
	"bytes"
	"io"
	"strconv"
	"time"

	gosmtp "github.com/emersion/go-smtp"
)

// content reads a message up to <CRLF>.<CRLF> (RFC 5321 §4.5.2). Nothing else
// ends it, neither a bare LF nor a bare CR in place of a CRLF: two servers that
// disagree on that let a message be smuggled in another.
type content struct {
	kept      buffer
	share     share
	size      int64 // also of what was too much to keep
	max       int64
	crowded   bool // there was no memory for it
	lineBegin bool // the last bytes were CRLF, or nothing has come yet
	done      bool
	unstuffed int // see message.Session.UnstuffedDots
}

var crlfDot = []byte("\r\n.")

// take uses as much of p as it can decide about, and returns how much.
func (c *content) take(p []byte) (used int) {
	for !c.done {
		if c.lineBegin {
			n, ok := c.dot(p[used:])
			if !ok {
				return used
			}
			used += n
			continue
		}
		i := bytes.Index(p[used:], crlfDot)
		if i >= 0 {
			c.keep(p[used : used+i+2])
			used += i + 2
			c.lineBegin = true
			continue
		}
		// A CR or CRLF at the end may be the beginning of the end.
		end := len(p)
		if bytes.HasSuffix(p[used:], crlfDot[:2]) {
			end -= 2
		} else if bytes.HasSuffix(p[used:], crlfDot[:1]) {
			end--
		}
		c.keep(p[used:end])
		return end
	}
	return used
}

// dot decides about the beginning of a line, and returns how many bytes that
// took; not ok when it needs more of them.
func (c *content) dot(p []byte) (used int, ok bool) {
	switch {
	case len(p) == 0:
		return 0, false
	case p[0] != '.':
		c.lineBegin = false
		return 0, true
	case len(p) == 1, p[1] == '\r' && len(p) == 2:
		return 0, false
	case p[1] == '\r' && p[2] == '\n':
		c.done = true
		return 3, true
	case p[1] == '\r', p[1] == '\n':
		// Some receivers take it for the end of the message. The dot stays.
		c.keep(p[:1])
	case p[1] != '.':
		c.unstuffed++
	}
	c.lineBegin = false
	return 1, true
}

func (c *content) keep(p []byte) {
	c.size += int64(len(p))
	if c.crowded || c.size > c.max {
		c.forget()
		return
	}
	if !c.kept.write(p) {
		c.crowded = true
		c.forget()
	}
}

// forget gives back what the message takes.
func (c *content) forget() {
	c.kept.release()
	c.share.leave()
}

// newContent begins a message that takes its share of the memory.
func (r *running) newContent() *content {
	c := &content{max: r.MaxMessageBytes, lineBegin: true, share: share{of: r.Memory}}
	c.kept.more = func(n int64) bool { return c.share.await(r.ctx, n, r.Timeouts.Memory) }
	return c
}

// readContent reads what follows DATA. A message that is too large is read to
// its end, so that the session can go on.
func (c *conn) readContent() (*content, error) {
	read := c.running.newContent()
	c.in.enlarge()
	defer c.in.shrink()
	pace := c.newPace()
	for {
		c.in.skip(read.take(c.in.bytes()))
		if read.done {
			break
		}
		if err := c.fill(pace.deadline(read.size)); err != nil {
			c.fail(err)
			read.forget()
			return nil, io.ErrUnexpectedEOF
		}
	}
	c.transcript.client(".")
	c.transcript.note(strconv.FormatInt(read.size, 10) + " bytes of content")
	switch {
	case read.size > read.max:
		return nil, gosmtp.ErrDataTooLarge
	case read.crowded:
		return nil, errNoMemory
	}
	return read, nil
}

// A pace ends content that comes too slowly: one byte in time does not buy the
// next one more than its share.
type pace struct{ end time.Time }

func (c *conn) newPace() pace { return pace{c.running.Now().Add(c.running.Timeouts.Content)} }

func (p pace) deadline(received int64) time.Time {
	return p.end.Add(time.Duration(received) * (time.Second / SlowestContent))
}

// readChunk hands a part of a BDAT chunk to go-smtp. A chunk that is cut off
// must not look like a whole one: its end is an error.
func (c *conn) readChunk(p []byte) (n int, err error) {
	p = p[:min(int64(len(p)), c.chunk)]
	if c.in.len() > 0 {
		n = copy(p, c.in.bytes())
		c.in.skip(n)
	} else if n, err = c.read(p, c.chunkPace.deadline(c.chunkSize-c.chunk)); n == 0 && err != nil {
		c.fail(err)
		c.chunk = 0
		return 0, io.ErrUnexpectedEOF
	}
	c.chunk -= int64(n)
	return n, nil
}

// readChunks gathers what go-smtp passes on of BDAT chunks (RFC 3030). It runs
// beside the connection's goroutine, and touches nothing of it.
func (r *running) readChunks(from io.Reader) (*content, error) {
	read := r.newContent()
	for {
		space := read.kept.space()
		if space == nil {
			read.forget()
			return nil, errNoMemory
		}
		n, err := from.Read(space)
		read.kept.wrote(n)
		if int64(read.kept.size) > r.MaxMessageBytes {
			err = gosmtp.ErrDataTooLarge
		}
		if err == io.EOF {
			return read, nil
		}
		if err != nil {
			read.forget()
			return nil, err
		}
	}
}
