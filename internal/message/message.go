// Package message holds a received message as a value: its bytes exactly as
// they came, the envelope and session they came with, and what Parse reads
// from them: header fields, MIME parts, and every defect with its place.
//
// Nothing here judges: a defect says what is written and where, a check says
// what it costs. Parse never fails on bad mail, never panics, and takes time
// and memory linear in the size of the message.
package message

import (
	"bytes"
	"net/netip"
	"strings"
	"time"

	"github.com/postmuster/postmuster/internal/smtp"
)

// Origin is how a message came to us.
type Origin string

// The origins. Only a message that came over SMTP can be blamed for its line
// ends: files are commonly written with the line ends of their system.
const (
	OriginSMTP    Origin = "smtp"
	OriginFile    Origin = "file"
	OriginMbox    Origin = "mbox"
	OriginMaildir Origin = "maildir"
)

// A Message is one received message. It must not be modified once it is shared.
type Message struct {
	// Raw is the content exactly as received, bare CR and LF included. Over
	// SMTP that is after the transparency dots of RFC 5321 §4.5.2 were taken
	// away; a dot between CRLF and a bare CR or LF stays, because receivers do
	// not agree on it.
	Raw []byte

	Origin Origin
	Path   string // the file, "inbox.mbox[3]" inside an mbox; empty over SMTP

	Envelope *Envelope // nil when it is not known
	Session  *Session  // nil unless it came over SMTP
}

// Canonical returns the bytes to judge and to verify signatures over: Raw, or
// Raw with CRLF line ends when it was read from a file in which every line ends
// in LF alone. Offsets in a Tree count in these bytes.
func (m *Message) Canonical() []byte {
	if m.Origin == OriginSMTP || bytes.IndexByte(m.Raw, '\r') >= 0 || bytes.IndexByte(m.Raw, '\n') < 0 {
		return m.Raw
	}
	return bytes.ReplaceAll(m.Raw, []byte("\n"), []byte("\r\n"))
}

// Parse reads the canonical bytes.
func (m *Message) Parse() *Tree { return Parse(m.Canonical()) }

// An Envelope is what MAIL and RCPT said.
type Envelope struct {
	MailFrom string // the reverse-path as written, without angle brackets and source route; empty for <>
	Params   Params // of MAIL
	Rcpt     []Rcpt
}

// An Rcpt is one accepted RCPT command.
type Rcpt struct {
	To     string // the forward-path as written, without angle brackets and source route
	Params Params
}

// Params are ESMTP parameters in the order given (RFC 5321 §4.1.2).
type Params []Param

// A Param is one ESMTP parameter as written: BODY=8BITMIME, SMTPUTF8,
// NOTIFY=SUCCESS,FAILURE. An xtext value is not decoded.
type Param struct{ Keyword, Value string }

// Get returns the value of the parameter, and whether it is there. Keywords
// are case-insensitive.
func (p Params) Get(keyword string) (value string, ok bool) {
	for _, param := range p {
		if strings.EqualFold(param.Keyword, keyword) {
			return param.Value, true
		}
	}
	return "", false
}

// A Session is the SMTP session that delivered a message.
type Session struct {
	Peer  netip.AddrPort // the client
	Local netip.AddrPort // the address it connected to

	HELO  string // the argument of the last HELO, EHLO or LHLO
	ESMTP bool   // it said EHLO or LHLO
	LMTP  bool

	TLS           *TLSState // nil without TLS
	AuthMechanism string    // "PLAIN"; empty without AUTH
	AuthIdentity  string    // who it said it was; nothing was verified

	Chunked bool // BDAT rather than DATA

	// SpokeEarly tells before which reply of ours the client sent on although
	// it had to wait (RFC 5321 §4.3.1, RFC 2920 §3.1): "banner", "EHLO",
	// "DATA", "STARTTLS"; each at most once.
	SpokeEarly []string
	// UnstuffedDots counts the lines that began with one dot and more behind
	// it: the dot is lost in transit (RFC 5321 §4.5.2).
	UnstuffedDots int

	ReceivedAt time.Time // when the last byte of the message had come

	Transcript    []smtp.Line // of the session so far, message content left out
	TranscriptCut bool        // the session was longer than what is kept
}

// A TLSState is what was negotiated.
type TLSState struct {
	Version    uint16 // as crypto/tls numbers it
	Cipher     uint16 // as crypto/tls numbers it
	ServerName string // SNI; empty when none was sent
	Implicit   bool   // TLS from the first byte, without STARTTLS (RFC 8314)
}
