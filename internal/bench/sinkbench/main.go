// Command sinkbench measures the sink beside Debian's smtp-sink, which discards
// what it gets, and maildev: the same clients in the same run, one server after
// the other, several rounds: one that keeps its connections or does not, and
// Debian's smtp-source. Then it measures what the sink does behind its
// back: scoring, memory, and how soon it is ready again.
//
//	go run ./internal/bench/sinkbench
//	go run ./internal/bench/sinkbench -maildev node_modules/.bin/maildev -stored 100000
//
// "server" takes mail and discards it, as smtp-sink does; "store" keeps it,
// durably; "sink" is the program as users start it, which scores it besides.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"slices"
	"time"

	"github.com/postmuster/postmuster/internal/testkit/dnstest"
)

// A load is what clients do.
type load struct {
	name     string
	size     int
	messages int           // of those asked for, in percent
	kept     bool          // several messages in a connection
	pause    time.Duration // between them
	by       client
}

// A client sends n messages over so many sessions at a time. It returns how many
// were taken a second, and how long 99 in 100 waited at most from the end of the
// message to its reply, where it knows.
type client func(ctx context.Context, addr string, l load, n, sessions int) (rate float64, p99 time.Duration, err error)

var loads = []load{
	{"4 KB, one per connection", 4 << 10, 100, false, 0, measure},
	{"4 KB, kept connections", 4 << 10, 200, true, 0, measure},
	{"100 KB, one per connection", 100 << 10, 25, false, 0, measure},
	{"100 KB, kept connections", 100 << 10, 25, true, 0, measure},
	{"4 KB, smtp-source", 4 << 10, 100, false, 0, source},
	{"4 KB, kept, smtp-source", 4 << 10, 200, true, 0, source},
}

type options struct {
	messages int
	sessions int
	rounds   int
	stored   int
	maildev  string
	dir      string
}

func main() {
	var o options
	flag.IntVar(&o.messages, "messages", 4000, "messages of 4 KB, one per connection, in a round")
	flag.IntVar(&o.sessions, "sessions", 20, "clients at a time")
	flag.IntVar(&o.rounds, "rounds", 3, "rounds; the median counts")
	flag.IntVar(&o.stored, "stored", 0, "fill a sink with so many messages, and measure it then")
	flag.StringVar(&o.maildev, "maildev", "", "the `program` maildev, from npm; without it, it is not measured")
	flag.StringVar(&o.dir, "dir", "", "where messages are kept; what fsync costs depends on it")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, o); err != nil {
		log.Fatal(err)
	}
}

// A bench is what all measurements need.
type bench struct {
	o        options
	dir      string // of what is kept
	program  string // postmuster
	resolver string // what it asks
}

func run(ctx context.Context, o options) error {
	dir, err := os.MkdirTemp(o.dir, "sinkbench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	names, err := dnstest.Listen(zoneText, "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer names.Close()
	b := &bench{o: o, dir: dir, resolver: names.Addr()}
	if b.program, err = build(ctx, dir); err != nil {
		return err
	}
	for _, measurement := range []func(context.Context) error{b.compare, b.scoring, b.large, b.filled} {
		if err := measurement(ctx); err != nil {
			return err
		}
	}
	return nil
}

// compare prints what each server takes under each load.
func (b *bench) compare(ctx context.Context) error {
	servers, stop, err := b.startAll(ctx)
	defer stop()
	if err != nil {
		return err
	}
	fmt.Printf("%-28s %-10s %10s %14s %10s\n", "messages a second", "", "rate", "of smtp-sink", "p99 ms")
	for _, l := range loads {
		rates := map[string][]float64{}
		waits := map[string][]time.Duration{}
		for range b.o.rounds {
			for _, s := range servers {
				if err := s.settle(ctx); err != nil {
					return err
				}
				n := max(b.o.sessions, b.o.messages*l.messages/100/s.slower)
				rate, p99, err := l.by(ctx, s.addr, l, n, b.o.sessions)
				if err != nil {
					return fmt.Errorf("%s to %s: %w", l.name, s.name, err)
				}
				rates[s.name], waits[s.name] = append(rates[s.name], rate), append(waits[s.name], p99)
			}
		}
		for _, s := range servers {
			rate := median(rates[s.name])
			fmt.Printf("%-28s %-10s %10.0f %14.2f %10s\n", l.name, s.name, rate, rate/median(rates[peerName]), millis(median(waits[s.name])))
		}
	}
	return nil
}

func millis(d time.Duration) string {
	if d == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f", d.Seconds()*1000)
}

func median[T int | int64 | float64 | time.Duration](values []T) T {
	slices.Sort(values)
	return values[len(values)/2]
}

var errNotReady = errors.New("it does not get ready")
