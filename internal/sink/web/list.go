package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"unicode"

	"github.com/postmuster/postmuster/internal/sink/store"
)

// pageLength is how many messages a page of the list has: two or three screens.
const pageLength = 50

// maxFilters is how many inboxes and tags are offered; the search finds the others.
const maxFilters = 200

// maxSearch is the longest search that is read, in bytes.
const maxSearch = 2000

// listView is the list of messages and what chooses from them.
type listView struct {
	Search   string
	Error    *searchError
	Selected string // ID of the message that is open beside it

	Records []*store.Record
	Total   int
	More    bool   // Total is where counting ended
	Newer   string // path of the first page, on a later one
	Older   string // path of the next page

	Stats   store.Stats
	Inboxes []filter
	Tags    []filter
	SMTP    string
	Writes  bool
}

// rowView is a message in the list.
type rowView struct {
	Record *store.Record
	Search string
	On     bool // it is open beside the list
}

// A searchError shows where a search cannot be read.
type searchError struct {
	Before, At, After string
	Message           string
}

// A filter is an inbox or tag that the list can be narrowed to.
type filter struct {
	Name     string
	Term     string // in a search
	Messages int
	Unread   int
	Path     string // to switch it on, or off
	On       bool
}

func (p *Page) showList(w http.ResponseWriter, r *http.Request) error {
	list, err := p.list(r.Context(), r.URL.Query())
	if err != nil {
		return err
	}
	list.Selected = r.URL.Query().Get("selected")
	title := "Inbox"
	if list.Search != "" {
		title = shown(list.Search)
	}
	return p.render(w, r, http.StatusOK, shell{Title: title, View: "list", List: list})
}

// list reads a page of the list. A search that makes no sense finds nothing, and
// says why.
func (p *Page) list(ctx context.Context, query url.Values) (*listView, error) {
	v := &listView{Search: strings.TrimSpace(query.Get("q")), SMTP: p.config.SMTPAddr, Writes: p.config.Receive != nil}
	now, err := p.config.Store.Stats(ctx)
	if err == nil {
		err = caughtUp(now)
	}
	if err != nil {
		return nil, err
	}
	if err := p.filters(ctx, v); err != nil {
		return nil, err
	}
	if v.Stats, err = p.config.Store.Stats(ctx); err != nil { // with what the filters waited for
		return nil, err
	}
	search, err := parseSearch(v.Search)
	var syntax *store.SyntaxError
	if errors.As(err, &syntax) {
		v.Error = newSearchError(v.Search, syntax)
		return v, nil
	}
	if err != nil {
		return nil, err
	}
	cursor := query.Get("cursor")
	page, err := p.config.Store.List(ctx, store.Query{Search: search, Limit: pageLength, Cursor: cursor})
	if errors.As(err, &syntax) { // it takes too long
		v.Error = newSearchError(v.Search, syntax)
		return v, nil
	}
	if err != nil {
		return nil, err
	}
	v.Records, v.Total, v.More = page.Records, page.Total, page.More
	if page.Next != "" {
		v.Older = p.paths.list(v.Search, page.Next)
	}
	if cursor != "" {
		v.Newer = p.paths.list(v.Search, "")
	}
	return v, nil
}

// caughtUp says how far the index is while it lacks messages, so that nobody looks
// at a page that does not come.
func caughtUp(s store.Stats) error {
	if !s.CatchingUp {
		return nil
	}
	return &statusError{http.StatusServiceUnavailable, fmt.Sprintf("The index of messages is being made: it has %s of %s so far. "+
		"Nothing is lost, and mail is received meanwhile. This page looks again by itself.", count(int(s.IndexedSeq)), count(int(s.Seq)))}
}

// parseSearch reads a search; no search at all is nil.
func parseSearch(text string) (*store.Search, error) {
	if text == "" {
		return nil, nil
	}
	if len(text) > maxSearch {
		return nil, &store.SyntaxError{Offset: maxSearch, Message: "a search is at most 2,000 bytes long"}
	}
	return store.ParseSearch(text)
}

func newSearchError(search string, err *store.SyntaxError) *searchError {
	at := min(max(err.Offset, 0), len(search))
	end := at
	for end < len(search) && search[end] != ' ' {
		end++
	}
	return &searchError{Before: search[:at], At: search[at:end], After: search[end:], Message: err.Message}
}

func (p *Page) filters(ctx context.Context, v *listView) error {
	inboxes, err := p.config.Store.Inboxes(ctx)
	if err != nil {
		return err
	}
	tags, err := p.config.Store.Tags(ctx)
	if err != nil {
		return err
	}
	for _, i := range inboxes[:min(len(inboxes), maxFilters)] {
		f := p.paths.filter(v.Search, "inbox", i.Name)
		f.Messages, f.Unread = i.Messages, i.Unread
		v.Inboxes = append(v.Inboxes, f)
	}
	for _, t := range tags[:min(len(tags), maxFilters)] {
		f := p.paths.filter(v.Search, "tag", t.Name)
		f.Messages = t.Messages
		v.Tags = append(v.Tags, f)
	}
	return nil
}

// filter makes a filter out of the search: a list is narrowed by a term in it,
// so that what is shown can always be typed, read and shared.
func (p paths) filter(search, key, name string) filter {
	term := key + ":" + quoted(name)
	f := filter{Name: name, Term: term}
	var rest []string
	for _, t := range terms(search) {
		if t == term {
			f.On = true
		}
		if !strings.HasPrefix(t, key+":") {
			rest = append(rest, t)
		}
	}
	if !f.On {
		rest = append(rest, term)
	}
	f.Path = p.list(strings.Join(rest, " "), "")
	return f
}

// quoted writes a value as a search has it.
func quoted(s string) string {
	if strings.Contains(s, `"`) || strings.ContainsFunc(s, unicode.IsSpace) {
		return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
	}
	return s
}

// terms splits a search at white space outside quotation marks, in which a
// backslash may stand before one.
func terms(search string) []string {
	inQuotes, escaped := false, false
	return strings.FieldsFunc(search, func(r rune) bool {
		if r == '"' && !escaped {
			inQuotes = !inQuotes
		}
		escaped = inQuotes && r == '\\' && !escaped
		return unicode.IsSpace(r) && !inQuotes
	})
}
