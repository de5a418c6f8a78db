package api

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/mail"
	"net/textproto"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/postmuster/postmuster/internal/sink/store"
)

// registerMailpit adds version 1 of Mailpit's API. Names, shapes and statuses are
// Mailpit's; unknown parameters are passed over, as it does.
func (a *API) registerMailpit(mux humago.Mux, doc *huma.OpenAPI) {
	text, bytes := []string{"text/plain"}, []string{"application/octet-stream"}
	registerRoutes(mux, doc, "mailpit", a.mailpitProblem, []route{
		{pattern: "GET /api/v1/info", summary: "Figures about this sink", handler: a.mailpitInfo},
		{pattern: "GET /api/v1/webui", summary: "What is configured", handler: a.mailpitWebUI},
		{pattern: "GET /api/v1/messages", summary: "List messages", query: "start limit before", handler: a.mailpitList},
		{pattern: "PUT /api/v1/messages", summary: "Set the read mark", query: "tz", answers: text, handler: a.mailpitRead},
		{pattern: "DELETE /api/v1/messages", summary: "Delete messages, or all", answers: text, handler: a.mailpitDelete},
		{pattern: "GET /api/v1/search", summary: "Search messages", query: "query start limit before tz", handler: a.mailpitSearch},
		{pattern: "DELETE /api/v1/search", summary: "Delete what a search finds", query: "query tz", answers: text, handler: a.mailpitDeleteSearch},
		{pattern: "POST /api/v1/send", summary: "Write a message and receive it", handler: a.mailpitSend},
		{pattern: "GET /api/v1/tags", summary: "The tags in use", handler: a.mailpitTags},
		{pattern: "PUT /api/v1/tags", summary: "Set the tags of messages", answers: text, handler: a.mailpitSetTags},
		{pattern: "PUT /api/v1/tags/{tag}", summary: "Rename a tag", answers: text, handler: a.mailpitRenameTag},
		{pattern: "DELETE /api/v1/tags/{tag}", summary: "Delete a tag", answers: text, handler: a.mailpitDeleteTag},
		{pattern: "GET /api/v1/chaos", summary: "The triggers of faults", handler: a.mailpitChaos},
		{pattern: "PUT /api/v1/chaos", summary: "Set the triggers of faults", handler: a.mailpitSetChaos},
		{pattern: "GET /api/v1/message/{id}", summary: "Show a message, and mark it read", query: "query", handler: a.mailpitMessage},
		{pattern: "GET /api/v1/message/{id}/headers", summary: "The header section of a message", query: "query", handler: a.mailpitHeaders},
		{pattern: "GET /api/v1/message/{id}/raw", summary: "The bytes of a message", query: "dl query", answers: text, handler: a.mailpitRaw},
		{pattern: "GET /api/v1/message/{id}/part/{path}", summary: "The content of a part", query: "query", answers: bytes, handler: a.mailpitPart},
		{pattern: "GET /api/v1/message/{id}/part/{path}/{name}", summary: "The same under a name", query: "query", answers: bytes, handler: a.mailpitPart},
		{pattern: "POST /api/v1/message/{id}/release", summary: "Send a message on to the first host named at start", answers: text, handler: a.mailpitRelease},
		{pattern: "GET /view/{name}", summary: "ID.html or ID.txt: what a reader of the message sees", query: "query embed", answers: []string{"text/html", "text/plain"}, handler: a.mailpitView},

		{pattern: "GET /api/v1/message/{id}/part/{path}/thumb", summary: "501: images from mail are not decoded here", handler: mailpitNot("thumbnails are not made: images from mail are not decoded here")},
		{pattern: "GET /api/v1/message/{id}/html-check", summary: "501: see the html- checks of the report", handler: mailpitNot("see the html- checks of the report instead")},
		{pattern: "GET /api/v1/message/{id}/link-check", summary: "501: links are not followed", query: "follow", handler: mailpitNot("links are not followed: nothing is fetched because of a message; see the link- checks of the report")},
		{pattern: "GET /api/v1/message/{id}/sa-check", summary: "501: see the report", handler: mailpitNot("see the report instead")},
	})
}

// maxCompatBody is for bodies that list IDs and tags.
const maxCompatBody = 1 << 20

