// Package https fetches one document over HTTPS, as MTA-STS and BIMI ask for it,
// from a host that may be hostile: the body, the headers and the time have an
// end; private addresses are not gone to; there are no cookies and no proxies.
//
// A certificate that does not verify ends the fetch (RFC 8461 §3.3), but the
// response still shows the chain.
package https

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
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

const (
	// DefaultTimeout is for a whole fetch. RFC 8461 §3.3 suggests a minute; a
	// host that needs half of that will lose some of its senders.
	DefaultTimeout = 30 * time.Second

	maxRedirects = 3
	maxHeader    = 32 << 10 // octets of a response's header
	maxBody      = 16 << 20 // whatever a request allows
)

// A Fetcher is a https.Fetcher that talks to real servers.
type Fetcher struct{ config Config }

// New returns a fetcher. It has no resolver, dialer or clock of its own: a nil
// one panics at the first fetch.
func New(c Config) *Fetcher {
	c.Timeout = cmp.Or(c.Timeout, DefaultTimeout)
	return &Fetcher{config: c}
}

// Fetch gets one document.
func (f *Fetcher) Fetch(ctx context.Context, r https.Request) *https.Response {
	ctx, cancel := context.WithTimeout(ctx, f.config.Timeout)
	defer cancel()
	response := &https.Response{Request: r, At: f.config.Now().UTC()}
	if failed := f.follow(ctx, response); failed != nil {
		response.Result, response.Reason, response.Body = failed.result, failed.reason, nil
	} else {
		response.Result = https.ResultOK
	}
	response.Elapsed = f.config.Now().Sub(response.At)
	return response
}

// follow gets the document, and what it redirects to where that is allowed. A
// redirect too many, or to anything but https, is not followed.
func (f *Fetcher) follow(ctx context.Context, response *https.Response) *failure {
	target, failed := parseURL(response.Request.URL)
	if failed != nil {
		return failed
	}
	for redirects := 0; ; redirects++ {
		if failed := f.get(ctx, target, response); failed != nil {
			return failed
		}
		if response.Location == "" || !response.Request.FollowRedirects || redirects == maxRedirects {
			return nil
		}
		next, err := target.Parse(response.Location)
		if err != nil {
			return nil
		}
		if target, failed = parseURL(next.String()); failed != nil {
			return nil
		}
	}
}

func parseURL(text string) (*url.URL, *failure) {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return nil, &failure{https.ResultProtocol, err.Error()}
	case u.Scheme != "https" || u.Hostname() == "" || u.User != nil:
		return nil, &failure{https.ResultProtocol, fmt.Sprintf("%q is not an https URL of a host", text)}
	}
	return u, nil
}

// get makes one request over a connection of its own.
func (f *Fetcher) get(ctx context.Context, u *url.URL, response *https.Response) *failure {
	conn, chain, failed := f.connect(ctx, strings.TrimSuffix(u.Hostname(), "."), cmp.Or(u.Port(), "443"))
	response.Chain = chain
	response.Status, response.ContentType, response.Location = 0, "", "" // of the redirect that led here
	if failed != nil {
		return failed
	}
	defer conn.Close()
	transport := &http.Transport{
		DialTLSContext:         once(conn),
		ForceAttemptHTTP2:      true,
		DisableKeepAlives:      true,
		DisableCompression:     true, // the limit is of what was sent
		MaxResponseHeaderBytes: maxHeader,
	}
	defer transport.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return &failure{https.ResultProtocol, err.Error()}
	}
	request.Header.Set("User-Agent", f.config.UserAgent)
	answer, err := transport.RoundTrip(request)
	if err != nil {
		return fail(ctx, https.ResultProtocol, "get", err)
	}
	defer answer.Body.Close()
	return read(ctx, answer, response)
}

// once hands out a connection that stands already, and no other after it.
func once(conn *tls.Conn) func(context.Context, string, string) (net.Conn, error) {
	var given atomic.Bool
	return func(context.Context, string, string) (net.Conn, error) {
		switch {
		case given.Swap(true):
			return nil, errors.New("the connection was lost")
		case conn.ConnectionState().NegotiatedProtocol == "h2":
			return conn, nil
		default:
			return &unread{Conn: conn, asked: make(chan struct{})}, nil
		}
	}
}

// unread is a connection from which nothing is read until something was written:
// net/http writes to the process's log what a server says before it is asked.
type unread struct {
	net.Conn
	once  sync.Once
	asked chan struct{}
}

func (u *unread) Read(b []byte) (int, error) {
	<-u.asked
	return u.Conn.Read(b)
}

func (u *unread) Write(b []byte) (int, error) {
	u.once.Do(func() { close(u.asked) })
	return u.Conn.Write(b)
}

func (u *unread) Close() error {
	u.once.Do(func() { close(u.asked) })
	return u.Conn.Close()
}

// read takes what a check may want of the answer.
func read(ctx context.Context, answer *http.Response, response *https.Response) *failure {
	response.Status = answer.StatusCode
	response.ContentType = answer.Header.Get("Content-Type")
	if answer.StatusCode/100 == 3 {
		response.Location = answer.Header.Get("Location")
	}
	limit := min(response.Request.MaxBytes, maxBody)
	body, err := io.ReadAll(io.LimitReader(answer.Body, limit+1))
	switch {
	case err != nil:
		return fail(ctx, https.ResultProtocol, "read the body", err)
	case int64(len(body)) > limit:
		return &failure{https.ResultTooLarge, fmt.Sprintf("the body has more than %d octets", limit)}
	}
	response.Body = body
	return nil
}
