package recording

import (
	"bufio"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/postmuster/postmuster/internal/dns"
	"github.com/postmuster/postmuster/internal/https"
	"github.com/postmuster/postmuster/internal/smtp"
)

// Write writes the recording, sorted, so that two runs compare well. What Read
// would refuse as too big is an error.
func (r *Recording) Write(w io.Writer) error {
	out := &writer{out: bufio.NewWriter(w), certificates: map[string]*x509.Certificate{}}
	out.line(version)
	if !r.At.IsZero() {
		out.line("at: " + r.At.UTC().Format(timeFormat))
	}
	for _, h := range r.Headers {
		if !isKey(h.Key) || h.Key == "at" {
			return fmt.Errorf("write recording: %q is not a header's key", h.Key)
		}
		out.line(strings.TrimSpace(h.Key + ": " + escape(h.Value)))
	}
	writeSorted(out, r.dns, dnsHead, out.dns)
	writeSorted(out, r.https, httpsHead, out.https)
	writeSorted(out, r.smtp, smtpHead, out.smtp)
	for _, fingerprint := range slices.Sorted(maps.Keys(out.certificates)) {
		out.block("certificate " + fingerprint)
		out.certificate(out.certificates[fingerprint])
	}
	if out.err == nil {
		out.err = out.out.Flush()
	}
	if out.err != nil {
		return fmt.Errorf("write recording: %w", out.err)
	}
	return nil
}

// isKey reports whether s may stand before the colon of a header.
func isKey(s string) bool {
	return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") == ""
}

// writeSorted writes a block for each key, in the order of their first lines.
func writeSorted[K comparable, V any](w *writer, blocks map[K]V, head func(K) string, body func(K, V)) {
	keys := make(map[string]K, len(blocks))
	for key := range blocks {
		keys[head(key)] = key
	}
	for _, line := range slices.Sorted(maps.Keys(keys)) {
		w.block(line)
		body(keys[line], blocks[keys[line]])
	}
}

func dnsHead(q dns.Question) string { return "dns " + questionText(q) }

func questionText(q dns.Question) string {
	s := nameText(q.Name) + " " + q.Type.String()
	if q.WantDNSSEC {
		s += " do"
	}
	if q.CheckingDisabled {
		s += " cd"
	}
	return s
}

func httpsHead(r https.Request) string {
	s := fmt.Sprintf("https %s max=%d", tokenText(r.URL), r.MaxBytes)
	if r.FollowRedirects {
		s += " follow"
	}
	return s
}

func smtpHead(t smtp.Target) string {
	return fmt.Sprintf("smtp %s[%s]:%d", tokenText(t.Host), addrText(t.Addr.Addr()), t.Addr.Port())
}

// tokenText is text without a space.
func tokenText(s string) string { return strings.ReplaceAll(escape(s), " ", `\032`) }

// A writer writes lines and keeps the first error.
type writer struct {
	out                  *bufio.Writer
	bytes, lines, blocks int
	err                  error
	certificates         map[string]*x509.Certificate // those that blocks spoke of
}

func (w *writer) line(s string) {
	w.bytes += len(s) + 1
	w.lines++
	switch {
	case w.err != nil:
		return
	case w.bytes > maxBytes:
		w.err = fmt.Errorf("more than the %d MB that a recording may have", maxBytes>>20)
	case w.lines > maxLines:
		w.err = fmt.Errorf("more than the %d lines that a recording may have", maxLines)
	case len(s) > maxLine:
		w.err = fmt.Errorf("a line of more than %d octets: %.60q", maxLine, s)
	default:
		w.out.WriteString(s)
		w.err = w.out.WriteByte('\n')
	}
}

func (w *writer) block(head string) {
	w.blocks++
	if w.blocks > maxBlocks && w.err == nil {
		w.err = fmt.Errorf("more than the %d blocks that a recording may have", maxBlocks)
	}
	w.line("")
	w.line(head)
}

// field writes a line of a block; the text is escaped already.
func (w *writer) field(word, text string) {
	if text == "" {
		w.line("  " + word)
	} else {
		w.line("  " + word + " " + text)
	}
}

// text writes a line of a block unless it is empty.
func (w *writer) text(word, text string) {
	if text != "" {
		w.field(word, escape(text))
	}
}

func (w *writer) times(at time.Time, took time.Duration) {
	if !at.IsZero() {
		w.field("at", at.UTC().Format(timeFormat))
	}
	w.duration("took", took)
}

func (w *writer) duration(word string, d time.Duration) {
	if d != 0 {
		w.field(word, durationText(d))
	}
}

