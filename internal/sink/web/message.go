package web

import (
	"cmp"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/postmuster/postmuster/internal/htmlsupport"
	"github.com/postmuster/postmuster/internal/message"
	"github.com/postmuster/postmuster/internal/sink/store"
)

// A tab is one side of a message.
type tab struct {
	Name, Label string
	Key         string // that opens it
	build       func(*view, url.Values) (any, error)
}

// tabs are in the order shown.
var tabs = []tab{
	{"html", "HTML", "1", (*view).preview},
	{"text", "Text", "2", (*view).text},
	{"score", "Score", "3", (*view).score},
	{"html-check", "HTML check", "9", (*view).htmlCheck},
	{"links", "Links", "0", (*view).links},
	{"headers", "Headers", "4", (*view).headers},
	{"mime", "MIME", "5", (*view).parts},
	{"source", "Source", "6", (*view).source},
	{"transcript", "Transcript", "7", (*view).transcript},
	{"raw", "Raw", "8", (*view).raw},
}

// A view is a message with what is needed to show a side of it.
type view struct {
	page    *Page
	id      string
	record  *store.Record
	message *message.Message
	tree    *message.Tree
	report  *store.Report       // nil while it is being made
	support *htmlsupport.Report // of the HTML, once it is judged
}

// messageView is what the templates show of a message.
type messageView struct {
	Record      *store.Record
	Search      string // beside it
	Tab         string
	Tabs        []tabLink
	Body        any
	Envelope    *message.Envelope
	Unnamed     unnamed
	Session     *message.Session
	TLS         string
	SHA256      string
	Unsubscribe string // what List-Unsubscribe offers; empty when there is none
	Files       []file
	Calendars   []calendarView // above what a reader sees
	Defects     int
	SendOn      *sendOnView // nil without a relay
}

type tabLink struct {
	Name, Label, Path string
	Key               string // that opens it
	Badge             string
	On                bool
}

// A file is an attachment.
type file struct {
	Path      string // of the MIME part
	Name      string
	MediaType string
	Size      int
	SHA256    string
}

// maxFiles is how many attachments are listed above a message; the MIME tab has all.
const maxFiles = 50

func (p *Page) showMessage(w http.ResponseWriter, r *http.Request) error {
	id, query := r.PathValue("id"), r.URL.Query()
	t, err := findTab(r.PathValue("tab"))
	if err != nil {
		return err
	}
	v, done, err := p.view(r, id)
	if err != nil {
		return err
	}
	defer done()
	if t == nil {
		t = v.firstTab()
	}
	m, err := v.show(t, query)
	if err != nil {
		return err
	}
	s := shell{Title: pageTitle(v.record), Icon: p.paths.icon(v.record.Score), View: "message", Message: m}
	if r.Header.Get(fragmentHeader) != "message" { // which has no list beside it
		if s.List, err = p.list(r.Context(), query); err != nil {
			return err
		}
		s.List.Selected = id
	}
	b, err := p.execute(r, s)
	if err != nil {
		return err
	}
	done()
	return send(w, http.StatusOK, b)
}

// findTab returns the tab of the name, and nil for none.
func findTab(name string) (*tab, error) {
	if name == "" {
		return nil, nil
	}
	for i := range tabs {
		if tabs[i].Name == name {
			return &tabs[i], nil
		}
	}
	return nil, errNoPage
}

// view reads a message; done must be called when it is shown.
func (p *Page) view(r *http.Request, id string) (v *view, done func(), err error) {
	record, err := p.config.Store.Get(r.Context(), id)
	if err != nil {
		return nil, nil, err
	}
	report, err := p.config.Store.Report(r.Context(), id)
	if err != nil && !errors.Is(err, store.ErrNoReport) {
		return nil, nil, err
	}
	m, tree, done, err := p.open(r.Context(), id)
	if err != nil {
		return nil, nil, err
	}
	return &view{page: p, id: id, record: record, message: m, tree: tree, report: report}, done, nil
}

