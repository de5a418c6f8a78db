package api

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/smtp"
	"net/textproto"
	"slices"
	"strings"
	"time"

	"github.com/postmuster/postmuster/internal/message"
)

// A Relay is an SMTP server to which messages may be sent on.
type Relay struct {
	Addr     string // host:port
	Username string // with Password, for AUTH PLAIN, which is not sent without TLS
	Password string
	// TLS is used when the server offers STARTTLS; nil: certificates are verified
	// for the host of Addr.
	TLS *tls.Config
}

const (
	// relayTimeout is for a whole session.
	relayTimeout = 2 * time.Minute
	// maxRelayReplies is how many bytes of replies are read, TLS included.
	maxRelayReplies = 1 << 20
	// maxRelayReply is how much of a reply is told.
	maxRelayReply = 500
	// maxRelayRcpt is what every server takes in one session (RFC 5321 §4.5.3.1.8).
	maxRelayRcpt = 100
)

type relayOutput struct {
	Body struct {
		Host  string   `json:"host"`
		To    []string `json:"to"`
		Reply string   `json:"reply" doc:"What the host said when it took the message"`
	}
}

// A Sent message was sent on.
type Sent struct {
	Host  string // the relay, as it was named
	To    []string
	Reply string // what it said when it took the message
}

func (a *API) relay(ctx context.Context, in *struct {
	IDInput
	Body struct {
		Host string   `json:"host,omitempty" maxLength:"300" doc:"One of the hosts named at start, as host:port; the first of them when it is empty"`
		From *string  `json:"from,omitempty" maxLength:"400" doc:"The reverse-path; the message's when it is not given"`
		To   []string `json:"to,omitempty" maxItems:"100" doc:"The recipients; the message's when none are given"`
	}
}) (*relayOutput, error) {
	sent, err := a.sendOn(ctx, in.IDInput, in.Body.Host, in.Body.From, in.Body.To)
	out := &relayOutput{}
	out.Body.Host, out.Body.To, out.Body.Reply = sent.Host, sent.To, sent.Reply
	return out, err
}

// SendOn sends a message to recipients over one of the relays, the first when host
// is empty. The text of an error is for a reader.
func (a *API) SendOn(ctx context.Context, id, host string, to []string) (Sent, error) {
	if len(to) == 0 {
		return Sent{}, invalid("to", "name at least one recipient")
	}
	sent, err := a.sendOn(ctx, IDInput{ID: id}, host, nil, to)
	return sent, a.forReader(err)
}

