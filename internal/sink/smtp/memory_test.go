//go:build unix

package smtp

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"

	"github.com/postmuster/postmuster/internal/message"
)

const large = 40 << 20

// waysToSend a message of size bytes, in pieces that take no memory.
var waysToSend = []struct {
	name string
	mail string
	send func(c *client, size int)
}{
	{"DATA", "", sendDATA},
	{"DATA with SIZE", fmt.Sprintf(" SIZE=%d", large), sendDATA},
	{"BDAT", " BODY=BINARYMIME", func(c *client, size int) {
		c.send(fmt.Sprintf("BDAT %d LAST\r\n", size))
		sendPieces(c, size)
	}},
	{"BDAT in chunks", " BODY=BINARYMIME", func(c *client, size int) {
		const chunk = 256 << 10
		for range size / chunk {
			c.send(fmt.Sprintf("BDAT %d\r\n", chunk))
			sendPieces(c, chunk)
			c.want("250")
		}
		c.send("BDAT 0 LAST\r\n")
	}},
}

func sendDATA(c *client, size int) {
	c.do("DATA", "354")
	sendPieces(c, size)
	c.send(".\r\n")
}

var piece = bytes.Repeat([]byte(strings.Repeat("x", 62)+"\r\n"), 1<<10)

func sendPieces(c *client, size int) {
	c.t.Helper()
	for range size / len(piece) {
		if _, err := c.conn.Write(piece); err != nil {
			c.t.Fatal(err)
		}
	}
}

// serveDiscarding serves with a handler that looks at a message's size alone.
func serveDiscarding(t testing.TB, look func(size int)) *world {
	return serve(t, func(c *Config) {
		c.Handler = handlerFunc(func(_ context.Context, m *message.Message) error {
			look(len(m.Raw))
			return nil
		})
	})
}

func (c *client) sendLarge(mail string, send func(*client, int)) {
	c.do("MAIL FROM:<a@example.com>"+mail, "250")
	c.do("RCPT TO:<b@example.net>", "250")
	send(c, large)
	c.want("250")
}

// Receiving a message must allocate little more than the message.
func TestLargeMessageIsCopiedOnce(t *testing.T) {
	for _, way := range waysToSend {
		t.Run(way.name, func(t *testing.T) {
			size := 0
			c := serveDiscarding(t, func(n int) { size = n }).greet(t)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			c.sendLarge(way.mail, way.send)
			runtime.ReadMemStats(&after)
			if size != large {
				t.Errorf("%d bytes were received, want %d", size, large)
			}
			if allocated := after.TotalAlloc - before.TotalAlloc; allocated > large*5/4 {
				t.Errorf("%d bytes were allocated for a message of %d", allocated, large)
			}
		})
	}
}

// BenchmarkLargeMessage measures by how many times its size a message makes the
// process grow at its peak; the client, in the same process, adds nothing.
func BenchmarkLargeMessage(b *testing.B) {
	for _, way := range waysToSend {
		b.Run(way.name, func(b *testing.B) {
			c := serveDiscarding(b, func(int) {}).greet(b)
			peak := 0
			for b.Loop() {
				debug.FreeOSMemory()
				resetPeak(b)
				before := status(b, "VmRSS")
				c.sendLarge(way.mail, way.send)
				peak = max(peak, status(b, "VmHWM")-before)
			}
			b.SetBytes(large)
			b.ReportMetric(float64(peak)/large, "×size")
		})
	}
}

// resetPeak makes VmHWM begin anew.
func resetPeak(b *testing.B) {
	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil {
		b.Skip("the peak of memory cannot be read here: ", err)
	}
}

// status returns a figure of /proc/self/status in bytes.
func status(b *testing.B, name string) int {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		b.Skip(err)
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, name+":"); ok {
			kilobytes, err := strconv.Atoi(strings.Fields(rest)[0])
			if err != nil {
				b.Fatal(err)
			}
			return kilobytes << 10
		}
	}
	b.Fatalf("no %s", name)
	return 0
}