// mailpitProblem answers errors as Mailpit does.
func (a *API) mailpitProblem(w http.ResponseWriter, err error) {
	code, public := status(err)
	if code == http.StatusUnprocessableEntity {
		code = http.StatusBadRequest
	}
	text := err.Error()
	if !public {
		a.config.Logger.Error("a request could not be answered", "error", err)
		text = "something went wrong here; the log says what"
	}
	writeJSON(w, code, map[string]string{"Error": text})
}

func mailpitNot(why string) func(http.ResponseWriter, *http.Request) error {
	return func(http.ResponseWriter, *http.Request) error { return refuse(http.StatusNotImplemented, why) }
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	_ = e.Encode(v) // the client is gone
}

func ok(w http.ResponseWriter) error {
	plain(w, http.StatusOK, "ok")
	return nil
}

// readJSON reads a body of a request; an empty one leaves v as it is.
func readJSON(w http.ResponseWriter, r *http.Request, limit int64, v any) error {
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, limit)).Decode(v)
	var tooLarge *http.MaxBytesError
	switch {
	case err == nil, errors.Is(err, io.EOF):
		return nil
	case errors.As(err, &tooLarge):
		return refuse(http.StatusRequestEntityTooLarge, "the body is larger than this takes")
	default:
		return refuse(http.StatusBadRequest, err.Error())
	}
}

// window reads start and limit, which both APIs have.
func window(r *http.Request, defaultLimit int) (start, limit int, err error) {
	limit = defaultLimit
	for name, into := range map[string]*int{"start": &start, "limit": &limit} {
		if s := r.FormValue(name); s != "" {
			n, err := strconv.Atoi(s)
			if err != nil || n < 0 {
				return 0, 0, invalid("query."+name, name+" is not a number")
			}
			*into = n
		}
	}
	return start, min(limit, store.MaxLimit), nil
}

// mailpitQuery makes a search of ours of one of Mailpit's.
func mailpitQuery(query string) (*store.Search, error) {
	var terms []string
	for _, term := range splitTerms(query) {
		translated, err := mailpitTerm(term)
		if err != nil {
			return nil, err
		}
		terms = append(terms, translated)
	}
	return parse(strings.Join(terms, " "), "query.query")
}

// mailpitTerm translates one term. What Mailpit has and we have not is an error
// rather than another result.
func mailpitTerm(term string) (string, error) {
	bare := strings.TrimLeft(term, "-!")
	not := term[:len(term)-len(bare)]
	field, value, found := strings.Cut(bare, ":")
	if !found || strings.HasPrefix(field, `"`) {
		return term, nil
	}
	switch field = strings.ToLower(field); field {
	case "cc", "bcc": // to: looks at all recipients
		return not + "to:" + value, nil
	case "addressed", "reply-to":
		return "", invalid("query.query", field+": is not known here; use from: or to:")
	case "has":
		if strings.HasPrefix(strings.ToLower(value), "attachment") {
			return not + "has:attachment", nil
		}
	case "is":
		if strings.EqualFold(value, "Tagged") {
			return "", invalid("query.query", "is:Tagged is not known here; use tag:")
		}
	case "before", "after":
		return not + field + ":" + quote(mailpitTime(strings.Trim(value, `"`))), nil
	case "larger", "smaller", "from", "to", "subject", "message-id", "tag":
	default: // a word with a colon in it
		return not + quote(strings.Trim(bare, `"`)), nil
	}
	return term, nil
}

// mailpitTime brings the ways in which a day is commonly written into ours.
func mailpitTime(s string) string {
	for _, layout := range []string{"2006/01/02", "2006-1-2", "2006/1/2", "2006-01-02 15:04", "2006-01-02 15:04:05", "2 Jan 2006", "Jan 2, 2006"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.Format(time.RFC3339)
		}
	}
	return s
}

func (a *API) mailpitList(w http.ResponseWriter, r *http.Request) error {
	return a.mailpitPage(w, r, nil)
}

func (a *API) mailpitSearch(w http.ResponseWriter, r *http.Request) error {
	if strings.TrimSpace(r.FormValue("query")) == "" {
		return invalid("query.query", "no search query")
	}
	search, err := mailpitQuery(r.FormValue("query"))
	if err != nil {
		return err
	}
	return a.mailpitPage(w, r, search)
}

