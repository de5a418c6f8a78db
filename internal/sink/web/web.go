// Package web is the page of the sink: the inbox, a message from every side, and
// what is to be mended in it.
//
// It is rendered here and works without scripts; the small modules in assets add
// what makes it quick. Everything in a message is hostile: it is escaped, bounded,
// and its HTML is shown from an opaque origin that may load nothing. Who may see
// the page at all is decided in front of it, by internal/sink/httpd.
package web

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"html/template"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/postmuster/postmuster/internal/message"
	"github.com/postmuster/postmuster/internal/sink/linkcheck"
	"github.com/postmuster/postmuster/internal/sink/store"
	"github.com/postmuster/postmuster/internal/sink/weight"
)

// A Store is what the page reads and changes; *store.Store is one.
type Store interface {
	List(ctx context.Context, q store.Query) (*store.Page, error)
	Get(ctx context.Context, id string) (*store.Record, error)
	Message(ctx context.Context, id string) (*message.Message, error)
	Session(ctx context.Context, id string) (*message.Message, error)
	Report(ctx context.Context, id string) (*store.Report, error)
	Inboxes(ctx context.Context) ([]store.Inbox, error)
	Tags(ctx context.Context) ([]store.Tag, error)
	Stats(ctx context.Context) (store.Stats, error)
	FailedSessions(ctx context.Context, before uint64, limit int) ([]store.FailedSession, error)

	Delete(ctx context.Context, ids ...string) (int, error)
	DeleteMatching(ctx context.Context, search *store.Search) (int, error)
	SetRead(ctx context.Context, read bool, ids ...string) error
	SetReadMatching(ctx context.Context, read bool, search *store.Search) error
	SetTags(ctx context.Context, tags []string, ids ...string) error
}

// Config is what the page needs. Store, Now and Logger must be set.
type Config struct {
	Store    Store
	SMTPAddr string // host and port to send mail to, as a sender would write them
	Version  string // of the program
	Prefix   string // of the path, such as /mail, where a proxy serves the page below one
	Now      func() time.Time
	Logger   *slog.Logger

	// OpenAPI returns the document of the API beside the page, as JSON; nil: there
	// is no page about it. Token is whether the API asks for one.
	OpenAPI func() ([]byte, error)
	Token   bool

	// ReadOnly reports whether whoever sends a request may change nothing, and is
	// not shown how; nil: nobody is restricted.
	ReadOnly func(*http.Request) bool

	// RemoteImages lets a reader ask for the remote images of a message, one
	// message at a time. The reader's browser then fetches them; nothing here does.
	RemoteImages bool

	Relays []string // servers to which SendOn may send a message, the usual one first; none: the page offers nothing
	SendOn SendOn

	// Links asks for the links of a message when a reader wants it; nil: nobody may.
	Links *linkcheck.Checker

	Receive Receive // nil: nothing is written on the page
}

// maxViews is how many messages are taken apart at the same time: each may be
// tens of megabytes.
const maxViews = 4

const (
	// sentBytes is how much of large messages is held while their parts are sent.
	sentBytes = 128 << 20
	// largeMessage is the size from which on a message counts.
	largeMessage = 1 << 20
)

// A Page serves the page.
type Page struct {
	config    Config
	paths     paths
	templates *template.Template
	assets    *assets
	document  func() (*apiDocument, error)
	views     chan struct{} // a slot for each message that is being taken apart
	sending   *weight.Weight
}

//go:embed templates/*.html
var templateFiles embed.FS

// New returns the page.
func New(c Config) *Page {
	p := &Page{
		config: c, paths: paths(c.Prefix), assets: newAssets(), views: make(chan struct{}, maxViews), sending: weight.New(sentBytes),
		document: sync.OnceValues(readDocument(c.OpenAPI)),
	}
	p.templates = template.Must(template.New("").Funcs(p.functions()).ParseFS(templateFiles, "templates/*.html"))
	return p
}

// Register adds the page's routes to a mux. All of them lie beside those of the API,
// which has what is below /api/.
func (p *Page) Register(mux *http.ServeMux) {
	mux.HandleFunc("GET /{$}", p.handle(p.showList))
	mux.HandleFunc("GET /messages/{id}", p.handle(p.showMessage))
	mux.HandleFunc("GET /messages/{id}/{tab}", p.handle(p.showMessage))
	mux.HandleFunc("GET /messages/{id}/frame", p.handle(p.serveFrame))
	mux.HandleFunc("GET /messages/{id}/parts/{part}", p.handle(p.servePart))
	mux.HandleFunc("GET /api", p.handle(p.showAPI))
	mux.HandleFunc("GET /api/{$}", p.handle(p.showAPI))
	mux.HandleFunc("GET /messages/{id}/send-on", p.handle(p.askSendOn))
	mux.HandleFunc("POST /messages/{id}/send-on", p.handle(p.sendOn))
	mux.HandleFunc("GET /compose", p.handle(p.showCompose))
	mux.HandleFunc("POST /compose", p.handle(p.compose))
	mux.HandleFunc("GET /compare", p.handle(p.showComparison))
	mux.HandleFunc("GET /sessions", p.handle(p.showSessions))
	mux.HandleFunc("GET /delete", p.handle(p.askDelete))
	mux.HandleFunc("GET /assets/{version}/{name}", p.handle(p.assets.serve))
	mux.HandleFunc("GET /icon/{name}", p.handle(p.serveIcon))
	mux.HandleFunc("GET /favicon.ico", p.handle(p.serveIcon))

	mux.HandleFunc("POST /messages/{id}/read", p.handle(p.markRead(true)))
	mux.HandleFunc("POST /messages/{id}/unread", p.handle(p.markRead(false)))
	mux.HandleFunc("POST /messages/{id}/links", p.handle(p.checkLinks))
	mux.HandleFunc("POST /messages/{id}/tags", p.handle(p.setTags))
	mux.HandleFunc("POST /messages/{id}/delete", p.handle(p.deleteMessage))
	mux.HandleFunc("POST /read", p.handle(p.markAllRead))
	mux.HandleFunc("POST /delete", p.handle(p.deleteAll))
}

