package dkim

import (
	"crypto"
	"time"
)

// SignOptions say what to sign with, and what.
type SignOptions struct {
	Domain, Selector string
	Identity         string        // i=; left out when empty
	Key              crypto.Signer // an RSA or Ed25519 key
	// Headers are the names to sign, a name once for every occurrence; one more
	// than there are keeps another from being added. DefaultHeaders when nil.
	Headers          []string
	Canonicalization string    // "relaxed/relaxed" when empty
	Time, Expiration time.Time // t= and x=; left out when zero
	Length           *int64    // l=
}

// Sign returns a DKIM-Signature field for the message, folded and with a final
// CRLF; the caller puts it on top.
func Sign(message []byte, o SignOptions) (string, error) { return "", nil }
