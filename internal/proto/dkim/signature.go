package dkim

import (
	"crypto"
	"encoding/base64"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// BodyHash says whether bh= is the hash of the body.
type BodyHash string

// The outcomes; empty when there was nothing to compare.
const (
	BodyHashMatch    BodyHash = "match"
	BodyHashMismatch BodyHash = "mismatch"
)

// A Signature is one DKIM-Signature field and its verification.
type Signature struct {
	Result Result `json:"result"`
	Fault  Fault  `json:"fault,omitempty"` // the step that failed
	Error  string `json:"error"`           // why, in words; empty when it passes

	Domain           string   `json:"domain"`               // d=, as written
	Selector         string   `json:"selector"`             // s=, as written
	Algorithm        string   `json:"algorithm"`            // a=, in lower case
	KeyBits          int      `json:"key_bits"`             // 0 when no key was read
	Canonicalization string   `json:"canonicalization"`     // always both: "relaxed/simple"
	Identity         string   `json:"identity"`             // i=, or its default
	SignedHeaders    []string `json:"signed_headers"`       // h=, as written
	Oversigned       []string `json:"oversigned,omitempty"` // names in h= more often than in the header, in lower case
	Length           *int64   `json:"length"`               // l=
	Time             *int64   `json:"time,omitempty"`       // t=, in seconds since 1970
	Expiration       *int64   `json:"expiration,omitempty"` // x=
	BodyHash         BodyHash `json:"body_hash,omitempty"`
	BodyHashComputed string   `json:"body_hash_computed,omitempty"` // of the body as it came, in base64, to set beside bh=
	Issues           []Issue  `json:"issues"`                       // what else is to say; of the field, the key and the likely cause

	Tags   []Tag      `json:"-"`
	Offset int        `json:"-"` // of the field in the message
	Key    *KeyLookup `json:"-"` // nil when no key was asked for
}

// Tag returns the value of the tag of that name.
func (s *Signature) Tag(name string) (value string, ok bool) {
	if t := s.tag(name); t != nil {
		return t.Value, true
	}
	return "", false
}

func (s *Signature) tag(name string) *Tag {
	for i := range s.Tags {
		if s.Tags[i].Name == name {
			return &s.Tags[i]
		}
	}
	return nil
}

// A kind is one of the three fields that are signed alike.
type kind int

const (
	kindDKIM    kind = iota // DKIM-Signature
	kindMessage             // ARC-Message-Signature (RFC 8617 §4.1.2)
	kindSeal                // ARC-Seal (RFC 8617 §4.1.3)
)

var requiredTags = map[kind][]string{
	kindDKIM:    {"v", "a", "b", "bh", "d", "h", "s"},
	kindMessage: {"i", "a", "b", "bh", "d", "h", "s"},
	kindSeal:    {"i", "a", "b", "cv", "d", "s"},
}

// A signed is a Signature while it is being verified.
type signed struct {
	Signature
	kind      kind
	index     int    // of the field
	value     string // what was parsed
	hash      crypto.Hash
	keyType   string
	header    string // canonicalization
	body      string
	bh, b     []byte
	names     []part // h=
	issueList issueList
}

// parseSignature reads a field. The first thing that makes it invalid decides
// the result; reading goes on for what else there is to say.
func parseSignature(m *Message, index int, kind kind) *signed {
	s := &signed{kind: kind, index: index, value: m.Value(index)}
	s.Offset = m.Offset(index)
	tags, issues := ParseTagList(s.value)
	s.Tags = tags
	s.issueList = append(s.issueList, issues...)
	if msg := firstError(issues); msg != "" {
		s.fail(ResultPermError, FaultSyntax, "%s", msg)
	}
	s.requireTags()
	s.readAlgorithm()
	s.readDomain()
	s.readHashes()
	s.readCanonicalization()
	s.readHeaderList()
	s.readLength()
	s.readTimes()
	s.readQuery()
	return s
}

// fail sets the result, unless an earlier step has.
func (s *signed) fail(result Result, fault Fault, format string, args ...any) {
	if s.Result == "" {
		s.Result, s.Fault, s.Error = result, fault, fmt.Sprintf(format, args...)
	}
}

// malformed reports a fault of a tag as an issue and as the result.
func (s *signed) malformed(code Code, position int, format string, args ...any) {
	s.issueList.add(code, SeverityError, position, format, args...)
	s.fail(ResultPermError, FaultSyntax, format, args...)
}

func (s *signed) requireTags() {
	var missing []string
	for _, name := range requiredTags[s.kind] {
		if t := s.tag(name); t == nil || t.Value == "" && name != "h" {
			missing = append(missing, name+"=")
		}
	}
	if len(missing) > 0 {
		s.malformed(CodeMissingTag, 0, "%s is missing or empty", strings.Join(missing, ", "))
	}
	if t := s.tag("v"); s.kind == kindDKIM && t != nil && t.Value != "" && t.Value != "1" {
		s.malformed(CodeVersion, t.ValueStart, "the version is %s instead of 1", quoteShort(t.Value))
	}
}

func (s *signed) readAlgorithm() {
	t := s.tag("a")
	if t == nil || t.Value == "" {
		return
	}
	s.Algorithm = asciiLower(removeFWS(t.Value))
	switch s.Algorithm {
	case "rsa-sha256":
		s.keyType, s.hash = "rsa", crypto.SHA256
	case "ed25519-sha256":
		s.keyType, s.hash = "ed25519", crypto.SHA256
	case "rsa-sha1":
		s.keyType, s.hash = "rsa", crypto.SHA1
		s.issueList.add(CodeSHA1, SeverityError, t.ValueStart, "rsa-sha1 must not be used (RFC 8301 §3.1)")
		s.fail(ResultPermError, FaultAlgorithm, "rsa-sha1 must not be used (RFC 8301 §3.1)")
	default:
		s.issueList.add(CodeSyntax, SeverityError, t.ValueStart, "the algorithm %s is unknown", quoteShort(s.Algorithm))
		s.fail(ResultPermError, FaultAlgorithm, "the algorithm %s is unknown", quoteShort(s.Algorithm))
	}
}

// readDomain reads d=, s= and i=, which must be within d= (RFC 6376 §3.5).
// Names are compared without regard to case and to the form of their labels.
func (s *signed) readDomain() {
	d, selector := s.tag("d"), s.tag("s")
	if d == nil || selector == nil || d.Value == "" || selector.Value == "" {
		return
	}
	s.Domain, s.Selector = removeFWS(d.Value), removeFWS(selector.Value)
	domain, err := asciiName(s.Domain)
	if err != nil {
		s.malformed(CodeDomain, d.ValueStart, "d=%s %v", quoteShort(s.Domain), err)
	}
	if _, err := asciiName(s.Selector); err != nil {
		s.malformed(CodeDomain, selector.ValueStart, "s=%s %v", quoteShort(s.Selector), err)
	}
	if s.kind != kindDKIM {
		return // i= is the instance
	}
	i := s.tag("i")
	if i == nil {
		s.Identity = "@" + s.Domain
		return
	}
	s.Identity = removeFWS(i.Value)
	at := strings.LastIndexByte(s.Identity, '@')
	within, err := asciiName(s.Identity[at+1:])
	if at < 0 || err != nil || within != domain && !strings.HasSuffix(within, "."+domain) {
		s.malformed(CodeIdentity, i.ValueStart, "i=%s is not within d=%s", quoteShort(s.Identity), quoteShort(s.Domain))
	}
}

// belowDomain reports whether i= is in a subdomain of d=, which t=s forbids.
func (s *signed) belowDomain() bool {
	identity, err := asciiName(s.Identity[strings.LastIndexByte(s.Identity, '@')+1:])
	domain, _ := asciiName(s.Domain)
	return err == nil && identity != domain
}

func (s *signed) readHashes() {
	for _, want := range []struct {
		name  string
		octet *[]byte
	}{{"bh", &s.bh}, {"b", &s.b}} {
		t := s.tag(want.name)
		if t == nil {
			continue
		}
		octets, err := base64.StdEncoding.DecodeString(removeFWS(t.Value))
		if err != nil {
			s.malformed(CodeBase64, t.ValueStart, "%s= is not base64", want.name)
			continue
		}
		*want.octet = octets
	}
}

func (s *signed) readCanonicalization() {
	s.header, s.body = simple, simple
	if s.kind == kindSeal {
		s.header = relaxed // RFC 8617 §5.1.1: the only one
	}
	if t := s.tag("c"); t != nil && s.kind != kindSeal {
		header, body, both := strings.Cut(asciiLower(removeFWS(t.Value)), "/")
		s.header = header
		if both {
			s.body = body
		}
		for _, c := range []string{s.header, s.body} {
			if c != simple && c != relaxed {
				s.malformed(CodeSyntax, t.ValueStart, "the canonicalization %s is unknown", quoteShort(c))
				s.header, s.body = simple, simple
				return
			}
		}
	}
	s.Canonicalization = s.header + "/" + s.body
}

func (s *signed) readHeaderList() {
	t := s.tag("h")
	if t == nil {
		return
	}
	s.names = colonList(t.Value, t.ValueStart)
	s.SignedHeaders = make([]string, 0, len(s.names))
	signs := map[string]bool{}
	for i := range s.names {
		s.SignedHeaders = append(s.SignedHeaders, s.names[i].text)
		s.names[i].text = asciiLower(s.names[i].text)
		signs[s.names[i].text] = true
	}
	switch {
	case s.kind == kindDKIM && !signs["from"]:
		s.malformed(CodeFromNotSigned, t.ValueStart, "h= does not list From (RFC 6376 §5.4)")
	case s.kind == kindMessage && signs["arc-seal"]:
		s.malformed(CodeHeaderList, t.ValueStart, "h= lists ARC-Seal (RFC 8617 §4.1.2)")
	}
	if signs[""] {
		s.issueList.add(CodeHeaderList, SeverityWarning, t.ValueStart, "h= has an empty element")
	}
}

func (s *signed) readLength() {
	t := s.tag("l")
	if t == nil || s.kind == kindSeal {
		return
	}
	n, ok := decimal(t.Value)
	if !ok {
		s.malformed(CodeSyntax, t.ValueStart, "l=%s is no number", quoteShort(t.Value))
		return
	}
	s.Length = &n
	s.issueList.add(CodeBodyLength, SeverityWarning, t.Start, "l= lets anyone add to the body (RFC 6376 §8.2)")
}

func (s *signed) readTimes() {
	for _, want := range []struct {
		name string
		time **int64
	}{{"t", &s.Time}, {"x", &s.Expiration}} {
		t := s.tag(want.name)
		if t == nil {
			continue
		}
		n, ok := decimal(t.Value)
		if !ok {
			s.malformed(CodeSyntax, t.ValueStart, "%s=%s is no time", want.name, quoteShort(t.Value))
			continue
		}
		*want.time = &n
	}
	if s.Time != nil && s.Expiration != nil && *s.Expiration <= *s.Time {
		s.malformed(CodeSyntax, s.tag("x").ValueStart, "x= is not after t= (RFC 6376 §3.5)")
	}
}

// maxClockSkew is how far t= may be ahead before it is worth a word.
const maxClockSkew = 300 * time.Second

// judgeTimes compares t= and x= with the clock.
func (s *signed) judgeTimes(now time.Time) {
	if s.Time != nil && *s.Time > now.Add(maxClockSkew).Unix() {
		s.issueList.add(CodeFuture, SeverityWarning, s.tag("t").ValueStart, "t= is in the future: %s", utc(*s.Time))
	}
	if s.Expiration != nil && *s.Expiration < now.Unix() {
		s.issueList.add(CodeExpired, SeverityError, s.tag("x").ValueStart, "the signature expired at %s", utc(*s.Expiration))
		s.fail(ResultPermError, FaultExpired, "the signature expired at %s", utc(*s.Expiration))
	}
}

// utc writes a time of a tag; years beyond four digits stay seconds.
func utc(seconds int64) string {
	const year10000 = 253402300800
	if seconds >= year10000 {
		return fmt.Sprintf("%d seconds after 1970", seconds)
	}
	return time.Unix(seconds, 0).UTC().Format(time.RFC3339)
}

// readQuery: a verifier ignores ways to ask for keys that it does not know, and
// there is only one (RFC 6376 §3.5).
func (s *signed) readQuery() {
	t := s.tag("q")
	if t == nil || s.kind == kindSeal {
		return
	}
	known := slices.ContainsFunc(colonList(t.Value, t.ValueStart), func(p part) bool {
		return asciiLower(p.text) == "dns/txt" || asciiLower(p.text) == "dns"
	})
	if !known {
		s.malformed(CodeSyntax, t.ValueStart, "q=%s does not offer dns/txt", quoteShort(t.Value))
	}
}

// decimal reads 1*DIGIT; what is too large for an int64 is its largest value.
func decimal(s string) (int64, bool) {
	if s == "" {
		return 0, false
	}
	var n int64
	for i := range len(s) {
		c := s[i]
		if c < '0' || c > '9' {
			return 0, false
		}
		if n > (math.MaxInt64-9)/10 {
			n = math.MaxInt64
			continue
		}
		n = n*10 + int64(c-'0')
	}
	return n, true
}
