package checktest

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	_ "embed"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/postmuster/postmuster/internal/dns"
	"github.com/postmuster/postmuster/internal/proto/dkim"
)

// keyPEM is the key of every signature, so that a case is the same on every day.
// Nothing but tests uses it.
//
//go:embed key.pem
var keyPEM []byte

// A signing is one sign file.
type signing struct {
	options dkim.SignOptions
	changes [][2]string // made to the message once it is signed
	tags    string      // of the key record, before p=
	publish bool
	revoked bool
}

// readSigning reads how to sign the message:
//
//	domain: example.com          d=; example.com when left out
//	selector: s1                 s=; s1 when left out
//	headers: From Subject        h=; what RFC 6376 §5.4.1 advises when left out
//	length: 20                   l=
//	time: 2026-11-23T09:00:00Z   t=
//	expires: 2026-11-24T09:00:00Z    x=
//	key: t=y                     tags of the key record; "none" publishes no record, "revoked" an empty key
//	change: Hello => Hello!      done to the message on its way, once it is signed
func readSigning(text string) (signing, error) {
	s := signing{options: dkim.SignOptions{Domain: defaultDomain, Selector: "s1"}, publish: true}
	err := fields(text, func(key, value string) (err error) {
		switch key {
		case "domain":
			s.options.Domain = value
		case "selector":
			s.options.Selector = value
		case "headers":
			s.options.Headers = strings.Fields(value)
		case "length":
			var n int64
			n, err = strconv.ParseInt(value, 10, 64)
			s.options.Length = &n
		case "time":
			s.options.Time, err = time.Parse(time.RFC3339, value)
		case "expires":
			s.options.Expiration, err = time.Parse(time.RFC3339, value)
		case "key":
			s.publish, s.revoked = value != "none", value == "revoked"
			if s.publish && !s.revoked {
				s.tags = value + "; "
			}
		case "change":
			from, to, ok := strings.Cut(value, " => ")
			if !ok {
				err = fmt.Errorf("%q is not OLD => NEW", value)
			}
			s.changes = append(s.changes, [2]string{from, to})
		default:
			err = fmt.Errorf("no such line as %q in a sign file", key)
		}
		return err
	})
	return s, err
}

// sign returns the message with the signature on top, and the line of the zone
// that holds the key.
func (s *signing) sign(raw []byte) (signed []byte, record string, err error) {
	key, err := testKey()
	if err != nil {
		return nil, "", err
	}
	s.options.Key = key
	field, err := dkim.Sign(raw, s.options)
	if err != nil {
		return nil, "", err
	}
	for _, c := range s.changes {
		if !bytes.Contains(raw, []byte(c[0])) {
			return nil, "", fmt.Errorf("change: %q is not in the message", c[0])
		}
		raw = bytes.Replace(raw, []byte(c[0]), []byte(c[1]), 1)
	}
	if s.publish {
		record, err = s.record(key)
	}
	return slices.Concat([]byte(field), raw), record, err
}

func (s *signing) record(key crypto.Signer) (string, error) {
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return "", err
	}
	text := "v=DKIM1; k=rsa; " + s.tags + "p="
	if !s.revoked {
		text += base64.StdEncoding.EncodeToString(der)
	}
	const longest = 255 // of one character-string (RFC 1035 §3.3)
	var txt dns.TXT
	for ; len(text) > longest; text = text[longest:] {
		txt.Strings = append(txt.Strings, text[:longest])
	}
	txt.Strings = append(txt.Strings, text)
	return fmt.Sprintf("\n%s._domainkey.%s. TXT %s\n", s.options.Selector, s.options.Domain, txt), nil
}

func testKey() (crypto.Signer, error) {
	block, _ := pem.Decode(keyPEM)
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	return key.(*rsa.PrivateKey), nil
}
