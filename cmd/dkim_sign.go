package cmd

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/postmuster/postmuster/internal/dns"
	"github.com/postmuster/postmuster/internal/message"
	"github.com/postmuster/postmuster/internal/proto/dkim"
)

// maxKeyFile is far above an RSA key of 16,384 bits in PEM.
const maxKeyFile = 64 << 10

// canonicalizations are those of RFC 6376 §3.4, for header and body.
var canonicalizations = []string{"relaxed/relaxed", "relaxed/simple", "simple/relaxed", "simple/simple"}

// signFlags say what to sign with, and what.
type signFlags struct {
	options          dkim.SignOptions
	key, at, output  string
	expires          time.Duration
	fieldOnly, quiet bool
}

func newDKIMSign(env *Env) *cobra.Command {
	var f signFlags
	c := &cobra.Command{
		Use:   "sign FILE | -",
		Short: "Sign a message",
		Long: `Sign a message with DKIM and write it, signature first, to standard output. The
record to publish for the key is said on standard error.

The key is an RSA or Ed25519 private key in a PEM file (PKCS #8 or PKCS #1), as
openssl genpkey writes it.

Exit codes: 0 signed; 2 usage, or a file that cannot be read.`,
		Example: `  openssl genpkey -algorithm rsa -pkeyopt rsa_keygen_bits:2048 -out mail.pem
  postmuster dkim sign --key mail.pem --selector s1 --domain example.com mail.eml > signed.eml
  postmuster dkim sign --key mail.pem --selector s1 --domain example.com --field - < mail.eml`,
		Args: oneArgument("a message file, or - for standard input"),
		RunE: func(_ *cobra.Command, args []string) error { return f.run(env, args[0]) },
	}
	flags := c.Flags()
	flags.StringVar(&f.key, "key", "", "the PEM `file` with the private key")
	flags.StringVar(&f.options.Selector, "selector", "", "the `selector` (s=)")
	flags.StringVar(&f.options.Domain, "domain", "", "the signing `domain` (d=)")
	flags.StringVar(&f.options.Identity, "identity", "", "the `identity` (i=), in or below the domain")
	flags.StringSliceVar(&f.options.Headers, "headers", nil, "the fields to sign, `NAME,…`, a name once for each occurrence (default: those that matter)")
	flags.StringVar(&f.options.Canonicalization, "canonicalization", canonicalizations[0], "of header and body: "+strings.Join(canonicalizations, ", "))
	fixedCompletion(c, "canonicalization", canonicalizations)
	flags.DurationVar(&f.expires, "expires-in", 0, "let the signature expire (x=) after this `time`")
	flags.StringVar(&f.at, "at", "", "the `time` of the signature (t=), 2026-11-23T10:00:00Z (default: now)")
	flags.StringVarP(&f.output, "output", "o", "", "write to this `file`, and only when it is whole")
	flags.BoolVar(&f.fieldOnly, "field", false, "write the DKIM-Signature field alone")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "do not say the record to publish")
	return c
}

func (f *signFlags) run(env *Env, path string) error {
	if err := f.check(env); err != nil {
		return err
	}
	m, err := readMessage(env, path)
	if err != nil {
		return err
	}
	field, err := dkim.Sign(m.Canonical(), f.options)
	if err != nil {
		return fmt.Errorf("dkim sign: %w", err)
	}
	if !f.quiet {
		record, err := keyRecord(f.options)
		if err != nil {
			return err
		}
		fmt.Fprintln(env.Err, record)
	}
	write := func(w io.Writer) error { return f.write(w, m, field) }
	if f.output != "" {
		return writeWhole(f.output, write)
	}
	return write(env.Out)
}

func (f *signFlags) check(env *Env) error {
	if f.key == "" || f.options.Selector == "" || f.options.Domain == "" {
		return errors.New("dkim sign: --key, --selector and --domain were expected")
	}
	now, err := (&netFlags{at: f.at}).clock(env.Now)
	if err != nil {
		return err
	}
	if f.expires < 0 {
		return fmt.Errorf("--expires-in %s: it must not be negative", f.expires)
	}
	f.options.Time = now()
	if f.expires > 0 {
		f.options.Expiration = f.options.Time.Add(f.expires)
	}
	f.options.Key, err = readPrivateKey(env, f.key)
	return err
}

// write writes the signed message, or the field alone, with the line ends of the
// message.
func (f *signFlags) write(w io.Writer, m *message.Message, field string) error {
	if bytes.IndexByte(m.Raw, '\r') < 0 {
		field = strings.ReplaceAll(field, "\r\n", "\n")
	}
	if _, err := io.WriteString(w, field); err != nil || f.fieldOnly {
		return err
	}
	_, err := w.Write(m.Raw)
	return err
}

func readPrivateKey(env *Env, path string) (crypto.Signer, error) {
	text, err := readSome(env, path, "a private key in PEM", maxKeyFile)
	if err != nil {
		return nil, fmt.Errorf("--key: %w", err)
	}
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if key, err := x509.ParsePKCS8PrivateKey(block.Bytes); err == nil {
			if signer, ok := key.(crypto.Signer); ok {
				return signer, nil
			}
		}
		if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
			return key, nil
		}
	}
	return nil, fmt.Errorf("--key %s: no RSA or Ed25519 private key in it; PEM with PKCS #8 or PKCS #1 was expected", path)
}

// keyRecord is the record to publish for a key (RFC 6376 §3.6.1, RFC 8463 §4).
func keyRecord(o dkim.SignOptions) (string, error) {
	var kind string
	var data []byte
	var err error
	switch public := o.Key.Public().(type) {
	case ed25519.PublicKey:
		kind, data = "ed25519", public
	case *rsa.PublicKey:
		kind = "rsa"
		data, err = x509.MarshalPKIXPublicKey(public)
	default:
		err = fmt.Errorf("a key of type %T; RSA or Ed25519 was expected", public)
	}
	if err != nil {
		return "", err
	}
	name, err := dkim.KeyName(o.Selector, o.Domain)
	if err != nil {
		return "", err
	}
	text := "v=DKIM1; k=" + kind + "; p=" + base64.StdEncoding.EncodeToString(data)
	return dns.Absolute(name) + " TXT " + dns.TXT{Strings: characterStrings(text)}.String(), nil
}

// characterStrings divides a text of ASCII as a TXT record holds it (RFC 1035
// §3.3).
func characterStrings(text string) []string {
	const most = 255
	var strings []string
	for len(text) > most {
		strings, text = append(strings, text[:most]), text[most:]
	}
	return append(strings, text)
}
