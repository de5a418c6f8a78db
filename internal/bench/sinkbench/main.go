// Command sinkbench measures how fast the sink takes mail beside Debian's
// smtp-sink, which discards it: the same clients, in the same run, one server
// after the other, several rounds. It prints rates and their ratio.
//
//	go run ./internal/bench/sinkbench -messages 4000 -rounds 3
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"log"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/postmuster/postmuster/internal/message"
	"github.com/postmuster/postmuster/internal/sink/smtp"
)

// discard is the handler measured when there is no store.
type discard struct{}

func (discard) Receive(context.Context, *message.Message) error { return nil }

// A load is what clients do.
type load struct {
	name     string
	size     int
	messages int  // of those asked for, in percent
	kept     bool // several messages in a connection
}

var loads = []load{
	{"4 KB, one per connection", 4 << 10, 100, false},
	{"4 KB, kept connections", 4 << 10, 200, true},
	{"100 KB, one per connection", 100 << 10, 25, false},
}

func main() {
	messages := flag.Int("messages", 4000, "messages of 4 KB, one per connection, in a round")
	sessions := flag.Int("sessions", 20, "clients at a time")
	rounds := flag.Int("rounds", 3, "rounds; the median counts")
	flag.Parse()
	if err := run(context.Background(), *messages, *sessions, *rounds); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, messages, sessions, rounds int) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ours, err := startOurs(ctx, discard{})
	if err != nil {
		return err
	}
	peer, stop, err := startPeer(ctx)
	if err != nil {
		return err
	}
	defer stop()
	fmt.Printf("%-28s %12s %12s %6s\n", "messages a second", "postmuster", "smtp-sink", "ratio")
	for _, l := range loads {
		var us, them []float64
		for range rounds {
			n := messages * l.messages / 100
			for _, c := range []struct {
				addr  string
				rates *[]float64
			}{{ours, &us}, {peer, &them}} {
				rate, err := measure(c.addr, l, n, sessions)
				if err != nil {
					return fmt.Errorf("%s to %s: %w", l.name, c.addr, err)
				}
				*c.rates = append(*c.rates, rate)
			}
		}
		a, b := median(us), median(them)
		fmt.Printf("%-28s %12.0f %12.0f %6.2f\n", l.name, a, b, a/b)
	}
	return nil
}

func median(rates []float64) float64 {
	slices.Sort(rates)
	return rates[len(rates)/2]
}

func startOurs(ctx context.Context, h smtp.Handler) (addr string, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	server := smtp.New(smtp.Config{Handler: h, Domain: "sink.example.com", Now: time.Now, Logger: slog.Default()})
	go server.Serve(ctx, l)
	return l.Addr().String(), nil
}

func startPeer(ctx context.Context) (addr string, stop func(), err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	addr = l.Addr().String()
	l.Close()
	program, err := exec.LookPath("smtp-sink")
	if err != nil {
		program = "/usr/sbin/smtp-sink" // where Debian keeps it, out of a user's path
	}
	args := []string{addr, "1000"}
	if os.Getuid() == 0 {
		args = append([]string{"-u", "nobody"}, args...) // it insists
	}
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return "", nil, fmt.Errorf("smtp-sink (Debian's postfix): %w", err)
	}
	stop = func() { cmd.Process.Kill(); cmd.Wait() }
	for range 100 {
		if c, err := net.Dial("tcp", addr); err == nil {
			c.Close()
			return addr, stop, nil
		}
		time.Sleep(20 * time.Millisecond)
	}
	stop()
	return "", nil, fmt.Errorf("smtp-sink does not answer at %s", addr)
}

// measure sends n messages over so many sessions at a time, and returns how many
// were taken a second.
func measure(addr string, l load, n, sessions int) (float64, error) {
	wire := []byte("Subject: benchmark\r\n\r\n" + strings.Repeat(strings.Repeat("x", 76)+"\r\n", l.size/78) + ".\r\n")
	errs := make(chan error, sessions)
	began := time.Now()
	for range sessions {
		go func() { errs <- client(addr, wire, n/sessions, l.kept) }()
	}
	var failed error
	for range sessions {
		if err := <-errs; err != nil {
			failed = err
		}
	}
	return float64(n/sessions*sessions) / time.Since(began).Seconds(), failed
}

func client(addr string, wire []byte, n int, kept bool) error {
	perConnection := 1
	if kept {
		perConnection = n
	}
	for sent := 0; sent < n; sent += perConnection {
		if err := deliver(addr, wire, perConnection); err != nil {
			return err
		}
	}
	return nil
}

// deliver sends n messages in one connection, one command at a time.
func deliver(addr string, wire []byte, n int) error {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	d := dialogue{conn: conn}
	d.want("220")
	d.say("HELO client.example.net\r\n", "250")
	for range n {
		d.say("MAIL FROM:<a@example.com>\r\n", "250")
		d.say("RCPT TO:<b@example.net>\r\n", "250")
		d.say("DATA\r\n", "354")
		d.write(wire)
		d.want("250")
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
