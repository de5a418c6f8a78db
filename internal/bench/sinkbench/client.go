package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"sync"
	"time"
)

// measure is a client that waits for each reply.
func measure(ctx context.Context, addr string, l load, n, sessions int) (rate float64, p99 time.Duration, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var mu sync.Mutex
	var waits []time.Duration
	var wg sync.WaitGroup
	began := time.Now()
	for i := range sessions {
		wg.Go(func() {
			c := sender{addr: addr, pause: l.pause, text: newText(l.size, uint64(i))}
			if err := c.run(ctx, n/sessions, l.kept); err != nil {
				cancel(err)
			}
			mu.Lock()
			defer mu.Unlock()
			waits = append(waits, c.waits...)
		})
	}
	wg.Wait()
	took := time.Since(began)
	if err := context.Cause(ctx); err != nil {
		return 0, 0, err
	}
	slices.Sort(waits)
	return float64(n/sessions*sessions) / took.Seconds(), waits[len(waits)*99/100], nil
}

// A text makes messages of a size that differ in a few words each, as those of
// an application do.
type text struct {
	body []byte
	rand *rand.Rand
}

var words = strings.Fields("your order has been received and will be sent tomorrow thank you for the trust that you put in us " +
	"the invoice is attached please reply within ten days if anything about it is not as you expected kind regards from all")

func newText(size int, seed uint64) *text {
	t := &text{rand: rand.New(rand.NewPCG(seed, 1))}
	var b bytes.Buffer
	for line := 0; b.Len() < size; {
		word := words[t.rand.IntN(len(words))]
		if line+len(word) > 72 {
			b.WriteString("\r\n")
			line = 0
		}
		b.WriteString(word + " ")
		line += len(word) + 1
	}
	t.body = append(b.Bytes(), "\r\n.\r\n"...)
	return t
}

// message returns the wire form of the next message, the final dot with it.
func (t *text) message() []byte {
	id := t.rand.Uint64()
	header := fmt.Sprintf("From: Shop <shop@example.com>\r\nTo: customer@example.net\r\nSubject: Order %x of today\r\n"+
		"Date: %s\r\nMessage-ID: <%x@example.com>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n",
		id>>40, time.Now().Format(time.RFC1123Z), id)
	return append([]byte(header), t.body...)
}

// A sender sends messages one after the other, and remembers how long each reply
// took.
type sender struct {
	addr  string
	pause time.Duration
	text  *text
	waits []time.Duration
}

func (c *sender) run(ctx context.Context, n int, kept bool) error {
	perConnection := 1
	if kept {
		perConnection = n
	}
	for sent := 0; sent < n && ctx.Err() == nil; sent += perConnection {
		if err := c.deliver(ctx, perConnection); err != nil {
			return err
		}
	}
	return nil
}

// deliver sends n messages in one connection, one command at a time.
func (c *sender) deliver(ctx context.Context, n int) error {
	conn, err := net.Dial("tcp", c.addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	d := dialogue{conn: conn}
	d.want("220")
	d.say("HELO client.example.net\r\n", "250")
	for range n {
		if ctx.Err() != nil || d.err != nil {
			break
		}
		d.say("MAIL FROM:<shop@example.com>\r\n", "250")
		d.say("RCPT TO:<customer@example.net>\r\n", "250")
		d.say("DATA\r\n", "354")
		d.write(c.text.message())
		ended := time.Now()
		d.want("250")
		c.waits = append(c.waits, time.Since(ended))
		time.Sleep(c.pause)
	}
	d.say("QUIT\r\n", "221")
	return d.err
}

// A dialogue stops at its first error.
type dialogue struct {
	conn net.Conn
	buf  [1024]byte
	err  error
}

func (d *dialogue) write(p []byte) {
	if d.err == nil {
		_, d.err = d.conn.Write(p)
	}
}

func (d *dialogue) say(command, code string) {
	d.write([]byte(command))
	d.want(code)
}

// want reads a reply of one line.
func (d *dialogue) want(code string) {
	for n := 0; d.err == nil; {
		var read int
		read, d.err = d.conn.Read(d.buf[n:])
		n += read
		if line := d.buf[:n]; bytes.HasSuffix(line, []byte("\n")) {
			if !bytes.HasPrefix(line, []byte(code)) {
				d.err = fmt.Errorf("%q, want %s", line, code)
			}
			return
		}
	}
}
