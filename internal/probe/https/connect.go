package https

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/postmuster/postmuster/internal/dns"
	"github.com/postmuster/postmuster/internal/https"
)

const (
	// Of a host's addresses, how many are tried, and for how long each.
	maxAddrs       = 8
	connectTimeout = 10 * time.Second
)

// A failure ends a fetch.
type failure struct {
	result https.Result
	reason string
}

// fail gives a failure of ctx its own result, and any other the one named.
func fail(ctx context.Context, result https.Result, doing string, err error) *failure {
	var timeout net.Error
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return &failure{https.ResultCanceled, doing + ": canceled"}
	case ctx.Err() != nil, errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return &failure{https.ResultTimeout, doing + ": timeout"}
	case result == https.ResultConnect && (errors.Is(err, syscall.ENETUNREACH) || errors.Is(err, syscall.EHOSTUNREACH)):
		result = https.ResultUnreachable
	}
	return &failure{result, doing + ": " + reasonOf(err)}
}

// reasonOf leaves out the addresses of a connection, of which ours varies.
func reasonOf(err error) string {
	var call *os.SyscallError
	if errors.As(err, &call) {
		return call.Err.Error()
	}
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err.Error()
	}
	// net/http says so only when it had not read ahead by then.
	return strings.TrimPrefix(err.Error(), "net/http: HTTP/1.x transport connection broken: ")
}

// addrs are those to try. Resolution comes first and the check after it, so
// that no name, and no change of a name's address, leads past the check.
func (f *Fetcher) addrs(ctx context.Context, host string) ([]netip.Addr, *failure) {
	addrs, failed := f.resolve(ctx, host)
	if failed != nil {
		return nil, failed
	}
	if f.config.AllowPrivate {
		return addrs[:min(len(addrs), maxAddrs)], nil
	}
	var public []netip.Addr
	for _, addr := range addrs {
		if isPublic(addr) {
			public = append(public, addr)
		}
	}
	if len(public) == 0 {
		return nil, &failure{https.ResultPrivate, fmt.Sprintf("%s has the address %s, which is not public", host, addrs[0])}
	}
	return public[:min(len(public), maxAddrs)], nil
}

// resolve returns one address at least.
func (f *Fetcher) resolve(ctx context.Context, host string) ([]netip.Addr, *failure) {
	if addr, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{addr}, nil
	}
	a, aaaa, err := dns.LookupAddrs(ctx, f.config.DNS, host)
	addrs := append(a.Addrs(), aaaa.Addrs()...)
	switch {
	case len(addrs) > 0:
		return addrs, nil
	case err != nil && !dns.IsBadName(err):
		return nil, dnsFailure(ctx, err)
	default:
		return nil, &failure{https.ResultNoAddress, host + " has no address"}
	}
}

// dnsFailure keeps a timeout of the DNS apart from our own: it is the DNS that
// could not be asked.
func dnsFailure(ctx context.Context, err error) *failure {
	if ctx.Err() != nil {
		return fail(ctx, https.ResultDNS, "resolve", err)
	}
	return &failure{https.ResultDNS, err.Error()}
}

// connect opens a TLS connection to host, verified, and returns the chain also
// when it does not verify.
func (f *Fetcher) connect(ctx context.Context, host, port string) (*tls.Conn, []*x509.Certificate, *failure) {
	addrs, failed := f.addrs(ctx, host)
	if failed != nil {
		return nil, nil, failed
	}
	conn, failed := f.dial(ctx, addrs, port)
	if failed != nil {
		return nil, nil, failed
	}
	secure, chain, failed := f.handshake(ctx, conn, host)
	if failed != nil {
		conn.Close()
	}
	return secure, chain, failed
}

// dial tries one address after another. Of several failures it returns one that
// says nothing about the host, if there is any: that one address refuses does not
// tell what the others would have done.
func (f *Fetcher) dial(ctx context.Context, addrs []netip.Addr, port string) (net.Conn, *failure) {
	var failed *failure
	for _, addr := range addrs {
		try, cancel := context.WithTimeout(ctx, connectTimeout)
		conn, err := f.config.Dial(try, "tcp", net.JoinHostPort(addr.String(), port))
		if err == nil {
			cancel()
			return conn, nil
		}
		this := fail(try, https.ResultConnect, "connect to "+addr.String(), err)
		cancel()
		if ctx.Err() != nil {
			return nil, this
		}
		if failed == nil || failed.result == https.ResultConnect {
			failed = this
		}
	}
	return nil, failed
}

// errCertificate marks what verification found.
var errCertificate = errors.New("certificate")

func (f *Fetcher) handshake(ctx context.Context, conn net.Conn, host string) (*tls.Conn, []*x509.Certificate, *failure) {
	var chain []*x509.Certificate
	secure := tls.Client(conn, &tls.Config{
		ServerName:         host,
		Time:               f.config.Now,
		MinVersion:         tls.VersionTLS12, // RFC 9325 §3.1.1
		NextProtos:         []string{"h2", "http/1.1"},
		InsecureSkipVerify: true, // verified below, keeping the chain
		VerifyConnection: func(state tls.ConnectionState) error {
			chain = state.PeerCertificates
			return f.verify(chain, host)
		},
	})
	err := secure.HandshakeContext(ctx)
	switch {
	case err == nil:
		return secure, chain, nil
	case errors.Is(err, errCertificate):
		return nil, chain, &failure{https.ResultCertificate, err.Error()}
	default:
		return nil, chain, fail(ctx, https.ResultTLS, "TLS handshake", err)
	}
}

func (f *Fetcher) verify(chain []*x509.Certificate, host string) error {
	if len(chain) == 0 {
		return fmt.Errorf("%w: none was shown", errCertificate)
	}
	intermediates := x509.NewCertPool()
	for _, cert := range chain[1:] {
		intermediates.AddCert(cert)
	}
	_, err := chain[0].Verify(x509.VerifyOptions{
		DNSName:       host,
		Roots:         f.config.Roots,
		Intermediates: intermediates,
		CurrentTime:   f.config.Now(),
	})
	if err != nil {
		return fmt.Errorf("%w: %w", errCertificate, err)
	}
	return nil
}
