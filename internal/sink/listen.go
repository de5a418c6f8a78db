package sink

import (
	"cmp"
	"context"
	"crypto/tls"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"syscall"

	"github.com/postmuster/postmuster/internal/sink/httpd"
	sinksmtp "github.com/postmuster/postmuster/internal/sink/smtp"
)

// A ListenError is an address on which a sink cannot listen.
type ListenError struct {
	Service string // "smtp", "smtps", "lmtp" or "http"
	Addr    string // as it was given
	Err     error  // httpd.ErrOpen: others would reach it
}

// Error says which address, and why.
func (e *ListenError) Error() string { return fmt.Sprintf("%s on %s: %v", e.Service, e.Addr, e.Err) }

// Unwrap returns the reason.
func (e *ListenError) Unwrap() error { return e.Err }

// listeners are where a sink is reached.
type listeners struct {
	smtp []smtpListener
	http net.Listener // nil for none
}

type smtpListener struct {
	net.Listener
	service           string
	implicitTLS, lmtp bool
}

func listen(ctx context.Context, c Config) (l listeners, err error) {
	defer func() {
		if err != nil {
			l.close()
			l = listeners{}
		}
	}()
	for _, s := range []struct {
		smtpListener
		addr string
	}{
		{smtpListener{service: "smtp"}, c.SMTP},
		{smtpListener{service: "smtps", implicitTLS: true}, c.SMTPS},
		{smtpListener{service: "lmtp", lmtp: true}, c.LMTP},
	} {
		if s.addr == "" {
			continue
		}
		if s.Listener, err = listenOn(ctx, s.service, s.addr, c); err != nil {
			return l, err
		}
		l.smtp = append(l.smtp, s.smtpListener)
	}
	if c.HTTP != "" {
		l.http, err = listenOn(ctx, "http", c.HTTP, c)
	}
	return l, err
}

// unixPrefix begins the address of a unix socket.
const unixPrefix = "unix:"

func listenOn(ctx context.Context, service, addr string, c Config) (net.Listener, error) {
	var lc net.ListenConfig
	network, where := "tcp", addr
	if path, ok := strings.CutPrefix(addr, unixPrefix); ok {
		network, where = "unix", path
		removeStale(ctx, path)
	}
	l, err := lc.Listen(ctx, network, where)
	if err != nil {
		return nil, &ListenError{service, addr, cause(err)}
	}
	if !local(l.Addr()) && c.Token == "" && !c.Insecure {
		l.Close()
		return nil, &ListenError{service, addr, httpd.ErrOpen}
	}
	return l, nil
}

// removeStale removes the socket of a process that ended without doing so.
func removeStale(ctx context.Context, path string) {
	info, err := os.Lstat(path)
	if err != nil || info.Mode()&fs.ModeSocket == 0 {
		return
	}
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unix", path)
	if err == nil {
		conn.Close()
	} else if errors.Is(err, syscall.ECONNREFUSED) {
		os.Remove(path)
	}
}

// cause takes away what package net says of the address a second time.
func cause(err error) error {
	if op, ok := errors.AsType[*net.OpError](err); ok {
		err = op.Err
	}
	if call, ok := errors.AsType[*os.SyscallError](err); ok {
		err = call.Err
	}
	return err
}

func local(a net.Addr) bool {
	tcp, ok := a.(*net.TCPAddr)
	return !ok || tcp.IP.IsLoopback()
}

func (l *listeners) close() error {
	var errs []error
	for _, s := range l.smtp {
		errs = append(errs, s.Close())
	}
	if l.http != nil {
		errs = append(errs, l.http.Close())
	}
	return errors.Join(errs...)
}

// Addrs are the addresses a sink listens on, as a client of this machine would
// write them: where it listens on all, loopback stands for them.
type Addrs struct {
	SMTP  string `json:"smtp,omitempty"`
	SMTPS string `json:"smtps,omitempty"`
	LMTP  string `json:"lmtp,omitempty"`
	HTTP  string `json:"http,omitempty"`
}

// Addrs returns the addresses.
func (s *Sink) Addrs() Addrs {
	var a Addrs
	for _, l := range s.listeners.smtp {
		switch l.service {
		case "smtp":
			a.SMTP = reachable(l.Addr())
		case "smtps":
			a.SMTPS = reachable(l.Addr())
		case "lmtp":
			a.LMTP = reachable(l.Addr())
		}
	}
	if s.listeners.http != nil {
		a.HTTP = reachable(s.listeners.http.Addr())
	}
	return a
}

func reachable(a net.Addr) string {
	tcp, ok := a.(*net.TCPAddr)
	if !ok {
		return unixPrefix + a.String()
	}
	ap := tcp.AddrPort()
	addr := ap.Addr().Unmap()
	if addr.IsUnspecified() { // IPv4 is among all of IPv6
		addr = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	return netip.AddrPortFrom(addr, ap.Port()).String()
}

// URL is the page's address; empty without HTTP.
func (s *Sink) URL() string {
	if s.http == nil {
		return ""
	}
	scheme := "http"
	if s.config.HTTPTLS {
		scheme = "https"
	}
	return scheme + "://" + s.Addrs().HTTP + s.config.Prefix
}

// secure makes a certificate if one is needed and none was given.
func (s *Sink) secure() error {
	c := &s.config
	if c.TLS != nil || !c.StartTLS && c.SMTPS == "" && !c.HTTPTLS {
		return nil
	}
	names := []string{"localhost", "127.0.0.1", "::1", cmp.Or(c.Hostname, "localhost")}
	for _, addr := range []string{c.SMTP, c.SMTPS, c.LMTP, c.HTTP} {
		if host, _, err := net.SplitHostPort(addr); err == nil && host != "" {
			names = append(names, host)
		}
	}
	names = append(names, c.Hosts...)
	slices.Sort(names)
	certificate, err := sinksmtp.SelfSigned(slices.Compact(names), c.Now())
	if err != nil {
		return err
	}
	c.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}}
	return nil
}

// CertificatePEM returns the certificate that clients are shown, for those that
// are to trust it; nil without TLS.
func (s *Sink) CertificatePEM() []byte {
	if s.config.TLS == nil || len(s.config.TLS.Certificates) == 0 {
		return nil
	}
	var text []byte
	for _, der := range s.config.TLS.Certificates[0].Certificate {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
	return text
}
