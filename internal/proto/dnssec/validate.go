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
	adviceDraft  = "ask again when it is published"
	adviceServer = "look at the zone's name servers, or ask again later"
)

// reasonDraft: what a zone file says is not signed before a name server serves it.
const reasonDraft = "the records come from a zone file; signing them is left to the name server that will serve them"

// A Validator asks a resolver, which is to validate.
type Validator struct {
	DNS dns.Resolver
	// TrustAD believes the AD bit wherever the resolver is, and not only on
	// loopback.
	TrustAD bool
}

// Ask asks for records and says how far the answer can be trusted. That a resolver
// refuses an answer is believed wherever it is: who could forge that could as well
// keep the answer from coming.
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
	case a.FromZoneFile():
		c.r.Reason, c.r.Advice, c.r.NoValidator = reasonDraft, adviceDraft, true
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
	c.r.Reason = "the resolver refuses the answer (SERVFAIL), and has it when told not to validate" + explained(e.ExtendedErrors)
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

// explained is what the resolver says, with what that means where it is known.
func explained(errs []dns.ExtendedError) string {
	var b strings.Builder
	for _, e := range errs {
		b.WriteString("; the resolver says: " + e.String())
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
	end := c.chainEnd(ctx, c.insecureName(ctx))
	if end == "" {
		c.r.Reason = "the resolver at " + c.r.Answer.Server + " shows no sign that it validates: it authenticates no zone above either"
		c.r.Advice, c.r.NoValidator = adviceOther, true
		return
	}
	c.r.Security, c.r.Reason = Insecure, end+explained(c.r.ExtendedErrors)
}

// insecureName is the name of the answer that is not secure: of an alias, its target
// where the alias itself is signed.
func (c *conversation) insecureName(ctx context.Context) string {
	target := c.r.Answer.CanonicalName()
	if dns.EqualNames(target, c.r.Name) {
		return c.r.Name
	}
	a, err := c.resolve(ctx, dns.Question{Name: c.r.Name, Type: dns.TypeCNAME})
	if err != nil || !a.AuthenticData {
		return c.r.Name
	}
	c.note("the alias is signed; it leads to %s", dns.Absolute(target))
	return target
}

// A link is a name on the way from the root, and whether it has a DS record.
type link struct {
	name string
	ds   bool
}

// chainEnd goes from the root towards a name as long as answers are authenticated,
// and says where that ends; nothing if it never begins.
func (c *conversation) chainEnd(ctx context.Context, name string) string {
	labels := dns.Labels(name)
	for len(labels) > 1 && strings.HasPrefix(labels[0], "_") {
		labels = labels[1:] // hardly a zone begins at _25._tcp.mx.example.com
	}
	var last, next *link // authenticated; and the one after it
	for i := len(labels) - 1; i >= max(0, len(labels)-maxWalk); i-- {
		l := &link{name: strings.Join(labels[i:], ".")}
		a, err := c.resolve(ctx, dns.Question{Name: l.name, Type: dns.TypeDS})
		l.ds = err == nil && a.Status() == dns.StatusData
		switch {
		case err == nil && a.AuthenticData:
			c.note("%s", map[bool]string{true: "the zone above vouches for it", false: "proven: no DS record"}[l.ds])
			last = l
			continue
		case last == nil:
			continue
		case err == nil:
			next = l
		}
		break
	}
	return c.describeEnd(ctx, last, next)
}

func (c *conversation) describeEnd(ctx context.Context, last, next *link) string {
	switch {
	case last == nil:
		return ""
	case last.ds && (next == nil || next.ds):
		return fmt.Sprintf("%s has a DS record, but none that the resolver can use", dns.Absolute(last.name))
	case last.ds || next != nil && !c.isCut(ctx, last.name) && c.isCut(ctx, next.name):
		// Where the parent leaves unsigned zones out of its proofs (opt-out), no
		// answer about them is authenticated (RFC 5155 §9.2).
		last = next
	}
	return fmt.Sprintf("%s has no DS record: the chain of trust ends above it", dns.Absolute(last.name))
}

// isCut reports whether a zone begins at a name.
func (c *conversation) isCut(ctx context.Context, name string) bool {
	a, err := c.resolve(ctx, dns.Question{Name: name, Type: dns.TypeNS})
	return err == nil && a.Status() == dns.StatusData
}
