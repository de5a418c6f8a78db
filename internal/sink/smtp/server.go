// Package smtp is the SMTP server of the sink: it takes every message, keeps its
// bytes exactly as they came, and remembers the session they came in.
//
// github.com/emersion/go-smtp speaks the commands. It reads DATA byte by byte,
// loses bytes of malformed content and forgets how parameters were written; so
// it is given a connection of ours (leg), which hands it one command line at a
// time, holds TLS and the buffers, and writes the transcript. Message content
// never passes through go-smtp, unless it comes in BDAT chunks.
package smtp

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"time"

	gosmtp "github.com/emersion/go-smtp"

	"github.com/postmuster/postmuster/internal/message"
	"github.com/postmuster/postmuster/internal/sink/fault"
)

// A Handler takes received messages.
type Handler interface {
	// Receive takes responsibility for a message: the client is told 250 after
	// it returned nil, and not before. A *Reply as error is sent as it is, and
	// means that the message was taken if its code is a 2yz. Any other error is
	// logged and answered with 451, so that the client keeps the message. ctx
	// ends with the server.
	Receive(ctx context.Context, m *message.Message) error
}

// Config is what a server needs. Handler, Domain, Now and Logger must be set; Now
// is also the clock of the timeouts.
type Config struct {
	Handler Handler
	Domain  string // how the server names itself in its banner
	Now     func() time.Time
	Logger  *slog.Logger

	TLS         *tls.Config // offered with STARTTLS; nil for none
	ImplicitTLS bool        // TLS from the first byte instead (RFC 8314)
	LMTP        bool        // speak RFC 2033 instead of SMTP
	Auth        bool        // offer AUTH and take any credentials

	// ProxyFrom are load balancers, which must begin each connection with a
	// header of the PROXY protocol; XClientFrom may use XCLIENT. What they say
	// of the client is believed, and recorded as its address.
	ProxyFrom   []netip.Prefix
	XClientFrom []netip.Prefix

	// Faults are what the server does wrong on purpose; nil for nothing. Sleep
	// is how it waits for that; nil for a timer.
	Faults *fault.Injector
	Sleep  func(context.Context, time.Duration) error

	// Sessions is told of each connection that came to nothing: no message was
	// taken, a command was refused since the last one, it broke within a
	// transaction. It may be called concurrently, and may be nil.
	Sessions func(*message.Session)

	Memory          *Memory // which servers may share; nil: one of DefaultMemoryBytes
	MaxMessageBytes int64   // 0: DefaultMaxMessageBytes
	MaxRecipients   int     // 0: DefaultMaxRecipients
	MaxConnections  int     // 0: DefaultMaxConnections
	Timeouts        Timeouts
}

// The limits of a Config that sets none.
const (
	DefaultMaxMessageBytes = 50 << 20
	DefaultMaxRecipients   = 1000 // RFC 5321 §4.5.3.1.8 asks for 100 at least
	DefaultMaxConnections  = 1000
)

// Timeouts bound what a client may make us wait for; zero means the default.
type Timeouts struct {
	Command time.Duration // for a whole command line, since the last reply
	Session time.Duration // for commands, until a message was taken
	Content time.Duration // for content that does not come at SlowestContent
	Proxy   time.Duration // for a PROXY header
	TLS     time.Duration // for a handshake
	Write   time.Duration // for a client to take a reply
	Memory  time.Duration // for other messages to make room for one
}

// The timeouts of a Config that sets none, and the rate of content below which
// Timeouts.Content runs out.
const (
	DefaultCommandTimeout = 5 * time.Minute  // RFC 5321 §4.5.3.2.7
	DefaultSessionTimeout = time.Hour        // a client that keeps a connection for later is used to less
	DefaultContentTimeout = 3 * time.Minute  // RFC 5321 §4.5.3.2.5
	DefaultProxyTimeout   = 10 * time.Second // long enough for a lost packet to be sent again
	DefaultTLSTimeout     = 30 * time.Second
	DefaultWriteTimeout   = time.Minute
	DefaultMemoryTimeout  = 20 * time.Second // clients' libraries give up after 30 and more

	SlowestContent = 1 << 10 // bytes a second
)

