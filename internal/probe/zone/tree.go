package zone

import (
	"fmt"
	"strings"

	"github.com/postmuster/postmuster/internal/dns"
)

// maxNames bounds the names of a tree with the empty ones between them: a name
// may bring 126 others.
const maxNames = 1_000_000

// A Tree finds the records at a name as RFC 4592 says: names between the
// records exist, and an asterisk stands for those that do not.
type Tree struct {
	nodes map[string][]Entry // by canonical name; an empty non-terminal has none
}

// NewTree returns the tree of the entries and of all names above them up to origin.
func NewTree(origin string, entries []Entry) (*Tree, error) {
	t := &Tree{nodes: map[string][]Entry{dns.Canonical(origin): nil}}
	for _, e := range entries {
		name := dns.Canonical(e.Record.Name)
		t.nodes[name] = append(t.nodes[name], e)
		for name = parent(name); name != ""; name = parent(name) {
			if _, exists := t.nodes[name]; exists {
				break
			}
			t.nodes[name] = nil
		}
		if len(t.nodes) > maxNames {
			return nil, fmt.Errorf("more than %d names", maxNames)
		}
	}
	return t, nil
}

// Find returns the entries at name, with name as their owner if a wildcard
// stands for it, and whether the name exists.
func (t *Tree) Find(name string) (entries []Entry, exists bool) {
	canonical := dns.Canonical(name)
	if entries, exists := t.nodes[canonical]; exists {
		return entries, true
	}
	for above := parent(canonical); above != ""; above = parent(above) {
		if _, exists := t.nodes[above]; !exists {
			continue
		}
		// RFC 4592 §3.3.1: only the closest encloser's asterisk counts.
		wild, exists := t.nodes[asterisk(above)]
		return synthesize(wild, strings.TrimSuffix(name, ".")), exists
	}
	return nil, false
}

func synthesize(wild []Entry, owner string) []Entry {
	entries := make([]Entry, len(wild))
	for i, e := range wild {
		e.Record.Name = owner
		entries[i] = e
	}
	return entries
}

func asterisk(above string) string {
	if above == "." {
		return "*"
	}
	return "*." + above
}

// parent returns the name above, "." above a single label, and "" above ".".
func parent(name string) string {
	if name == "." || name == "" {
		return ""
	}
	for i := 0; i < len(name); i++ {
		switch name[i] {
		case '\\':
			i++
		case '.':
			return name[i+1:]
		}
	}
	return "."
}

// ofType returns the entries' records of one type.
func ofType(entries []Entry, t dns.Type) []dns.Record {
	var records []dns.Record
	for _, e := range entries {
		if e.Record.Type() == t {
			records = append(records, e.Record)
		}
	}
	return records
}
