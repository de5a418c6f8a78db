package api

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/postmuster/postmuster/internal/message"
	"github.com/postmuster/postmuster/internal/sink/store"
)

type mailpitSummary struct {
	ID, MessageID        string
	From                 *mailpitAddress
	To, Cc, Bcc, ReplyTo []mailpitAddress
	ReturnPath, Subject  string
	ListUnsubscribe      mailpitUnsubscribe
	Date                 time.Time
	Tags                 []string
	Username             string
	Text, HTML           string
	Size                 int64
	Inline, Attachments  []mailpitAttachment
}

type mailpitUnsubscribe struct {
	Header, HeaderPost, Errors string
	Links                      []string
}

type mailpitAttachment struct {
	PartID, FileName, ContentType, ContentID string
	Size                                     int
	Checksums                                struct{ MD5, SHA1, SHA256 string }
}

// mailpitMessage marks the message as read, as Mailpit does; but not for a link
// that another site led a browser to, nor for who may change nothing.
func (a *API) mailpitMessage(w http.ResponseWriter, r *http.Request) error {
	record, tree, err := a.mailpitTree(r, r.PathValue("id"))
	if err != nil {
		return err
	}
	mayMark := a.config.ReadOnly == nil || !a.config.ReadOnly(r)
	if site := r.Header.Get("Sec-Fetch-Site"); mayMark && !record.Read && (site == "" || site == "same-origin") {
		if err := a.store.SetRead(r.Context(), true, record.ID); err != nil {
			return err
		}
	}
	out := mailpitSummary{
		ID: record.ID, MessageID: record.MessageID, From: mailpitFrom(record), To: mailpitAddresses(record.To), Cc: mailpitAddresses(record.Cc),
		Bcc: mailpitAddresses(bcc(record)), ReplyTo: mailpitAddresses(record.ReplyTo), ReturnPath: record.MailFrom, Subject: record.Subject,
		ListUnsubscribe: unsubscribe(tree), Date: record.Date.UTC(), Tags: orEmpty(record.Tags), Username: record.AuthIdentity, Size: record.Size,
	}
	if record.Date.IsZero() {
		out.Date = record.Received.UTC()
	}
	out.Text, out.HTML = bodies(tree)
	out.Inline, out.Attachments = mailpitFiles(tree)
	writeJSON(w, http.StatusOK, out)
	return nil
}

func mailpitFiles(tree *message.Tree) (inline, attachments []mailpitAttachment) {
	inline, attachments = []mailpitAttachment{}, []mailpitAttachment{}
	within := "" // the path of an attached message, whose own files are not listed
	for _, p := range tree.Parts {
		if within != "" && strings.HasPrefix(p.Path, within) {
			continue
		}
		if p.MediaType == "message/rfc822" {
			within = p.Path + "."
		}
		switch {
		case p.IsAttachment():
			attachments = append(attachments, mailpitFile(p))
		case !p.IsMultipart() && (p.ContentID != "" || p.Filename != "") && p.MediaType != "text/html":
			inline = append(inline, mailpitFile(p))
		}
	}
	return inline, attachments
}

func (a *API) mailpitTree(r *http.Request, id string) (*store.Record, *message.Tree, error) {
	in, err := a.mailpitInput(r, id)
	if err != nil {
		return nil, nil, err
	}
	return a.tree(r.Context(), in)
}

func mailpitFile(p *message.Part) mailpitAttachment {
	body := content(p)
	out := mailpitAttachment{PartID: p.Path, FileName: p.Filename, ContentType: p.MediaType, ContentID: p.ContentID, Size: len(body)}
	c := &out.Checksums
	c.MD5, c.SHA1, c.SHA256 = fmt.Sprintf("%x", md5.Sum(body)), fmt.Sprintf("%x", sha1.Sum(body)), fmt.Sprintf("%x", sha256.Sum256(body))
	return out
}

func unsubscribe(tree *message.Tree) mailpitUnsubscribe {
	out := mailpitUnsubscribe{Links: []string{}}
	if f := tree.Header().First("List-Unsubscribe"); f != nil {
		out.Header = f.Unfolded()
		for part := range strings.SplitSeq(out.Header, ",") {
			if link, ok := strings.CutPrefix(strings.TrimSpace(part), "<"); ok && strings.HasSuffix(link, ">") {
				out.Links = append(out.Links, strings.TrimSuffix(link, ">"))
			}
		}
	}
	if f := tree.Header().First("List-Unsubscribe-Post"); f != nil {
		out.HeaderPost = f.Unfolded()
	}
	return out
}

func (a *API) mailpitRaw(w http.ResponseWriter, r *http.Request) error {
	in, err := a.mailpitInput(r, r.PathValue("id"))
	if err != nil {
		return err
	}
	record, err := a.one(r.Context(), in)
	if err != nil {
		return err
	}
	raw, err := a.rawOf(r.Context(), record)
	if err != nil {
		return err
	}
	if r.FormValue("dl") == "1" {
		w.Header().Set("Content-Disposition", attachment(record.ID+".eml"))
	}
	w.Header().Set("Content-Security-Policy", harmless)
	w.Header().Set("Content-Length", strconv.Itoa(len(raw)))
	plainBytes(w, raw)
	return nil
}

// plainBytes are shown as they are by a browser, and as nothing else.
func plainBytes(w http.ResponseWriter, b []byte) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Write(b)
}

func (a *API) mailpitPart(w http.ResponseWriter, r *http.Request) error {
	_, tree, err := a.mailpitTree(r, r.PathValue("id"))
	if err != nil {
		return err
	}
	p := tree.Part(r.PathValue("path"))
	if p == nil {
		return refuse(http.StatusNotFound, "the message has no such part")
	}
	writeBytes(w, download(content(p), safeType(p.MediaType), p.Filename))
	return nil
}

func writeBytes(w http.ResponseWriter, out *bytesOutput) {
	w.Header().Set("Content-Type", out.ContentType)
	w.Header().Set("Content-Disposition", out.Disposition)
	w.Header().Set("Content-Security-Policy", out.Policy)
	w.Write(out.Body)
}

// mailpitView is the message itself, for tests in a browser: /view/latest.html.
func (a *API) mailpitView(w http.ResponseWriter, r *http.Request) error {
	id, kind, _ := strings.Cut(r.PathValue("name"), ".")
	if kind != "html" && kind != "txt" {
		return refuse(http.StatusNotFound, "a view ends in .html or .txt")
	}
	_, tree, err := a.mailpitTree(r, id)
	if err != nil {
		return err
	}
	text, html := bodies(tree)
	if kind == "txt" {
		w.Header().Set("Content-Security-Policy", harmless)
		plainBytes(w, []byte(text))
		return nil
	}
	if html == "" {
		return refuse(http.StatusNotFound, "the message has no HTML part")
	}
	w.Header().Set("Content-Security-Policy", viewPolicy)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Write([]byte(withImages(html, tree)))
	return nil
}

// viewPolicy gives the HTML of a message an origin of its own, in which nothing
// runs and nothing is fetched; a link may be followed, in a window that has
// nothing to do with us.
const viewPolicy = "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'; " +
	"font-src data:; form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
