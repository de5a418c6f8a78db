package api

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/smtp"
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
	// maxRelayRcpt is what every server takes in one session (RFC 5321 §4.5.3.1.8).
	maxRelayRcpt = 100
)

type relayOutput struct {
	Body struct {
		Host string   `json:"host"`
		To   []string `json:"to"`
	}
}

func (a *API) relay(ctx context.Context, in *struct {
	IDInput
	Body struct {
		Host string   `json:"host,omitempty" maxLength:"300" doc:"One of the hosts named at start, as host:port; the first of them when it is empty"`
		From *string  `json:"from,omitempty" maxLength:"400" doc:"The reverse-path; the message's when it is not given"`
		To   []string `json:"to,omitempty" maxItems:"100" doc:"The recipients; the message's when none are given"`
	}
}) (*relayOutput, error) {
	out := &relayOutput{}
	var err error
	out.Body.Host, out.Body.To, err = a.sendOn(ctx, in.IDInput, in.Body.Host, in.Body.From, in.Body.To)
	return out, err
}

// sendOn sends a message to a relay, and returns which one and to whom.
func (a *API) sendOn(ctx context.Context, in IDInput, host string, from *string, to []string) (string, []string, error) {
	relay, err := a.relayNamed(host)
	if err != nil {
		return "", nil, err
	}
	r, err := a.one(ctx, in)
	if err != nil {
		return "", nil, err
	}
	m, err := a.messageOf(ctx, r)
	if err != nil {
		return "", nil, err
	}
	envelope, err := envelopeFor(m, from, to)
	if err != nil {
		return "", nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, relayTimeout)
	defer cancel()
	if err := a.deliver(ctx, relay, envelope, m.Raw); err != nil {
		return "", nil, refuse(http.StatusBadGateway, fmt.Sprintf("%s did not take the message: %v", relay.Addr, err))
	}
	to = nil
	for _, rcpt := range envelope.Rcpt {
		to = append(to, rcpt.To)
	}
	return relay.Addr, to, nil
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

// deliver holds the session.
func (a *API) deliver(ctx context.Context, relay *Relay, e message.Envelope, raw []byte) error {
	conn, err := a.dialer.DialContext(ctx, "tcp", relay.Addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() }) // the client knows no context
	defer stop()
	host, _, err := net.SplitHostPort(relay.Addr)
	if err != nil {
		return err
	}
	c, err := smtp.NewClient(conn, host)
	if err != nil {
		return err
	}
	if err := a.begin(c, relay, host); err != nil {
		return err
	}
	if err := c.Mail(e.MailFrom); err != nil {
		return err
	}
	for _, rcpt := range e.Rcpt {
		if err := c.Rcpt(rcpt.To); err != nil {
			return fmt.Errorf("%s: %w", rcpt.To, err)
		}
	}
	data, err := c.Data()
	if err != nil {
		return err
	}
	if _, err := data.Write(raw); err != nil {
		return err
	}
	if err := data.Close(); err != nil {
		return err
	}
	return c.Quit()
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
