package dkim

import (
	"crypto"
	"encoding/base64"
	"slices"
	"strings"
)

// A KeyRecord is a key record of RFC 6376 §3.6.1 as it was read.
type KeyRecord struct {
	Text string `json:"text"`
	Tags []Tag  `json:"tags"` // all of them, also unknown ones

	KeyType   string   `json:"key_type"`             // k= in lower case; "rsa" when absent
	Hashes    []string `json:"hashes,omitempty"`     // h= in lower case; empty: any
	Services  []string `json:"services,omitempty"`   // s= in lower case; empty: any
	Flags     []string `json:"flags,omitempty"`      // t= in lower case
	Notes     string   `json:"notes,omitempty"`      // n=
	PublicKey string   `json:"public_key,omitempty"` // p= without white space
	Revoked   bool     `json:"revoked"`              // p= is empty

	Bits     int    `json:"bits"`               // of the RSA modulus; 256 for Ed25519; 0 if unreadable
	Exponent string `json:"exponent,omitempty"` // RSA's, in decimal

	// Key is an *rsa.PublicKey or an ed25519.PublicKey; nil when the record is
	// revoked or has a Fault, and with an RSA key that no library takes.
	Key crypto.PublicKey `json:"-"`

	// Fault is why verifiers cannot use the record; empty when they can. A
	// revoked key has none: it says something. Nor has a short RSA key.
	Fault string `json:"fault,omitempty"`
}

// Tag returns the value of the tag of that name.
func (r *KeyRecord) Tag(name string) (value string, ok bool) {
	if i := slices.IndexFunc(r.Tags, func(t Tag) bool { return t.Name == name }); i >= 0 {
		return r.Tags[i].Value, true
	}
	return "", false
}

// Testing reports the flag t=y: the domain is trying DKIM out.
func (r *KeyRecord) Testing() bool { return slices.Contains(r.Flags, "y") }

// Strict reports the flag t=s: i= must be in d= itself, not below it.
func (r *KeyRecord) Strict() bool { return slices.Contains(r.Flags, "s") }

// AllowsHash reports whether h= lets signatures use a hash, such as "sha256".
func (r *KeyRecord) AllowsHash(name string) bool {
	return len(r.Hashes) == 0 || slices.Contains(r.Hashes, name)
}

// AllowsEmail reports whether s= lets the key sign mail.
func (r *KeyRecord) AllowsEmail() bool {
	return len(r.Services) == 0 || slices.Contains(r.Services, "*") || slices.Contains(r.Services, "email")
}

// ParseKeyRecord reads the text of a TXT record (its strings joined) as a key
// record. What there is to say about it is in the issues; when verifiers cannot
// use it, KeyRecord.Fault says why.
func ParseKeyRecord(text string) (KeyRecord, []Issue) {
	p := &keyParser{record: KeyRecord{Text: text, KeyType: "rsa"}}
	if len(text) > MaxRecordSize {
		p.issues.add(CodeTooLong, SeverityError, MaxRecordSize, "the record has %d octets; %d can be published", len(text), MaxRecordSize)
		p.record.Text = text[:MaxRecordSize]
	}
	tags, issues := ParseTagList(p.record.Text)
	p.record.Tags = tags
	p.issues = append(p.issues, issues...)
	for _, tag := range tags {
		p.tag(tag)
	}
	p.finish()
	return p.record, p.issues
}

type keyParser struct {
	record KeyRecord
	issues issueList
}

func (p *keyParser) tag(t Tag) {
	switch t.Name {
	case "v":
		p.version(t)
	case "k":
		p.record.KeyType = p.keyword(t, t.Value, t.ValueStart)
	case "h":
		p.record.Hashes = p.keywords(t)
	case "s":
		p.record.Services = p.keywords(t)
	case "t":
		p.record.Flags = p.keywords(t)
	case "n":
		p.record.Notes = t.Value
		p.issues.add(CodeNotes, SeverityInfo, t.Start, "notes in n= take up room in every answer")
	case "g":
		p.issues.add(CodeGranularity, SeverityWarning, t.Start,
			"g= is from RFC 4871 and ignored since; where it still counts, it limits the key to some addresses")
	case "p": // needs k=, which may come later
	default:
		p.issues.add(CodeUnknownTag, SeverityInfo, t.Start, "the tag %s= is unknown and ignored", quoteShort(t.Name))
	}
}

// version: a record with another version must be discarded, and the value is
// compared as a string (RFC 6376 §3.6.1).
func (p *keyParser) version(t Tag) {
	if t.Value != "DKIM1" {
		p.issues.add(CodeVersion, SeverityError, t.ValueStart, "the version is %s instead of DKIM1", quoteShort(t.Value))
	}
	if t.Start != p.record.Tags[0].Start {
		p.issues.add(CodeVersionNotFirst, SeverityError, t.Start, "v= is not the first tag")
	}
}

