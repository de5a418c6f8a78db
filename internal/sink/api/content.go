package api

import (
	"context"
	"mime"
	"net/http"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"github.com/postmuster/postmuster/internal/message"
	"github.com/postmuster/postmuster/internal/sink/store"
)

func (a *API) registerContent(api huma.API) {
	register(a, api, huma.Operation{
		OperationID: "get-raw", Method: http.MethodGet, Path: prefix + "/messages/{id}/raw", Tags: []string{"messages"},
		Summary: "The exact bytes of a message", Responses: answerOf("message/rfc822"),
	}, a.raw)
	register(a, api, huma.Operation{
		OperationID: "list-parts", Method: http.MethodGet, Path: prefix + "/messages/{id}/parts", Tags: []string{"messages"},
		Summary: "The MIME parts of a message",
	}, a.parts)
	register(a, api, huma.Operation{
		OperationID: "get-part", Method: http.MethodGet, Path: prefix + "/messages/{id}/parts/{path}", Tags: []string{"messages"},
		Summary: "The decoded content of a part", Responses: answerOf("application/octet-stream"),
	}, a.part)
	register(a, api, huma.Operation{
		OperationID: "get-transcript", Method: http.MethodGet, Path: prefix + "/messages/{id}/transcript", Tags: []string{"messages"},
		Summary: "The SMTP session of a message, line by line",
	}, a.transcript)
}

// answerOf documents an answer of bytes.
func answerOf(mediaType string) map[string]*huma.Response {
	return map[string]*huma.Response{"200": {
		Description: "OK",
		Content:     map[string]*huma.MediaType{mediaType: {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}},
	}}
}

// bytesOutput is an answer of bytes that came from a message. No browser takes
// it for a page or a script of ours: it is a download, of a type that it is not
// to guess, in an origin of its own.
type bytesOutput struct {
	Status      int
	ETag        string `header:"ETag"`
	ContentType string `header:"Content-Type"`
	Disposition string `header:"Content-Disposition"`
	Policy      string `header:"Content-Security-Policy"`
	Body        []byte
}

// harmless is the policy for what is not to be shown.
const harmless = "sandbox; default-src 'none'"

func download(content []byte, mediaType, filename string) *bytesOutput {
	return &bytesOutput{
		Status: http.StatusOK, Body: content,
		ContentType: mediaType, Disposition: attachment(filename), Policy: harmless,
	}
}

func (a *API) raw(ctx context.Context, in *ContentInput) (*bytesOutput, error) {
	r, err := a.one(ctx, in.IDInput)
	if err != nil {
		return nil, err
	}
	out := download(nil, "message/rfc822", r.ID+".eml")
	out.ETag = fixed(r)
	if out.Status = statusFor(in.IfNoneMatch, out.ETag); out.Status == http.StatusNotModified {
		return out, nil
	}
	out.Body, err = a.rawOf(ctx, r)
	return out, err
}

func (a *API) tree(ctx context.Context, in IDInput) (*store.Record, *message.Tree, error) {
	r, err := a.one(ctx, in)
	if err != nil {
		return nil, nil, err
	}
	return a.parsed(ctx, r)
}

func (a *API) parsed(ctx context.Context, r *store.Record) (*store.Record, *message.Tree, error) {
	m, err := a.messageOf(ctx, r)
	if err != nil {
		return nil, nil, err
	}
	return r, m.Parse(), nil
}

// Parts are the parts of a message.
type Parts struct {
	Parts []Part `json:"parts"`
}

func (a *API) parts(ctx context.Context, in *ContentInput) (*Tagged[Parts], error) {
	r, tree, err := a.tree(ctx, in.IDInput)
	if err != nil {
		return nil, err
	}
	return unchanging(in.IfNoneMatch, fixed(r), Parts{parts(tree)}), nil
}

func (a *API) part(ctx context.Context, in *struct {
	ContentInput
	Path string `path:"path" maxLength:"256" doc:"1.2 for the second part"`
}) (*bytesOutput, error) {
	r, tree, err := a.tree(ctx, in.IDInput)
	if err != nil {
		return nil, err
	}
	p := tree.Part(in.Path)
	if p == nil {
		return nil, refuse(http.StatusNotFound, "the message has no such part")
	}
	out := download(content(p), safeType(p.MediaType), p.Filename)
	out.ETag = `"` + r.ID + "-" + p.Path + `"`
	if out.Status = statusFor(in.IfNoneMatch, out.ETag); out.Status == http.StatusNotModified {
		out.Body = nil
	}
	return out, nil
}

// plainTypes are types that no browser runs anything of, beside image, audio,
// video and font types.
var plainTypes = map[string]bool{
	"text/plain": true, "text/csv": true, "text/calendar": true, "message/rfc822": true,
	"application/pdf": true, "application/zip": true, "application/gzip": true, "application/json": true, "application/pgp-signature": true,
}

// safeType is the type of a part as we dare to declare it.
func safeType(declared string) string {
	kind, rest, _ := strings.Cut(declared, "/")
	switch {
	case strings.Contains(rest, "svg"), strings.Contains(rest, "xml"): // pages with scripts
		return "application/octet-stream"
	case plainTypes[declared], kind == "image", kind == "audio", kind == "video", kind == "font":
		if _, _, err := mime.ParseMediaType(declared); err == nil {
			return declared
		}
	}
	return "application/octet-stream"
}

// attachment is a Content-Disposition with a name that is nothing but a name.
func attachment(filename string) string {
	return mime.FormatMediaType("attachment", map[string]string{"filename": safeName(filename)})
}

// maxNameBytes fits every file system.
const maxNameBytes = 120

// safeName makes of a name in a message one that stays in the directory where a
// browser or a script writes it, and that shows what it is.
func safeName(name string) string {
	name = strings.ToValidUTF8(name, "_")
	name = path.Base(strings.ReplaceAll(name, `\`, "/"))
	name = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r), unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp): // "exe.\u202Egpj"
			return -1
		case strings.ContainsRune(`<>:"|?*%;`+"`$'", r):
			return '_'
		}
		return r
	}, name)
	name = strings.Trim(name, ". ~-") // ".bashrc", "..", "-rf"
	if len(name) > maxNameBytes {
		ext := path.Ext(name)
		if len(ext) > 16 {
			ext = ""
		}
		stem := name[:maxNameBytes-len(ext)]
		for !utf8.ValidString(stem) {
			stem = stem[:len(stem)-1]
		}
		name = stem + ext
	}
	if name == "" || name == "/" {
		return "part"
	}
	return name
}

// A Line is one line of a transcript.
type Line struct {
	At   int64  `json:"at_us" doc:"Microseconds since the session began"`
	From string `json:"from" enum:"S,C,*" doc:"Server, client, or what happened beside the dialogue"`
	Text string `json:"text"`
}

// A Transcript is an SMTP session.
type Transcript struct {
	Lines []Line `json:"lines"`
	Cut   bool   `json:"cut" doc:"The session was longer than what is kept"`
}

func (a *API) transcript(ctx context.Context, in *ContentInput) (*Tagged[Transcript], error) {
	r, err := a.one(ctx, in.IDInput)
	if err != nil {
		return nil, err
	}
	m, err := a.store.Session(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	return unchanging(in.IfNoneMatch, fixed(r), Transcript{
		Lines: lines(m.Session), Cut: m.Session != nil && m.Session.TranscriptCut,
	}), nil
}

func lines(s *message.Session) []Line {
	out := []Line{}
	if s == nil {
		return out
	}
	for _, l := range s.Transcript {
		out = append(out, Line{At: l.At.Microseconds(), From: string(l.From), Text: l.Text})
	}
	return out
}
