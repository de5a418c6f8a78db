package api

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/postmuster/postmuster/internal/sink/store"
)

// A Condition says which messages are meant, and how many are expected.
type Condition struct {
	Name    string `json:"name,omitempty" maxLength:"1000" doc:"What it is called where it is told of"`
	Query   string `json:"query,omitempty" maxLength:"2000" doc:"A search; all of its terms must match"`
	Inbox   string `json:"inbox,omitempty" maxLength:"200"`
	To      string `json:"to,omitempty" maxLength:"400" example:"bob@example.net" doc:"A recipient of envelope or header: an address is compared as a whole"`
	From    string `json:"from,omitempty" maxLength:"400" doc:"The sender of envelope or header: an address is compared as a whole"`
	Subject string `json:"subject,omitempty" maxLength:"400" example:"Welcome" doc:"Stands in the subject, from the beginning of a word"`

	Min   *int `json:"min,omitempty" minimum:"1" maximum:"10000" doc:"At least so many; 1 when nothing else is said"`
	Max   *int `json:"max,omitempty" minimum:"0" maximum:"10000" doc:"At most so many"`
	Exact *int `json:"exact,omitempty" minimum:"0" maximum:"10000" doc:"So many"`
	None  bool `json:"none,omitempty" doc:"No message; the whole time is waited"`
}

// A condition is a Condition that was understood.
type condition struct {
	terms    []string // each a search of its own
	search   *store.Search
	from, to string // compared as a whole; empty if they need not be
	inbox    string // empty for any
	min, max int
}

// unbounded is a maximum that is none.
const unbounded = 1 << 30

func (c *Condition) read(where string) (*condition, error) {
	out := &condition{terms: splitTerms(c.Query)}
	for _, f := range []struct{ field, value string }{{"inbox", c.Inbox}, {"to", c.To}, {"from", c.From}, {"subject", c.Subject}} {
		if f.value != "" {
			out.terms = append(out.terms, f.field+":"+quote(f.value))
		}
	}
	if _, err := parse(c.Query, where+".query"); err != nil {
		return nil, err
	}
	var err error
	if out.search, err = parse(strings.Join(out.terms, " "), where); err != nil {
		return nil, err
	}
	if isAddress(c.From) {
		out.from = c.From
	}
	if isAddress(c.To) {
		out.to = c.To
	}
	out.inbox = strings.ToLower(strings.TrimSpace(c.Inbox))
	return out, out.count(c, where)
}

// count reads how many messages are expected.
func (c *condition) count(from *Condition, where string) error {
	said := 0
	for _, is := range []bool{from.Exact != nil, from.None, from.Min != nil || from.Max != nil} {
		if is {
			said++
		}
	}
	if said > 1 {
		return invalid(where, "of exact, none, and min with max only one says how many")
	}
	c.min, c.max = 1, unbounded
	switch {
	case from.Exact != nil:
		c.min, c.max = *from.Exact, *from.Exact
	case from.None:
		c.min, c.max = 0, 0
	case from.Min != nil || from.Max != nil:
		if from.Min != nil {
			c.min = *from.Min
		} else {
			c.min = 0
		}
		if from.Max != nil {
			c.max = *from.Max
		}
	}
	if c.max < c.min {
		return invalid(where, "max is less than min")
	}
	return nil
}

// expected says in words how many messages are expected.
func (c *condition) expected() string {
	switch {
	case c.max == 0:
		return "none"
	case c.min == c.max:
		return fmt.Sprintf("exactly %d", c.min)
	case c.max == unbounded:
		return fmt.Sprintf("at least %d", c.min)
	case c.min == 0:
		return fmt.Sprintf("at most %d", c.max)
	default:
		return fmt.Sprintf("%d to %d", c.min, c.max)
	}
}

// whole reports whether the addresses that are compared as a whole are those of
// a message that the search found. rcpt are the recipients of its envelope.
func (c *condition) whole(r *store.Record, rcpt []string) bool {
	same := func(want string) func(string) bool {
		return func(have string) bool { return strings.EqualFold(have, want) }
	}
	if c.from != "" && !slices.ContainsFunc(append(addresses(r.From), r.MailFrom), same(c.from)) {
		return false
	}
	if c.to == "" {
		return true
	}
	all := slices.Concat(rcpt, addresses(r.To), addresses(r.Cc), addresses(r.Bcc))
	return slices.ContainsFunc(all, same(c.to))
}

// concerns reports whether an event may change what the condition finds. Many
// wait at once, each for its own message: they are not to search for each other's.
func (c *condition) concerns(e *store.Event) bool {
	switch {
	case e.Kind == store.Scored:
		return c.asks("score", "check", "has")
	case e.Kind == store.Changed:
		return c.asks("tag", "is")
	case e.Kind != store.Received || e.Record == nil:
		return true
	case c.inbox != "" && !slices.Contains(e.Record.Inboxes, c.inbox):
		return false
	}
	return len(e.Record.Rcpt) >= store.MaxListed || c.whole(e.Record, e.Record.Rcpt)
}

// asks reports whether a term is about one of these fields.
func (c *condition) asks(fields ...string) bool {
	return slices.ContainsFunc(c.terms, func(term string) bool {
		field, _, ok := strings.Cut(strings.TrimLeft(term, "-!"), ":")
		return ok && slices.Contains(fields, strings.ToLower(field))
	})
}

func isAddress(s string) bool {
	local, domain, ok := strings.Cut(s, "@")
	return ok && local != "" && domain != ""
}

// quote writes a value as the search language has it.
func quote(value string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(value) + `"`
}

// splitTerms takes a search apart into its terms, to say which of them a message
// does not match. What is no search comes back in pieces that are none.
func splitTerms(query string) []string {
	var terms []string
	for rest := strings.TrimLeftFunc(query, unicode.IsSpace); rest != ""; rest = strings.TrimLeftFunc(rest, unicode.IsSpace) {
		end := termEnd(rest)
		terms = append(terms, rest[:end])
		rest = rest[end:]
	}
	return terms
}

// termEnd returns where the first term of a search ends.
func termEnd(s string) int {
	i := 0
	if s[0] == '-' || s[0] == '!' {
		i++
	}
	field := i
	for field < len(s) && (s[field] == '-' || s[field]|0x20 >= 'a' && s[field]|0x20 <= 'z') {
		field++
	}
	if field > i && field < len(s) && s[field] == ':' {
		i = field + 1
	}
	if i >= len(s) || s[i] != '"' {
		return i + spaceIn(s[i:])
	}
	for i++; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i + 1 + spaceIn(s[i+1:])
		}
	}
	return len(s)
}

// spaceIn returns where white space begins, or the length.
func spaceIn(s string) int {
	for i, r := range s {
		if unicode.IsSpace(r) {
			return i
		}
	}
	return len(s)
}

// clip shortens a text for a reader.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}
