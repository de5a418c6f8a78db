package store

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"

	"github.com/postmuster/postmuster/internal/message"
)

const (
	// indexedText is how much of a message's text is searched.
	indexedText = 64 << 10
	// snippetBytes is about two lines of a list.
	snippetBytes = 200
	// listedBytes bounds each text that lists show.
	listedBytes = 1000
	// listedTotal bounds all addresses of a Record: lists and events hold many.
	listedTotal = 32 << 10
	// skeletonBytes is how much is read of a large message without its
	// attachments' content.
	skeletonBytes = 2 << 20
	// longRun is how many lines of base64 are taken for an attachment's content.
	longRun = 100
)

// A summary is what the index keeps of a message.
type summary struct {
	record                      Record
	sender, recipients, subject string // to search in, not folded
	cc, bcc, replyTo, files     string // too
	fields                      string // words of the header section
	contents                    int    // bits
	body                        string
	listed                      int // bytes of addresses so far
}

// summarize reads what the index keeps. It never fails: of a message that makes
// no sense, it keeps what is known from its session.
func summarize(m *message.Message, raw []byte, size int64) *summary {
	tree := message.Parse(raw)
	s := &summary{record: Record{Size: size}}
	s.fromSession(m)
	s.fromHeader(tree)
	s.record.Inboxes = inboxesOf(m, tree)
	s.record.Tags = tagsOfHeader(tree.Header())
	s.fromParts(tree)
	s.fromContents(tree)
	s.fields = fieldWords(tree.Header())
	return s
}

// text is what a word is searched in.
func (s *summary) text() string {
	return strings.Join([]string{s.subject, s.sender, s.recipients, s.replyTo, s.files, s.body}, "\n")
}

func (s *summary) fromSession(m *message.Message) {
	r := &s.record
	if e := m.Envelope; e != nil {
		r.MailFrom = clip(e.MailFrom)
		for _, rcpt := range e.Rcpt[:min(len(e.Rcpt), MaxListed)] {
			if to := clip(rcpt.To); s.list(to) {
				r.Rcpt = append(r.Rcpt, to)
			}
		}
	}
	if x := m.Session; x != nil {
		r.HELO, r.AuthIdentity, r.TLS = clip(x.HELO), clip(x.AuthIdentity), x.TLS != nil
		if x.Peer.IsValid() {
			r.Peer = x.Peer.String()
		}
	}
}

// list tells whether there is room for one more address.
func (s *summary) list(address string) bool {
	s.listed += len(address)
	return s.listed <= listedTotal
}

func (s *summary) fromHeader(tree *message.Tree) {
	r, h := &s.record, tree.Header()
	r.From, r.To, r.Cc = s.mailboxes(h, "From"), s.mailboxes(h, "To"), s.mailboxes(h, "Cc")
	r.Bcc, r.ReplyTo = s.mailboxes(h, "Bcc"), s.mailboxes(h, "Reply-To")
	if f := h.First("Subject"); f != nil {
		r.Subject = clip(f.Text())
	}
	if f := h.First("Message-ID"); f != nil {
		if ids, _ := message.ParseMessageIDs(string(f.Value)); len(ids) > 0 {
			r.MessageID = clip(strings.Trim(ids[0].Raw, "<>"))
		}
	}
	if f := h.First("Date"); f != nil {
		r.Date = message.ParseDate(string(f.Value)).Time
	}
	s.subject = r.Subject
	s.sender = join(append([]string{r.MailFrom}, texts(r.From)...))
	s.recipients = join(append(append(slices.Clone(r.Rcpt), texts(r.To)...), append(texts(r.Cc), texts(r.Bcc)...)...))
	s.cc, s.replyTo = join(texts(r.Cc)), join(texts(r.ReplyTo))
	s.bcc = join(append(texts(r.Bcc), r.hidden()...))
}

// hidden returns the recipients of the envelope that no field names.
func (r *Record) hidden() []string {
	named := map[string]bool{}
	for _, m := range slices.Concat(r.To, r.Cc, r.Bcc) {
		named[strings.ToLower(m.Address)] = true
	}
	return slices.DeleteFunc(slices.Clone(r.Rcpt), func(to string) bool { return named[strings.ToLower(to)] })
}

func (s *summary) mailboxes(h *message.Header, name string) []Mailbox {
	var out []Mailbox
	for _, f := range h.All(name) {
		for _, a := range message.ParseAddresses(string(f.Value)).List {
			m := Mailbox{clip(a.Name), clip(a.Addr())}
			if len(out) == MaxListed || !s.list(m.Name+m.Address) {
				return out
			}
			out = append(out, m)
		}
	}
	return out
}

