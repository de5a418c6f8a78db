package web

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"unicode"

	"github.com/postmuster/postmuster/internal/message"
)

// A SendOn sends a message to recipients over one of the relays, and returns what
// the relay said. The text of an error is for a reader.
type SendOn func(ctx context.Context, id, relay string, to []string) (reply string, err error)

// maxMeantFor is how many recipients of the envelope are shown beside the form.
const maxMeantFor = 10

// sendOnView asks for whom a message is to be sent on, and says what came of it.
type sendOnView struct {
	ID      string
	Subject string
	Relays  []string

	// The recipients of the envelope. They are shown and not filled in: it takes
	// a hand to write to the people for whom a test was made up.
	MeantFor []string
	More     int

	To    string // as it was written
	Relay string // that was chosen

	Sent  []string // to whom it was sent
	Reply string
	Error string
}

func (p *Page) sendOnView(id, subject string, e *message.Envelope) *sendOnView {
	if len(p.config.Relays) == 0 {
		return nil
	}
	v := &sendOnView{ID: id, Subject: subject, Relays: p.config.Relays, Relay: p.config.Relays[0]}
	if e != nil {
		for _, rcpt := range e.Rcpt[:min(len(e.Rcpt), maxMeantFor)] {
			v.MeantFor = append(v.MeantFor, rcpt.To)
		}
		v.More = len(e.Rcpt) - len(v.MeantFor)
	}
	return v
}

// askSendOn shows the form by itself, for a browser without scripts.
func (p *Page) askSendOn(w http.ResponseWriter, r *http.Request) error {
	v, err := p.readSendOn(r)
	if err != nil {
		return err
	}
	return p.showSendOn(w, r, http.StatusOK, v)
}

func (p *Page) readSendOn(r *http.Request) (*sendOnView, error) {
	m, err := p.config.Store.Session(r.Context(), r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	record, err := p.config.Store.Get(r.Context(), r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	v := p.sendOnView(record.ID, record.Subject, m.Envelope)
	if v == nil {
		return nil, &statusError{http.StatusForbidden, "Messages are not sent on: no server was named at start, with --relay-to."}
	}
	return v, nil
}

// sendOn sends the message on, and shows what came of it.
func (p *Page) sendOn(w http.ResponseWriter, r *http.Request) error {
	if err := readForm(w, r); err != nil {
		return err
	}
	v, err := p.readSendOn(r)
	if err != nil {
		return err
	}
	v.To = r.PostForm.Get("to")
	to := addresses(v.To)
	if v.Reply, err = p.sendOver(r.Context(), v, r.PostForm.Get("relay"), to); err != nil {
		v.Error = err.Error()
		status := http.StatusBadGateway
		if r.Header.Get(fragmentHeader) != "" {
			status = http.StatusOK // the script shows what it gets
		}
		return p.showSendOn(w, r, status, v)
	}
	v.Sent = to
	return p.showSendOn(w, r, http.StatusOK, v)
}

// sendOver sends over the relay that was chosen, or the usual one. It was perhaps
// chosen on a page of an earlier run, which had others: no message goes to a server
// that its sender did not mean.
func (p *Page) sendOver(ctx context.Context, v *sendOnView, chosen string, to []string) (reply string, err error) {
	if chosen != "" {
		if !slices.Contains(v.Relays, chosen) {
			return "", errors.New("no server of that name was named at start; choose another")
		}
		v.Relay = chosen
	}
	return p.config.SendOn(ctx, v.ID, v.Relay, to)
}

// addresses splits what a reader wrote at commas, semicolons and white space.
func addresses(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ';' || unicode.IsSpace(r) })
}

func (p *Page) showSendOn(w http.ResponseWriter, r *http.Request, status int, v *sendOnView) error {
	return p.render(w, r, status, shell{Title: "Send on", View: "wide", Body: "send-on", Wide: v})
}
