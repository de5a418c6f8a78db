package dkim

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/net/idna"

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

// maxKeyRecords is how many TXT records at one name are read.
const maxKeyRecords = 16

// A KeyLookup is what the DNS holds at SELECTOR._domainkey.DOMAIN.
type KeyLookup struct {
	Name   string    `json:"name"`
	Status KeyStatus `json:"status"`
	// Key is the record that verifiers use, or the one that says why they
	// cannot (KeyRevoked, KeyInvalid); nil with the other statuses.
	Key     *KeyRecord     `json:"key,omitempty"`
	Records []PublishedKey `json:"records,omitempty"` // the TXT records there, keys or not
	Alias   string         `json:"alias,omitempty"`   // where a CNAME leads; empty without one
	Issues  []Issue        `json:"issues,omitempty"`  // of the lookup and of Key
	Answer  *dns.Answer    `json:"-"`                 // nil when nothing was answered
}

// A PublishedKey is one TXT record at a key's name.
type PublishedKey struct {
	KeyRecord
	Issues []Issue `json:"issues,omitempty"`
}

// KeyName returns where a key is published: SELECTOR._domainkey.DOMAIN, with
// U-labels as A-labels (RFC 8616 §5). The error says why there is no such name.
func KeyName(selector, domain string) (string, error) {
	asciiSelector, err := asciiName(selector)
	if err != nil {
		return "", fmt.Errorf("selector %s: %w", quoteShort(selector), err)
	}
	asciiDomain, err := asciiName(domain)
	if err != nil {
		return "", fmt.Errorf("domain %s: %w", quoteShort(domain), err)
	}
	return asciiSelector + "._domainkey." + asciiDomain, nil
}

// The longest name and label there are (RFC 1035 §2.3.4); a name of U-labels is
// shorter than its A-labels.
const (
	maxName  = 253
	maxLabel = 63
)

// asciiName returns a name in lower case with its U-labels as A-labels, if it
// is a sequence of labels of letters, digits, hyphens and underscores.
func asciiName(name string) (string, error) {
	if len(name) > maxName {
		return "", fmt.Errorf("is longer than %d octets", maxName)
	}
	name = asciiLower(name)
	if !isASCII(name) {
		ascii, err := idna.Lookup.ToASCII(name)
		if err != nil {
			return "", err
		}
		name = ascii
	}
	for label := range strings.SplitSeq(name, ".") {
		switch {
		case label == "":
			return "", errors.New("has an empty label")
		case len(label) > maxLabel:
			return "", fmt.Errorf("has a label longer than %d octets", maxLabel)
		case strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "":
			return "", errors.New("is no domain name")
		}
	}
	if len(name) > maxName {
		return "", fmt.Errorf("is longer than %d octets", maxName)
	}
	return name, nil
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// LookupKey asks for a key. With an error, which means that it could not be
// found out, the status is KeyUnknown; a name that cannot exist is KeyNone.
func LookupKey(ctx context.Context, r dns.Resolver, selector, domain string) (KeyLookup, error) {
	name, err := KeyName(selector, domain)
	if err != nil {
		return KeyLookup{
			Status: KeyNone,
			Issues: []Issue{{Code: CodeDomain, Severity: SeverityError, Message: err.Error()}},
		}, nil
	}
	return lookupName(ctx, r, name)
}

func lookupName(ctx context.Context, r dns.Resolver, name string) (KeyLookup, error) {
	l := KeyLookup{Name: name, Status: KeyUnknown}
	answer, err := dns.LookupTXT(ctx, r, name)
	if dns.IsBadName(err) {
		l.Status = KeyNone
		l.add(CodeDomain, SeverityError, "no such name can exist: %v", err)
		return l, nil
	}
	if err != nil {
		return l, err
	}
	l.Answer = answer
	if target := answer.CanonicalName(); !dns.EqualNames(target, name) {
		l.Alias = dns.Canonical(target)
	}
	l.read(answer)
	return l, nil
}

func (l *KeyLookup) add(code Code, severity Severity, format string, args ...any) {
	issues := issueList(l.Issues)
	issues.add(code, severity, 0, format, args...)
	l.Issues = issues
}

// read takes the records apart and decides which one counts.
func (l *KeyLookup) read(answer *dns.Answer) {
	texts := answer.TXTs()
	if len(texts) > maxKeyRecords {
		l.add(CodeSeveralKeys, SeverityWarning, "there are %d TXT records; only the first %d were read", len(texts), maxKeyRecords)
		texts = texts[:maxKeyRecords]
	}
	for _, text := range texts {
		record, issues := ParseKeyRecord(text)
		l.Records = append(l.Records, PublishedKey{KeyRecord: record, Issues: issues})
	}
	switch {
	case len(texts) > 0:
		l.choose()
	case l.Alias != "":
		l.Status = KeyNone
		l.add(CodeDanglingAlias, SeverityError, "a CNAME leads to %s, which has no TXT record (%s)", l.Alias, answer.Status())
	default:
		l.Status = KeyNone
	}
}

// choose picks the record that counts. RFC 6376 §3.6.2.2 asks for one; beside
// it, records that are no keys do no harm, and two records of the same key
// leave no doubt.
func (l *KeyLookup) choose() {
	var keys []*PublishedKey
	for i := range l.Records {
		if k := &l.Records[i]; k.looksLikeKey() {
			keys = append(keys, k)
		} else {
			l.add(CodeUnrelatedRecord, SeverityWarning, "a TXT record there is no key record: %s", quoteShort(k.Text))
		}
	}
	if len(keys) == 0 {
		l.Status = KeyNone
		return
	}
	for _, k := range keys[1:] {
		if k.PublicKey != keys[0].PublicKey || k.KeyType != keys[0].KeyType {
			l.Status = KeySeveral
			l.add(CodeSeveralKeys, SeverityError, "there are %d different keys; which one counts is undefined (RFC 6376 §3.6.2.2)", len(keys))
			return
		}
	}
	if len(keys) > 1 {
		l.add(CodeSeveralKeys, SeverityWarning, "the key is published %d times; there should be one record (RFC 6376 §3.6.2.2)", len(keys))
	}
	l.use(keys[0])
}

func (l *KeyLookup) use(k *PublishedKey) {
	l.Key = &k.KeyRecord
	l.Issues = append(l.Issues, k.Issues...)
	switch {
	case k.Revoked:
		l.Status = KeyRevoked
	case k.Fault != "":
		l.Status = KeyInvalid
	default:
		l.Status = KeyFound
	}
}

// shortestKey is a length in base64 that no word in the p= of another protocol has.
const shortestKey = 32

// looksLikeKey tells a key record, even a faulty one, from another TXT record,
// such as the one that a wildcard for SPF or DMARC yields.
func (k *PublishedKey) looksLikeKey() bool {
	if len(k.PublicKey) >= shortestKey {
		return true
	}
	if v, ok := k.Tag("v"); ok {
		return strings.HasPrefix(asciiLower(v), "dkim")
	}
	_, hasKey := k.Tag("p")
	_, hasType := k.Tag("k")
	return hasKey || hasType
}
