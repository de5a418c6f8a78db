// Package httpd is the HTTP server of the sink: it listens, and guards whatever
// is served behind it.
//
// The mail in a sink is nobody else's business, yet a sink listens on a machine
// with a browser on it. So the guard stands in front of the whole handler and
// never looks at a path: who may come in depends on the Host, on what the browser
// says about the page that asks, and on a token where one is set.
package httpd

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"time"
)

// The limits of the server. They hold for every request.
const (
	headerTimeout  = 10 * time.Second // for a request's header section; ours fit a packet
	bodyTimeout    = time.Minute      // for the whole body: 50 MB at 1 MB/s
	writeTimeout   = 30 * time.Second // for each piece of an answer, so that streams may last
	idleTimeout    = 2 * time.Minute  // of a connection between two requests
	maxHeaderBytes = 64 << 10         // what browsers send is a tenth of it
	shutdownTime   = 500 * time.Millisecond

	// DefaultMaxBody fits a message of 50 MB as base64 inside JSON.
	DefaultMaxBody = 72 << 20
	// DefaultMaxConnections leaves a process with the usual 1,024 file
	// descriptors some for SMTP and files.
	DefaultMaxConnections = 512
)

// ErrOpen is the refusal to serve mail to a network without a token.
var ErrOpen = errors.New("not a loopback address: everybody who reaches it could read the mail; set a token, or say that this is intended")

// Config is what a server needs. Handler and Logger must be set.
type Config struct {
	Handler http.Handler
	Logger  *slog.Logger

	// Missing answers a browser that goes where a Handler that is a mux has
	// nothing. Others are told so as a problem, as they are where it is nil.
	Missing http.Handler

	// Token is asked of everybody when it is set: as a bearer token, as the
	// password of basic authentication, or once as ?token= for a browser, which
	// is given a cookie for it.
	Token string
	// ReadToken is for those who may read and change nothing; it is there beside a
	// Token. Which requests change nothing, though their method is another than
	// GET or HEAD, is told by Reads; nil: none.
	ReadToken string
	Reads     func(*http.Request) bool
	// Insecure allows an address that others reach, without a token.
	Insecure bool
	// Hosts are names under which the server is reached, beside localhost and
	// the address that it listens on.
	Hosts []string
	// Prefix is the path below which a proxy serves the Handler, such as /mail: see
	// ParsePrefix. The Handler sees paths without it.
	Prefix string
	// Origins are those of pages elsewhere that may ask this server, such as
	// http://localhost:3000: they read the mail.
	Origins []string
	// TLS is used from the first byte when it is set.
	TLS *tls.Config

	MaxBody        int64 // of a request; 0: DefaultMaxBody
	MaxConnections int   // 0: DefaultMaxConnections
}

// A Server is a listening HTTP server.
type Server struct {
	listener net.Listener
	server   *http.Server
}

// Listen listens on addr. An address that is not loopback needs a token or Insecure.
func Listen(ctx context.Context, addr string, c Config) (*Server, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	s, err := New(l, c)
	if err != nil {
		l.Close()
		return nil, fmt.Errorf("%s: %w", addr, err)
	}
	return s, nil
}

// New returns a server for a listener, which it owns from then on.
func New(l net.Listener, c Config) (*Server, error) {
	bound := boundTo(l.Addr())
	if !bound.IsLoopback() && c.Token == "" && !c.Insecure {
		return nil, ErrOpen
	}
	named, err := newOrigins(c.Origins)
	if err != nil {
		return nil, err
	}
	conns := newConnections(l, cmp.Or(c.MaxConnections, DefaultMaxConnections))
	s := &Server{listener: conns, server: &http.Server{
		Handler:                      conns.working(guard(bound, c, named)),
		ReadHeaderTimeout:            headerTimeout,
		IdleTimeout:                  idleTimeout,
		DisableGeneralOptionsHandler: true, // it would answer in front of the guard
		MaxHeaderBytes:               maxHeaderBytes,
		ConnState:                    conns.state,
		ConnContext:                  conns.context,
		ErrorLog:                     slog.NewLogLogger(c.Logger.Handler(), slog.LevelDebug), // clients cause all of it
	}}
	if c.TLS != nil {
		s.listener = tls.NewListener(conns, c.TLS)
	}
	return s, nil
}

// Addr is the address that the server listens on.
func (s *Server) Addr() net.Addr { return s.listener.Addr() }

// Serve answers requests until ctx ends; every request's context ends with it.
func (s *Server) Serve(ctx context.Context) error {
	s.server.BaseContext = func(net.Listener) context.Context { return ctx }
	stopped := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(stopped)
		// The requests end with ctx; those that do not notice are cut off.
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTime)
		defer cancel()
		if s.server.Shutdown(grace) != nil {
			s.server.Close()
		}
	})
	err := s.server.Serve(s.listener)
	if !stop() {
		<-stopped
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return errors.Join(err, s.server.Close())
}

// boundTo returns the address of a listener. One without an IP address, such as
// a unix socket, is reached by this machine only.
func boundTo(a net.Addr) netip.Addr {
	tcp, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.IPv6Loopback()
	}
	return tcp.AddrPort().Addr().Unmap()
}
