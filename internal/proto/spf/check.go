package spf

import (
	"context"
	"net/netip"
	"strings"
	"time"

	"golang.org/x/net/idna"

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

	Record  string  `json:"record,omitempty"` // the policy of Domain
	Trace   []Step  `json:"trace"`            // the terms visited, with Checker.Trace
	Queries []Query `json:"queries"`          // in the order asked, with Checker.Trace

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
//
// The deadline is the caller's: RFC 7208 §4.6.4 asks for 20 seconds or more.
func (c *Checker) Check(ctx context.Context, req Request) *Evaluation {
	s := c.newSession(req)
	domain := req.Domain
	if domain == "" {
		domain = s.senderDomain
	}
	domain = aLabels(strings.TrimSuffix(domain, "."))
	s.eval = &Evaluation{Domain: domain}
	if c.Trace { // empty lists, not null, where there is nothing to tell
		s.eval.Trace, s.eval.Queries, s.queries = []Step{}, []Query{}, []Query{}
	}
	if !req.IP.IsValid() {
		s.eval.Result, s.eval.Reason = ResultNone, "no client address is known"
		return s.eval
	}
	v := s.checkHost(ctx, domain)
	e := s.eval
	e.Result, e.Reason, e.Err = v.result, v.reason, v.err
	e.Record = v.first
	if v.steps != nil {
		e.Trace = v.steps
	}
	if v.matched != nil {
		e.Matched = &Match{v.domain, v.matched.Text}
	}
	if e.Result == ResultFail {
		e.Explanation = s.explain(ctx, v)
	}
	e.Queries = s.queries
	return e
}

// A session is one evaluation under way.
type session struct {
	checker *Checker
	limits  Limits
	eval    *Evaluation
	queries []Query // with Checker.Trace

	ip                  netip.Addr
	local, senderDomain string
	helo, receiver      string
	at                  time.Time

	// The client's names, asked for at most once.
	ptrAsked  bool
	ptr       *dns.Answer
	ptrErr    error
	validated []string
}

func (c *Checker) newSession(req Request) *session {
	s := &session{
		checker: c, limits: c.Limits.orDefault(),
		ip:       req.IP.Unmap().WithZone(""), // a mapped address is an IPv4 address (RFC 7208 §5)
		helo:     req.Helo,
		receiver: c.Receiver, at: req.At,
	}
	if s.receiver == "" {
		s.receiver = "unknown" // RFC 7208 §7.2
	}
	sender := req.MailFrom
	if sender == "" {
		sender = "postmaster@" + req.Helo // RFC 7208 §2.4
	}
	at := strings.LastIndexByte(sender, '@')
	s.local, s.senderDomain = sender[:max(at, 0)], aLabels(strings.TrimSuffix(sender[at+1:], "."))
	if s.local == "" {
		s.local = "postmaster" // RFC 7208 §4.3
	}
	return s
}

// aLabels writes an internationalised domain in ASCII (RFC 7208 §4.3). A domain
// that cannot be is left alone, and found malformed later.
func aLabels(domain string) string {
	for i := range len(domain) {
		if domain[i] >= 0x80 {
			if ascii, err := idna.Lookup.ToASCII(domain); err == nil {
				return ascii
			}
			break
		}
	}
	return domain
}

// maxLookups bounds what a caller may allow: every lookup can be one more level
// of include, and up to ten more questions.
const maxLookups = 100

func (l Limits) orDefault() Limits {
	orElse := func(n, standard int) int {
		if n <= 0 {
			return standard
		}
		return min(n, maxLookups)
	}
	return Limits{orElse(l.Lookups, LookupLimit), orElse(l.VoidLookups, VoidLookupLimit), orElse(l.MX, MXLimit), orElse(l.PTR, PTRLimit)}
}

// ask asks a question and, if the checker traces, keeps it.
func (s *session) ask(ctx context.Context, name string, qtype dns.Type) (*dns.Answer, error) {
	q := dns.Question{Name: name, Type: qtype}
	answer, err := s.checker.Resolver.Resolve(ctx, q)
	if s.checker.Trace {
		s.queries = append(s.queries, Query{q, answer, err})
	}
	return answer, err
}
