// Package zone reads zone files and answers from them as the zone's own name
// server would, so that records can be judged before they are published.
//
// A Zone knows its wildcards (RFC 4592), its empty non-terminals, its chains of
// CNAMEs and where it delegates; what lies outside or below a delegation is not
// its business. Overlay puts zones in front of a resolver.
package zone

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/postmuster/postmuster/internal/dns"
)

// A Zone is what one zone file says. It does not change.
type Zone struct {
	file    string
	origin  string
	entries []Entry
	tree    *Tree
	cuts    map[string]bool // names that are delegated
	soa     []dns.Record    // the one, if the file has it
}

// Parse reads a zone file. The origin is the argument, else the owner of the
// SOA record, else the first $ORIGIN, else the name that all others lie below.
// Without an SOA record the file is still the whole zone, except for the SOA
// and NS records that whoever hosts it will add.
func Parse(text io.Reader, file, origin string) (*Zone, error) {
	octets, err := io.ReadAll(io.LimitReader(text, maxTextBytes+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	entries, err := Read(bytes.NewReader(octets), file, origin)
	if err != nil {
		return nil, err
	}
	z := &Zone{file: file, entries: unique(entries), cuts: map[string]bool{}}
	if z.origin, err = z.tellOrigin(origin, firstOrigin(octets)); err != nil {
		return nil, err
	}
	if err := z.check(); err != nil {
		return nil, err
	}
	if z.tree, err = NewTree(z.origin, z.entries); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return z, nil
}

// firstOrigin returns the name of the first $ORIGIN of the text, if there is one.
func firstOrigin(text []byte) string {
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, maxTextBytes)
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		if len(words) > 1 && strings.EqualFold(words[0], "$ORIGIN") {
			return dns.Canonical(words[1])
		}
	}
	return ""
}

// unique leaves out records that are there twice (RFC 2181 §5).
func unique(entries []Entry) []Entry {
	type key struct{ owner, data string }
	seen := make(map[key]bool, len(entries))
	kept := entries[:0]
	for _, e := range entries {
		k := key{dns.Canonical(e.Record.Name), e.Record.Type().String() + " " + e.Record.Data.String()}
		if !seen[k] {
			seen[k] = true
			kept = append(kept, e)
		}
	}
	return kept
}

// tellOrigin finds out which zone this is.
func (z *Zone) tellOrigin(argument, directive string) (string, error) {
	var owner string
	for _, e := range z.entries {
		if e.Record.Type() != dns.TypeSOA {
			continue
		}
		if z.soa != nil {
			return "", z.errorAt(e, "a second SOA record")
		}
		z.soa, owner = []dns.Record{e.Record}, dns.Canonical(e.Record.Name)
		if argument != "" && !dns.EqualNames(owner, argument) {
			return "", z.errorAt(e, fmt.Sprintf("the SOA record is of %s, not of %s", dns.Absolute(owner), dns.Absolute(argument)))
		}
	}
	switch {
	case owner != "":
		return owner, nil
	case argument != "":
		return dns.Canonical(argument), nil
	case directive != "" && directive != ".":
		return directive, nil
	default:
		return z.apex()
	}
}

// apex returns the owner that all other owners lie below.
func (z *Zone) apex() (string, error) {
	var apex string
	for _, e := range z.entries {
		if name := dns.Canonical(e.Record.Name); apex == "" || dns.Within(apex, name) {
			apex = name
		}
	}
	for _, e := range z.entries {
		if !dns.Within(e.Record.Name, apex) {
			return "", z.errorAt(e, fmt.Sprintf("the name of the zone cannot be told: no SOA record, no $ORIGIN, and %s is not below %s",
				dns.Absolute(e.Record.Name), dns.Absolute(apex)))
		}
	}
	if apex == "" {
		return "", fmt.Errorf("%s: no records, and so no name of the zone", z.file)
	}
	return apex, nil
}

// check refuses what a name server would not load, and notes the delegations.
func (z *Zone) check() error {
	aliases := map[string]bool{}
	types := map[string]int{}
	for _, e := range z.entries {
		name := dns.Canonical(e.Record.Name)
		if !dns.Within(name, z.origin) {
			return z.errorAt(e, fmt.Sprintf("%s is outside the zone %s", dns.Absolute(name), dns.Absolute(z.origin)))
		}
		switch e.Record.Type() {
		case dns.TypeNS:
			if name != z.origin {
				z.cuts[name] = true
			}
		case dns.TypeCNAME:
			aliases[name] = true
		case dns.TypeRRSIG, typeNSEC:
			continue // may stand beside a CNAME (RFC 4034 §3, §4)
		}
		types[name]++
	}
	for _, e := range z.entries {
		// Some providers allow a CNAME at the apex, and resolve it themselves.
		name := dns.Canonical(e.Record.Name)
		if aliases[name] && types[name] > 1 && name != z.origin {
			return z.errorAt(e, fmt.Sprintf("%s has a CNAME record and others beside it (RFC 2181 §10.1)", dns.Absolute(name)))
		}
	}
	return nil
}

const typeNSEC dns.Type = 47

func (z *Zone) errorAt(e Entry, reason string) error {
	return &SyntaxError{File: z.file, Line: e.FirstLine, Reason: reason}
}

// Origin returns the name of the zone, without the final dot.
func (z *Zone) Origin() string { return z.origin }

// File returns the name that the zone was read under.
func (z *Zone) File() string { return z.file }

// Entries returns the records with their lines, in the order of the file.
func (z *Zone) Entries() []Entry { return z.entries }
