package api

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"net/http"
	"time"

	"github.com/postmuster/postmuster/internal/message"
)

// A Detail is everything about one message but its bytes.
type Detail struct {
	Summary
	Envelope *Envelope `json:"envelope" doc:"Null when the message came without one"`
	Session  *Session  `json:"session" doc:"Null unless the message came over SMTP"`
	Headers  []Field   `json:"headers" doc:"The header section in its order"`
	Text     string    `json:"text" doc:"The first text/plain part that is no attachment"`
	HTML     string    `json:"html" doc:"The first text/html part that is no attachment; not made safe"`
	Parts    []Part    `json:"parts"`
}

// An Envelope is what MAIL and RCPT said.
type Envelope struct {
	MailFrom string            `json:"mail_from"`
	Params   map[string]string `json:"params"`
	Rcpt     []Recipient       `json:"rcpt"`
}

// A Recipient is one RCPT.
type Recipient struct {
	To     string            `json:"to"`
	Params map[string]string `json:"params"`
}

// A Session is the SMTP session that a message came in.
type Session struct {
	Peer          string    `json:"peer"`
	Local         string    `json:"local"`
	HELO          string    `json:"helo"`
	ESMTP         bool      `json:"esmtp"`
	LMTP          bool      `json:"lmtp"`
	TLS           *TLS      `json:"tls" doc:"Null without TLS"`
	AuthMechanism string    `json:"auth_mechanism"`
	AuthIdentity  string    `json:"auth_identity"`
	Chunked       bool      `json:"chunked" doc:"BDAT rather than DATA"`
	SpokeEarly    []string  `json:"spoke_early" doc:"Before which replies the client sent on although it had to wait"`
	UnstuffedDots int       `json:"unstuffed_dots"`
	ReceivedAt    time.Time `json:"received_at"`
}

// TLS is what was negotiated.
type TLS struct {
	Version    string `json:"version"`
	Cipher     string `json:"cipher"`
	ServerName string `json:"server_name"`
	Implicit   bool   `json:"implicit"`
}

// A Field is a header field.
type Field struct {
	Name  string `json:"name"`
	Value string `json:"value" doc:"Unfolded and decoded"`
}

// A Part is a part of MIME.
type Part struct {
	Path        string            `json:"path" doc:"1 for the message, 1.2 for its second part"`
	MediaType   string            `json:"media_type"`
	Params      map[string]string `json:"params"`
	Encoding    string            `json:"encoding"`
	Disposition string            `json:"disposition"`
	Filename    string            `json:"filename" doc:"As the message has it; it may hold a path and worse"`
	ContentID   string            `json:"content_id"`
	Attachment  bool              `json:"attachment"`
	Size        int               `json:"size" doc:"Of the decoded content"`
	SHA256      string            `json:"sha256" doc:"Of the decoded content; empty for what holds other parts"`
	Offset      int               `json:"offset" doc:"Where its header section begins"`
	End         int               `json:"end" doc:"Where its body ends"`
}

func (a *API) message(ctx context.Context, in *ContentInput) (*Tagged[Detail], error) {
	r, err := a.one(ctx, in.IDInput)
	if err != nil {
		return nil, err
	}
	out := &Tagged[Detail]{ETag: etagOf(r)}
	if out.Status = statusFor(in.IfNoneMatch, out.ETag); out.Status == http.StatusNotModified {
		return out, nil
	}
	m, err := a.messageOf(ctx, r)
	if err != nil {
		return nil, err
	}
	tree := m.Parse()
	out.Body = Detail{
		Summary: summary(r), Envelope: envelope(m.Envelope), Session: session(m.Session),
		Headers: fields(tree.Header()), Parts: parts(tree),
	}
	out.Body.Text, out.Body.HTML = bodies(tree)
	return out, nil
}

func envelope(e *message.Envelope) *Envelope {
	if e == nil {
		return nil
	}
	out := &Envelope{MailFrom: e.MailFrom, Params: params(e.Params), Rcpt: []Recipient{}}
	for _, r := range e.Rcpt {
		out.Rcpt = append(out.Rcpt, Recipient{To: r.To, Params: params(r.Params)})
	}
	return out
}

func params(list message.Params) map[string]string {
	out := map[string]string{}
	for _, p := range list {
		out[p.Keyword] = p.Value
	}
	return out
}

func session(s *message.Session) *Session {
	if s == nil {
		return nil
	}
	out := &Session{
		Peer: s.Peer.String(), Local: s.Local.String(), HELO: s.HELO, ESMTP: s.ESMTP, LMTP: s.LMTP,
		AuthMechanism: s.AuthMechanism, AuthIdentity: s.AuthIdentity, Chunked: s.Chunked,
		SpokeEarly: orEmpty(s.SpokeEarly), UnstuffedDots: s.UnstuffedDots, ReceivedAt: s.ReceivedAt.UTC(),
	}
	if t := s.TLS; t != nil {
		out.TLS = &TLS{Version: tls.VersionName(t.Version), Cipher: tls.CipherSuiteName(t.Cipher), ServerName: t.ServerName, Implicit: t.Implicit}
	}
	return out
}

func fields(h *message.Header) []Field {
	out := make([]Field, 0, len(h.Fields))
	for i := range h.Fields {
		out = append(out, Field{Name: h.Fields[i].Name, Value: h.Fields[i].Text()})
	}
	return out
}

func parts(tree *message.Tree) []Part {
	out := make([]Part, 0, len(tree.Parts))
	for _, p := range tree.Parts {
		out = append(out, Part{
			Path: p.Path, MediaType: p.MediaType, Params: p.Params, Encoding: p.Encoding, Disposition: p.Disposition,
			Filename: p.Filename, ContentID: p.ContentID, Attachment: p.IsAttachment(), Size: len(content(p)), Offset: p.Offset, End: p.End,
		})
		last := &out[len(out)-1]
		if p.Params == nil {
			last.Params = map[string]string{}
		}
		if p.Body != nil {
			last.SHA256 = fmt.Sprintf("%x", sha256.Sum256(p.Body))
		}
	}
	return out
}

// bodies returns what a reader would be shown.
func bodies(tree *message.Tree) (text, html string) {
	var seenText, seenHTML bool
	for _, p := range tree.Parts {
		switch {
		case p.IsAttachment():
		case p.MediaType == "text/plain" && !seenText:
			text, seenText = p.Text, true
		case p.MediaType == "text/html" && !seenHTML:
			html, seenHTML = p.Text, true
		}
	}
	return text, html
}

// content is the decoded body of a part; of multipart and of an encapsulated
// message it is the body as it came.
func content(p *message.Part) []byte {
	if p.Body != nil {
		return p.Body
	}
	return p.RawBody
}
