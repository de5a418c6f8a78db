// Package zone reads zone files and answers from them as the zone's own name
// server would, so that records can be judged before they are published.
//
// A Zone knows its wildcards (RFC 4592), its empty non-terminals, its chains of
// CNAMEs and where it delegates; what lies outside or below a delegation is not
// its business. Overlay puts zones in front of a resolver.
package zone

import (
	"context"
	"errors"
	"io"

	"github.com/postmuster/postmuster/internal/dns"
)

// A Zone is what one zone file says. It does not change.
type Zone struct {
	file    string
	origin  string
	entries []Entry
	tree    *Tree
}

// Parse reads a zone file. The origin is the argument, else the owner of the
// SOA record, else the first $ORIGIN, else the name that all others lie below.
func Parse(text io.Reader, file, origin string) (*Zone, error) {
	return nil, errors.New("not implemented")
}

// Origin returns the name of the zone, without the final dot.
func (z *Zone) Origin() string { return z.origin }

// File returns the name that the zone was read under.
func (z *Zone) File() string { return z.file }

// Entries returns the records with their lines, in the order of the file.
func (z *Zone) Entries() []Entry { return z.entries }

// An Overlay answers from its zones and passes everything else on.
type Overlay struct {
	Zones []*Zone
	Next  dns.Resolver
}

var _ dns.Resolver = (*Overlay)(nil)

// Resolve answers q from the zone that holds the name, or asks Next.
func (o *Overlay) Resolve(ctx context.Context, q dns.Question) (*dns.Answer, error) {
	return o.Next.Resolve(ctx, q)
}