// keyword returns a value that is compared without regard to case: the RFC's
// ABNF has it so, but not every verifier does.
func (p *keyParser) keyword(t Tag, value string, position int) string {
	lower := asciiLower(value)
	if lower != value {
		p.issues.add(CodeLetterCase, SeverityWarning, position, "%s= should be in lower case: %s", t.Name, quoteShort(value))
	}
	return lower
}

func (p *keyParser) keywords(t Tag) []string {
	var words []string
	for _, part := range colonList(t.Value, t.ValueStart) {
		if part.text == "" {
			p.issues.add(CodeSyntax, SeverityWarning, part.position, "%s= has an empty element", t.Name)
			continue
		}
		words = append(words, p.keyword(t, part.text, part.position))
	}
	return words
}

// finish judges the record as a whole.
func (p *keyParser) finish() {
	r := &p.record
	if _, ok := r.Tag("v"); !ok {
		p.issues.add(CodeVersionMissing, SeverityInfo, 0, "there is no v=DKIM1; it is optional, but tells the record from others")
	}
	if !r.AllowsHash("sha256") {
		p.issues.add(CodeHash, SeverityError, p.position("h"), "h= does not allow sha256, the only hash there is (RFC 8301 §3.1)")
	}
	if !r.AllowsEmail() {
		p.issues.add(CodeService, SeverityError, p.position("s"), "s= does not let the key sign mail")
	}
	if r.Testing() {
		p.issues.add(CodeTesting, SeverityWarning, p.position("t"), "t=y says that the domain is only testing DKIM")
	}
	p.publicKey()
	if !r.Revoked {
		r.Fault = keyFault(p.issues)
	}
	if r.Fault != "" {
		r.Key = nil
	}
}

// keyFault returns the first error that no signature can get around. What h= or
// s= leave out, and the key's length, are held against signatures one by one.
func keyFault(issues []Issue) string {
	for _, issue := range issues {
		switch issue.Code {
		case CodeHash, CodeService, CodeKeyTooShort:
			continue
		}
		if issue.Severity == SeverityError {
			return issue.Message
		}
	}
	return ""
}

func (p *keyParser) position(name string) int {
	for _, t := range p.record.Tags {
		if t.Name == name {
			return t.Start
		}
	}
	return 0
}

// publicKey reads p=, once k= is known.
func (p *keyParser) publicKey() {
	r := &p.record
	i := slices.IndexFunc(r.Tags, func(t Tag) bool { return t.Name == "p" })
	if i < 0 {
		p.issues.add(CodeNoPublicKey, SeverityError, 0, "there is no p=, the public key")
		return
	}
	t := r.Tags[i]
	r.PublicKey = removeFWS(t.Value)
	if r.PublicKey == "" {
		r.Revoked = true
		p.issues.add(CodeRevoked, SeverityWarning, t.Start, "p= is empty: the key has been revoked")
		return
	}
	if r.PublicKey != t.Value {
		p.issues.add(CodeKeySpace, SeverityInfo, t.ValueStart+strings.IndexAny(t.Value, fws), "there is white space inside p=; it is ignored")
	}
	octets, err := base64.StdEncoding.DecodeString(r.PublicKey)
	if err != nil {
		p.badBase64(t)
		return
	}
	switch r.KeyType {
	case "rsa":
		p.rsaKey(octets, t)
	case "ed25519":
		p.ed25519Key(octets, t)
	default:
		p.issues.add(CodeKeyType, SeverityError, p.position("k"), "the key type %s is unknown", quoteShort(r.KeyType))
	}
}

const base64Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="

func (p *keyParser) badBase64(t Tag) {
	if strings.Contains(t.Value, "-----") {
		p.issues.add(CodeBase64, SeverityError, t.ValueStart, "p= holds the lines of a PEM file; only what is between them belongs there")
		return
	}
	for i := range len(t.Value) {
		if c := t.Value[i]; !isFWS(c) && strings.IndexByte(base64Alphabet, c) < 0 {
			p.issues.add(CodeBase64, SeverityError, t.ValueStart+i, "p= is not base64: it holds %q", c)
			return
		}
	}
	p.issues.add(CodeBase64, SeverityError, t.End, "p= is not base64: %d characters, and the padding does not fit; it may have been cut off", len(p.record.PublicKey))
}

func asciiLower(s string) string {
	for i := range len(s) {
		if c := s[i]; 'A' <= c && c <= 'Z' {
			return strings.Map(lowerRune, s)
		}
	}
	return s
}

func lowerRune(r rune) rune {
	if 'A' <= r && r <= 'Z' {
		return r + 'a' - 'A'
	}
	return r
}
