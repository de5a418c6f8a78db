package api

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/http"
	"net/mail"
	"net/textproto"
	"slices"
	"strings"
	"time"

	"github.com/postmuster/postmuster/internal/message"
)

// A draft is a message to be written.
type draft struct {
	from                 mail.Address
	to, cc, bcc, replyTo []mail.Address
	subject, text, html  string
	headers              map[string]string
	files                []file
	date                 time.Time
}

// A file goes with a draft.
type file struct {
	name, mediaType, contentID string
	content                    []byte
}

// ownFields are written from the draft, and cannot be given as headers.
var ownFields = []string{"From", "To", "Cc", "Bcc", "Reply-To", "Subject", "Mime-Version", "Content-Type", "Content-Transfer-Encoding"}

// check refuses what would write another message than the one that was meant.
func (d *draft) check() error {
	for _, a := range slices.Concat([]mail.Address{d.from}, d.to, d.cc, d.bcc, d.replyTo) {
		if !isAddress(a.Address) || strings.ContainsFunc(a.Address+a.Name, isControl) {
			return invalid("body", fmt.Sprintf("%q is not an address", clip(a.Address, clippedValue)))
		}
	}
	if len(d.to)+len(d.cc)+len(d.bcc) == 0 {
		return invalid("body.to", "the message has no recipient")
	}
	if strings.ContainsFunc(d.subject, isControl) {
		return invalid("body.subject", "the subject has control characters")
	}
	for name, value := range d.headers {
		if !isFieldName(name) || strings.ContainsFunc(value, isControl) {
			return invalid("body.headers", fmt.Sprintf("%q is not a header field", clip(name, clippedValue)))
		}
		if slices.Contains(ownFields, textproto.CanonicalMIMEHeaderKey(name)) {
			return invalid("body.headers", name+" has a place of its own in the request")
		}
	}
	for _, f := range d.files {
		if strings.ContainsFunc(f.name+f.contentID, isControl) {
			return invalid("body.attachments", "a file has control characters in its name")
		}
		if _, _, err := mime.ParseMediaType(f.mediaType); err != nil {
			return invalid("body.attachments", fmt.Sprintf("%q is not a media type", clip(f.mediaType, clippedValue)))
		}
	}
	return nil
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }

// isFieldName follows RFC 5322 §2.2.
func isFieldName(name string) bool {
	return name != "" && len(name) < 200 && !strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r > '~' || r == ':' })
}

// message writes the draft.
func (d *draft) message() (*message.Message, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	var raw bytes.Buffer
	d.writeHeader(&raw)
	if err := d.writeBody(&raw); err != nil {
		return nil, err
	}
	m := &message.Message{Raw: raw.Bytes(), Origin: message.OriginFile, Envelope: &message.Envelope{MailFrom: d.from.Address}}
	for _, a := range slices.Concat(d.to, d.cc, d.bcc) {
		m.Envelope.Rcpt = append(m.Envelope.Rcpt, message.Rcpt{To: a.Address})
	}
	return m, nil
}

func (d *draft) writeHeader(w *bytes.Buffer) {
	given := map[string]bool{}
	for name := range d.headers {
		given[textproto.CanonicalMIMEHeaderKey(name)] = true
	}
	field(w, "From", joined([]mail.Address{d.from}))
	field(w, "To", joined(d.to))
	field(w, "Cc", joined(d.cc))
	field(w, "Reply-To", joined(d.replyTo))
	field(w, "Subject", mime.QEncoding.Encode("utf-8", d.subject))
	if !given["Date"] {
		field(w, "Date", d.date.Format("Mon, 02 Jan 2006 15:04:05 -0700"))
	}
	if !given["Message-Id"] {
		_, domain, _ := strings.Cut(d.from.Address, "@")
		field(w, "Message-ID", "<"+strings.ToLower(rand.Text())+"@"+domain+">")
	}
	names := make([]string, 0, len(d.headers))
	for name := range d.headers {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		field(w, name, mime.QEncoding.Encode("utf-8", d.headers[name]))
	}
	field(w, "MIME-Version", "1.0")
}

