// Package dns asks name servers: a dns.Resolver over UDP and TCP, and the
// decorators that every program puts before it.
//
// The client forwards questions to recursive resolvers, the system's or those
// it is given; there is no default. It tells apart what a server said from
// everything that kept it from saying so. Cached, Shared and Logged each wrap
// any resolver and do one thing.
package dns

import (
	"context"
	"errors"
	"time"

	"github.com/postmuster/postmuster/internal/dns"
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
	// Now is the clock for answers and for the memory of failures.
	Now func() time.Time
}

// What a Config that leaves them out gets.
const (
	DefaultTimeout     = 2 * time.Second
	DefaultAttempts    = 4
	DefaultMaxInFlight = 256
)

// A Client is a dns.Resolver that asks the servers it was given.
type Client struct {
	config Config
}

var _ dns.Resolver = (*Client)(nil)

// New returns a client for c.Servers. It sends nothing yet.
func New(c Config) (*Client, error) {
	if len(c.Servers) == 0 {
		return nil, errors.New("no name server given")
	}
	return &Client{config: c}, nil
}

// Close closes the client's idle sockets.
func (c *Client) Close() {}

// Resolve asks until a server answers, or all have failed.
func (c *Client) Resolve(ctx context.Context, q dns.Question) (*dns.Answer, error) {
	return nil, errors.New("not implemented")
}

// SystemServers returns the name servers of /etc/resolv.conf.
func SystemServers() ([]string, error) { return nil, errors.New("not implemented") }

// A CacheConfig says how much a cache keeps.
type CacheConfig struct {
	MaxBytes int // 0 means DefaultCacheBytes
	Now      func() time.Time
}

// Cached keeps the answers of next for their time to live, negative ones as
// RFC 2308 says, and failures for a few seconds (RFC 9520).
func Cached(next dns.Resolver, c CacheConfig) dns.Resolver { return next }

// Shared lets callers who ask the same question at the same time share one
// asking. It ends when all of them have given up.
func Shared(next dns.Resolver) dns.Resolver { return next }

// Logged calls log after every question.
func Logged(next dns.Resolver, log func(dns.Question, *dns.Answer, error)) dns.Resolver { return next }
