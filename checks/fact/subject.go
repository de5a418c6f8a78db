package fact

import (
	"net/netip"
	"time"

	"github.com/postmuster/postmuster/internal/dns"
	"github.com/postmuster/postmuster/internal/https"
	"github.com/postmuster/postmuster/internal/message"
	"github.com/postmuster/postmuster/internal/smtp"
)

// A Subject is what is judged: a domain, or a received message.
type Subject struct {
	// Domain is the domain, in A-labels and lower case; for a message the domain
	// of its From field, empty when there is none.
	Domain string
	// Message is nil when the subject is a domain.
	Message *message.Message
	// Name is where the message came from, "mail.eml"; empty for a domain.
	Name string
}

// Net is how the world is asked. Nothing in it has a default: asking through a
// nil member panics, so that no test reaches a network by accident.
type Net struct {
	DNS   dns.Resolver
	SMTP  smtp.Prober
	HTTPS https.Fetcher
	Now   func() time.Time
}

// Options is what users may tune, for facts and checks alike.
type Options struct {
	// Selectors are DKIM selectors known to be in use; they are asked first.
	Selectors []string
	// SenderIPs are addresses that the domain's mail is sent from.
	SenderIPs []netip.Addr
	// NoSMTP leaves out everything that connects to mail servers.
	NoSMTP bool
	// NoBlocklists leaves out everything that asks blocklists.
	NoBlocklists bool
	// Blocklists are the zones to ask; those of internal/proto/dnsbl when nil.
	Blocklists []string
	// SMTPPort is the port of mail servers; 25 when 0.
	SMTPPort uint16
	// AllowPrivate goes to addresses that no mail server on the Internet can
	// have: the world under test is a laboratory.
	AllowPrivate bool
	// TrustAD believes the AD bit of a resolver that is not on loopback.
	TrustAD bool
	// LookAhead is how far ahead an expiry is worth a word; 14 days when 0.
	LookAhead time.Duration
}
