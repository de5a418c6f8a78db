package checktest

import (
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/checks/fact"
	"github.com/postmuster/postmuster/checks/facts"
	"github.com/postmuster/postmuster/internal/dns"
	"github.com/postmuster/postmuster/internal/https"
	"github.com/postmuster/postmuster/internal/message"
	"github.com/postmuster/postmuster/internal/smtp"
	"github.com/postmuster/postmuster/internal/testkit/dnstest"
)

// world is what a case describes.
type world struct {
	subject   fact.Subject
	options   fact.Options
	resolver  dns.Resolver
	sessions  map[string]*smtp.Session // by Target.String()
	documents map[string]*https.Response
}

const defaultDomain = "example.com"

func newWorld(archive *txtar.Archive, scope checks.Scope) (*world, error) {
	w := &world{subject: fact.Subject{Domain: defaultDomain}, sessions: map[string]*smtp.Session{}, documents: map[string]*https.Response{}}
	var zone, raw, session string
	var signings []signing
	for _, f := range archive.Files {
		var err error
		switch text := string(f.Data); {
		case f.Name == "zone":
			zone = text
		case f.Name == "message":
			raw = text
		case f.Name == "session":
			session = text
		case f.Name == "sign":
			var s signing
			s, err = readSigning(text)
			signings = append(signings, s)
		case f.Name == "options":
			err = w.readOptions(text)
		case strings.HasPrefix(f.Name, "smtp "):
			err = w.readSession(strings.TrimPrefix(f.Name, "smtp "), text)
		case strings.HasPrefix(f.Name, "https "):
			err = w.readDocument(strings.TrimPrefix(f.Name, "https "), text)
		case f.Name != "want":
			err = fmt.Errorf("no such file as %q in a case", f.Name)
		}
		if err != nil {
			return nil, err
		}
	}
	content := crlf(raw)
	for _, s := range signings {
		signed, record, err := s.sign(content)
		if err != nil {
			return nil, fmt.Errorf("sign: %w", err)
		}
		content, zone = signed, zone+record
	}
	resolver, err := dnstest.Resolver(zone)
	if err != nil {
		return nil, err
	}
	w.resolver = resolver
	if scope == checks.Message {
		return w, w.readMessage(content, session)
	}
	return w, nil
}

func (w *world) net() fact.Net {
	return fact.Net{DNS: w.resolver, SMTP: prober(w.sessions), HTTPS: fetcher(w.documents), Now: func() time.Time { return Now }}
}

// darkness is a network on which no question is answered.
func darkness() fact.Net {
	return fact.Net{DNS: darkResolver{}, SMTP: darkProber{}, HTTPS: darkFetcher{}, Now: func() time.Time { return Now }}
}

// fields calls set for each line "key: value".
func fields(text string, set func(key, value string) error) error {
	for line := range strings.Lines(text) {
		if strings.TrimSpace(line) == "" {
			continue
		}
		key, value, ok := strings.Cut(line, ":")
		if !ok {
			return fmt.Errorf("%q is not key: value", strings.TrimSpace(line))
		}
		if err := set(strings.TrimSpace(key), strings.TrimSpace(value)); err != nil {
			return err
		}
	}
	return nil
}

func (w *world) readOptions(text string) error {
	return fields(text, func(key, value string) (err error) {
		switch key {
		case "domain":
			w.subject.Domain = value
		case "selectors":
			w.options.Selectors = strings.Fields(value)
		case "sender-ips":
			for _, ip := range strings.Fields(value) {
				addr, parseErr := netip.ParseAddr(ip)
				w.options.SenderIPs, err = append(w.options.SenderIPs, addr), parseErr
			}
		case "blocklists":
			w.options.Blocklists = strings.Fields(value)
		case "no-smtp":
			w.options.NoSMTP, err = strconv.ParseBool(value)
		case "trust-ad":
			w.options.TrustAD, err = strconv.ParseBool(value)
		case "no-blocklists":
			w.options.NoBlocklists, err = strconv.ParseBool(value)
		default:
			err = fmt.Errorf("no such option as %q in a case", key)
		}
		return err
	})
}

// readMessage takes the message; without a session file it came from nowhere,
// as a file on disk does.
func (w *world) readMessage(raw []byte, session string) error {
	m := &message.Message{Raw: raw, Origin: message.OriginFile}
	if session != "" {
		m.Origin, m.Envelope = message.OriginSMTP, &message.Envelope{}
		m.Session = &message.Session{ESMTP: true, ReceivedAt: Now}
	}
	err := fields(session, func(key, value string) error { return sessionField(m, key, value) })
	if err != nil {
		return err
	}
	w.subject = fact.Subject{Message: m, Domain: facts.IdentityOf(m.Parse()).FromDomain, Name: "case.eml"}
	return nil
}

