// Package smtp is the SMTP server of the sink: it takes every message, keeps its
// bytes exactly as they came, and remembers the session they came in.
//
// github.com/emersion/go-smtp speaks the commands. Its reader of DATA loses
// bytes of malformed input, so a connection of our own stands in front of it
// that reads message content, holds TLS and writes the transcript.
package smtp

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"time"

	"github.com/postmuster/postmuster/internal/message"
)

// A Handler takes received messages.
type Handler interface {
	// Receive takes responsibility for a message: the client is told 250 after
	// it returned nil, and not before. A *Reply as error is sent as it is; any
	// other error is logged and answered with 451, so that the client keeps
	// the message. ctx ends with the server.
	Receive(ctx context.Context, m *message.Message) error
}

// Config is what a server needs. Handler, Domain, Now and Logger must be set.
type Config struct {
	Handler Handler
	Domain  string // how the server names itself in its banner
	Now     func() time.Time
	Logger  *slog.Logger

	TLS         *tls.Config // offered with STARTTLS; nil for none
	ImplicitTLS bool        // TLS from the first byte instead (RFC 8314)
	LMTP        bool        // speak RFC 2033 instead of SMTP
	Auth        bool        // offer AUTH PLAIN and LOGIN and take any credentials

	MaxMessageBytes int64 // 0: DefaultMaxMessageBytes
	MaxRecipients   int   // 0: DefaultMaxRecipients
	MaxConnections  int   // 0: DefaultMaxConnections
}

// The limits of a Config that sets none.
const (
	DefaultMaxMessageBytes = 50 << 20
	DefaultMaxRecipients   = 1000 // RFC 5321 §4.5.3.1.8 asks for 100 at least
	DefaultMaxConnections  = 1000
)

// A Server receives mail.
type Server struct{ config Config }

// New returns a server; Serve starts it.
func New(config Config) *Server { return &Server{config: config} }

// Serve takes connections from l until ctx ends, then closes l and all
// connections and returns nil once the last handler has returned.
func (s *Server) Serve(ctx context.Context, l net.Listener) error { return nil }

// A Reply is an answer that a Handler chooses for a message that it refuses.
type Reply struct {
	Code     int    // 451, 552, 554
	Enhanced string // "5.3.4" (RFC 3463)
	Text     string
}

// Error returns the reply as it is sent.
func (r *Reply) Error() string { return r.Text }
