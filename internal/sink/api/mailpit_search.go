package api

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/postmuster/postmuster/internal/sink/store"
)

// A mailpitFilter is a search in Mailpit's language: what our own language says
// of it, and tests for the rest of its terms.
type mailpitFilter struct {
	search *store.Search // nil: everything
	tests  []func(*store.Record) bool
}

// mailpitQuery reads a search. zone is where its days are; UTC when it is empty.
func mailpitQuery(query, zone string) (*mailpitFilter, error) {
	where := time.UTC
	if zone != "" {
		loaded, err := time.LoadLocation(zone)
		if err != nil {
			return nil, invalid("query.tz", fmt.Sprintf("%q is not a time zone", clip(zone, clippedValue)))
		}
		where = loaded
	}
	f := &mailpitFilter{}
	var terms []string
	for _, term := range splitTerms(query) {
		if test := mailpitTest(term); test != nil {
			f.tests = append(f.tests, test)
			continue
		}
		translated, err := mailpitTerm(term, where)
		if err != nil {
			return nil, err
		}
		terms = append(terms, translated)
	}
	var err error
	f.search, err = parse(strings.Join(terms, " "), "query.query")
	return f, err
}

// asked reads the search of a request.
func asked(r *http.Request, query string) (*mailpitFilter, error) {
	return mailpitQuery(query, r.FormValue("tz"))
}

func cutTerm(term string) (not bool, bare string) {
	bare = strings.TrimLeft(term, "-!")
	return len(bare) < len(term), bare
}

// mailpitTest is a test for addressed:, which our own searches have not; nil for
// another term. It compares as Mailpit does, anywhere in an address and its name.
func mailpitTest(term string) func(*store.Record) bool {
	not, bare := cutTerm(term)
	field, value, found := strings.Cut(bare, ":")
	value = strings.ToLower(strings.Trim(value, `"`))
	if !found || value == "" || !strings.EqualFold(field, "addressed") {
		return nil
	}
	return func(r *store.Record) bool {
		named := slices.ContainsFunc(slices.Concat(r.From, r.To, r.Cc, bcc(r), r.ReplyTo), func(m store.Mailbox) bool {
			return strings.Contains(strings.ToLower(m.Address), value) || strings.Contains(strings.ToLower(m.Name), value)
		})
		return named != not
	}
}

// mailpitTerm translates one term. What Mailpit has and we have not is an error
// rather than another result.
func mailpitTerm(term string, zone *time.Location) (string, error) {
	_, bare := cutTerm(term)
	not := term[:len(term)-len(bare)]
	field, value, found := strings.Cut(bare, ":")
	if !found || strings.HasPrefix(field, `"`) {
		return not + begun(bare), nil
	}
	switch field = strings.ToLower(field); field {
	case "has":
		if what := strings.TrimSuffix(strings.ToLower(value), "s"); what == "attachment" || what == "inline" {
			return not + "has:" + what, nil
		}
		return "", invalid("query.query", field+":"+clip(value, clippedValue)+" is not known here")
	case "before", "after":
		return not + field + ":" + quote(mailpitTime(strings.Trim(value, `"`), zone)), nil
	case "larger", "smaller":
		return not + field + ":" + mailpitSize(value), nil
	case "is", "from", "to", "cc", "bcc", "reply-to", "subject", "message-id", "tag":
	default: // a word with a colon in it
		return not + quote(strings.Trim(bare, `"`)), nil
	}
	return term, nil
}

// begun makes a word one that others may begin with: Mailpit looks for parts of words.
func begun(word string) string {
	if last, _ := utf8.DecodeLastRuneInString(word); unicode.IsLetter(last) || unicode.IsNumber(last) {
		return word + "*"
	}
	return word
}

// mailpitTime brings the ways in which a time is commonly written into ours.
func mailpitTime(s string, zone *time.Location) string {
	for _, layout := range []string{
		time.DateOnly, "2006/01/02", "2006-1-2", "2006/1/2", "01/02/2006", "2 Jan 2006", "Jan 2, 2006", "Jan 2 2006",
		"2006-01-02 15:04", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02T15:04:05", "2006/01/02 15:04", "2006/01/02 15:04:05",
	} {
		if t, err := time.ParseInLocation(layout, s, zone); err == nil {
			return t.UTC().Format(time.RFC3339)
		}
	}
	return s
}

// mailpitSize turns a size with a fraction into bytes: 1.5M, 2kb.
func mailpitSize(s string) string {
	number := strings.TrimRight(strings.ToLower(s), "kmb")
	f, err := strconv.ParseFloat(number, 64)
	if err != nil || f < 0 || !strings.Contains(number, ".") {
		return s
	}
	switch strings.TrimSuffix(strings.ToLower(s[len(number):]), "b") {
	case "k":
		f *= 1 << 10
	case "m":
		f *= 1 << 20
	}
	return strconv.FormatInt(int64(min(f, math.MaxInt32)), 10)
}

// page returns what a filter finds, as List does: limit records behind start
// others, and how many there are.
func (f *mailpitFilter) page(ctx context.Context, s *store.Store, start, limit int) (records []*store.Record, total int, err error) {
	if len(f.tests) == 0 {
		found, err := s.List(ctx, store.Query{Search: f.search, Offset: start, Limit: max(limit, 1), CountTo: -1})
		if err != nil {
			return nil, 0, err
		}
		return found.Records[:min(limit, len(found.Records))], found.Total, nil
	}
	err = f.each(ctx, s, func(r *store.Record) {
		if total >= start && len(records) < limit {
			records = append(records, r)
		}
		total++
	})
	return records, total, err
}

// each calls a function for all that a filter finds.
func (f *mailpitFilter) each(ctx context.Context, s *store.Store, found func(*store.Record)) error {
	q := store.Query{Search: f.search, Limit: store.MaxLimit}
	for {
		page, err := s.List(ctx, q)
		if err != nil {
			return err
		}
		for _, r := range page.Records {
			if !slices.ContainsFunc(f.tests, func(test func(*store.Record) bool) bool { return !test(r) }) {
				found(r)
			}
		}
		if page.Next == "" {
			return nil
		}
		q.Cursor = page.Next
	}
}

// ids are of all that a filter finds; all is true when they need not be listed,
// since our own search says everything.
func (f *mailpitFilter) ids(ctx context.Context, s *store.Store) (ids []string, all bool, err error) {
	if len(f.tests) == 0 {
		return nil, true, nil
	}
	err = f.each(ctx, s, func(r *store.Record) { ids = append(ids, r.ID) })
	return ids, false, err
}

// unread is the same filter for messages without a read mark.
func (f *mailpitFilter) unread() *mailpitFilter {
	return &mailpitFilter{search: f.search, tests: append(slices.Clone(f.tests), func(r *store.Record) bool { return !r.Read })}
}

// mailpitInput names the message of a request: latest may be that of a search.
func (a *API) mailpitInput(r *http.Request, id string) (IDInput, error) {
	query := strings.TrimSpace(r.FormValue("query"))
	if id != latest || query == "" {
		return IDInput{ID: id}, nil
	}
	f, err := asked(r, query)
	if err != nil {
		return IDInput{}, err
	}
	records, _, err := f.page(r.Context(), a.store, 0, 1)
	if err == nil && len(records) == 0 {
		err = store.ErrNotFound
	}
	if err != nil {
		return IDInput{}, err
	}
	return IDInput{ID: records[0].ID}, nil
}