func sessionField(m *message.Message, key, value string) error {
	switch key {
	case "how":
		if value != "told" {
			return fmt.Errorf("how: %q is not told", value)
		}
		m.Origin, m.Session.ReceivedAt = message.OriginFile, time.Time{}
	case "ip":
		addr, err := netip.ParseAddr(value)
		m.Session.Peer = netip.AddrPortFrom(addr, 40000)
		return err
	case "helo":
		m.Session.HELO = value
	case "from":
		m.Envelope.MailFrom = value
	case "params":
		for param := range strings.FieldsSeq(value) {
			keyword, value, _ := strings.Cut(param, "=")
			m.Envelope.Params = append(m.Envelope.Params, message.Param{Keyword: keyword, Value: value})
		}
	case "rcpt":
		m.Envelope.Rcpt = append(m.Envelope.Rcpt, message.Rcpt{To: value})
	case "tls":
		m.Session.TLS = &message.TLSState{Version: tlsVersions[value]}
	case "spoke-early":
		m.Session.SpokeEarly = strings.Fields(value)
	case "unstuffed-dots":
		n, err := strconv.Atoi(value)
		m.Session.UnstuffedDots = n
		return err
	default:
		return fmt.Errorf("no such line as %q in a session file", key)
	}
	return nil
}

var (
	repeated = regexp.MustCompile(`<repeat (\d+) ([^>]*)>`)
	octet    = regexp.MustCompile(`<x[0-9a-f]{2}>`)
)

// crlf makes line ends CRLF. "\r" and "\n" written as <CR> and <LF> stand for
// themselves, so that a case can show a bare one.
func crlf(text string) []byte {
	text = repeated.ReplaceAllStringFunc(text, func(s string) string {
		m := repeated.FindStringSubmatch(s)
		n, _ := strconv.Atoi(m[1])
		return strings.Repeat(m[2], n)
	})
	text = strings.ReplaceAll(text, "\n", "\r\n")
	text = strings.NewReplacer("<CR>\r\n", "\r", "<LF>\r\n", "\n", "<CR>", "\r", "<LF>", "\n", "<NUL>", "\x00").Replace(text)
	return octet.ReplaceAllFunc([]byte(text), func(b []byte) []byte {
		n, _ := strconv.ParseUint(string(b[2:4]), 16, 8)
		return []byte{byte(n)}
	})
}

// readDocument reads "200 text/plain", a blank line and the body, or how the
// fetch ended otherwise: "result: certificate", and "reason: ..." in the next line.
func (w *world) readDocument(url, text string) error {
	response := &https.Response{Result: https.ResultOK, At: Now}
	w.documents[url] = response
	if strings.HasPrefix(text, "result:") {
		return fields(text, func(key, value string) error { return documentField(response, key, value) })
	}
	head, body, _ := strings.Cut(text, "\n\n")
	status, contentType, _ := strings.Cut(strings.TrimSpace(head), " ")
	code, err := strconv.Atoi(status)
	if err != nil {
		return fmt.Errorf("https %s: %q is not a status code", url, status)
	}
	response.Status, response.ContentType, response.Body = code, contentType, bytes.TrimSpace([]byte(body))
	if code/100 == 3 {
		response.Location = string(response.Body)
	}
	return nil
}

func documentField(r *https.Response, key, value string) error {
	switch key {
	case "result":
		r.Result = https.Result(value)
	case "reason":
		r.Reason = value
	default:
		return fmt.Errorf("no such line as %q in an https file", key)
	}
	return nil
}

type prober map[string]*smtp.Session

func (p prober) Probe(_ context.Context, t smtp.Target) *smtp.Session {
	if s, ok := p[t.String()]; ok {
		return s
	}
	return &smtp.Session{Target: t, Result: smtp.ResultRefused, Step: smtp.StepConnect, Reason: "connect: connection refused", At: Now}
}

type fetcher map[string]*https.Response

func (f fetcher) Fetch(_ context.Context, r https.Request) *https.Response {
	if response, ok := f[r.URL]; ok {
		response.Request = r
		return response
	}
	return &https.Response{Request: r, Result: https.ResultNoAddress, Reason: "no address", At: Now}
}

type (
	darkResolver struct{}
	darkProber   struct{}
	darkFetcher  struct{}
)

func (darkResolver) Resolve(_ context.Context, q dns.Question) (*dns.Answer, error) {
	return nil, &dns.Error{Question: q, Cause: dns.CauseTimeout}
}

func (darkProber) Probe(_ context.Context, t smtp.Target) *smtp.Session {
	return &smtp.Session{Target: t, Result: smtp.ResultTimeout, Step: smtp.StepConnect, Reason: "connect: timeout", At: Now}
}

func (darkFetcher) Fetch(_ context.Context, r https.Request) *https.Response {
	return &https.Response{Request: r, Result: https.ResultTimeout, Reason: "timeout", At: Now}
}
