// Package smtptest is SMTP servers for tests and the demo, on loopback: Serve
// plays a script to one client and checks what the client says; Listen is a
// well-behaved mail exchanger that keeps what it receives.
//
// A script has one step a line:
//
//	S: 220 mx.example.com ESMTP    send a line
//	C: EHLO probe.example.net      read a line, which must be this one
//	STARTTLS                       hold the TLS handshake; the rest is inside TLS
//	PAUSE                          say nothing until the client speaks or hangs up
//	CLOSE                          close the connection
//	RESET                          reset the connection
//	DRIP 220 mx.example.com        send a line, a byte at a time
//	FLOOD                          send a line without an end
//	FLOOD 250-more                 send this line without end
//	ALERT                          answer the client's TLS hello with an alert
//	RAW \x15\x03                   send bytes, written as in a Go string
//
// When the script ends the connection is closed.
package smtptest

import (
	"crypto/tls"
	"net/netip"
)

// TB is what a fake needs of a testing.TB.
type TB interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
	Cleanup(func())
}

// Serve plays script to the first client of the returned address. STARTTLS
// shows a self-signed certificate.
func Serve(t TB, script string) netip.AddrPort { return ServeTLS(t, nil, script) }

// ServeTLS is Serve with a TLS configuration for STARTTLS.
func ServeTLS(t TB, config *tls.Config, script string) netip.AddrPort {
	return netip.AddrPort{}
}
