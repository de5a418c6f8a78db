package smtptest

import (
	"crypto/tls"
	"net/netip"
)

// A Config says how a mail exchanger behaves.
type Config struct {
	Hostname   string   // in the banner and the reply to EHLO
	Extensions []string // what EHLO offers: "SIZE 1000", "8BITMIME"; STARTTLS is added when there is TLS
	TLS        *tls.Config
	// Replies replaces the reply to a verb: "RCPT": "450 4.2.0 greylisted".
	// "BANNER" is the banner; lines are separated by "\n". A 421 and a banner
	// that is not 2yz end the session.
	Replies map[string]string
	// Addr to listen on; a free port on 127.0.0.1 when zero. It must be on loopback.
	Addr netip.AddrPort
}

// A Message is what a server received.
type Message struct {
	HELO string
	TLS  bool
	From string
	To   []string
	Data []byte
}

// A Server is a mail exchanger on loopback.
type Server struct{ config Config }

// Listen starts a server.
func Listen(c Config) (*Server, error) { return &Server{config: c}, nil }

// Addr is where it listens.
func (s *Server) Addr() netip.AddrPort { return netip.AddrPort{} }

// Messages returns what it received.
func (s *Server) Messages() []Message { return nil }

// Sessions returns how many clients have connected.
func (s *Server) Sessions() int { return 0 }

// Close ends its sessions and waits for them.
func (s *Server) Close() error { return nil }