func texts(list []Mailbox) []string {
	var out []string
	for _, m := range list {
		out = append(out, m.Address)
		if m.Name != "" {
			out = append(out, m.Name)
		}
	}
	return out
}

// join puts each text on a line of its own, once.
func join(texts []string) string {
	slices.Sort(texts)
	return strings.Join(slices.Compact(texts), "\n")
}

// clip bounds a text that lists show.
func clip(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) <= listedBytes {
		return s
	}
	s = s[:listedBytes]
	for !utf8.ValidString(s) {
		s = s[:len(s)-1]
	}
	return s + "…"
}

// fromParts reads the text that a reader sees, plain and HTML: what one says the
// other often does not.
func (s *summary) fromParts(tree *message.Tree) {
	var plain, rich strings.Builder
	for _, p := range tree.Parts {
		switch {
		case p.IsAttachment():
			s.record.Attachments++
		case p.MediaType == "text/html":
			s.writeHTMLText(&rich, p.Text)
		case p.MediaType == "text/calendar": // is searched, but nobody reads it
			writeText(&rich, p.Text)
		case p.IsText():
			if urlIn(p.Text) {
				s.contents |= hasLink
			}
			writeText(&plain, p.Text)
		}
	}
	s.body = plain.String() + "\n" + rich.String()
	first := plain.String()
	if strings.TrimSpace(first) == "" {
		first = rich.String()
	}
	s.record.Snippet = snippet(first)
}

func writeText(b *strings.Builder, text string) {
	if room := indexedText/2 - b.Len(); room > 0 {
		b.WriteString(text[:min(room, len(text))])
		b.WriteByte('\n')
	}
}

func (s *summary) writeHTMLText(b *strings.Builder, source string) {
	z := html.NewTokenizer(strings.NewReader(source))
	z.SetMaxBuf(indexedText)
	hidden := 0
	for b.Len() < indexedText/2 {
		switch z.Next() {
		case html.ErrorToken:
			return
		case html.TextToken:
			if hidden == 0 {
				writeText(b, html.UnescapeString(string(z.Raw())))
			}
		case html.StartTagToken:
			name, more := z.TagName()
			if string(name) == "style" || string(name) == "script" || string(name) == "title" {
				hidden++
			}
			if s.contents&hasLink == 0 && linkIn(z, string(name), more) {
				s.contents |= hasLink
			}
		case html.EndTagToken:
			if name, _ := z.TagName(); string(name) == "style" || string(name) == "script" || string(name) == "title" {
				hidden = max(0, hidden-1)
			}
		}
	}
}

// snippet returns the beginning of a text on one line.
func snippet(text string) string {
	var b strings.Builder
	space := false
	for _, r := range text {
		if unicode.IsSpace(r) || !unicode.IsPrint(r) {
			space = b.Len() > 0
			continue
		}
		if b.Len() >= snippetBytes {
			break
		}
		if space {
			b.WriteByte(' ')
			space = false
		}
		b.WriteRune(r)
	}
	return b.String()
}

// lower folds a text as searches compare it.
func lower(s string) string { return strings.ToLower(strings.ToValidUTF8(s, "\uFFFD")) }

// skeleton reads a large message without the content of its attachments: of a
// long run of base64 lines it keeps the beginning.
func skeleton(r io.Reader) ([]byte, error) {
	in := bufio.NewReaderSize(r, 64<<10)
	var out bytes.Buffer
	run := 0
	for {
		line, err := in.ReadSlice('\n')
		if isBase64(line) {
			run++
		} else if !errors.Is(err, bufio.ErrBufferFull) {
			run = 0
		}
		if run <= longRun && out.Len()+len(line) <= skeletonBytes {
			out.Write(line)
		}
		if errors.Is(err, io.EOF) {
			return out.Bytes(), nil
		}
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return nil, err
		}
	}
}

func isBase64(line []byte) bool {
	line = bytes.TrimRight(line, "\r\n")
	if len(line) < 60 { // encoders write 76, some 60 or 64
		return false
	}
	for _, c := range line {
		if (c|0x20 < 'a' || c|0x20 > 'z') && (c < '0' || c > '9') && c != '+' && c != '/' && c != '=' {
			return false
		}
	}
	return true
}

// encodeRecord returns what the index keeps of a Record beside its columns.
func encodeRecord(r Record) (string, error) {
	r.ID, r.Seq, r.Read, r.Tags, r.Score = "", 0, false, nil, nil
	b, err := json.Marshal(r)
	return string(b), err
}
