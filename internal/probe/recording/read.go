package recording

import (
	"bufio"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/postmuster/postmuster/internal/dns"
	"github.com/postmuster/postmuster/internal/https"
	"github.com/postmuster/postmuster/internal/smtp"
)

// A SyntaxError says where a file is not a recording.
type SyntaxError struct {
	File string // the reader's name, where it has one
	Line int
	Text string // what is there
	Want string // what should be there
}

// Error returns `run.rec:12: "reply HELLO": expected a response code`.
func (e *SyntaxError) Error() string {
	file := e.File
	if file == "" {
		file = "recording"
	}
	return fmt.Sprintf("%s:%d: %.60q: expected %s", file, e.Line, e.Text, e.Want)
}

// Read reads what Write wrote. A *SyntaxError says where it is not a recording,
// and names the file if r does, as an *os.File.
func Read(r io.Reader) (*Recording, error) {
	file := ""
	if named, ok := r.(interface{ Name() string }); ok {
		file = named.Name()
	}
	limited := &io.LimitedReader{R: r, N: maxBytes + 1}
	lines := bufio.NewScanner(limited)
	lines.Buffer(nil, maxLine+1)
	p := &parser{
		lines:        lines,
		recording:    newRecording(time.Time{}, nil),
		certificates: map[string]*x509.Certificate{},
	}
	err := p.parse()
	if limited.N == 0 { // cut off; whatever else is wrong comes from that
		return nil, fmt.Errorf("read recording: more than %d MB", maxBytes>>20)
	}
	if e := (*SyntaxError)(nil); errors.As(err, &e) {
		e.File = file
	}
	if err != nil {
		return nil, err
	}
	return p.recording, nil
}

// A parser reads a recording block by block.
type parser struct {
	lines        *bufio.Scanner
	line         int
	recording    *Recording
	certificates map[string]*x509.Certificate
	chains       []*chainRef // chains of certificates that may stand further down
}

type chainRef struct {
	fields []field
	chain  *[]*x509.Certificate
}

// A block is a first line and what is indented below it.
type block struct {
	head   field
	fields []field
}

// A field is one line: a word, and text after it.
type field struct {
	line       int
	word, text string
}

func (f field) errorf(format string, args ...any) error {
	return &SyntaxError{Line: f.line, Text: strings.TrimSpace(f.word + " " + f.text), Want: fmt.Sprintf(format, args...)}
}

func (p *parser) parse() error {
	if err := p.headers(); err != nil {
		return err
	}
	blocks := 0
	var current *block
	for p.scan() {
		raw := p.lines.Text()
		text := strings.TrimLeft(raw, " ")
		switch {
		case text == "":
			if err := p.finish(&current); err != nil {
				return err
			}
		case text[0] == '#':
		case text == raw:
			if err := p.finish(&current); err != nil {
				return err
			}
			current = &block{head: p.field(text)}
			if blocks++; blocks > maxBlocks {
				return current.head.errorf("at most %d blocks", maxBlocks)
			}
		case current == nil:
			return p.field(text).errorf("the first line of a block, without indentation")
		default:
			current.fields = append(current.fields, p.field(text))
		}
	}
	if err := p.finish(&current); err != nil {
		return err
	}
	if err := p.scanError(); err != nil {
		return err
	}
	return p.resolveChains()
}

func (p *parser) scan() bool {
	p.line++
	return p.line <= maxLines && p.lines.Scan()
}

func (p *parser) scanError() error {
	if p.line > maxLines {
		return fmt.Errorf("read recording: more than %d lines", maxLines)
	}
	err := p.lines.Err()
	if errors.Is(err, bufio.ErrTooLong) {
		return &SyntaxError{Line: p.line, Want: fmt.Sprintf("a line of at most %d octets", maxLine)}
	}
	if err != nil {
		return fmt.Errorf("read recording: %w", err)
	}
	return nil
}

func (p *parser) field(text string) field {
	word, rest, _ := strings.Cut(text, " ")
	return field{p.line, word, rest}
}

// headers reads the version and what follows it up to an empty line.
func (p *parser) headers() error {
	if !p.scan() || p.lines.Text() != version {
		if err := p.lines.Err(); err != nil && !errors.Is(err, bufio.ErrTooLong) {
			return p.scanError()
		}
		return &SyntaxError{Line: 1, Text: p.lines.Text(), Want: fmt.Sprintf("%q", version)}
	}
	for p.scan() && p.lines.Text() != "" {
		f := field{line: p.line, text: p.lines.Text()}
		if strings.HasPrefix(f.text, "#") {
			continue
		}
		key, value, ok := strings.Cut(f.text, ":")
		if !ok || !isKey(key) {
			return f.errorf("a header, key: value")
		}
		value, err := unescape(strings.TrimPrefix(value, " "))
		if err != nil {
			return f.errorf("%v", err)
		}
		if key != "at" {
			p.recording.Headers = append(p.recording.Headers, Header{key, value})
		} else if p.recording.At, err = parseTime(value); err != nil {
			return f.errorf("%v", err)
		}
	}
	return p.scanError()
}