type mailpitPage struct {
	Total          int               `json:"total"`
	Unread         int               `json:"unread"`
	Count          int               `json:"count"`
	MessagesCount  int               `json:"messages_count"`
	MessagesUnread int               `json:"messages_unread"`
	Start          int               `json:"start"`
	Tags           []string          `json:"tags"`
	Messages       []mailpitListItem `json:"messages"`
}

func (a *API) mailpitPage(w http.ResponseWriter, r *http.Request, search *store.Search) error {
	start, limit, err := window(r, store.DefaultLimit)
	if err != nil {
		return err
	}
	ctx := r.Context()
	page, err := a.store.List(ctx, store.Query{Search: search, Offset: start, Limit: max(limit, 1), CountTo: -1})
	if err != nil {
		return err
	}
	stats, err := a.store.Stats(ctx)
	if err != nil {
		return err
	}
	unread := stats.Unread
	if search != nil {
		if unread, err = a.countUnread(r, search); err != nil {
			return err
		}
	}
	tags, err := a.tagNames(r)
	if err != nil {
		return err
	}
	out := mailpitPage{
		Total: stats.Messages, Unread: stats.Unread, MessagesCount: page.Total, MessagesUnread: unread, Start: start,
		Tags: tags, Messages: []mailpitListItem{},
	}
	for _, record := range page.Records[:min(limit, len(page.Records))] {
		out.Messages = append(out.Messages, mailpitItem(record))
	}
	out.Count = len(out.Messages)
	writeJSON(w, http.StatusOK, out)
	return nil
}

func (a *API) countUnread(r *http.Request, search *store.Search) (int, error) {
	unread, err := parse(search.String()+" is:unread", "query.query")
	if err != nil {
		return 0, err
	}
	page, err := a.store.List(r.Context(), store.Query{Search: unread, Limit: 1, CountTo: -1})
	if err != nil {
		return 0, err
	}
	return page.Total, nil
}

func (a *API) tagNames(r *http.Request) ([]string, error) {
	tags, err := a.store.Tags(r.Context())
	names := []string{}
	for _, t := range tags {
		names = append(names, t.Name)
	}
	return names, err
}

type mailpitAddress struct{ Name, Address string }

func mailpitAddresses(list []store.Mailbox) []mailpitAddress {
	out := []mailpitAddress{}
	for _, m := range list {
		out = append(out, mailpitAddress(m))
	}
	return out
}

type mailpitListItem struct {
	ID, MessageID        string
	Read                 bool
	From                 *mailpitAddress
	To, Cc, Bcc, ReplyTo []mailpitAddress
	Subject              string
	Created              time.Time
	Username             string `json:",omitempty"`
	Tags                 []string
	Size                 int64
	Attachments          int
	Snippet              string
}

func mailpitItem(r *store.Record) mailpitListItem {
	return mailpitListItem{
		ID: r.ID, MessageID: r.MessageID, Read: r.Read, From: mailpitFrom(r), To: mailpitAddresses(r.To), Cc: mailpitAddresses(r.Cc),
		Bcc: mailpitBcc(r), ReplyTo: mailpitAddresses(r.ReplyTo), Subject: r.Subject, Created: r.Received.UTC(), Username: r.AuthIdentity,
		Tags: orEmpty(r.Tags), Size: r.Size, Attachments: r.Attachments, Snippet: r.Snippet,
	}
}

func mailpitFrom(r *store.Record) *mailpitAddress {
	if len(r.From) > 0 {
		from := mailpitAddress(r.From[0])
		return &from
	}
	return &mailpitAddress{Address: r.MailFrom}
}

// mailpitBcc adds the recipients of the envelope that no field names, as Mailpit does.
func mailpitBcc(r *store.Record) []mailpitAddress {
	named := map[string]bool{}
	for _, list := range [][]store.Mailbox{r.To, r.Cc, r.Bcc} {
		for _, m := range list {
			named[strings.ToLower(m.Address)] = true
		}
	}
	out := mailpitAddresses(r.Bcc)
	for _, to := range r.Rcpt {
		if !named[strings.ToLower(to)] {
			out = append(out, mailpitAddress{Address: to})
		}
	}
	return out
}