// field writes a header field, folded at its spaces; none that is empty.
func field(w *bytes.Buffer, name, value string) {
	if value == "" {
		return
	}
	w.WriteString(name + ":")
	line := len(name) + 1
	for word := range strings.SplitSeq(value, " ") {
		if line+1+len(word) > 78 && line > len(name)+1 && word != "" { // RFC 5322 §2.1.1
			w.WriteString("\r\n")
			line = 0
		}
		w.WriteString(" " + word)
		line += 1 + len(word)
	}
	w.WriteString("\r\n")
}

func joined(list []mail.Address) string {
	var out []string
	for _, a := range list {
		out = append(out, a.String())
	}
	return strings.Join(out, ", ")
}

// A body part is written by a function into the multipart that it is given, or
// behind the header section.
type bodyPart struct {
	header textproto.MIMEHeader
	write  func(io.Writer) error
}

func (d *draft) writeBody(w *bytes.Buffer) error {
	body := d.content()
	var inline, attached []bodyPart
	for _, f := range d.files {
		if f.contentID != "" {
			inline = append(inline, f.part())
		} else {
			attached = append(attached, f.part())
		}
	}
	body = together("related", append([]bodyPart{body}, inline...))
	body = together("mixed", append([]bodyPart{body}, attached...))
	for _, name := range []string{"Content-Type", "Content-Transfer-Encoding"} {
		field(w, name, body.header.Get(name))
	}
	w.WriteString("\r\n")
	return body.write(w)
}

// content is the text, the HTML or both.
func (d *draft) content() bodyPart {
	var parts []bodyPart
	if d.text != "" || d.html == "" {
		parts = append(parts, textPart("text/plain", d.text))
	}
	if d.html != "" {
		parts = append(parts, textPart("text/html", d.html))
	}
	return together("alternative", parts)
}

func textPart(mediaType, text string) bodyPart {
	return bodyPart{
		header: textproto.MIMEHeader{"Content-Type": {mediaType + "; charset=utf-8"}, "Content-Transfer-Encoding": {"quoted-printable"}},
		write: func(w io.Writer) error {
			q := quotedprintable.NewWriter(w)
			if _, err := io.WriteString(q, text); err != nil {
				return err
			}
			return q.Close()
		},
	}
}

func (f *file) part() bodyPart {
	kind := "attachment"
	header := textproto.MIMEHeader{"Content-Transfer-Encoding": {"base64"}, "Content-Type": {f.mediaType}}
	if f.contentID != "" {
		kind = "inline"
		header.Set("Content-ID", "<"+strings.Trim(f.contentID, "<>")+">")
	}
	header.Set("Content-Disposition", mime.FormatMediaType(kind, map[string]string{"filename": f.name}))
	return bodyPart{header: header, write: func(w io.Writer) error {
		lines := &lineWriter{w: w}
		e := base64.NewEncoder(base64.StdEncoding, lines)
		if _, err := e.Write(f.content); err != nil {
			return err
		}
		return e.Close()
	}}
}

// together makes a multipart of several parts.
func together(subtype string, parts []bodyPart) bodyPart {
	if len(parts) == 1 {
		return parts[0]
	}
	boundary := strings.ToLower(rand.Text())
	return bodyPart{
		header: textproto.MIMEHeader{"Content-Type": {"multipart/" + subtype + "; boundary=" + boundary}},
		write: func(w io.Writer) error {
			m := multipart.NewWriter(w)
			if err := m.SetBoundary(boundary); err != nil {
				return err
			}
			for _, p := range parts {
				part, err := m.CreatePart(p.header)
				if err != nil {
					return err
				}
				if err := p.write(part); err != nil {
					return err
				}
			}
			return m.Close()
		},
	}
}

// A lineWriter breaks base64 into lines of 76 characters (RFC 2045 §6.8).
type lineWriter struct {
	w      io.Writer
	column int
}

// Write writes b with line ends.
func (l *lineWriter) Write(b []byte) (int, error) {
	written := 0
	for written < len(b) {
		if l.column == 76 {
			if _, err := io.WriteString(l.w, "\r\n"); err != nil {
				return written, err
			}
			l.column = 0
		}
		n, err := l.w.Write(b[written:min(len(b), written+76-l.column)])
		written += n
		l.column += n
		if err != nil {
			return written, err
		}
	}
	return written, nil
}

// typeOf guesses the media type of a file that says none.
func typeOf(content []byte, said string) string {
	if said != "" {
		return said
	}
	return http.DetectContentType(content)
}