// finish takes the block that has ended, if there is one.
func (p *parser) finish(current **block) error {
	b := *current
	*current = nil
	if b == nil {
		return nil
	}
	switch b.head.word {
	case "dns":
		return p.dns(b)
	case "smtp":
		return p.smtp(b)
	case "https":
		return p.https(b)
	case "certificate":
		return p.certificate(b)
	default:
		return b.head.errorf("a block: dns, smtp, https or certificate")
	}
}

// put keeps what a block says, once.
func put[K comparable, V any](kept map[K]V, key K, value V, b *block) error {
	if _, ok := kept[key]; ok {
		return b.head.errorf("each block once")
	}
	kept[key] = value
	return nil
}

// each gives every line of a block to read, and refuses a second line with the
// same word unless it is among several.
func (b *block) each(several string, read func(f field) error) error {
	seen := map[string]bool{}
	for _, f := range b.fields {
		if seen[f.word] && !strings.Contains(several, " "+f.word+" ") {
			return f.errorf("one line %q in a block", f.word)
		}
		seen[f.word] = true
		if err := read(f); err != nil {
			return err
		}
	}
	return nil
}

// unknown is the error of a line that a block does not have.
func (f field) unknown(b *block) error {
	return f.errorf("a line of a block %q", b.head.word)
}

func (f field) string(s *string) (err error) {
	if *s, err = unescape(f.text); err != nil {
		return f.errorf("%v", err)
	}
	return nil
}

func (f field) time(t *time.Time) (err error) {
	if *t, err = parseTime(f.text); err != nil {
		return f.errorf("%v", err)
	}
	return nil
}

var errTime = errors.New("a time such as 2026-11-23T10:00:00.02Z")

func parseTime(s string) (time.Time, error) {
	t, err := time.Parse(timeFormat, s)
	t = t.UTC()
	if err != nil || t.Year() < 0 || t.Year() > 9999 { // an offset may lead there
		return time.Time{}, errTime
	}
	return t, nil
}

func (f field) duration(d *time.Duration) (err error) {
	if *d, err = time.ParseDuration(f.text); err != nil {
		return f.errorf("a duration such as 12ms")
	}
	return nil
}

func parseQuestion(f field) (dns.Question, error) {
	a := &args{rest: f.text}
	q := dns.Question{Name: a.name(), Type: a.rrtype()}
	for a.err == nil && a.rest != "" {
		switch a.word() {
		case "do":
			q.WantDNSSEC = true
		case "cd":
			q.CheckingDisabled = true
		default:
			a.fail(errors.New("do or cd"))
		}
	}
	if a.err != nil {
		return q, f.errorf("%v", a.err)
	}
	return q, nil
}

func (p *parser) dns(b *block) error {
	q, err := parseQuestion(b.head)
	if err != nil {
		return err
	}
	// Lines that answers and errors share are read into both.
	answer, failure := &dns.Answer{Question: q}, &dns.Error{Question: q}
	var answered, failed bool
	err = b.each(" ede record authority ", func(f field) error {
		switch f.word {
		case "reply":
			answered = true
			return f.reply(answer)
		case "error":
			failed = true
			return f.string((*string)(&failure.Cause))
		case "record":
			return f.record(&answer.Records)
		case "authority":
			return f.record(&answer.Authority)
		case "at":
			return f.time(&answer.At)
		default:
			return f.dnsCommon(b, answer, failure)
		}
	})
	switch {
	case err != nil:
		return err
	case answered == failed:
		return b.head.errorf("either a line reply or a line error in this block")
	case failed:
		return put(p.recording.dns, q, dnsOutcome{err: failure}, b)
	default:
		return put(p.recording.dns, q, dnsOutcome{answer: answer}, b)
	}
}

