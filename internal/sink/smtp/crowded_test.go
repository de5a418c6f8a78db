package smtp

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/postmuster/postmuster/internal/message"
	"github.com/postmuster/postmuster/internal/sink/fault"
)

// crowdedBytes is what a message of crowded takes of a memory: its first chunk is free.
const crowdedBytes = 8 * pooledChunk

var crowded = bytes.Repeat(piece, (crowdedBytes+pooledChunk)/len(piece))[64:]

// waysToCrowd send the same message.
var waysToCrowd = []struct {
	name string
	lmtp bool
	send func(*client)
}{
	{"DATA", false, func(c *client) { c.do("DATA", "354"); c.send(string(crowded) + ".\r\n") }},
	{"BDAT", false, func(c *client) { c.send(fmt.Sprintf("BDAT %d LAST\r\n%s", len(crowded), crowded)) }},
	{"LMTP", true, func(c *client) { c.do("DATA", "354"); c.send(string(crowded) + ".\r\n") }},
}

// A slowInbox holds large messages until it is told to let one go.
type slowInbox struct {
	came chan bool
	next chan bool
}

func (i slowInbox) Receive(ctx context.Context, m *message.Message) error {
	if len(m.Raw) < pooledChunk {
		return nil
	}
	i.came <- true
	select {
	case <-i.next:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// crowdMemory serves with memory for one message, and has two of them received: the
// second beside the bound.
func crowdMemory(t *testing.T, lmtp bool, send func(*client), wait time.Duration) (w *world, in slowInbox, m *Memory, first, second *client) {
	in, m = slowInbox{make(chan bool), make(chan bool)}, NewMemory(crowdedBytes)
	w = serve(t, func(c *Config) { c.Handler, c.Memory, c.LMTP, c.Timeouts.Memory = in, m, lmtp, wait })
	clients := [2]*client{}
	for i := range clients {
		clients[i] = w.hello(t, lmtp)
		clients[i].envelope()
		send(clients[i])
		<-in.came
	}
	return w, in, m, clients[0], clients[1]
}

// empty fails unless all is given back soon.
func (m *Memory) empty(t *testing.T) {
	t.Helper()
	for {
		m.mu.Lock()
		free, beside, changed := m.free, m.beside, m.changed
		m.mu.Unlock()
		if free == crowdedBytes && !beside {
			return
		}
		select {
		case <-changed:
		case <-time.After(patience):
			t.Fatalf("%d of %d bytes are free at the end, beside %v", free, crowdedBytes, beside)
		}
	}
}

func (w *world) hello(t *testing.T, lmtp bool) *client {
	if !lmtp {
		return w.greet(t)
	}
	c := w.dial(t)
	c.want("220")
	c.do("LHLO client.example.net", "250")
	return c
}

// Memory for messages is bounded: one that finds none is refused for now, the
// small ones beside it are taken, and all is well when there is room again.
func TestMemoryIsBounded(t *testing.T) {
	for _, way := range waysToCrowd {
		t.Run(way.name, func(t *testing.T) {
			w, in, m, first, second := crowdMemory(t, way.lmtp, way.send, time.Nanosecond)
			third := w.hello(t, way.lmtp)
			third.envelope()
			way.send(third)
			third.want("452 4.3.1")
			third.deliver("small\r\n.\r\n", "250")

			in.next <- true
			in.next <- true
			first.want("250")
			second.want("250")
			third.envelope()
			way.send(third)
			<-in.came
			in.next <- true
			third.want("250")
			m.empty(t)
		})
	}
}

// A message waits for the memory of one that ends.
func TestMessageWaitsForMemory(t *testing.T) {
	for _, way := range waysToCrowd {
		t.Run(way.name, func(t *testing.T) {
			w, in, _, _, _ := crowdMemory(t, way.lmtp, way.send, patience)
			third := w.hello(t, way.lmtp)
			third.envelope()
			go func() {
				in.next <- true // the first makes room
				<-in.came
				in.next <- true
				in.next <- true
			}()
			way.send(third)
			third.want("250")
		})
	}
}

// Whatever becomes of a message, what it took is given back.
func TestMemoryIsGivenBack(t *testing.T) {
	tests := []struct {
		name   string
		change func(*Config)
		send   func(*client)
	}{
		{"the client breaks off", nil, func(c *client) { c.do("DATA", "354"); c.send(string(crowded)); c.conn.Close() }},
		{"the client breaks off a chunk", nil, func(c *client) {
			c.send(fmt.Sprintf("BDAT %d LAST\r\n%s", 2*len(crowded), crowded))
			c.conn.Close()
		}},
		{"too large", func(c *Config) { c.MaxMessageBytes = 2 * pooledChunk }, func(c *client) {
			c.do("DATA", "354")
			c.send(string(crowded) + ".\r\n")
			c.want("552")
		}},
		{"a chunk that is forgotten", nil, func(c *client) {
			c.send(fmt.Sprintf("BDAT %d\r\n%s", len(crowded), crowded))
			c.want("250")
			c.do("RSET", "250")
		}},
		{"the handler refuses", func(c *Config) {
			c.Handler = handlerFunc(func(context.Context, *message.Message) error { return &Reply{Code: 554, Text: "no"} })
		}, func(c *client) {
			c.do("DATA", "354")
			c.send(string(crowded) + ".\r\n")
			c.want("554")
		}},
		{"a fault refuses", func(c *Config) {
			c.Faults = fault.NewInjector(c.Now)
			if err := c.Faults.Set("rules: [{on: body, reply: 451}]"); err != nil {
				t.Fatal(err)
			}
		}, func(c *client) {
			c.do("DATA", "354")
			c.send(string(crowded) + ".\r\n")
			c.want("451")
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := NewMemory(crowdedBytes)
			w := serve(t, func(c *Config) {
				c.Memory = m
				if tt.change != nil {
					tt.change(c)
				}
			})
			c := w.greet(t)
			c.envelope()
			tt.send(c)
			c.conn.Close()
			w.ended(t)
			m.empty(t)
		})
	}
}
