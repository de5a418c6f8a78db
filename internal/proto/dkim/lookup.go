package dkim

import (
	"context"

	"github.com/postmuster/postmuster/internal/dns"
)

// KeyStatus says what was found where a key should be.
type KeyStatus string

// The statuses.
const (
	KeyFound   KeyStatus = "found"
	KeyNone    KeyStatus = "none"    // NXDOMAIN, NODATA, or no TXT record that could be a key
	KeyRevoked KeyStatus = "revoked" // p= is empty
	KeySeveral KeyStatus = "several" // different keys; RFC 6376 §3.6.2.2 leaves open what follows
	KeyInvalid KeyStatus = "invalid" // a record that verifiers cannot use
	KeyUnknown KeyStatus = "unknown" // could not be found out
)

// A KeyLookup is what the DNS holds at SELECTOR._domainkey.DOMAIN.
type KeyLookup struct {
	Name   string    `json:"name"`
	Status KeyStatus `json:"status"`
	// Key is the record that verifiers use, or the one that says why they
	// cannot (KeyRevoked, KeyInvalid); nil with the other statuses.
	Key     *KeyRecord     `json:"key,omitempty"`
	Records []PublishedKey `json:"records,omitempty"` // every TXT record there, keys or not
	Alias   string         `json:"alias,omitempty"`   // where a CNAME leads; empty without one
	Issues  []Issue        `json:"issues,omitempty"`  // of the lookup and of Key
	Answer  *dns.Answer    `json:"-"`                 // nil with KeyUnknown
}

// A PublishedKey is one TXT record at a key's name.
type PublishedKey struct {
	KeyRecord
	Issues []Issue `json:"issues,omitempty"`
}

// KeyName returns where a key is published: SELECTOR._domainkey.DOMAIN, with
// U-labels as A-labels (RFC 8616 §5). The error says why there is no such name.
func KeyName(selector, domain string) (string, error) { return "", nil }

// LookupKey asks for a key. With an error, which means that it could not be
// found out, the status is KeyUnknown; a name that cannot exist is KeyNone.
func LookupKey(ctx context.Context, r dns.Resolver, selector, domain string) (KeyLookup, error) {
	return KeyLookup{}, nil
}
