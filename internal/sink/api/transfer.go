package api

import (
	"archive/zip"
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/postmuster/postmuster/internal/message"
	"github.com/postmuster/postmuster/internal/sink/store"
)

func (a *API) registerExport(api huma.API) {
	register(a, api, huma.Operation{
		OperationID: "export", Method: http.MethodGet, Path: prefix + "/export", Tags: []string{"messages"},
		Summary: "All messages, or those that a search finds, in one file",
		Responses: map[string]*huma.Response{"200": {Description: "The messages, oldest first", Content: map[string]*huma.MediaType{
			"application/zip": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}, "application/mbox": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}},
		}}},
	}, a.export)
}

// only refuses bodies of other types. A form or plain text is what a page of
// another site can send without being asked about it.
func only(api huma.API, types ...string) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		declared := ctx.Header("Content-Type")
		mediaType, _, err := mime.ParseMediaType(declared)
		if declared != "" && (err != nil || !slices.Contains(types, mediaType)) {
			// An answer that cannot be written is a client that is gone.
			_ = huma.WriteErr(api, ctx, http.StatusUnsupportedMediaType, "the body is to be declared as "+strings.Join(types, ", "))
			return
		}
		next(ctx)
	}
}

// maxImported bounds an mbox: the store syncs for each of its messages.
const maxImported = 10_000

type importOutput struct {
	Body struct {
		Receipt
		Messages []Receipt `json:"messages,omitempty" doc:"Of an mbox: all messages, of which the first two keys name the last"`
	}
}

func (a *API) importRaw(ctx context.Context, in *struct {
	ContentType string   `header:"Content-Type"`
	From        string   `query:"from" maxLength:"400" doc:"The reverse-path of the envelope"`
	Rcpt        []string `query:"rcpt,explode" maxItems:"1000" doc:"A recipient of the envelope"`
	RawBody     []byte
}) (*importOutput, error) {
	envelope, err := importEnvelope(in.From, in.Rcpt)
	if err != nil {
		return nil, err
	}
	if len(in.RawBody) == 0 {
		return nil, invalid("body", "there is no message")
	}
	messages := []*message.Message{{Raw: in.RawBody, Origin: message.OriginFile}}
	if strings.HasPrefix(in.ContentType, "application/mbox") {
		if messages, err = readMbox(in.RawBody); err != nil {
			return nil, err
		}
	}
	out := &importOutput{}
	for _, m := range messages {
		m.Envelope = envelope
		receipt, err := a.receive(ctx, m, nil)
		if err != nil {
			return nil, err
		}
		out.Body.Receipt = Receipt{ID: receipt.ID, Seq: receipt.Seq}
		if m.Origin == message.OriginMbox {
			out.Body.Messages = append(out.Body.Messages, out.Body.Receipt)
		}
	}
	return out, nil
}

// importEnvelope makes an envelope of what a request says; nil of nothing.
func importEnvelope(from string, rcpt []string) (*message.Envelope, error) {
	if from == "" && len(rcpt) == 0 {
		return nil, nil
	}
	e := &message.Envelope{MailFrom: from}
	if !isPath(from) {
		return nil, invalid("query.from", "not an address: "+clip(from, clippedValue))
	}
	for _, to := range rcpt {
		if to == "" || !isPath(to) {
			return nil, invalid("query.rcpt", "not an address: "+clip(to, clippedValue))
		}
		e.Rcpt = append(e.Rcpt, message.Rcpt{To: to})
	}
	return e, nil
}

// readMbox reads all messages, so that of a file with a mistake none is received.
func readMbox(b []byte) ([]*message.Message, error) {
	var messages []*message.Message
	for m, err := range message.ReadMbox(bytes.NewReader(b), "mbox") {
		if err != nil {
			return nil, invalid("body", err.Error())
		}
		if messages = append(messages, m); len(messages) > maxImported {
			return nil, refuse(http.StatusRequestEntityTooLarge, "the mbox has more messages than are taken at a time")
		}
	}
	return messages, nil
}