// A statusError is an answer other than 200 that somebody is meant to read.
type statusError struct {
	status int
	text   string
}

// Error returns the text.
func (e *statusError) Error() string { return e.text }

var errNoPage = &statusError{http.StatusNotFound, "There is no such page."}

// Missing returns what is shown at an address where nothing is. It is no route:
// one that takes every path would hide from the mux that a method is not allowed.
func (p *Page) Missing() http.Handler {
	return p.handle(func(http.ResponseWriter, *http.Request) error { return errNoPage })
}

// handle turns what a handler returns into a page about what went wrong.
func (p *Page) handle(serve func(http.ResponseWriter, *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		err := serve(w, r)
		var status *statusError
		switch {
		case err == nil || r.Context().Err() != nil:
		case errors.As(err, &status):
			if status.status == http.StatusServiceUnavailable {
				w.Header().Set("Refresh", "2")
				w.Header().Set("Retry-After", "2")
			}
			p.renderError(w, r, status.status, status.text)
		case errors.Is(err, store.ErrNotFound):
			p.renderError(w, r, http.StatusNotFound, "There is no such message: it was deleted, has expired, or never came.")
		case errors.Is(err, store.ErrCursor):
			p.renderError(w, r, http.StatusBadRequest, "This page of the list cannot be found again.")
		default:
			p.config.Logger.Error("page", "path", r.URL.Path, "error", err)
			p.renderError(w, r, http.StatusInternalServerError, "Something went wrong here; the log says what.")
		}
	}
}

// pagePolicy is the Content-Security-Policy of every page: our own scripts, styles
// and frames, and nothing else from anywhere. Frames are same-origin, so that a
// message's frame cannot be sent to another site by a link in it.
const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// shell is what every page shows around its matter.
type shell struct {
	Title   string
	Icon    string // path of the icon on the tab
	View    string // "list", "message" or "wide": which pane a narrow screen shows
	Theme   string // "light" or "dark" when the reader chose; else as the system has it
	Assets  string // path of the assets
	Fixed   bool   // the reader may change nothing
	Version string
	SMTP    string

	SendsOn bool // messages may be sent on
	Writes  bool // messages may be written

	List    *listView
	Message *messageView
	Wide    any // what a page without a list shows; its template is Body
	Body    string
}

// fragmentHeader asks for a part of the page instead of all of it: "list", "message"
// or "send-on-result".
const fragmentHeader = "Postmuster-Fragment"

func (p *Page) render(w http.ResponseWriter, r *http.Request, status int, s shell) error {
	b, err := p.execute(r, s)
	if err != nil {
		return err
	}
	return send(w, status, b)
}

// execute writes the page, or the part of it that is asked for: a template that
// fails half-way must not look like a page.
func (p *Page) execute(r *http.Request, s shell) (*bytes.Buffer, error) {
	s.Assets, s.Version, s.SMTP = p.paths.at(p.assets.path), p.config.Version, p.config.SMTPAddr
	s.Fixed = p.config.ReadOnly != nil && p.config.ReadOnly(r)
	s.SendsOn, s.Writes = len(p.config.Relays) > 0 && !s.Fixed, p.config.Receive != nil && !s.Fixed
	if s.Icon == "" {
		s.Icon = p.paths.icon(nil)
	}
	if c, err := r.Cookie("theme"); err == nil && (c.Value == "light" || c.Value == "dark") {
		s.Theme = c.Value
	}
	name, data := "page", any(nil)
	switch fragment := r.Header.Get(fragmentHeader); {
	case fragment == "send-on-result" && s.Body == "send-on":
		name, data = fragment, s.Wide
	case fragment == "list" && s.List != nil, fragment == "message" && s.View != "wide":
		name = fragment
	}
	if data == nil {
		data = s
	}
	b := &bytes.Buffer{}
	return b, p.templates.ExecuteTemplate(b, name, data)
}

func send(w http.ResponseWriter, status int, b *bytes.Buffer) error {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", pagePolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	// Under no-referrer, browsers send Origin: null with forms, which is nobody's origin.
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	h.Set("Vary", fragmentHeader+", Cookie")
	w.WriteHeader(status)
	_, err := w.Write(b.Bytes())
	return ignoreGone(err)
}

// ignoreGone drops the error of writing to a client: it went away.
func ignoreGone(error) error { return nil }

func (p *Page) renderError(w http.ResponseWriter, r *http.Request, status int, text string) {
	r.Header.Del(fragmentHeader)
	err := p.render(w, r, status, shell{
		Title: http.StatusText(status), View: "wide", Body: "error",
		Wide: struct{ Status, Text string }{http.StatusText(status), text},
	})
	if err != nil {
		p.config.Logger.Error("page", "error", err)
	}
}

// open reads a message and takes it apart; done gives the slot back. It is to be
// called before an answer is sent, too: clients that read slowly are not to keep
// the page from others.
func (p *Page) open(ctx context.Context, id string) (m *message.Message, tree *message.Tree, done func(), err error) {
	select {
	case p.views <- struct{}{}:
	case <-ctx.Done():
		return nil, nil, nil, ctx.Err()
	}
	done = sync.OnceFunc(func() { <-p.views })
	if m, err = p.config.Store.Message(ctx, id); err != nil {
		done()
		return nil, nil, nil, err
	}
	return m, m.Parse(), done, nil
}
