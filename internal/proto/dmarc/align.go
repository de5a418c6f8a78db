package dmarc

import (
	"context"
	"errors"
	"strings"

	"github.com/postmuster/postmuster/internal/dns"
)

// An Identifier is an authenticated domain and its alignment.
type Identifier struct {
	Method    string    `json:"method"` // spf, dkim
	Result    string    `json:"result"` // of the mechanism
	Domain    string    `json:"domain"`
	Mode      Mode      `json:"mode"`
	Alignment Alignment `json:"alignment"`
	OrgDomain string    `json:"org_domain,omitempty"` // when a walk was needed
	Reason    string    `json:"reason,omitempty"`
}

// Alignment says whether a domain is aligned with the author domain.
type Alignment string

// What may be known about an alignment.
const (
	Aligned          Alignment = "aligned"
	NotAligned       Alignment = "not aligned"
	AlignmentUnknown Alignment = "unknown"
)

func (id Identifier) passes() bool {
	return id.Alignment == Aligned && strings.EqualFold(id.Result, authPass)
}

// maxWalks is how many distinct domains are walked for one message. Each may
// cost queries, and signatures are free to name as many domains as they like.
const maxWalks = 20

// Align tells whether a domain would be aligned with an author domain.
func Align(ctx context.Context, r dns.Resolver, author, domain string, mode Mode) Identifier {
	a := newAsker(r)
	walk := a.walk(ctx, author)
	if errors.Is(walk.Err, ErrNotDomain) {
		return Identifier{Domain: domain, Mode: mode, Alignment: NotAligned, Reason: "the author domain is " + walk.Error}
	}
	return a.align(ctx, &Discovery{AuthorDomain: walk.Start, OrgDomain: walk.OrgDomain, Walk: walk}, domain, mode)
}

// align compares a domain with the author domain. Relaxed alignment means equal
// organizational domains, each found by its own walk (RFC 9989 §4.10.2). The
// walk is left out where its outcome cannot matter: an organizational domain is
// its domain, or above it.
func (a *asker) align(ctx context.Context, d *Discovery, name string, mode Mode) Identifier {
	id := Identifier{Domain: name, Mode: mode, Alignment: NotAligned}
	domain, err := canonicalDomain(name)
	if err != nil {
		id.Reason = err.Error()
		return id
	}
	id.Domain = domain
	switch {
	case domain == d.AuthorDomain:
		id.Alignment, id.Reason = Aligned, "the author domain itself"
	case mode == ModeStrict:
		id.Reason = "strict alignment asks for the author domain itself"
	case topLabel(domain) != topLabel(d.AuthorDomain):
		id.Reason = "shares no organizational domain with the author domain"
	case d.OrgDomain == "":
		id.Alignment, id.Reason = AlignmentUnknown, d.Walk.Error
	case !dns.Within(domain, d.OrgDomain):
		id.Reason = "not within the organizational domain " + d.OrgDomain
	default:
		a.alignByWalk(ctx, d, &id)
	}
	return id
}

func (a *asker) alignByWalk(ctx context.Context, d *Discovery, id *Identifier) {
	walk, walked := a.walks[id.Domain]
	if !walked {
		if len(a.walks) >= maxWalks {
			id.Alignment, id.Reason = AlignmentUnknown, "too many domains to walk for one message"
			return
		}
		walk = a.walk(ctx, id.Domain)
		a.walks[id.Domain] = walk
	}
	id.OrgDomain = walk.OrgDomain
	switch {
	case walk.Err != nil:
		id.Alignment, id.Reason = AlignmentUnknown, walk.Error
	case walk.OrgDomain == d.OrgDomain:
		id.Alignment, id.Reason = Aligned, "the same organizational domain"
	default:
		id.Reason = "its organizational domain is " + walk.OrgDomain
	}
}

func topLabel(domain string) string {
	return domain[strings.LastIndexByte(domain, '.')+1:]
}
