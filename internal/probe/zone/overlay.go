package zone

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/postmuster/postmuster/internal/dns"
	"github.com/postmuster/postmuster/internal/probe/dns/wire"
)

// An Overlay is a resolver that answers from its zones and passes everything
// else on. A name that two zones hold is the smaller one's.
type Overlay struct {
	Zones []*Zone
	Next  dns.Resolver
	Now   func() time.Time // the clock for answers out of the zones; required
}

var _ dns.Resolver = (*Overlay)(nil)

// Resolve answers q. A chain of CNAMEs may lead out of the zones and back.
func (o *Overlay) Resolve(ctx context.Context, q dns.Question) (*dns.Answer, error) {
	q.Name = wire.Askable(q.Name)
	if err := wire.CheckName(q.Name); err != nil {
		return nil, &dns.Error{Question: q, Cause: dns.CauseBadName, Err: err}
	}
	a := &dns.Answer{Question: q, At: o.Now()}
	seen := map[string]bool{}
	for name := q.Name; name != ""; {
		if seen[dns.Canonical(name)] || len(seen) > maxChain {
			return nil, &dns.Error{Question: q, Cause: dns.CauseLoop, Server: a.Server,
				Err: errors.New("the chain comes to " + dns.Absolute(name))}
		}
		seen[dns.Canonical(name)] = true
		if z := o.zone(name, q.Type); z != nil {
			o.begin(a, z.server())
			name = z.extend(a, name)
			continue
		}
		part, err := o.ask(ctx, q, name)
		if err != nil {
			return nil, err
		}
		entered := o.entered(part)
		if entered == "" && len(a.Records) == 0 {
			return part, nil
		}
		o.begin(a, part.Server)
		join(a, part, entered)
		name = entered
	}
	return a, nil
}

// begin names the server of the answer's first part.
func (o *Overlay) begin(a *dns.Answer, server string) {
	if a.Server == "" {
		a.Server = server
	}
}

// zone returns the zone that answers for name, or nil.
func (o *Overlay) zone(name string, t dns.Type) *Zone {
	var smallest *Zone
	for _, z := range o.Zones {
		if z.serves(name, t) && (smallest == nil || len(z.origin) > len(smallest.origin)) {
			smallest = z
		}
	}
	return smallest
}

func (o *Overlay) ask(ctx context.Context, q dns.Question, name string) (*dns.Answer, error) {
	asked := q
	asked.Name = name
	part, err := o.Next.Resolve(ctx, asked)
	if err != nil && name != q.Name {
		return nil, fmt.Errorf("query %s: at the CNAME's target: %w", q, err)
	}
	return part, err
}

// entered returns the first name in the answer's chain that is a zone's: what
// the published DNS says from there on does not count.
func (o *Overlay) entered(a *dns.Answer) string {
	name := a.Question.Name
	for range a.Records {
		target := targetOf(a, name)
		if target == "" {
			return ""
		}
		if o.zone(target, a.Question.Type) != nil {
			return target
		}
		name = target
	}
	return ""
}

func targetOf(a *dns.Answer, owner string) string {
	if a.Question.Type == dns.TypeCNAME {
		return ""
	}
	for _, r := range a.Records {
		if cname, ok := r.Data.(dns.CNAME); ok && dns.EqualNames(r.Name, owner) {
			return cname.Target
		}
	}
	return ""
}

// join adds a part that Next gave: all of it, or its CNAMEs up to the name
// where it entered a zone.
func join(a, part *dns.Answer, entered string) {
	a.TCP = a.TCP || part.TCP
	if entered == "" {
		a.Records = append(a.Records, part.Records...)
		a.Rcode, a.Authority, a.ExtendedErrors = part.Rcode, part.Authority, part.ExtendedErrors
		return
	}
	name := part.Question.Name
	for range part.Records {
		for _, r := range part.Records {
			if cname, ok := r.Data.(dns.CNAME); ok && dns.EqualNames(r.Name, name) {
				a.Records = append(a.Records, r)
				name = cname.Target
				break
			}
		}
		if dns.EqualNames(name, entered) {
			return
		}
	}
}