func (w *writer) dns(q dns.Question, o dnsOutcome) {
	if o.err != nil {
		w.dnsError(q, o.err)
		return
	}
	a := o.answer
	reply := a.Rcode.String()
	if a.AuthenticData {
		reply += " ad"
	}
	if a.TCP {
		reply += " tcp"
	}
	w.field("reply", reply)
	w.about(q, a.Question)
	w.text("server", a.Server)
	w.times(a.At, a.Elapsed)
	w.extendedErrors(a.ExtendedErrors)
	for _, r := range a.Records {
		w.field("record", recordText(r))
	}
	for _, r := range a.Authority {
		w.field("authority", recordText(r))
	}
}

func (w *writer) dnsError(q dns.Question, e *dns.Error) {
	w.field("error", escape(string(e.Cause)))
	w.about(q, e.Question)
	if e.Rcode != 0 {
		w.field("rcode", e.Rcode.String())
	}
	w.text("server", e.Server)
	w.duration("took", e.Elapsed)
	w.extendedErrors(e.ExtendedErrors)
	if e.Err != nil {
		w.field("because", escape(e.Err.Error()))
	}
}

// about writes the question that an answer repeats, where it is another one.
func (w *writer) about(asked, repeated dns.Question) {
	if asked != repeated {
		w.field("about", questionText(repeated))
	}
}

func (w *writer) extendedErrors(all []dns.ExtendedError) {
	for _, e := range all {
		w.field("ede", strings.TrimSpace(fmt.Sprintf("%d %s", e.Code, escape(e.Text))))
	}
}

func (w *writer) https(_ https.Request, r *https.Response) {
	w.text("result", string(r.Result))
	w.text("reason", r.Reason)
	if r.Status != 0 {
		w.field("status", fmt.Sprint(r.Status))
	}
	w.text("location", r.Location)
	w.text("content-type", r.ContentType)
	w.times(r.At, r.Elapsed)
	w.chain(r.Chain)
	w.body(string(r.Body))
}

// body writes a line for each of the body's, and more for long ones.
func (w *writer) body(body string) {
	for body != "" {
		end := strings.IndexByte(body, '\n') + 1
		if end == 0 || end > maxBodyLine {
			end = min(len(body), maxBodyLine)
		}
		w.text("body", body[:end])
		body = body[end:]
	}
}

func (w *writer) smtp(_ smtp.Target, s *smtp.Session) {
	w.text("helo", s.HELO)
	w.text("result", string(s.Result))
	w.text("step", string(s.Step))
	w.text("reason", s.Reason)
	w.times(s.At, s.Elapsed)
	w.duration("banner-wait", s.BannerWait)
	w.reply("banner", s.Banner)
	w.reply("ehlo", s.EHLO)
	w.reply("starttls", s.STARTTLS)
	w.tls(s.TLS)
	w.reply("ehlo-tls", s.EHLOTLS)
	for _, line := range s.Transcript {
		w.field(string(line.From), strings.TrimSuffix(durationText(line.At)+" "+escape(line.Text), " "))
	}
}

// reply writes a reply as it was on the wire. A reply without any lines, which
// no server can send, is its code and a backslash.
func (w *writer) reply(word string, r *smtp.Reply) {
	if r == nil {
		return
	}
	if len(r.Lines) == 0 {
		w.field(word, fmt.Sprintf(`%d \`, r.Code))
	}
	for i, line := range r.Lines {
		if i < len(r.Lines)-1 {
			w.field(word, fmt.Sprintf("%d-%s", r.Code, escape(line)))
		} else {
			w.field(word, strings.TrimSuffix(fmt.Sprintf("%d %s", r.Code, escape(line)), " "))
		}
	}
}

func (w *writer) tls(state *smtp.TLS) {
	if state == nil {
		return
	}
	w.field("tls", tlsVersionText(state.Version)+" "+cipherText(state.Cipher))
	w.text("alert", state.Alert)
	w.text("chain-error", state.ChainError)
	w.text("name-error", state.NameError)
	w.chain(state.Chain)
}

// chain names the certificates of a chain; hosts share them, so each is written
// once, in a block of its own.
func (w *writer) chain(chain []*x509.Certificate) {
	for _, cert := range chain {
		sum := sha256.Sum256(cert.Raw)
		fingerprint := hex.EncodeToString(sum[:])
		w.certificates[fingerprint] = cert
		w.field("certificate", fingerprint)
	}
}

func (w *writer) certificate(cert *x509.Certificate) {
	const columns = 64 // as PEM has them
	w.line("  # " + escape(fmt.Sprintf("%s, by %s, %s to %s", cert.Subject, cert.Issuer,
		cert.NotBefore.UTC().Format(time.DateOnly), cert.NotAfter.UTC().Format(time.DateOnly))))
	text := base64.StdEncoding.EncodeToString(cert.Raw)
	for line := range slices.Chunk([]byte(text), columns) {
		w.line("  " + string(line))
	}
}