// firstTab is the side that a message shows first.
func (v *view) firstTab() *tab {
	name := "raw"
	switch {
	case v.htmlPart() != nil:
		name = "html"
	case len(v.textParts()) > 0:
		name = "text"
	}
	t, err := findTab(name)
	if err != nil {
		panic(err) // the names above are in the table
	}
	return t
}

func (v *view) show(t *tab, query url.Values) (*messageView, error) {
	body, err := t.build(v, query)
	if err != nil {
		return nil, err
	}
	search := strings.TrimSpace(query.Get("q"))
	sum := sha256.Sum256(v.message.Raw)
	m := &messageView{
		Record: v.record, Search: search, Tab: t.Name, Body: body,
		Envelope: v.message.Envelope, Unnamed: newUnnamed(v.message.Envelope, v.record), Session: v.message.Session, TLS: tlsText(v.message.Session),
		SHA256: hex.EncodeToString(sum[:]), Unsubscribe: v.unsubscribe(), Files: v.files(),
		Defects: len(v.tree.Defects) + v.tree.MoreDefects,
		SendOn:  v.page.sendOnView(v.id, v.record.Subject, v.message.Envelope),
	}
	if t.Name == "html" || t.Name == "text" {
		m.Calendars = v.calendars()
	}
	for _, other := range tabs {
		link := tabLink{Name: other.Name, Label: other.Label, Path: v.page.paths.message(v.id, other.Name, search), Key: other.Key, On: other.Name == t.Name}
		switch other.Name {
		case "html-check":
			link.Badge = v.htmlBadge()
		case "links":
			link.Badge = v.linksBadge()
		}
		m.Tabs = append(m.Tabs, link)
	}
	return m, nil
}

func pageTitle(r *store.Record) string {
	subject := cmp.Or(shown(r.Subject), "(no subject)")
	if r.Score == nil {
		return subject
	}
	return fmt.Sprintf("%d %s · %s", r.Score.Value, gradeMark(r.Score.Grade, r.Score.Low), subject)
}

func tlsText(s *message.Session) string {
	if s == nil || s.TLS == nil {
		return ""
	}
	text := tls.VersionName(s.TLS.Version) + ", " + tls.CipherSuiteName(s.TLS.Cipher)
	if s.TLS.ServerName != "" {
		text += ", SNI " + s.TLS.ServerName
	}
	if s.TLS.Implicit {
		return text + " (from the first byte)"
	}
	return text + " (STARTTLS)"
}

// unsubscribe says what a reader's mailbox could offer beside From.
func (v *view) unsubscribe() string {
	h := v.tree.Header()
	if h.First("List-Unsubscribe") == nil {
		return ""
	}
	if post := h.First("List-Unsubscribe-Post"); post != nil && strings.EqualFold(post.Unfolded(), "List-Unsubscribe=One-Click") {
		return "one-click unsubscribe" // RFC 8058
	}
	return "unsubscribe by link"
}

func (v *view) files() []file {
	var files []file
	for _, part := range v.tree.Parts {
		if part.IsAttachment() && len(files) < maxFiles {
			files = append(files, newFile(part))
		}
	}
	return files
}

func newFile(part *message.Part) file {
	sum := sha256.Sum256(part.Body)
	return file{Path: part.Path, Name: part.Filename, MediaType: part.MediaType, Size: len(part.Body), SHA256: hex.EncodeToString(sum[:])}
}

// htmlPart returns the part that a reader with HTML is shown; nil when there is none.
func (v *view) htmlPart() *message.Part {
	for _, part := range v.tree.Parts {
		if part.MediaType == "text/html" && !part.IsAttachment() && !encapsulated(part) {
			return part
		}
	}
	return nil
}

// encapsulated reports whether a part belongs to a message inside the message.
func encapsulated(part *message.Part) bool {
	for up := part.Parent; up != nil; up = up.Parent {
		if up.MediaType == "message/rfc822" {
			return true
		}
	}
	return false
}

func (v *view) textParts() []*message.Part {
	var parts []*message.Part
	for _, part := range v.tree.Parts {
		if part.IsText() && part.MediaType != "text/html" && !part.IsAttachment() && !encapsulated(part) {
			parts = append(parts, part)
		}
	}
	return parts
}
