package api

import (
	"context"
	"net/http"
	"net/mail"

	"github.com/danielgtaylor/huma/v2"

	"github.com/postmuster/postmuster/internal/message"
	"github.com/postmuster/postmuster/internal/sink/store"
)

func (a *API) registerSending(api huma.API) {
	// JSON carries attachments as base64.
	register(a, api, huma.Operation{
		OperationID: "send", Method: http.MethodPost, Path: prefix + "/send", Tags: []string{"sending"},
		Summary: "Write a message and receive it", DefaultStatus: http.StatusCreated,
		MaxBodyBytes: a.config.MaxMessageBytes*4/3 + 1<<20, Middlewares: huma.Middlewares{a.oneOfFewBodies},
	}, a.send)
	register(a, api, huma.Operation{
		OperationID: "import", Method: http.MethodPost, Path: prefix + "/messages", Tags: []string{"sending"},
		Summary: "Receive a message as it is, or each message of an mbox", DefaultStatus: http.StatusCreated,
		MaxBodyBytes: a.config.MaxMessageBytes + 1,
		Middlewares:  huma.Middlewares{only(api, "message/rfc822", "application/mbox", "application/octet-stream"), a.oneOfFewBodies},
		RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
			"message/rfc822": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}, "application/mbox": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}},
		}},
	}, a.importRaw)
	register(a, api, huma.Operation{
		OperationID: "relay", Method: http.MethodPost, Path: prefix + "/messages/{id}/relay", Tags: []string{"sending"},
		Summary: "Send a message on to a host that was named at start", DefaultStatus: http.StatusOK,
	}, a.relay)
}

// oneOfFewBodies has large bodies read a few at a time, which bounds memory.
func (a *API) oneOfFewBodies(ctx huma.Context, next func(huma.Context)) {
	if a.bodies.await(ctx.Context()) != nil {
		return
	}
	defer a.bodies.leave()
	next(ctx)
}

// Attachment is a file of a message to be written.
type Attachment struct {
	Filename    string `json:"filename" maxLength:"255"`
	Content     []byte `json:"content" doc:"In base64"`
	ContentType string `json:"content_type,omitempty" maxLength:"255" doc:"Found out from the content when it is not given"`
	ContentID   string `json:"content_id,omitempty" maxLength:"255" doc:"Makes the file part of the HTML"`
}

type sendInput struct {
	Body struct {
		From        string            `json:"from" example:"Ann <ann@example.com>"`
		To          []string          `json:"to,omitempty" maxItems:"1000" example:"bob@example.net"`
		Cc          []string          `json:"cc,omitempty" maxItems:"1000"`
		Bcc         []string          `json:"bcc,omitempty" maxItems:"1000"`
		ReplyTo     []string          `json:"reply_to,omitempty" maxItems:"100"`
		Subject     string            `json:"subject,omitempty" maxLength:"10000" example:"Welcome"`
		Text        string            `json:"text,omitempty" example:"Hello Bob"`
		HTML        string            `json:"html,omitempty"`
		Headers     map[string]string `json:"headers,omitempty"`
		Attachments []Attachment      `json:"attachments,omitempty" maxItems:"200"`
		Tags        []string          `json:"tags,omitempty" maxItems:"100"`
		Inbox       string            `json:"inbox,omitempty" maxLength:"100"`
	}
}

// A Receipt names a message that was received.
type Receipt struct {
	ID  string `json:"id"`
	Seq uint64 `json:"seq" doc:"A list with this min_seq shows the message"`
}

type receiptOutput struct {
	Body Receipt
}

func (a *API) send(ctx context.Context, in *sendInput) (*receiptOutput, error) {
	d, err := in.draft()
	if err != nil {
		return nil, err
	}
	receipt, err := a.receiveDraft(ctx, d, in.Body.Tags)
	if err != nil {
		return nil, err
	}
	return receiptOf(receipt), nil
}

// Write writes a message and receives it, and returns its ID. The text of an error
// is for a reader.
func (a *API) Write(ctx context.Context, from string, to []string, subject, text, html string) (id string, err error) {
	in := &sendInput{}
	in.Body.From, in.Body.To, in.Body.Subject, in.Body.Text, in.Body.HTML = from, to, subject, text, html
	d, err := in.draft()
	if err != nil {
		return "", err
	}
	receipt, err := a.receiveDraft(ctx, d, nil)
	return receipt.ID, a.forReader(err)
}

func (in *sendInput) draft() (*draft, error) {
	b := &in.Body
	d := &draft{subject: b.Subject, text: b.Text, html: b.HTML, headers: map[string]string{}}
	from, err := readAddresses("body.from", []string{b.From})
	if err != nil {
		return nil, err
	}
	d.from = from[0]
	for _, list := range []struct {
		where string
		from  []string
		to    *[]mail.Address
	}{{"body.to", b.To, &d.to}, {"body.cc", b.Cc, &d.cc}, {"body.bcc", b.Bcc, &d.bcc}, {"body.reply_to", b.ReplyTo, &d.replyTo}} {
		if *list.to, err = readAddresses(list.where, list.from); err != nil {
			return nil, err
		}
	}
	for name, value := range b.Headers {
		d.headers[name] = value
	}
	if b.Inbox != "" {
		d.headers["X-Postmuster-Inbox"] = b.Inbox
	}
	for _, f := range b.Attachments {
		d.files = append(d.files, file{name: f.Filename, mediaType: typeOf(f.Content, f.ContentType), contentID: f.ContentID, content: f.Content})
	}
	return d, nil
}

func readAddresses(where string, list []string) ([]mail.Address, error) {
	var out []mail.Address
	for _, s := range list {
		address, err := mail.ParseAddress(s)
		if err != nil {
			return nil, invalid(where, "not an address: "+clip(s, clippedValue))
		}
		out = append(out, *address)
	}
	return out, nil
}

// receiveDraft writes a message and puts it into the store.
func (a *API) receiveDraft(ctx context.Context, d *draft, tags []string) (store.Receipt, error) {
	d.date = a.config.Now()
	m, err := d.message()
	if err != nil {
		return store.Receipt{}, err
	}
	return a.receive(ctx, m, tags)
}

func (a *API) receive(ctx context.Context, m *message.Message, tags []string) (store.Receipt, error) {
	if int64(len(m.Raw)) > a.config.MaxMessageBytes {
		return store.Receipt{}, store.ErrTooLarge
	}
	return a.store.AddTagged(ctx, m, tags)
}

func receiptOf(r store.Receipt) *receiptOutput { return &receiptOutput{Receipt{ID: r.ID, Seq: r.Seq}} }
