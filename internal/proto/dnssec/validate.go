package dnssec

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/postmuster/postmuster/internal/dns"
)

// maxWalk bounds the parents that are asked whether they vouch for a name. The
// longest name of mail, _25._tcp.mx.example.com, has five labels.
const maxWalk = 10

// What to do when it could not be found out.
const (
	adviceTrust  = "name a validating resolver on this machine with --resolver 127.0.0.1, or say --trust-ad where nobody can change what the resolver says on its way here"
	adviceOther  = "name a resolver that validates with --resolver"
	adviceServer = "look at the zone's name servers, or ask again later"
)

// A Validator asks a resolver, which is to validate.
type Validator struct {
	DNS dns.Resolver
	// TrustAD believes the AD bit wherever the resolver is, and not only on
	// loopback.
	TrustAD bool
}

// Ask asks for records and says how far the answer can be trusted.
func (v Validator) Ask(ctx context.Context, name string, t dns.Type) Result {
	c := &conversation{v: v, r: Result{Name: dns.Canonical(name), Type: t, Security: Unknown}}
	c.ask(ctx)
	return c.r
}

// A conversation is what it takes to judge one answer.
type conversation struct {
	v Validator
	r Result
}

func (c *conversation) resolve(ctx context.Context, q dns.Question) (*dns.Answer, error) {
	a, err := c.v.DNS.Resolve(ctx, q)
	server, outcome := describe(a, err)
	c.r.Steps = append(c.r.Steps, Step{Question: q, Server: server, Outcome: outcome})
	return a, err
}

// note says what follows from the last step.
func (c *conversation) note(format string, args ...any) {
	c.r.Steps[len(c.r.Steps)-1].Note = fmt.Sprintf(format, args...)
}

func (c *conversation) ask(ctx context.Context) {
	a, err := c.resolve(ctx, dns.Question{Name: c.r.Name, Type: c.r.Type})
	switch e := failure(err); {
	case err == nil:
		c.judge(ctx, a)
	case e != nil && e.Cause == dns.CauseRcode && e.Rcode == dns.RcodeServFail:
		c.servfail(ctx, e)
	default:
		c.unanswered(err)
	}
}

func failure(err error) *dns.Error {
	var e *dns.Error
	errors.As(err, &e)
	return e
}

func (c *conversation) unanswered(err error) {
	_, reason := describe(nil, err)
	c.r.Reason, c.r.Advice = "there was no answer: "+reason, adviceServer
	if e := failure(err); e != nil {
		c.r.ExtendedErrors = e.ExtendedErrors
	}
}

// judge reads the AD bit of an answer.
func (c *conversation) judge(ctx context.Context, a *dns.Answer) {
	c.r.Answer, c.r.Status, c.r.ExtendedErrors = a, a.Status(), a.ExtendedErrors
	switch {
	case !c.v.TrustAD && !onThisMachine(a.Server):
		c.r.Reason, c.r.Advice, c.r.NoValidator = distant(a.Server), adviceTrust, true
		c.note("what it says about DNSSEC does not count: it is not on this machine")
	case a.AuthenticData:
		c.r.Security = Secure
	default:
		c.insecure(ctx)
	}
}

func distant(server string) string {
	if _, ok := address(server); !ok {
		return "the answer came from " + server + ", not from a resolver that validates"
	}
	return "the answer came from " + server + ", which is not on this machine: anybody between could have changed what it says about DNSSEC"
}

// servfail tells a resolver that refuses to hand out what it has from one that has
// nothing: with the CD bit it hands out also what it found bogus (RFC 4035 §3.2.2).
func (c *conversation) servfail(ctx context.Context, e *dns.Error) {
	c.r.ExtendedErrors = e.ExtendedErrors
	a, err := c.resolve(ctx, dns.Question{Name: c.r.Name, Type: c.r.Type, WantDNSSEC: true, CheckingDisabled: true})
	if err != nil {
		_, reason := describe(nil, err)
		c.note("it fails without validation too, so DNSSEC is not known to be the cause")
		c.r.Reason = fmt.Sprintf("there was no answer: %s; nor with validation switched off: %s", e.Reason(), reason)
		c.r.Advice = adviceServer
		return
	}
	c.note("with validation switched off there is an answer")
	if !bogus(e) && c.recovered(ctx) {
		return
	}
	c.r.Security, c.r.Answer, c.r.Status = Bogus, a, a.Status()
	c.r.Reason = "the resolver refuses the answer (SERVFAIL), and has it when told not to validate" + because(e.ExtendedErrors)
}

func bogus(e *dns.Error) bool {
	for _, ext := range e.ExtendedErrors {
		if ext.Bogus() {
			return true
		}
	}
	return false
}

// recovered asks once more, since a resolver that does not say why it failed may
// have waited too long for somebody. The DO bit makes it another question to a
// cache of ours.
func (c *conversation) recovered(ctx context.Context) bool {
	a, err := c.resolve(ctx, dns.Question{Name: c.r.Name, Type: c.r.Type, WantDNSSEC: true})
	if err != nil {
		c.note("the failure stays")
		return false
	}
	c.note("the failure has passed")
	c.judge(ctx, a)
	return true
}

func because(errs []dns.ExtendedError) string {
	var b strings.Builder
	for _, e := range errs {
		b.WriteString("; it says: " + e.String())
		if why := Explain(e); why != "" {
			b.WriteString(", that is, " + why)
		}
	}
	return b.String()
}

// insecure looks for the place where the chain ends. A resolver that does not
// validate never sets AD, so that it does for some name above is what makes its
// silence here mean something.
func (c *conversation) insecure(ctx context.Context) {
	labels := dns.Labels(c.r.Name)
	validates, end := false, ""
	for i := len(labels) - 1; i >= max(0, len(labels)-maxWalk); i-- {
		name := strings.Join(labels[i:], ".")
		a, err := c.resolve(ctx, dns.Question{Name: name, Type: dns.TypeDS})
		if err != nil || !a.AuthenticData {
			if validates {
				break
			}
			continue
		}
		validates = true
		switch a.Status() {
		case dns.StatusData:
			c.note("the zone above vouches for %s", dns.Absolute(name))
			end = fmt.Sprintf("%s has a DS record, but none that the resolver can use", dns.Absolute(name))
		default:
			c.note("no DS record: proven")
			end = fmt.Sprintf("%s has no DS record: the chain of trust ends above it", dns.Absolute(name))
		}
	}
	if !validates {
		c.r.Reason = "the resolver at " + c.r.Answer.Server + " shows no sign that it validates: it authenticates no zone above either"
		c.r.Advice, c.r.NoValidator = adviceOther, true
		return
	}
	c.r.Security, c.r.Reason = Insecure, end
	for _, e := range c.r.ExtendedErrors {
		if why := Explain(e); why != "" {
			c.r.Reason += "; the resolver says: " + e.String() + ", that is, " + why
		}
	}
}
