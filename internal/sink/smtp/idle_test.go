//go:build unix

package smtp

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// A crowd is many clients in a process of their own, so that their memory and
// files are not the server's. crowdAt tells that process where to connect, and
// crowdSays what to say once.
const (
	crowdAt   = "POSTMUSTER_TEST_CROWD_AT"
	crowdSize = "POSTMUSTER_TEST_CROWD_SIZE"
	crowdSays = "POSTMUSTER_TEST_CROWD_SAYS"
)

// TestCrowd is the process of a crowd; it ends with its standard input.
func TestCrowd(t *testing.T) {
	at := os.Getenv(crowdAt)
	if at == "" {
		t.Skip("this is run by the tests of idle connections")
	}
	size, _ := strconv.Atoi(os.Getenv(crowdSize))
	welcome, refused := 0, 0
	for range size {
		c, err := net.Dial("tcp", at)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		switch banner := readLine(t, c); {
		case strings.HasPrefix(banner, "220"):
			welcome++
		case strings.HasPrefix(banner, "421"):
			refused++
		default:
			t.Fatalf("greeted with %q", banner)
		}
		if says := os.Getenv(crowdSays); says != "" {
			io.WriteString(c, says)
			readLine(t, c)
		}
	}
	fmt.Printf("crowd: %d %d\n", welcome, refused)
	io.Copy(io.Discard, os.Stdin)
}

// readLine reads no more than is there at once.
func readLine(t *testing.T, c net.Conn) string {
	var b [4096]byte
	n, err := c.Read(b[:])
	if err != nil {
		t.Fatal(err)
	}
	return string(b[:n])
}

// crowd starts clients, and returns how many were welcome and how many refused.
func crowd(t testing.TB, addr net.Addr, size int, says string) (welcome, refused int) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestCrowd$", "-test.v")
	cmd.Env = append(os.Environ(), crowdAt+"="+addr.String(), crowdSays+"="+says, fmt.Sprintf("%s=%d", crowdSize, size))
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close(); cmd.Wait() })
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if _, err := fmt.Sscanf(lines.Text(), "crowd: %d %d", &welcome, &refused); err == nil {
			go io.Copy(io.Discard, out)
			return welcome, refused
		}
	}
	t.Fatal("the crowd did not come together")
	return 0, 0
}

// A crowd that fills the server is bounded, and does not keep out a client that
// has mail.
func TestCrowdOfIdleConnections(t *testing.T) {
	const most = 200
	at := newClock()
	w := serve(t, func(c *Config) { c.MaxConnections, c.Sessions, c.Now = most, nil, at.Now })
	c := w.greet(t)
	c.envelope()
	c.do("DATA", "354")
	welcome, refused := crowd(t, w.addr, most+100, "")
	if welcome != most-1 || refused != 101 {
		t.Errorf("%d were welcome and %d refused, want %d and 101", welcome, refused, most-1)
	}
	c.send("x\r\n.\r\n")
	c.want("250")
	at.advance(idleEnough + 1) // now one of them makes room
	late := w.greet(t)
	for range 20 {
		late.deliver("x\r\n.\r\n", "250")
	}
	if got := len(w.all()); got != 21 {
		t.Errorf("%d messages were taken, want 21", got)
	}
}

// A clock stands still until it is set.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 11, 25, 10, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// One byte a minute does not buy another minute each.
func TestByteAMinute(t *testing.T) {
	tests := []struct {
		name string
		say  func(*client)
	}{
		{"of a command", func(*client) {}},
		{"of content", func(c *client) { c.envelope(); c.do("DATA", "354") }},
		{"of a chunk", func(c *client) {
			c.envelope()
			c.do("NOOP\r\nBDAT 1000", "250") // the reply comes when both are read
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			at := newClock()
			w := serve(t, func(c *Config) { c.Now = at.Now })
			c := w.greet(t)
			tt.say(c)
			for range 10 {
				at.advance(time.Minute)
				if _, err := io.WriteString(c.conn, "x"); err != nil {
					break // it was shown out already
				}
			}
			if got := dialogue(w.ended(t)); !strings.HasSuffix(got, "S: 421 4.4.2 timeout, closing connection\n") {
				t.Errorf("the session ends otherwise:\n%s", got)
			}
			if len(w.all()) != 0 {
				t.Error("it was taken")
			}
		})
	}
	t.Run("a command in time is answered", func(t *testing.T) {
		at := newClock()
		c := serve(t, func(c *Config) { c.Now = at.Now }).greet(t)
		for _, b := range "NOOP" {
			at.advance(time.Minute)
			c.send(string(b))
		}
		c.send("\r\n")
		c.want("250")
	})
}

// A session that brings no message ends, however busy it is.
func TestSessionWithoutMessageEnds(t *testing.T) {
	at := newClock()
	c := serve(t, func(c *Config) { c.Now = at.Now }).greet(t)
	busy := func(minutes int) {
		for range minutes {
			at.advance(time.Minute)
			c.do("NOOP", "250")
		}
	}
	busy(59)
	c.deliver("x\r\n.\r\n", "250") // which it is for
	busy(59)
	at.advance(time.Minute)
	c.send("NOOP\r\n") // which the server may be waiting for already
	if reply := c.reply(); !strings.HasPrefix(reply, "421") {
		c.want("421 4.4.2 timeout")
	}
	c.gone()
}

// BenchmarkIdleConnections measures what a connection costs the server that says
// nothing more, in heap and stacks, and how it takes mail beside 10,000 of them.
func BenchmarkIdleConnections(b *testing.B) {
	const n = 10_000
	if most := openFiles(b); most < n+100 {
		b.Skipf("%d files may be open, %d are needed", most, n+100)
	}
	for _, says := range []string{"", "EHLO client.example.net\r\n"} {
		name := "silent"
		if says != "" {
			name = "after EHLO"
		}
		b.Run(name, func(b *testing.B) {
			w := serve(b, func(c *Config) { c.MaxConnections, c.Sessions = n+1, nil })
			before := inUse()
			if welcome, _ := crowd(b, w.addr, n, says); welcome != n {
				b.Fatalf("%d were welcome, want %d", welcome, n)
			}
			each := float64(inUse()-before) / n
			c := w.greet(b)
			for b.Loop() {
				c.deliver("x\r\n.\r\n", "250")
			}
			b.ReportMetric(each, "B/connection")
		})
	}
}

// openFiles returns how many files may be open; Go has raised it already as far
// as the system allows.
func openFiles(b *testing.B) int {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		b.Skip(err)
	}
	return int(limit.Cur)
}

func inUse() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse + m.StackInuse
}
