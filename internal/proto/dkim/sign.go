package dkim

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// SignOptions say what to sign with, and what.
type SignOptions struct {
	Domain, Selector string
	Identity         string        // i=; left out when empty
	Key              crypto.Signer // an RSA or Ed25519 key

	// Headers are the names to sign, a name once for every occurrence; once
	// more keeps another from being added. When nil, DefaultHeaders.
	Headers []string

	Canonicalization string    // "relaxed/relaxed" when empty
	Time, Expiration time.Time // t= and x=; left out when zero
	Length           *int64    // l=; better left out
}

// The names that are signed when none are given (RFC 6376 §5.4.1, RFC 8058 §4):
// wherever they occur, and those of which there may be one only (RFC 5322 §3.6)
// once more than they occur.
var (
	singleHeaders = []string{"From", "Reply-To", "Subject", "Date", "To", "Cc", "Message-ID"}
	otherHeaders  = []string{
		"In-Reply-To", "References", "MIME-Version", "Content-Type", "Content-Transfer-Encoding",
		"List-Id", "List-Unsubscribe", "List-Unsubscribe-Post",
	}
)

// DefaultHeaders returns the names to sign in a message when none are given.
func DefaultHeaders(m *Message) []string {
	var names []string
	for _, name := range singleHeaders {
		names = append(names, slices.Repeat([]string{name}, len(m.Fields(name))+1)...)
	}
	for _, name := range otherHeaders {
		names = append(names, slices.Repeat([]string{name}, len(m.Fields(name)))...)
	}
	return names
}

// Sign returns a DKIM-Signature field for the message, folded and with a final
// CRLF; the caller puts it on top.
func Sign(message []byte, o SignOptions) (string, error) {
	m := ReadMessage(message)
	if o.Headers == nil {
		o.Headers = DefaultHeaders(m)
	}
	s, err := o.signed()
	if err != nil {
		return "", err
	}
	limit := int64(noLimit)
	if o.Length != nil {
		limit = *o.Length
	}
	body := m.bodyHash(bodyKey{crypto.SHA256, s.body, limit})
	if o.Length != nil && body.total < limit {
		return "", fmt.Errorf("l=%d is more than the body has (%d octets)", limit, body.total)
	}
	field := o.field(s, body.sum)

	h := crypto.SHA256.New()
	for _, f := range s.pick(m) {
		h.Write(appendField(nil, f, s.header))
	}
	h.Write(bytes.TrimSuffix(appendField(nil, []byte(field), s.header), []byte(crlf)))
	b, err := signDigest(o.Key, h.Sum(nil))
	if err != nil {
		return "", err
	}
	return field + foldEvery(base64.StdEncoding.EncodeToString(b), 72) + crlf, nil
}

// signed checks the options, and turns them into what verification would read.
func (o *SignOptions) signed() (*signed, error) {
	if _, err := KeyName(o.Selector, o.Domain); err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(o.Headers, func(name string) bool { return strings.EqualFold(name, "From") }) {
		return nil, errors.New("the From field must be signed (RFC 6376 §5.4)")
	}
	if o.Canonicalization == "" {
		o.Canonicalization = relaxed + "/" + relaxed
	}
	s := &signed{index: -1}
	var both bool
	if s.header, s.body, both = strings.Cut(o.Canonicalization, "/"); !both {
		s.body = simple
	}
	for _, c := range []string{s.header, s.body} {
		if c != simple && c != relaxed {
			return nil, fmt.Errorf("the canonicalization %q is unknown", c)
		}
	}
	for _, name := range o.Headers {
		s.names = append(s.names, part{text: asciiLower(name)})
	}
	if o.Key == nil {
		return nil, errors.New("there is no key")
	}
	switch o.Key.Public().(type) {
	case *rsa.PublicKey:
		s.Algorithm = "rsa-sha256"
	case ed25519.PublicKey:
		s.Algorithm = "ed25519-sha256"
	default:
		return nil, fmt.Errorf("cannot sign with a key of type %T", o.Key.Public())
	}
	return s, nil
}

// field returns the signature field up to its "b=".
func (o *SignOptions) field(s *signed, bodyHash []byte) string {
	var b strings.Builder
	fmt.Fprintf(&b, "DKIM-Signature: v=1; a=%s; c=%s/%s; d=%s;\r\n s=%s;", s.Algorithm, s.header, s.body, o.Domain, o.Selector)
	if o.Identity != "" {
		fmt.Fprintf(&b, " i=%s;", o.Identity)
	}
	if !o.Time.IsZero() {
		fmt.Fprintf(&b, " t=%d;", o.Time.Unix())
	}
	if !o.Expiration.IsZero() {
		fmt.Fprintf(&b, " x=%d;", o.Expiration.Unix())
	}
	if o.Length != nil {
		fmt.Fprintf(&b, " l=%d;", *o.Length)
	}
	fmt.Fprintf(&b, "\r\n h=%s;\r\n bh=%s;\r\n b=", foldNames(o.Headers), base64.StdEncoding.EncodeToString(bodyHash))
	return b.String()
}

// foldNames joins names with colons, in lines of the length that RFC 5322 §2.1.1
// advises.
func foldNames(names []string) string {
	const most = 74
	var b strings.Builder
	column := len(" h=")
	for i, name := range names {
		if i > 0 {
			b.WriteByte(':')
			column++
		}
		if column+len(name) > most && i > 0 {
			b.WriteString("\r\n  ")
			column = len("  ")
		}
		b.WriteString(name)
		column += len(name)
	}
	return b.String()
}

func foldEvery(s string, width int) string {
	var lines []string
	for len(s) > width {
		lines = append(lines, s[:width])
		s = s[width:]
	}
	return strings.Join(append(lines, s), "\r\n ")
}

func signDigest(key crypto.Signer, digest []byte) ([]byte, error) {
	if _, ok := key.Public().(ed25519.PublicKey); ok {
		return key.Sign(rand.Reader, digest, crypto.Hash(0)) // RFC 8463 §3: the hash is signed as it is
	}
	return key.Sign(rand.Reader, digest, crypto.SHA256)
}
