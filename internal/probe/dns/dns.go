// Package dns asks name servers: a dns.Resolver over UDP and TCP, and the
// decorators that a program puts before it.
//
// The client forwards questions to recursive resolvers, the system's or those
// it is given; there is no default. It keeps what a server said apart from
// everything that kept it from saying so. Cached, Shared and Logged each wrap
// any resolver and do one thing.
package dns

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/postmuster/postmuster/internal/dns"
	"github.com/postmuster/postmuster/internal/probe/dns/wire"
)

// A Config says whom a Client asks and how patiently.
type Config struct {
	// Servers are asked in this order: "192.0.2.53", "[2001:db8::53]:5353".
	// One that fails is left for last until it has had time to recover.
	Servers []string
	// Timeout is for one exchange with one server; 0 means DefaultTimeout.
	Timeout time.Duration
	// Attempts is how many exchanges one question may cost; 0 means DefaultAttempts.
	// What truncation, missing EDNS or a chain of CNAMEs cost is not counted.
	Attempts int
	// MaxInFlight bounds the exchanges under way; 0 means DefaultMaxInFlight.
	// The window below it shrinks while servers are silent.
	MaxInFlight int
	// Now is the clock for answers and for the memory of failures; time.Now if nil.
	Now func() time.Time
}

// What a Config gets where it is 0.
const (
	DefaultTimeout     = 2 * time.Second
	DefaultAttempts    = 4
	DefaultMaxInFlight = 256
)

// A Client is a dns.Resolver that asks the servers it was given.
type Client struct {
	servers  []*server
	timeout  time.Duration
	attempts int
	window   *window
	now      func() time.Time
}

var _ dns.Resolver = (*Client)(nil)

// New returns a client for c.Servers. It sends nothing yet.
func New(c Config) (*Client, error) {
	if len(c.Servers) == 0 {
		return nil, errors.New("no name server is given")
	}
	inFlight := orDefault(c.MaxInFlight, DefaultMaxInFlight)
	client := &Client{
		timeout:  orDefault(c.Timeout, DefaultTimeout),
		attempts: orDefault(c.Attempts, DefaultAttempts),
		window:   newWindow(inFlight),
		now:      c.Now,
	}
	if client.now == nil {
		client.now = time.Now
	}
	for _, text := range c.Servers {
		addr, err := serverAddr(text)
		if err != nil {
			return nil, fmt.Errorf("name server %q: %w", text, err)
		}
		client.servers = append(client.servers, &server{addr: addr, maxIdle: inFlight})
	}
	return client, nil
}

func orDefault[T int | time.Duration](n, fallback T) T {
	if n <= 0 {
		return fallback
	}
	return n
}

// Close closes the idle sockets. Questions under way are not disturbed.
func (c *Client) Close() {
	for _, s := range c.servers {
		s.closeIdle()
	}
}

// Resolve asks until a server answers, or no server has. It follows CNAMEs
// where the answer stops at one.
func (c *Client) Resolve(ctx context.Context, q dns.Question) (*dns.Answer, error) {
	start := time.Now()
	q.Name = wire.Askable(q.Name)
	answer, failure := c.ask(ctx, q)
	for failure == nil {
		target, reason := next(answer)
		if reason != "" {
			failure = &dns.Error{Cause: dns.CauseLoop, Server: answer.Server, Err: errors.New(reason)}
			break
		}
		if target == "" {
			break
		}
		answer, failure = c.follow(ctx, answer, target)
	}
	if failure != nil {
		failure.Question, failure.Elapsed = q, time.Since(start)
		return nil, failure
	}
	answer.At, answer.Elapsed = c.now(), time.Since(start)
	return answer, nil
}
