package smtp

import (
	"bytes"
	"strings"

	"github.com/emersion/go-sasl"
	gosmtp "github.com/emersion/go-smtp"
)

// authTransaction takes any credentials, and remembers whose they are.
type authTransaction struct{ transaction }

// mechanisms say who the client is, each in its own way, from the responses it
// gave; challenges are what it is asked before each of them.
var mechanisms = []mechanism{
	{"PLAIN", []string{""}, plainIdentity},
	{"LOGIN", []string{"Username:", "Password:"}, firstResponse},
	{"CRAM-MD5", []string{"<0.0@sink.test>"}, cramIdentity}, // RFC 2195
	{"XOAUTH2", []string{""}, oauthIdentity},
}

type mechanism struct {
	name       string
	challenges []string
	identity   func(responses [][]byte) string
}

// AuthMechanisms returns what EHLO offers.
func (authTransaction) AuthMechanisms() (names []string) {
	for _, m := range mechanisms {
		names = append(names, m.name)
	}
	return names
}

// Auth begins an exchange.
func (t authTransaction) Auth(name string) (sasl.Server, error) {
	for _, m := range mechanisms {
		if m.name == name {
			return &exchange{mechanism: m, conn: t.conn}, nil
		}
	}
	return nil, gosmtp.ErrAuthUnknownMechanism
}

// An exchange is one AUTH command.
type exchange struct {
	mechanism
	conn      *conn
	responses [][]byte
}

// Next takes a response, nil at first if the client gave none with AUTH.
func (e *exchange) Next(response []byte) (challenge []byte, done bool, err error) {
	if response != nil {
		e.responses = append(e.responses, bytes.Clone(response))
	}
	if n := len(e.responses); n < len(e.challenges) {
		return []byte(e.challenges[n]), false, nil
	}
	e.conn.authMechanism, e.conn.authIdentity = e.name, e.identity(e.responses)
	return nil, true, nil
}

// plainIdentity returns the authentication identity of RFC 4616 §2.
func plainIdentity(responses [][]byte) string {
	parts := bytes.SplitN(responses[0], []byte{0}, 3)
	if len(parts) < 2 {
		return string(parts[0])
	}
	return string(parts[1])
}

func firstResponse(responses [][]byte) string { return string(responses[0]) }

func cramIdentity(responses [][]byte) string {
	name, _, _ := strings.Cut(string(responses[0]), " ")
	return name
}

func oauthIdentity(responses [][]byte) string {
	for _, field := range strings.Split(string(responses[0]), "\x01") {
		if user, ok := strings.CutPrefix(field, "user="); ok {
			return user
		}
	}
	return ""
}
