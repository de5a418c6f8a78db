package web

import (
	"context"
	"net/http"
	"net/mail"
	"strings"
)

// A Letter is a message that a reader wrote on the page.
type Letter struct {
	From, To, Subject, Text, HTML string
}

// A Receive takes a letter into the sink, and nowhere else, and returns the ID of
// its message. The text of an error is for a reader.
type Receive func(ctx context.Context, from string, to []string, l Letter) (id string, err error)

// composeView asks for a letter.
type composeView struct {
	Letter
	Error string
}

// showCompose shows the form, with a letter in it that can be sent as it is.
func (p *Page) showCompose(w http.ResponseWriter, r *http.Request) error {
	return p.renderCompose(w, r, http.StatusOK, composeView{Letter: Letter{
		From: "Shop <shop@example.com>", To: "customer@example.net", Subject: "Your order", Text: "Thank you.",
	}})
}

func (p *Page) renderCompose(w http.ResponseWriter, r *http.Request, status int, v composeView) error {
	if p.config.Receive == nil {
		return errNoPage
	}
	return p.render(w, r, status, shell{Title: "Write a test message", View: "wide", Body: "compose", Wide: v})
}

// compose receives the letter, and shows it as it came.
func (p *Page) compose(w http.ResponseWriter, r *http.Request) error {
	if err := readForm(w, r); err != nil {
		return err
	}
	value := r.PostForm.Get
	l := Letter{value("from"), value("to"), value("subject"), value("text"), value("html")}
	id, err := p.receive(r.Context(), l)
	if err != nil {
		return p.renderCompose(w, r, http.StatusUnprocessableEntity, composeView{l, err.Error()})
	}
	w.Header().Set("Location", p.paths.message(id, "", ""))
	w.WriteHeader(http.StatusSeeOther)
	return nil
}

func (p *Page) receive(ctx context.Context, l Letter) (id string, err error) {
	if p.config.Receive == nil {
		return "", errNoPage
	}
	var to []string
	if strings.TrimSpace(l.To) != "" {
		list, err := mail.ParseAddressList(l.To)
		if err != nil {
			return "", &statusError{http.StatusUnprocessableEntity, "the recipients cannot be read: " + err.Error()}
		}
		for _, address := range list {
			to = append(to, address.String())
		}
	}
	return p.config.Receive(ctx, l.From, to, l)
}