func (f field) dnsCommon(b *block, answer *dns.Answer, failure *dns.Error) (err error) {
	switch f.word {
	case "about":
		answer.Question, err = parseQuestion(f)
		failure.Question = answer.Question
		return err
	case "server":
		err = f.string(&answer.Server)
		failure.Server = answer.Server
		return err
	case "took":
		err = f.duration(&answer.Elapsed)
		failure.Elapsed = answer.Elapsed
		return err
	case "ede":
		err = f.extendedError(&answer.ExtendedErrors)
		failure.ExtendedErrors = answer.ExtendedErrors
		return err
	case "rcode":
		if failure.Rcode, err = dns.ParseRcode(f.text); err != nil {
			return f.errorf("a response code")
		}
		return nil
	case "because":
		var text string
		err = f.string(&text)
		failure.Err = errors.New(text)
		return err
	default:
		return f.unknown(b)
	}
}

func (f field) reply(a *dns.Answer) (err error) {
	words := strings.Split(f.text, " ")
	if a.Rcode, err = dns.ParseRcode(words[0]); err != nil {
		return f.errorf("a response code")
	}
	for _, word := range words[1:] {
		switch word {
		case "ad":
			a.AuthenticData = true
		case "tcp":
			a.TCP = true
		default:
			return f.errorf("ad or tcp after the response code")
		}
	}
	return nil
}

func (f field) record(records *[]dns.Record) error {
	r, err := parseRecord(f.text)
	if err != nil {
		return f.errorf("%v", err)
	}
	*records = append(*records, r)
	return nil
}

func (f field) extendedError(all *[]dns.ExtendedError) error {
	number, text, _ := strings.Cut(f.text, " ")
	code, err := strconv.ParseUint(number, 10, 16)
	if err != nil {
		return f.errorf("the number of an extended error (RFC 8914)")
	}
	e := dns.ExtendedError{Code: uint16(code)}
	if e.Text, err = unescape(text); err != nil {
		return f.errorf("%v", err)
	}
	*all = append(*all, e)
	return nil
}

func (p *parser) https(b *block) error {
	request, err := parseRequest(b.head)
	if err != nil {
		return err
	}
	r := &https.Response{Request: request}
	var body strings.Builder
	err = b.each(" certificate body ", func(f field) error {
		switch f.word {
		case "result":
			return f.string((*string)(&r.Result))
		case "reason":
			return f.string(&r.Reason)
		case "status":
			return f.int(&r.Status)
		case "location":
			return f.string(&r.Location)
		case "content-type":
			return f.string(&r.ContentType)
		case "at":
			return f.time(&r.At)
		case "took":
			return f.duration(&r.Elapsed)
		case "certificate":
			return nil // with the chains, at the end
		case "body":
			var text string
			err := f.string(&text)
			body.WriteString(text)
			return err
		default:
			return f.unknown(b)
		}
	})
	if err != nil {
		return err
	}
	if body.Len() > 0 {
		r.Body = []byte(body.String())
	}
	p.chain(b, &r.Chain)
	return put(p.recording.https, request, r, b)
}

func (f field) int(n *int) (err error) {
	if *n, err = strconv.Atoi(f.text); err != nil {
		return f.errorf("a number")
	}
	return nil
}

func parseRequest(f field) (r https.Request, err error) {
	words := strings.Split(f.text, " ")
	if r.URL, err = unescape(words[0]); err != nil {
		return r, f.errorf("a URL: %v", err)
	}
	for _, word := range words[1:] {
		digits, isMax := strings.CutPrefix(word, "max=")
		switch {
		case isMax:
			if r.MaxBytes, err = strconv.ParseInt(digits, 10, 64); err != nil {
				return r, f.errorf("a number after max=")
			}
		case word == "follow":
			r.FollowRedirects = true
		default:
			return r, f.errorf("max=BYTES or follow after the URL")
		}
	}
	return r, nil
}

func (p *parser) smtp(b *block) error {
	target, err := parseTarget(b.head)
	if err != nil {
		return err
	}
	s := &smtp.Session{Target: target}
	if err := b.each(" banner ehlo starttls ehlo-tls certificate S C * ", func(f field) error { return f.session(b, s) }); err != nil {
		return err
	}
	if s.TLS != nil {
		p.chain(b, &s.TLS.Chain)
	}
	return put(p.recording.smtp, target, s, b)
}

func parseTarget(f field) (t smtp.Target, err error) {
	wrong := f.errorf("a host, its address and port, as mx.example.com[192.0.2.1]:25")
	open := strings.LastIndexByte(f.text, '[')
	if open < 0 {
		return t, wrong
	}
	if t.Host, err = unescape(f.text[:open]); err != nil {
		return t, wrong
	}
	address, port, ok := strings.Cut(f.text[open+1:], "]:")
	number, err := strconv.ParseUint(port, 10, 16)
	if !ok || err != nil {
		return t, wrong
	}
	a := &args{rest: address}
	t.Addr = netip.AddrPortFrom(a.addr(), uint16(number))
	if a.end(); a.err != nil {
		return t, wrong
	}
	return t, nil
}