func (a *API) mailpitRead(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		IDs    []string
		Read   bool
		Search string
	}
	if err := readJSON(w, r, maxCompatBody, &in); err != nil {
		return err
	}
	if len(in.IDs) > 0 {
		if err := a.store.SetRead(r.Context(), in.Read, in.IDs...); err != nil {
			return err
		}
		return ok(w)
	}
	search, err := mailpitQuery(in.Search)
	if err != nil {
		return err
	}
	if err := a.store.SetReadMatching(r.Context(), in.Read, search); err != nil {
		return err
	}
	return ok(w)
}

func (a *API) mailpitDelete(w http.ResponseWriter, r *http.Request) error {
	var in struct{ IDs []string }
	if err := readJSON(w, r, maxCompatBody, &in); err != nil {
		return err
	}
	var err error
	if len(in.IDs) > 0 {
		_, err = a.store.Delete(r.Context(), in.IDs...)
	} else {
		_, err = a.store.DeleteMatching(r.Context(), nil)
	}
	if err != nil {
		return err
	}
	if r.ContentLength == 0 { // MailHog's clients, for whom an answer is JSON or empty
		w.WriteHeader(http.StatusOK)
		return nil
	}
	return ok(w)
}

func (a *API) mailpitDeleteSearch(w http.ResponseWriter, r *http.Request) error {
	query := r.FormValue("query")
	if strings.TrimSpace(query) == "" {
		return invalid("query.query", "no search query") // which would delete everything
	}
	search, err := mailpitQuery(query)
	if err != nil {
		return err
	}
	if _, err := a.store.DeleteMatching(r.Context(), search); err != nil {
		return err
	}
	return ok(w)
}

// mailpitSend takes what Mailpit's send API takes.
func (a *API) mailpitSend(w http.ResponseWriter, r *http.Request) error {
	if err := a.bodies.await(r.Context()); err != nil {
		return err
	}
	defer a.bodies.leave()
	var in mailpitDraft
	if err := readJSON(w, r, a.config.MaxMessageBytes*4/3+1<<20, &in); err != nil {
		return err
	}
	receipt, err := a.receiveDraft(r.Context(), in.draft(), in.Tags)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, map[string]string{"ID": receipt.ID})
	return nil
}

type mailpitPerson struct{ Email, Name string }

type mailpitDraft struct {
	From                mailpitPerson
	To, Cc, ReplyTo     []mailpitPerson
	Bcc                 []string
	Subject, Text, HTML string
	Headers             map[string]string
	Tags                []string
	Attachments         []struct {
		Content                          []byte
		Filename, ContentType, ContentID string
	}
}

func (in *mailpitDraft) draft() *draft {
	d := &draft{
		from: mail.Address{Name: in.From.Name, Address: in.From.Email}, to: people(in.To), cc: people(in.Cc), replyTo: people(in.ReplyTo),
		subject: in.Subject, text: in.Text, html: in.HTML, headers: in.Headers,
	}
	for _, address := range in.Bcc {
		d.bcc = append(d.bcc, mail.Address{Address: address})
	}
	for _, f := range in.Attachments {
		d.files = append(d.files, file{name: f.Filename, mediaType: typeOf(f.Content, f.ContentType), contentID: f.ContentID, content: f.Content})
	}
	return d
}

func people(list []mailpitPerson) []mail.Address {
	var out []mail.Address
	for _, p := range list {
		out = append(out, mail.Address{Name: p.Name, Address: p.Email})
	}
	return out
}

func (a *API) mailpitHeaders(w http.ResponseWriter, r *http.Request) error {
	_, tree, err := a.tree(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	out := map[string][]string{}
	header := tree.Header()
	for i := range header.Fields {
		name := textproto.CanonicalMIMEHeaderKey(header.Fields[i].Name)
		out[name] = append(out[name], header.Fields[i].Unfolded())
	}
	writeJSON(w, http.StatusOK, out)
	return nil
}

func (a *API) mailpitRelease(w http.ResponseWriter, r *http.Request) error {
	var in struct{ To []string }
	if err := readJSON(w, r, maxCompatBody, &in); err != nil {
		return err
	}
	if len(in.To) == 0 {
		return invalid("body.To", "no valid addresses found")
	}
	if _, _, err := a.sendOn(r.Context(), r.PathValue("id"), "", nil, in.To); err != nil {
		return err
	}
	return ok(w)
}
