package api

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/mail"
	"net/textproto"
	"slices"
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
	a.registerRoutes(mux, doc, "mailpit", a.mailpitProblem, []route{
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
		{pattern: "GET /api/v1/message/{id}/part/{path}/thumb", summary: "A small image of a part", query: "query", answers: []string{"image/jpeg"}, handler: a.mailpitThumb},
		{pattern: "GET /api/v1/message/{id}/part/{path}/{name}", summary: "The same under a name", query: "query", answers: bytes, handler: a.mailpitPart},
		{pattern: "POST /api/v1/message/{id}/release", summary: "Send a message on to the first host named at start", answers: text, handler: a.mailpitRelease},
		{pattern: "GET /view/{name}", summary: "ID.html or ID.txt: what a reader of the message sees", query: "query embed", answers: []string{"text/html", "text/plain"}, handler: a.mailpitView},
		{pattern: "GET /api/v1/message/{id}/html-check", summary: "Which mail clients support what the HTML uses", query: "query", handler: a.mailpitHTMLCheck},
		{pattern: "GET /api/v1/message/{id}/link-check", summary: "Ask where the links of a message lead; 403 unless that was allowed at start", query: "follow query", handler: a.mailpitLinkCheck},
		{pattern: "GET /api/v1/message/{id}/sa-check", summary: "What SpamAssassin said of a message; 403 unless it was named at start", query: "query", handler: a.mailpitSpamCheck},
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

func (a *API) mailpitList(w http.ResponseWriter, r *http.Request) error {
	return a.mailpitPage(w, r, "")
}

func (a *API) mailpitSearch(w http.ResponseWriter, r *http.Request) error {
	query := r.FormValue("query")
	if strings.TrimSpace(query) == "" {
		return invalid("query.query", "no search query")
	}
	return a.mailpitPage(w, r, query)
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

func (a *API) mailpitPage(w http.ResponseWriter, r *http.Request, query string) error {
	start, limit, err := window(r, store.DefaultLimit)
	if err != nil {
		return err
	}
	if before := r.FormValue("before"); before != "" {
		query += " before:" + quote(before)
	}
	f, err := asked(r, query)
	if err != nil {
		return err
	}
	ctx := r.Context()
	records, total, err := f.page(ctx, a.store, start, limit)
	if err != nil {
		return err
	}
	stats, err := a.store.Stats(ctx)
	if err != nil {
		return err
	}
	unread := stats.Unread
	if query != "" {
		if unread, err = a.countUnread(ctx, f); err != nil {
			return err
		}
	}
	tags, err := a.tagNames(r)
	if err != nil {
		return err
	}
	out := mailpitPage{
		Total: stats.Messages, Unread: stats.Unread, Count: len(records), MessagesCount: total, MessagesUnread: unread, Start: start,
		Tags: tags, Messages: []mailpitListItem{},
	}
	for _, record := range records {
		out.Messages = append(out.Messages, mailpitItem(record))
	}
	writeJSON(w, http.StatusOK, out)
	return nil
}

func (a *API) countUnread(ctx context.Context, f *mailpitFilter) (int, error) {
	if len(f.tests) == 0 && f.search != nil {
		search, err := parse(f.search.String()+" is:unread", "query.query")
		if err != nil {
			return 0, err
		}
		f = &mailpitFilter{search: search}
	} else {
		f = f.unread()
	}
	_, total, err := f.page(ctx, a.store, 0, 0)
	return total, err
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
		Bcc: mailpitAddresses(bcc(r)), ReplyTo: mailpitAddresses(r.ReplyTo), Subject: r.Subject, Created: r.Received.UTC(), Username: r.AuthIdentity,
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

// bcc adds the recipients of the envelope that no field names, as Mailpit does.
func bcc(r *store.Record) []store.Mailbox {
	named := map[string]bool{}
	for _, list := range [][]store.Mailbox{r.To, r.Cc, r.Bcc} {
		for _, m := range list {
			named[strings.ToLower(m.Address)] = true
		}
	}
	out := slices.Clone(r.Bcc)
	for _, to := range r.Rcpt {
		if !named[strings.ToLower(to)] {
			out = append(out, store.Mailbox{Address: to})
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
	f, err := asked(r, in.Search)
	if err != nil {
		return err
	}
	ids, all, err := f.ids(r.Context(), a.store)
	switch {
	case err != nil:
	case all:
		err = a.store.SetReadMatching(r.Context(), in.Read, f.search)
	default:
		err = a.store.SetRead(r.Context(), in.Read, ids...)
	}
	if err != nil {
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
	f, err := asked(r, query)
	if err != nil {
		return err
	}
	ids, all, err := f.ids(r.Context(), a.store)
	switch {
	case err != nil:
	case all:
		_, err = a.store.DeleteMatching(r.Context(), f.search)
	default:
		_, err = a.store.Delete(r.Context(), ids...)
	}
	if err != nil {
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
	_, tree, err := a.mailpitTree(r, r.PathValue("id"))
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
	if _, err := a.sendOn(r.Context(), IDInput{ID: r.PathValue("id")}, "", nil, in.To); err != nil {
		return err
	}
	return ok(w)
}