// An archive is a file of messages that is being written.
type archive interface {
	add(r *store.Record, raw []byte) error
	Close() error
}

func (a *API) export(ctx context.Context, in *struct {
	Query  string `query:"query" maxLength:"4096" doc:"A search; without it all messages"`
	MinSeq uint64 `query:"min_seq" doc:"Wait until all messages up to this one can be found"`
	Format string `query:"format" enum:"zip,mbox" default:"zip" doc:"A zip of .eml files has the exact bytes; in an mbox lines that begin with From are quoted"`
}) (*huma.StreamResponse, error) {
	search, err := parse(in.Query, "query.query")
	if err != nil {
		return nil, err
	}
	if err := a.readable(ctx, in.MinSeq); err != nil {
		return nil, err
	}
	if !a.streams.take() {
		return nil, refuse(http.StatusTooManyRequests, "too many read at length already")
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		defer a.streams.leave()
		_, w := humago.Unwrap(hc)
		w.Header().Set("Content-Type", "application/"+in.Format)
		w.Header().Set("Content-Disposition", attachment("messages."+in.Format))
		w.Header().Set("Content-Security-Policy", harmless)
		var file archive = &mboxArchive{bufio.NewWriter(w)}
		if in.Format == "zip" {
			file = &zipArchive{zip.NewWriter(w)}
		}
		if err := a.write(hc.Context(), search, file); err != nil {
			a.config.Logger.Error("an export ended early", "error", err)
			panic(http.ErrAbortHandler) // what was sent must not look whole
		}
	}}, nil
}

// write puts all messages into an archive that there are now.
func (a *API) write(ctx context.Context, search *store.Search, file archive) error {
	q := store.Query{Search: search, OldestFirst: true, Limit: store.MaxLimit}
	for last := uint64(0); ; {
		page, err := a.store.List(ctx, q)
		if err != nil {
			return err
		}
		if q.Cursor == "" {
			last = page.Seq
		}
		for _, r := range page.Records {
			if r.Seq > last {
				return file.Close()
			}
			raw, err := a.rawOf(ctx, r)
			if errors.Is(err, store.ErrNotFound) {
				continue // deleted meanwhile
			}
			if err == nil {
				err = file.add(r, raw)
			}
			if err != nil {
				return err
			}
			a.release(ctx)
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			return file.Close()
		}
	}
}

// A zipArchive has a file for each message, with a name of ours.
type zipArchive struct{ *zip.Writer }

func (z *zipArchive) add(r *store.Record, raw []byte) error {
	w, err := z.CreateHeader(&zip.FileHeader{Name: r.ID + ".eml", Method: zip.Deflate, Modified: r.Received})
	if err != nil {
		return err
	}
	_, err = w.Write(raw)
	return err
}

// An mboxArchive is an mbox as RFC 4155 has it, its lines quoted so that they
// can be restored (mboxrd).
type mboxArchive struct{ w *bufio.Writer }

func (m *mboxArchive) add(r *store.Record, raw []byte) error {
	from := r.MailFrom
	if from == "" || strings.ContainsAny(from, " \t\r\n") {
		from = "MAILER-DAEMON"
	}
	io.WriteString(m.w, "From "+from+" "+r.Received.UTC().Format(time.ANSIC)+"\n")
	for line := range bytes.Lines(raw) {
		if bytes.HasPrefix(bytes.TrimLeft(line, ">"), []byte("From ")) {
			m.w.WriteByte('>')
		}
		m.w.Write(line)
	}
	if !bytes.HasSuffix(raw, []byte("\n")) {
		m.w.WriteByte('\n')
	}
	m.w.WriteByte('\n')
	return m.w.Flush() // which returns the errors above
}

// Close ends the file.
func (m *mboxArchive) Close() error { return m.w.Flush() }
