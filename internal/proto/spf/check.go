package spf

import (
	"context"
	"net/netip"
	"time"

	"github.com/postmuster/postmuster/internal/dns"
)

// A Checker evaluates policies. Its zero value but for Resolver is ready to use.
type Checker struct {
	Resolver dns.Resolver
	Limits   Limits

	Receiver           string // %{r}: the name of the host that asks; "unknown" if empty
	DefaultExplanation string // of a fail whose policy has no usable exp
	Trace              bool   // keep every step and query
}

// Limits bound one evaluation; a zero field means the RFC's limit.
type Limits struct {
	Lookups, VoidLookups, MX, PTR int
}

// A Request is a client and what it said.
type Request struct {
	IP       netip.Addr
	Helo     string
	MailFrom string    // reverse-path without <>; empty for a null one, whose sender is postmaster@HELO
	Domain   string    // to evaluate; the domain of MailFrom, or Helo, if empty
	At       time.Time // %{t}
}

// An Evaluation is what check_host() answered, and how it came to that.
type Evaluation struct {
	Result      Result `json:"result"`
	Explanation string `json:"explanation"` // of a fail
	Domain      string `json:"domain"`      // whose policy was asked for
	Matched     *Match `json:"matched"`     // the mechanism that decided; nil if none did
	Reason      string `json:"reason"`      // why, in words
	Lookups     int    `json:"lookups"`     // terms that asked the DNS
	VoidLookups int    `json:"void_lookups"`

	Record  string  `json:"record,omitempty"`  // the policy of Domain
	Trace   []Step  `json:"trace,omitempty"`   // the terms visited, with Checker.Trace
	Queries []Query `json:"queries,omitempty"` // in the order asked, with Checker.Trace

	// Err is what kept a temperror from an answer; a *dns.Error.
	Err error `json:"-"`
}

// A Match is the mechanism that decided, in the record of the domain whose policy
// gave the result: never inside an include, but behind a redirect.
type Match struct {
	Domain string `json:"domain"`
	Term   string `json:"term"`
}

// Check evaluates the policy of the request's domain for its client.
// An unanswered question is a temperror, never a missing record.
func (c *Checker) Check(ctx context.Context, req Request) *Evaluation { return nil }
