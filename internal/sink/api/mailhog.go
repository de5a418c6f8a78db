package api

import (
	"context"
	"net"
	"net/http"
	"net/textproto"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/postmuster/postmuster/internal/message"
	"github.com/postmuster/postmuster/internal/sink/store"
)

// registerMailHog adds what is read of MailHog's API in version 2, and what is
// deleted and released in version 1. Where Mailpit has the same path, it has it.
func (a *API) registerMailHog(mux humago.Mux, doc *huma.OpenAPI) {
	a.registerRoutes(mux, doc, "mailhog", a.mailpitProblem, []route{
		{pattern: "GET /api/v2/messages", summary: "List messages, each in full", query: "start limit", handler: a.mailhogList},
		{pattern: "GET /api/v2/search", summary: "Search messages", query: "kind query start limit", handler: a.mailhogSearch},
		{pattern: "GET /api/v2/outgoing-smtp", summary: "The hosts that were named at start", handler: a.mailhogOutgoing},
		{pattern: "GET /api/v1/messages/{id}", summary: "Show a message", handler: a.mailhogMessage},
		{pattern: "GET /api/v1/messages/{id}/download", summary: "The bytes of a message", answers: []string{"message/rfc822"}, handler: a.mailhogDownload},
		{pattern: "DELETE /api/v1/messages/{id}", summary: "Delete a message", handler: a.mailhogDelete},
		{pattern: "POST /api/v1/messages/{id}/release", summary: "Send a message on to a host that was named at start", handler: a.mailhogRelease},
	})
}

type mailhogPage struct {
	Total int              `json:"total"`
	Count int              `json:"count"`
	Start int              `json:"start"`
	Items []mailhogMessage `json:"items"`
}

type mailhogMessage struct {
	ID      string
	From    mailhogPath
	To      []mailhogPath
	Content mailhogContent
	Created time.Time
	MIME    *mailhogMIME
	Raw     struct {
		From string
		To   []string
		Data string
		Helo string
	}
}

type mailhogPath struct {
	Relays                  []string
	Mailbox, Domain, Params string
}

type mailhogContent struct {
	Headers map[string][]string
	Body    string // as it came, in its transfer encoding
	Size    int
	MIME    *mailhogMIME
}

type mailhogMIME struct{ Parts []mailhogContent }

func (a *API) mailhogList(w http.ResponseWriter, r *http.Request) error {
	return a.mailhogPage(w, r, nil)
}

func (a *API) mailhogSearch(w http.ResponseWriter, r *http.Request) error {
	field, ok := map[string]string{"from": "from:", "to": "to:", "containing": ""}[r.FormValue("kind")]
	if !ok {
		return invalid("query.kind", "kind is from, to or containing")
	}
	search, err := parse(field+quote(r.FormValue("query")), "query.query")
	if err != nil {
		return err
	}
	return a.mailhogPage(w, r, search)
}

// mailhogLimit is more than MailHog's clients ask for: each message comes whole,
// so a page of the largest would be a gigabyte.
const mailhogLimit = 250

func (a *API) mailhogPage(w http.ResponseWriter, r *http.Request, search *store.Search) error {
	start, limit, err := window(r, store.DefaultLimit)
	if err != nil {
		return err
	}
	page, err := a.store.List(r.Context(), store.Query{Search: search, Offset: start, Limit: max(1, min(limit, mailhogLimit)), CountTo: -1})
	if err != nil {
		return err
	}
	out := mailhogPage{Total: page.Total, Start: start, Items: []mailhogMessage{}}
	left := a.config.MaxMessageBytes // of messages in one answer
	if err := a.hold(r.Context(), min(left, sizeOf(page.Records))); err != nil {
		return err
	}
	for _, record := range page.Records {
		if left -= record.Size; left < 0 && len(out.Items) > 0 {
			break
		}
		item, err := a.mailhogItem(r.Context(), record)
		if err != nil {
			continue // deleted meanwhile
		}
		out.Items = append(out.Items, item)
	}
	out.Count = len(out.Items)
	writeJSON(w, http.StatusOK, out)
	return nil
}

