// Package https holds the words of fetching one document over HTTPS, as MTA-STS
// and BIMI ask for it. It knows no network; internal/probe/https does.
package https

import (
	"context"
	"crypto/x509"
	"time"
)

// A Fetcher gets one document. It always returns a response; what went wrong is
// in it. Implementations are safe for concurrent use; a response may be shared
// and must not be modified.
type Fetcher interface {
	Fetch(ctx context.Context, r Request) *Response
}

// A Request is what to get, and within which bounds. It is comparable.
type Request struct {
	URL      string // https only
	MaxBytes int64  // of the body; more is ResultTooLarge
	// FollowRedirects allows up to three; RFC 8461 §3.3 forbids any.
	FollowRedirects bool
}

// Result is how a fetch ended.
type Result string

// The ways in which a fetch ends.
const (
	ResultOK          Result = "ok"           // a response came, whatever its status
	ResultNoAddress   Result = "no address"   // the host has no address (NXDOMAIN, NODATA)
	ResultDNS         Result = "dns"          // its addresses could not be found out
	ResultConnect     Result = "connect"      // every address refused
	ResultUnreachable Result = "unreachable"  // no route from here: another network may have one
	ResultTimeout     Result = "timeout"      // a deadline passed
	ResultCertificate Result = "certificate"  // the certificate does not verify (RFC 8461 §3.3)
	ResultTLS         Result = "tls"          // the handshake failed for another reason
	ResultPrivate     Result = "private"      // the host's address is private, and we do not go there
	ResultTooLarge    Result = "too large"    // the body is over Request.MaxBytes
	ResultProtocol    Result = "protocol"     // what came is not HTTP
	ResultCanceled    Result = "canceled"     // the caller gave up
	ResultNotRecorded Result = "not recorded" // a replay does not hold it
)

// A Response is what came back.
type Response struct {
	Request     Request
	Result      Result
	Reason      string // for a reader; empty when Result is ok
	Status      int    // 200
	Location    string // of a redirect that was not followed
	ContentType string
	Body        []byte
	Chain       []*x509.Certificate // as presented, leaf first; also when it does not verify
	At          time.Time
	Elapsed     time.Duration
}
