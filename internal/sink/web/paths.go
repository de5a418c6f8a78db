package web

import (
	"fmt"
	"net/url"

	"github.com/postmuster/postmuster/internal/sink/store"
)

// paths write where things are: below the prefix that a proxy serves us under, as
// /mail, or none. Whatever the page leads to, or says in Location, comes from here;
// its scripts have the same in root.js.
type paths string

// at returns where something of ours is, which is at path without a prefix.
func (p paths) at(path string) string { return string(p) + path }

// withQuery is at, with a query where there is one.
func (p paths) withQuery(path string, query url.Values) string {
	u := url.URL{Path: p.at(path), RawQuery: query.Encode()}
	return u.String()
}

// list is where the messages are that a search finds, from a cursor on.
func (p paths) list(search, cursor string) string {
	query := url.Values{}
	if search != "" {
		query.Set("q", search)
	}
	if cursor != "" {
		query.Set("cursor", cursor)
	}
	return p.withQuery("/", query)
}

// tag is where the messages with a tag are.
func (p paths) tag(tag string) string { return p.list("tag:"+quoted(tag), "") }

// message is where a side of a message is, the search beside it kept.
func (p paths) message(id, tab, search string) string {
	path := "/messages/" + id
	if tab != "" {
		path += "/" + tab
	}
	query := url.Values{}
	if search != "" {
		query.Set("q", search)
	}
	return p.withQuery(path, query)
}

// compare is where two messages are compared, or the second is chosen.
func (p paths) compare(a, b string) string {
	query := url.Values{"a": {a}}
	if b != "" {
		query.Set("b", b)
	}
	return p.withQuery("/compare", query)
}

// icon is the icon on the browser's tab: a score, or the program's own.
func (p paths) icon(s *store.Score) string {
	if grade(s) == "none" {
		return p.at("/icon/plain.svg")
	}
	return p.at(fmt.Sprintf("/icon/%d-%s.svg", s.Value, s.Grade))
}
