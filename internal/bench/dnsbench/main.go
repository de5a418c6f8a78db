// Program dnsbench measures the resolver client beside a bare miekg/dns client
// with one reused socket per worker, in the same run and against the same
// loopback server, which is a process of its own so that the processor time
// counted is the client's.
//
//	go run ./internal/bench/dnsbench -n 200000 -workers 64
//
// Every lookup is for another name, as with a cache that never hits.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	mdns "github.com/miekg/dns"

	"github.com/postmuster/postmuster/internal/dns"
	probe "github.com/postmuster/postmuster/internal/probe/dns"
)

func main() {
	var (
		lookups = flag.Int("n", 200_000, "lookups of each client")
		workers = flag.Int("workers", 64, "callers at once")
		rounds  = flag.Int("rounds", 10, "turns that the clients take")
		serve   = flag.Bool("serve", false, "be the server (used by the program itself)")
	)
	flag.Parse()
	if *serve {
		fail(serveLoopback())
		return
	}
	fail(compare(*lookups, *workers, *rounds))
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "dnsbench:", err)
		os.Exit(1)
	}
}

// A lookup asks for the TXT record of name in the manner of one worker.
type lookup func(name string) error

// A contender is a client to be measured.
type contender struct {
	name   string
	worker func() (lookup, func(), error) // a lookup for one worker, and how to end it

	lookups   int
	lost      int64
	wall, cpu time.Duration
}

func compare(lookups, workers, rounds int) error {
	addr, stop, err := startServer()
	if err != nil {
		return err
	}
	defer stop()
	client, err := probe.New(probe.Config{Servers: []string{addr}})
	if err != nil {
		return err
	}
	defer client.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	bare := bareContender(addr)
	ours := oursContender(ctx, "postmuster", client)
	whole := oursContender(ctx, "with cache", probe.Cached(client, probe.CacheConfig{}))
	contenders := []*contender{bare, ours, whole}
	for round := range rounds {
		for i := range contenders {
			c := contenders[(i+round)%len(contenders)] // nobody is always first
			if err := c.run(round, lookups/rounds, workers); err != nil {
				return err
			}
		}
	}
	return report(bare, ours, whole)
}

func report(bare, ours, whole *contender) error {
	fmt.Printf("%-12s %9s %12s %6s   %s\n", "", "lookups/s", "µs each", "lost", "of the bare client's: rate, processor time")
	for _, c := range []*contender{bare, ours, whole} {
		fmt.Printf("%-12s %9.0f %12.1f %6d   %.2f %.2f\n", c.name, c.rate(), 1e6*c.perLookup(), c.lost,
			c.rate()/bare.rate(), c.perLookup()/bare.perLookup())
	}
	if lost := ours.lost + whole.lost; lost > 0 {
		return fmt.Errorf("%d lookups lost", lost)
	}
	return nil
}

func oursContender(ctx context.Context, name string, client dns.Resolver) *contender {
	return &contender{name: name, worker: func() (lookup, func(), error) {
		ask := func(name string) error {
			answer, err := client.Resolve(ctx, dns.Question{Name: name, Type: dns.TypeTXT})
			if err != nil {
				return err
			}
			if len(answer.TXTs()) != 1 {
				return errors.New("no text")
			}
			return nil
		}
		return ask, func() {}, nil
	}}
}

func bareContender(addr string) *contender {
	return &contender{name: "miekg/dns", worker: func() (lookup, func(), error) {
		client := new(mdns.Client)
		conn, err := client.Dial(addr)
		if err != nil {
			return nil, nil, err
		}
		ask := func(name string) error {
			m := new(mdns.Msg).SetQuestion(mdns.Fqdn(name), mdns.TypeTXT)
			m.SetEdns0(1232, false)
			r, _, err := client.ExchangeWithConn(m, conn)
			if err != nil {
				return err
			}
			if len(r.Answer) != 1 {
				return errors.New("no text")
			}
			return nil
		}
		return ask, func() { conn.Close() }, nil
	}}
}

// run makes n lookups by so many workers and adds up what they cost.
func (c *contender) run(round, n, workers int) error {
	var (
		next  atomic.Int64
		lost  atomic.Int64
		group sync.WaitGroup
	)
	start, before := time.Now(), processorTime()
	for range workers {
		ask, end, err := c.worker()
		if err != nil {
			return err
		}
		group.Go(func() {
			defer end()
			for i := next.Add(1); i <= int64(n); i = next.Add(1) {
				if err := ask(fmt.Sprintf("n%d-%d._domainkey.example.com", round, i)); err != nil {
					lost.Add(1)
				}
			}
		})
	}
	group.Wait()
	c.wall += time.Since(start)
	c.cpu += processorTime() - before
	c.lookups += n
	c.lost += lost.Load()
	return nil
}

func (c *contender) rate() float64      { return float64(c.lookups) / c.wall.Seconds() }
func (c *contender) perLookup() float64 { return c.cpu.Seconds() / float64(c.lookups) }

func processorTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// startServer starts this program as the server.
func startServer() (addr string, stop func(), err error) {
	program, err := os.Executable()
	if err != nil {
		return "", nil, err
	}
	child := exec.Command(program, "-serve")
	child.Stderr = os.Stderr
	in, err := child.StdinPipe() // the server ends when this closes
	if err != nil {
		return "", nil, err
	}
	out, err := child.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := child.Start(); err != nil {
		return "", nil, err
	}
	stop = func() {
		in.Close()
		child.Wait()
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		stop()
		return "", nil, fmt.Errorf("server's address: %w", err)
	}
	return strings.TrimSpace(line), stop, nil
}

// serveLoopback answers until standard input ends.
func serveLoopback() error {
	conn, err := listenLoopback()
	if err != nil {
		return err
	}
	fmt.Println(conn.LocalAddr())
	go answerAll(conn)
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}
