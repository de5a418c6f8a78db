// Package fault lets the sink misbehave on purpose, as a script says, so that
// tests show what a sending program makes of a server that refuses, hesitates,
// or goes away.
//
// Script is the language: faults.example.yaml documents it, and Example is its
// text. Injector is a script at work: the server asks it at every command what
// to do, and does it; nothing here knows a connection.
package fault

import (
	_ "embed" // Example
	"net/netip"
	"slices"
	"time"
)

// Example documents the language by rules for everyday needs; it parses.
//
//go:embed faults.example.yaml
var Example string

// The limits of a script: it is written by hand, and asked at every command.
const (
	MaxScriptBytes = 64 << 10
	MaxRules       = 200
	// MaxDelay bounds what one reply may be held up: the longest that RFC 5321
	// §4.5.3.2.6 makes a client wait for any reply, and a half.
	MaxDelay = 15 * time.Minute
	// maxGreylist is longer than any client retries.
	maxGreylist = 30 * 24 * time.Hour
)

// A Script is what to do wrong. In JSON it has the keys that it has in YAML, so
// that Parse reads it back.
type Script struct {
	Seed  uint64 `json:"seed,omitempty"` // of what is left to chance
	Rules []Rule `json:"rules"`
}

// A Rule says when to do what. All of its conditions must hold.
type Rule struct {
	Name string    `json:"name"`
	On   []Command `json:"on"`

	// Patterns, of which one must fit; "*" stands for anything. At data and
	// body it is enough that one recipient fits.
	To     []string       `json:"to,omitempty"`     // recipient
	Domain []string       `json:"domain,omitempty"` // of the recipient
	From   []string       `json:"from,omitempty"`   // reverse-path; "<>" is the empty one
	HELO   []string       `json:"helo,omitempty"`
	Peer   []netip.Prefix `json:"peer,omitempty"`

	// Which of the occasions that fit, counted apart for each Per.
	Per         Scope       `json:"per,omitempty"`
	First       int         `json:"first,omitempty"` // the first n
	After       int         `json:"after,omitempty"` // those after the first n
	Every       int         `json:"every,omitempty"` // each n-th
	Nth         []int       `json:"nth,omitempty"`   // these
	Probability Probability `json:"probability,omitzero"`

	// What happens; Delay, Tarpit and Slow may stand beside one of the others.
	Reply    *Reply   `json:"reply,omitempty"`
	Greylist Duration `json:"greylist,omitzero"` // refuse a triplet until it is this old
	Drop     Drop     `json:"drop,omitempty"`
	TLS      TLS      `json:"tls,omitempty"`
	Disk     Disk     `json:"disk,omitempty"`
	Delay    Duration `json:"delay,omitzero"`  // wait before the reply
	Tarpit   Duration `json:"tarpit,omitzero"` // wait, each time in the connection longer by this
	Slow     *Slow    `json:"slow,omitempty"`
}

// A Command is an occasion for a fault.
type Command string

// The occasions. Body is the reply to a message's last byte, after DATA or with
// BDAT LAST; Data is DATA and each BDAT; StartTLS is also implicit TLS.
const (
	Connect  Command = "connect"
	StartTLS Command = "starttls"
	HELO     Command = "helo" // also EHLO, LHLO
	Auth     Command = "auth"
	Mail     Command = "mail"
	Rcpt     Command = "rcpt"
	Data     Command = "data"
	Body     Command = "body"
	Rset     Command = "rset"
	Noop     Command = "noop"
	Vrfy     Command = "vrfy"
	Quit     Command = "quit"
	Any      Command = "any"
)

var commands = []Command{Connect, StartTLS, HELO, Auth, Mail, Rcpt, Data, Body, Rset, Noop, Vrfy, Quit, Any}

// A Scope is what has a count of its own.
type Scope string

// The scopes.
const (
	PerAll        Scope = "all" // the default: one count
	PerConnection Scope = "connection"
	PerPeer       Scope = "peer"
	PerSender     Scope = "sender"
	PerRecipient  Scope = "recipient"
	PerDomain     Scope = "domain"
	PerTriplet    Scope = "triplet" // peer, sender and recipient, as greylisting has it (RFC 6647 §2.2)
)

var scopes = []Scope{PerAll, PerConnection, PerPeer, PerSender, PerRecipient, PerDomain, PerTriplet}

// A Drop is when the connection is dropped.
type Drop string

// The ways to drop a connection.
const (
	DropBefore  Drop = "before"  // the command is not carried out, and has no reply
	DropInstead Drop = "instead" // it is carried out, but the reply is not sent
	DropAfter   Drop = "after"   // right after the reply
)

var drops = []Drop{DropBefore, DropInstead, DropAfter}

// A TLS is how TLS breaks.
type TLS string

// The ways in which TLS breaks.
const (
	TLSHandshake   TLS = "handshake"   // it is refused with an alert
	TLSCertificate TLS = "certificate" // expired, and of another name
	TLSDrop        TLS = "drop"        // the connection is dropped inside the handshake
)

var tlsFaults = []TLS{TLSHandshake, TLSCertificate, TLSDrop}

// A Disk is what is wrong with the disk.
type Disk string

// DiskFull answers 452 4.3.1 (RFC 5321 §4.2.3).
const DiskFull Disk = "full"

var disks = []Disk{DiskFull}

// Slow is a reply that comes slowly.
type Slow struct {
	Line  Duration `json:"line,omitzero"`   // wait before each line
	Bytes int      `json:"bytes,omitempty"` // a second
}

// outcomes counts the actions that exclude each other.
func (r *Rule) outcomes() (n int) {
	for _, set := range []bool{r.Reply != nil && r.Greylist == 0 && r.Disk == "", r.Greylist != 0, r.Drop != "", r.TLS != "", r.Disk != ""} {
		if set {
			n++
		}
	}
	return n
}

// delays reports whether the rule holds replies up.
func (r *Rule) delays() bool { return r.Delay != 0 || r.Tarpit != 0 || r.Slow != nil }

// implied returns where a rule acts that does not say it.
func (r *Rule) implied() []Command {
	switch {
	case r.Greylist != 0:
		return []Command{Rcpt} // RFC 6647 §2.2
	case r.TLS != "":
		return []Command{StartTLS}
	case r.Disk != "":
		return []Command{Body}
	}
	return nil
}

func (r *Rule) on(c Command) bool { return slices.Contains(r.On, c) || slices.Contains(r.On, Any) }