// session reads one line of a session.
func (f field) session(b *block, s *smtp.Session) error {
	switch f.word {
	case "helo":
		return f.string(&s.HELO)
	case "result":
		return f.string((*string)(&s.Result))
	case "step":
		return f.string((*string)(&s.Step))
	case "reason":
		return f.string(&s.Reason)
	case "at":
		return f.time(&s.At)
	case "took":
		return f.duration(&s.Elapsed)
	case "banner-wait":
		return f.duration(&s.BannerWait)
	case "banner":
		return f.replyLine(&s.Banner)
	case "ehlo":
		return f.replyLine(&s.EHLO)
	case "starttls":
		return f.replyLine(&s.STARTTLS)
	case "ehlo-tls":
		return f.replyLine(&s.EHLOTLS)
	case "S", "C", "*":
		return f.transcript(&s.Transcript)
	case "tls":
		return f.tls(&s.TLS)
	}
	if s.TLS == nil {
		return f.errorf("a line of a block \"smtp\", or a line tls before this one")
	}
	switch f.word {
	case "alert":
		return f.string(&s.TLS.Alert)
	case "chain-error":
		return f.string(&s.TLS.ChainError)
	case "name-error":
		return f.string(&s.TLS.NameError)
	case "certificate":
		return nil // with the chains, at the end
	default:
		return f.unknown(b)
	}
}

// replyLine adds a line to a reply.
func (f field) replyLine(reply **smtp.Reply) error {
	digits := len(f.text) - len(strings.TrimLeft(f.text, "0123456789"))
	code, err := strconv.Atoi(f.text[:digits])
	rest := f.text[digits:]
	if err != nil || rest != "" && rest[0] != '-' && rest[0] != ' ' {
		return f.errorf("a reply code, a hyphen or space, and text")
	}
	if *reply == nil {
		*reply = &smtp.Reply{Code: code}
	} else if (*reply).Code != code {
		return f.errorf("the code %d, as in the line before", (*reply).Code)
	}
	if rest == ` \` {
		return nil // a reply without lines
	}
	text := ""
	if rest != "" {
		text = rest[1:]
	}
	if text, err = unescape(text); err != nil {
		return f.errorf("%v", err)
	}
	(*reply).Lines = append((*reply).Lines, text)
	return nil
}

func (f field) transcript(lines *[]smtp.Line) error {
	at, text, _ := strings.Cut(f.text, " ")
	elapsed, err := time.ParseDuration(at)
	if err != nil {
		return f.errorf("a duration such as 12ms, and text")
	}
	line := smtp.Line{At: elapsed, From: smtp.Direction(f.word)}
	if line.Text, err = unescape(text); err != nil {
		return f.errorf("%v", err)
	}
	*lines = append(*lines, line)
	return nil
}

func (f field) tls(state **smtp.TLS) error {
	name, cipher, _ := strings.Cut(f.text, " ")
	version, err := parseTLSVersion(name)
	if err != nil {
		return f.errorf("a TLS version: %v", err)
	}
	id, err := parseCipher(cipher)
	if err != nil {
		return f.errorf("a cipher suite: %v", err)
	}
	*state = &smtp.TLS{Version: version, Cipher: id}
	return nil
}

func (p *parser) certificate(b *block) error {
	var text strings.Builder
	for _, f := range b.fields {
		text.WriteString(f.word + f.text)
	}
	der, err := base64.StdEncoding.DecodeString(text.String())
	if err != nil {
		return b.head.errorf("a certificate in base64: %v", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return b.head.errorf("a certificate: %v", err)
	}
	sum := sha256.Sum256(der)
	if b.head.text != hex.EncodeToString(sum[:]) {
		return b.head.errorf("the SHA-256 of the certificate, %x", sum)
	}
	return put(p.certificates, b.head.text, cert, b)
}

// chain remembers to fill a chain once all certificates are read.
func (p *parser) chain(b *block, chain *[]*x509.Certificate) {
	var named []field
	for _, f := range b.fields {
		if f.word == "certificate" {
			named = append(named, f)
		}
	}
	if named != nil {
		p.chains = append(p.chains, &chainRef{named, chain})
	}
}

func (p *parser) resolveChains() error {
	for _, ref := range p.chains {
		for _, f := range ref.fields {
			cert, ok := p.certificates[f.text]
			if !ok {
				return f.errorf("a certificate that has a block of its own")
			}
			*ref.chain = append(*ref.chain, cert)
		}
	}
	return nil
}
