// Package dnssec tells how far DNS answers can be trusted (RFC 4033, RFC 4035).
//
// A zone signs its records (RRSIG) with keys (DNSKEY), and its parent vouches for
// the keys with a digest (DS), up to the root, which validators know. So an answer
// is secure (the chain holds), insecure (a parent says, signed, that it vouches for
// nothing below), or bogus (it should hold and does not: validating resolvers then
// answer SERVFAIL, and the domain is gone for everybody behind them).
//
// Validator asks a validating resolver and tells these apart from what nobody could
// find out. Inspect reads the records of the zone themselves and says what is wrong
// with them, or soon will be. The signatures are not computed again: whether they
// verify is the resolver's word, which comes with the reason (RFC 8914).
package dnssec

import (
	"net/netip"
	"strings"

	"github.com/postmuster/postmuster/internal/dns"
)

// Security is how far an answer can be trusted (RFC 4033 §5).
type Security string

// What an answer can be. RFC 4033 has "indeterminate" for what has no trust
// anchor; that, and everything that kept us from knowing, is unknown here.
const (
	Secure   Security = "secure"   // signed, and validated
	Insecure Security = "insecure" // proven not to be signed
	Bogus    Security = "bogus"    // signed, and refused by validators
	Unknown  Security = "unknown"  // could not be found out
)

// A Result says how far the answer to one question can be trusted, and why.
type Result struct {
	Name     string
	Type     dns.Type
	Security Security
	Status   dns.Status // of the answer; empty when there is none. When bogus, of what a resolver hides
	Reason   string     // why it is not secure
	Advice   string     // what to do, when unknown
	// NoValidator: unknown because whoever answered is not known to validate, and
	// not because of the zone.
	NoValidator bool
	// ExtendedErrors are the resolver's reasons (RFC 8914).
	ExtendedErrors []dns.ExtendedError
	// Answer is what was answered; nil when there is none. A bogus one was handed
	// out on request only, and nothing but a diagnosis may rest on it.
	Answer *dns.Answer
	Steps  []Step
}

// A Step is one question asked on the way, and what it taught.
type Step struct {
	Question dns.Question
	Server   string
	Outcome  string // "NOERROR, authenticated", "SERVFAIL, EDE 7 (Signature Expired)"
	Note     string // what follows from it
}

// describe says what came back.
func describe(a *dns.Answer, err error) (server, outcome string) {
	if err != nil {
		if e := failure(err); e != nil {
			return e.Server, e.Reason()
		}
		return "", err.Error()
	}
	said := []string{string(a.Status())}
	if a.AuthenticData {
		said = append(said, "authenticated")
	}
	for _, e := range a.ExtendedErrors {
		said = append(said, e.String())
	}
	return a.Server, strings.Join(said, ", ")
}

// onThisMachine reports whether a server is on loopback. The AD bit of any other
// could have been set or cleared by anybody on the way (RFC 4035 §4.9.3).
func onThisMachine(server string) bool {
	addr, ok := address(server)
	return ok && addr.IsLoopback()
}

func address(server string) (netip.Addr, bool) {
	if at, err := netip.ParseAddrPort(server); err == nil {
		return at.Addr(), true
	}
	addr, err := netip.ParseAddr(server)
	return addr, err == nil
}