// A Server receives mail.
type Server struct{ config Config }

// New returns a server; Serve starts it.
func New(config Config) *Server {
	def(&config.MaxMessageBytes, DefaultMaxMessageBytes)
	def(&config.MaxRecipients, DefaultMaxRecipients)
	def(&config.MaxConnections, DefaultMaxConnections)
	def(&config.Timeouts.Command, DefaultCommandTimeout)
	def(&config.Timeouts.Session, DefaultSessionTimeout)
	def(&config.Timeouts.Content, DefaultContentTimeout)
	def(&config.Timeouts.Proxy, DefaultProxyTimeout)
	def(&config.Timeouts.TLS, DefaultTLSTimeout)
	def(&config.Timeouts.Write, DefaultWriteTimeout)
	def(&config.Timeouts.Memory, DefaultMemoryTimeout)
	if config.Memory == nil {
		config.Memory = NewMemory(DefaultMemoryBytes)
	}
	if config.Sleep == nil {
		config.Sleep = sleep
	}
	return &Server{config: config}
}

func def[T int | int64 | time.Duration](field *T, value T) {
	if *field == 0 {
		*field = value
	}
}

// Serve takes connections from l until ctx ends, then closes l and all
// connections and returns nil once the last handler has returned.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	r := &running{Config: s.config, ctx: ctx, conns: map[*conn]struct{}{}, again: newHandover()}
	server := r.speaker()
	served := make(chan error, 2)
	go func() { served <- server.Serve(&listener{Listener: l, running: r}) }()
	go func() { served <- server.Serve(r.again) }()

	var err error
	select {
	case <-ctx.Done():
		l.Close()
		r.again.Close()
		<-served
	case err = <-served: // l is broken, or someone else closed it
		l.Close()
		r.again.Close()
	}
	<-served
	r.interruptAll()
	// All loops that accept are over; what is left is to wait for the handlers.
	server.Shutdown(context.WithoutCancel(ctx)) // its error is that l is closed
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// speaker returns the server that speaks the commands. It knows nothing of TLS,
// deadlines and line lengths, which are ours.
func (r *running) speaker() *gosmtp.Server {
	s := gosmtp.NewServer(gosmtp.BackendFunc(r.newSession))
	s.Domain = r.Domain
	s.LMTP = r.LMTP
	s.MaxRecipients = r.MaxRecipients
	s.MaxMessageBytes = r.MaxMessageBytes
	s.MaxLineLength = 0
	s.AllowInsecureAuth = true
	s.EnableSMTPUTF8 = true
	s.EnableREQUIRETLS = true
	s.EnableBINARYMIME = true
	s.EnableDSN = true
	s.EnableRRVS = true
	s.EnableDELIVERBY = true
	s.EnableMTPRIORITY = true
	s.ErrorLog = errorLog{r.Logger}
	return s
}

// errorLog passes on what go-smtp logs. Only a panic concerns an operator; that
// clients go away does not.
type errorLog struct{ *slog.Logger }

func (l errorLog) Printf(format string, v ...any) {
	level := slog.LevelDebug
	if strings.HasPrefix(format, "panic") {
		level = slog.LevelError
	}
	l.Log(context.Background(), level, strings.TrimSpace(fmt.Sprintf(format, v...)))
}

func (l errorLog) Println(v ...any) { l.Debug(strings.TrimSpace(fmt.Sprintln(v...))) }

// A Reply is an answer that a Handler chooses for a message: it refuses it, or
// takes it with a text of its own, such as the name it was stored under.
type Reply struct {
	Code     int    // 250, 451, 552, 554
	Enhanced string // "5.3.4" (RFC 3463)
	Text     string
}

// Error returns the reply as it is sent.
func (r *Reply) Error() string { return r.Text }

// err returns the reply as go-smtp sends it.
func (r *Reply) err() *gosmtp.SMTPError {
	var e gosmtp.EnhancedCode
	if _, err := fmt.Sscanf(r.Enhanced, "%d.%d.%d", &e[0], &e[1], &e[2]); err != nil {
		e = gosmtp.EnhancedCodeNotSet
	}
	return &gosmtp.SMTPError{Code: r.Code, EnhancedCode: e, Message: r.Text}
}