func sizeOf(records []*store.Record) (bytes int64) {
	for _, r := range records {
		bytes += r.Size
	}
	return bytes
}

func (a *API) mailhogMessage(w http.ResponseWriter, r *http.Request) error {
	record, err := a.one(r.Context(), IDInput{ID: r.PathValue("id")})
	if err != nil {
		return err
	}
	item, err := a.mailhogItem(r.Context(), record)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, item)
	return nil
}

func (a *API) mailhogItem(ctx context.Context, record *store.Record) (mailhogMessage, error) {
	m, err := a.messageOf(ctx, record)
	if err != nil {
		return mailhogMessage{}, err
	}
	out := mailhogMessage{ID: record.ID, Created: record.Received, From: mailhogAddress(record.MailFrom), To: []mailhogPath{}}
	out.Raw.Data, out.Raw.Helo, out.Raw.From, out.Raw.To = string(m.Raw), record.HELO, record.MailFrom, []string{}
	if m.Envelope != nil {
		for _, rcpt := range m.Envelope.Rcpt {
			out.To = append(out.To, mailhogAddress(rcpt.To))
			out.Raw.To = append(out.Raw.To, rcpt.To)
		}
	}
	root := m.Parse().Root
	out.Content = mailhogPart(root)
	out.Content.Size = len(m.Raw)
	out.MIME, out.Content.MIME = out.Content.MIME, nil
	return out, nil
}

func mailhogAddress(path string) mailhogPath {
	at := max(strings.LastIndexByte(path, '@'), 0)
	return mailhogPath{Mailbox: path[:at], Domain: strings.TrimPrefix(path[at:], "@")}
}

func mailhogPart(p *message.Part) mailhogContent {
	out := mailhogContent{Headers: map[string][]string{}, Body: string(p.RawBody), Size: len(p.RawBody)}
	for i := range p.Header.Fields {
		name := textproto.CanonicalMIMEHeaderKey(p.Header.Fields[i].Name)
		out.Headers[name] = append(out.Headers[name], p.Header.Fields[i].Unfolded())
	}
	if !p.IsMultipart() {
		return out
	}
	out.MIME = &mailhogMIME{Parts: []mailhogContent{}}
	for _, child := range p.Children {
		inside := mailhogPart(child)
		if child.IsMultipart() {
			inside.Body = "" // else each level would hold all below it once more
		}
		out.MIME.Parts = append(out.MIME.Parts, inside)
	}
	return out
}

func (a *API) mailhogDelete(w http.ResponseWriter, r *http.Request) error {
	n, err := a.store.Delete(r.Context(), r.PathValue("id"))
	if err == nil && n == 0 {
		err = store.ErrNotFound
	}
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusOK)
	return nil
}

// mailhogRelease sends on to the host of the request, if it was named at start.
func (a *API) mailhogRelease(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Name, Host, Port, Email string
	}
	if err := readJSON(w, r, maxCompatBody, &in); err != nil {
		return err
	}
	if in.Host == "" || in.Email == "" {
		return invalid("body", "the request names no host or no address")
	}
	if _, err := a.sendOn(r.Context(), IDInput{ID: r.PathValue("id")}, in.Host+":"+in.Port, nil, []string{in.Email}); err != nil {
		return err
	}
	w.WriteHeader(http.StatusOK)
	return nil
}

func (a *API) mailhogDownload(w http.ResponseWriter, r *http.Request) error {
	record, err := a.store.Get(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	raw, err := a.rawOf(r.Context(), record)
	if err != nil {
		return err
	}
	writeBytes(w, download(raw, "message/rfc822", r.PathValue("id")+".eml"))
	return nil
}

// mailhogOutgoing names the hosts without what is needed to log in there.
func (a *API) mailhogOutgoing(w http.ResponseWriter, _ *http.Request) error {
	hosts := map[string]map[string]string{}
	for _, relay := range a.config.Relays {
		host, port, _ := net.SplitHostPort(relay.Addr) // New has looked at it
		hosts[relay.Addr] = map[string]string{"Name": relay.Addr, "Host": host, "Port": port}
	}
	writeJSON(w, http.StatusOK, hosts)
	return nil
}