// sendOn sends a message to a relay.
func (a *API) sendOn(ctx context.Context, in IDInput, host string, from *string, to []string) (Sent, error) {
	relay, err := a.relayNamed(host)
	if err != nil {
		return Sent{}, err
	}
	r, err := a.one(ctx, in)
	if err != nil {
		return Sent{}, err
	}
	m, err := a.messageOf(ctx, r)
	if err != nil {
		return Sent{}, err
	}
	envelope, err := envelopeFor(m, from, to)
	if err != nil {
		return Sent{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, relayTimeout)
	defer cancel()
	sent := Sent{Host: relay.Addr}
	if sent.Reply, err = a.deliver(ctx, relay, envelope, m.Raw); err != nil {
		return Sent{}, refuse(http.StatusBadGateway, clip(relay.Addr+" did not take the message: "+replyOf(err), maxRelayReply))
	}
	for _, rcpt := range envelope.Rcpt {
		sent.To = append(sent.To, rcpt.To)
	}
	return sent, nil
}

// replyOf is the text of an error, with a reply as the server wrote it.
func replyOf(err error) string {
	said, ok := errors.AsType[*textproto.Error](err)
	if !ok {
		return err.Error()
	}
	return strings.Replace(err.Error(), said.Error(), fmt.Sprintf("%03d %s", said.Code, said.Msg), 1)
}

func (a *API) relayNamed(host string) (*Relay, error) {
	if len(a.config.Relays) == 0 {
		return nil, refuse(http.StatusForbidden, "no host was named at start to which messages may be sent on")
	}
	if host == "" {
		return &a.config.Relays[0], nil
	}
	i := slices.IndexFunc(a.config.Relays, func(r Relay) bool { return strings.EqualFold(r.Addr, host) })
	if i < 0 {
		return nil, refuse(http.StatusForbidden, "this host was not named at start")
	}
	return &a.config.Relays[i], nil
}

func envelopeFor(m *message.Message, from *string, to []string) (message.Envelope, error) {
	var e message.Envelope
	if m.Envelope != nil {
		e.MailFrom, e.Rcpt = m.Envelope.MailFrom, m.Envelope.Rcpt
	}
	if from != nil {
		e.MailFrom = *from
	}
	if len(to) > 0 {
		e.Rcpt = nil
		for _, address := range to {
			e.Rcpt = append(e.Rcpt, message.Rcpt{To: address})
		}
	}
	if len(e.Rcpt) == 0 || len(e.Rcpt) > maxRelayRcpt {
		return e, invalid("body.to", fmt.Sprintf("a message is sent on to 1 to %d recipients", maxRelayRcpt))
	}
	for _, rcpt := range e.Rcpt {
		if rcpt.To == "" || !isPath(rcpt.To) {
			return e, invalid("body.to", "not an address: "+clip(rcpt.To, clippedValue))
		}
	}
	if !isPath(e.MailFrom) {
		return e, invalid("body.from", "not an address: "+clip(e.MailFrom, clippedValue))
	}
	return e, nil
}

// isPath refuses a path that ends before its time and begins another command or
// parameter.
func isPath(path string) bool {
	return !strings.ContainsFunc(path, func(r rune) bool { return isControl(r) || r == '>' || r == '<' || r == ' ' })
}

// deliver holds the session, and returns what the server said to the message.
func (a *API) deliver(ctx context.Context, relay *Relay, e message.Envelope, raw []byte) (reply string, err error) {
	conn, err := a.dialer.DialContext(ctx, "tcp", relay.Addr)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() }) // the client knows no context
	defer stop()
	host, _, err := net.SplitHostPort(relay.Addr)
	if err != nil {
		return "", err
	}
	c, err := smtp.NewClient(&bounded{conn, maxRelayReplies}, host)
	if err != nil {
		return "", err
	}
	if err := a.begin(c, relay, host); err != nil {
		return "", err
	}
	if err := c.Mail(e.MailFrom); err != nil {
		return "", err
	}
	for _, rcpt := range e.Rcpt {
		if err := c.Rcpt(rcpt.To); err != nil {
			return "", fmt.Errorf("%s: %w", rcpt.To, err)
		}
	}
	if reply, err = sendData(c, raw); err != nil {
		return "", err
	}
	_ = c.Quit() // the message was taken, however the server says goodbye
	return clip(reply, maxRelayReply), nil
}

// sendData sends the message as c.Data would, which keeps the reply to itself.
func sendData(c *smtp.Client, raw []byte) (reply string, err error) {
	if err := c.Text.PrintfLine("DATA"); err != nil {
		return "", err
	}
	if _, _, err := c.Text.ReadResponse(354); err != nil {
		return "", err
	}
	data := c.Text.DotWriter()
	if _, err := data.Write(raw); err != nil {
		return "", err
	}
	if err := data.Close(); err != nil {
		return "", err
	}
	_, reply, err = c.Text.ReadResponse(250)
	return "250 " + reply, err
}

// A bounded connection ends when the other side has said too much.
type bounded struct {
	net.Conn
	left int
}

// Read fails when nothing is left.
func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errors.New("its replies are too long")
	}
	n, err := b.Conn.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

// begin greets the server, and takes TLS and AUTH as far as it offers them.
func (a *API) begin(c *smtp.Client, relay *Relay, host string) error {
	if err := c.Hello(cmp.Or(a.config.Hostname, "localhost")); err != nil {
		return err
	}
	if ok, _ := c.Extension("STARTTLS"); ok {
		config := relay.TLS.Clone()
		if config == nil {
			config = &tls.Config{}
		}
		config.ServerName = cmp.Or(config.ServerName, host)
		if err := c.StartTLS(config); err != nil {
			return err
		}
	}
	if relay.Username == "" {
		return nil
	}
	return c.Auth(smtp.PlainAuth("", relay.Username, relay.Password, host))
}
