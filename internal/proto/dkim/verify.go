package dkim

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	_ "crypto/sha1"   // recognised, never accepted
	_ "crypto/sha256" // RFC 8301 §3.1
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/postmuster/postmuster/internal/dns"
)

// A Report is what was found out about a message's signatures.
type Report struct {
	Signatures []Signature `json:"signatures"`       // from the top of the header
	Issues     []Issue     `json:"issues,omitempty"` // of the message itself
}

// Verify verifies every DKIM-Signature of a message as of now. The keys are
// asked of r; not being able to ask is ResultTempError.
func Verify(ctx context.Context, r dns.Resolver, message []byte, now time.Time) *Report {
	v := NewVerifier(r, ReadMessage(message), now)
	var signatures []*signed
	for _, index := range v.message.Fields("DKIM-Signature") {
		signatures = append(signatures, parseSignature(v.message, index, kindDKIM))
	}
	v.fetchKeys(ctx, signatures)
	report := &Report{Signatures: make([]Signature, 0, len(signatures)), Issues: v.message.Issues}
	for i, s := range signatures {
		if i >= MaxSignatures {
			s.fail(ResultPolicy, FaultLimit, "only the first %d signatures are verified", MaxSignatures)
			s.Issues = s.issueList
		} else {
			v.verify(ctx, s)
		}
		report.Signatures = append(report.Signatures, s.Signature)
	}
	if n := len(signatures); n > MaxSignatures {
		issues := issueList(report.Issues)
		issues.add(CodeSignatures, SeverityWarning, 0, "there are %d signatures; only the first %d were verified", n, MaxSignatures)
		report.Issues = issues
	}
	return report
}

// A Verifier verifies the signatures of one message. It asks for each key and
// hashes the body once. It is not safe for concurrent use.
type Verifier struct {
	resolver dns.Resolver
	message  *Message
	now      time.Time
	keys     map[string]keyAnswer
	effort   int  // octets that may still be hashed in search of a cause
	gaveUp   bool // there were none left
}

type keyAnswer struct {
	lookup KeyLookup
	err    error
}

// NewVerifier returns a Verifier of a message as of now.
func NewVerifier(r dns.Resolver, m *Message, now time.Time) *Verifier {
	return &Verifier{resolver: r, message: m, now: now, keys: map[string]keyAnswer{}, effort: maxEffort}
}

// MessageSignature verifies an ARC-Message-Signature: a DKIM signature without
// v=, whose i= is an instance (RFC 8617 §4.1.2).
func (v *Verifier) MessageSignature(ctx context.Context, index int) Signature {
	s := parseSignature(v.message, index, kindMessage)
	s.refuseEmptyTags()
	v.verify(ctx, s)
	return s.Signature
}

// Seal verifies an ARC-Seal over the fields covered, of which it is the last
// (RFC 8617 §5.1.1).
func (v *Verifier) Seal(ctx context.Context, index int, covered []int) Signature {
	s := parseSignature(v.message, index, kindSeal)
	s.refuseEmptyTags()
	for _, name := range []string{"h", "bh", "l", "c"} {
		if t := s.tag(name); t != nil {
			s.malformed(CodeSyntax, t.Start, "a seal has no %s= (RFC 8617 §4.1.3)", name)
		}
	}
	if s.Result == "" {
		var fields [][]byte
		for _, i := range covered {
			if i != index {
				fields = append(fields, v.message.field(i))
			}
		}
		if v.findKey(ctx, s); s.Result == "" && !s.matches(s.headerHash(v.message, fields)) {
			s.fail(ResultFail, FaultSignature, "the seal does not match")
		}
	}
	v.finish(s)
	return s.Signature
}

// refuseEmptyTags: RFC 6376 §3.2 has no two semicolons in a row, and ARC, unlike
// DKIM, has no tradition of accepting them.
func (s *signed) refuseEmptyTags() {
	for _, issue := range s.issueList {
		if issue.Code == CodeEmptyTag {
			s.fail(ResultPermError, FaultSyntax, "%s", issue.Message)
		}
	}
}

// verify goes through the steps of RFC 6376 §6.1. The body hash is compared
// even when an earlier step failed: it tells whether the body was changed.
func (v *Verifier) verify(ctx context.Context, s *signed) {
	if v.message.limit != "" {
		s.fail(ResultPolicy, FaultLimit, "%s", v.message.limit)
	}
	s.judgeTimes(v.now)
	s.judgeCoverage(v.message)
	if s.hash != 0 && s.bh != nil {
		v.compareBody(s)
	}
	if s.Fault != FaultSyntax && s.Fault != FaultLimit {
		v.findKey(ctx, s)
		v.compare(s)
	}
	v.finish(s)
}

func (v *Verifier) finish(s *signed) {
	if s.Result == "" {
		s.Result = ResultPass
	}
	s.Issues = s.issueList
}

// compareBody compares bh= with the body's hash.
func (v *Verifier) compareBody(s *signed) {
	limit := int64(noLimit)
	if s.Length != nil {
		limit = *s.Length
	}
	got := v.message.bodyHash(bodyKey{s.hash, s.body, limit})
	if s.Length != nil && got.total > limit {
		s.issueList.add(CodeUnsignedBody, SeverityWarning, s.tag("l").ValueStart, "the last %d octets of the body are not signed", got.total-limit)
	}
	s.BodyHash, s.BodyHashComputed = BodyHashMatch, base64.StdEncoding.EncodeToString(got.sum)
	if !bytes.Equal(got.sum, s.bh) {
		s.BodyHash = BodyHashMismatch
	}
	if s.Length != nil && got.total < limit {
		s.malformed(CodeBodyLength, s.tag("l").ValueStart, "l=%d is more than the body has (%d octets)", limit, got.total)
	}
}

// findKey asks for the key and decides whether it is for this signature.
func (v *Verifier) findKey(ctx context.Context, s *signed) {
	answer := v.key(ctx, s)
	s.Key = &answer.lookup
	s.keyIssues(answer.lookup.Issues)
	if answer.lookup.Key != nil {
		s.KeyBits = answer.lookup.Key.Bits
	}
	if answer.err != nil {
		s.fail(ResultTempError, FaultDNS, "the key could not be found out: %s", reason(answer.err))
		return
	}
	if why := s.refuseKey(&answer.lookup); why != "" {
		s.fail(ResultPermError, FaultKey, "%s", why)
	}
}

// reason is an error of the resolver in short.
func reason(err error) string {
	var e *dns.Error
	if errors.As(err, &e) {
		return e.Reason() + " for " + e.Question.String()
	}
	return err.Error()
}

func (v *Verifier) key(ctx context.Context, s *signed) keyAnswer {
	name, err := KeyName(s.Selector, s.Domain)
	if err != nil { // malformed, and so not asked for
		return keyAnswer{lookup: KeyLookup{Status: KeyNone}}
	}
	if known, ok := v.keys[name]; ok {
		return known
	}
	lookup, err := lookupName(ctx, v.resolver, name)
	v.keys[name] = keyAnswer{lookup, err}
	return v.keys[name]
}

// fetchKeys asks for the keys of several signatures at once.
func (v *Verifier) fetchKeys(ctx context.Context, signatures []*signed) {
	if len(signatures) < 2 {
		return
	}
	var names []string
	for _, s := range signatures[:min(len(signatures), MaxSignatures)] {
		name, err := KeyName(s.Selector, s.Domain)
		if err == nil && s.Fault != FaultSyntax && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	answers := make([]keyAnswer, len(names))
	var wait sync.WaitGroup
	for i, name := range names {
		wait.Go(func() { answers[i].lookup, answers[i].err = lookupName(ctx, v.resolver, name) })
	}
	wait.Wait()
	for i, name := range names {
		v.keys[name] = answers[i]
	}
}

// keyIssues takes over what is wrong with the key; what is merely worth knowing
// is in the lookup.
func (s *signed) keyIssues(issues []Issue) {
	for _, i := range issues {
		if i.Severity != SeverityInfo {
			s.issueList.add(i.Code, i.Severity, i.Position, "key record: %s", i.Message)
		}
	}
}

// refuseKey says why a key does not count for this signature (RFC 6376 §6.1.2).
func (s *signed) refuseKey(l *KeyLookup) string {
	switch l.Status {
	case KeyNone:
		return "there is no key at " + l.Name
	case KeySeveral:
		return "there are different keys at " + l.Name
	case KeyRevoked:
		return "the key has been revoked"
	case KeyInvalid:
		return "the key record cannot be used: " + l.Key.Fault
	}
	key := l.Key
	hash := "sha256"
	if s.hash == crypto.SHA1 {
		hash = "sha1"
	}
	switch {
	case key.KeyType != s.keyType:
		return fmt.Sprintf("a= asks for a key of type %s, the record has %s", s.keyType, quoteShort(key.KeyType))
	case !key.AllowsHash(hash):
		return "the key's h= does not allow " + hash
	case !key.AllowsEmail():
		return "the key's s= does not allow email"
	case s.kind == kindDKIM && key.Strict() && s.belowDomain():
		return "i= is in a subdomain of d=, which the key's t=s forbids"
	case key.KeyType == "rsa" && key.Bits < MinRSABits:
		return fmt.Sprintf("the key has %d bits, fewer than %d (RFC 8301 §3.2)", key.Bits, MinRSABits)
	}
	return ""
}

// compare compares b= with the header's hash, and looks for causes.
func (v *Verifier) compare(s *signed) {
	if s.Key.Key == nil || s.refuseKey(s.Key) != "" {
		if s.BodyHash == BodyHashMismatch {
			v.explainBody(s)
		}
		return
	}
	selection := s.pick(v.message)
	right := s.matches(s.headerHash(v.message, selection))
	switch {
	case s.BodyHash == BodyHashMismatch:
		s.fail(ResultFail, FaultBodyHash, "the body was changed: bh= does not match")
		if right {
			s.issueList.add(CodeBodyChanged, SeverityInfo, 0, "the header was not changed: b= matches")
		}
		v.explainBody(s)
	case !right:
		s.fail(ResultFail, FaultSignature, "the header was changed, or another key signed it: b= does not match")
	case s.Result != "":
		s.issueList.add(CodeOtherwiseValid, SeverityInfo, 0, "the signature itself is right")
	}
	if !right {
		v.explainHeader(s, selection)
	}
}

// pick returns the fields that h= lists, each name's from the bottom up (RFC
// 6376 §5.4.2). The field itself is never among them (§5.4).
func (s *signed) pick(m *Message) [][]byte {
	var fields [][]byte
	used := make(map[string]int, len(s.names))
	for _, name := range s.names {
		indexes := m.named[name.text]
		at := len(indexes) - 1 - used[name.text]
		if at >= 0 && indexes[at] == s.index {
			used[name.text]++
			at--
		}
		used[name.text]++
		if at >= 0 {
			fields = append(fields, m.field(indexes[at]))
		}
	}
	return fields
}

// headerHash hashes the fields and the signature field without its b= (RFC 6376
// §3.7).
func (s *signed) headerHash(m *Message, fields [][]byte) []byte {
	return s.headerHashIn(m, fields, s.header, "")
}

func (s *signed) headerHashIn(m *Message, fields [][]byte, canonicalization, after string) []byte {
	h := s.hash.New()
	var space [1024]byte
	buf := space[:0]
	for _, f := range fields {
		buf = appendField(buf[:0], f, canonicalization)
		h.Write(buf)
	}
	buf = appendField(buf[:0], s.withoutB(m), canonicalization)
	h.Write(bytes.TrimSuffix(buf, []byte(crlf)))
	h.Write([]byte(after))
	return h.Sum(nil)
}

// withoutB returns the field with the value of b= deleted, with the white space
// around it and nothing else.
func (s *signed) withoutB(m *Message) []byte {
	raw := m.field(s.index)
	t := s.tag("b")
	if t == nil {
		return raw
	}
	value := len(m.raw[m.fields[s.index].start:m.fields[s.index].colon]) + 1
	return slices.Concat(raw[:value+t.Equals+1], raw[value+t.End:])
}

// matches reports whether b= signs the digest.
func (s *signed) matches(digest []byte) bool {
	switch key := s.Key.Key.Key.(type) {
	case *rsa.PublicKey:
		return rsa.VerifyPKCS1v15(key, s.hash, digest, s.b) == nil
	case ed25519.PublicKey:
		return ed25519.Verify(key, digest, s.b) // RFC 8463 §3: the hash is what is signed
	}
	return false
}

// judgeCoverage compares how often fields occur with how often they are signed.
func (s *signed) judgeCoverage(m *Message) {
	if s.kind != kindDKIM {
		return
	}
	listed := make(map[string]int, len(s.names))
	for _, name := range s.names {
		listed[name.text]++
	}
	for _, name := range s.names {
		n, there := listed[name.text], len(m.named[name.text])
		if n == 0 || name.text == "" || name.text == "dkim-signature" {
			continue // seen before, or its own kind
		}
		listed[name.text] = 0
		switch {
		case n > there:
			s.Oversigned = append(s.Oversigned, name.text)
		case n < there:
			s.issueList.add(CodeFieldPartlySigned, SeverityInfo, name.position, "%s occurs %d times, and %d signed", quoteShort(name.text), there, n)
		}
	}
	if from := m.named["from"]; len(from) > 1 {
		s.issueList.add(CodeFromTwice, SeverityWarning, 0, "%s", fromTwice(len(from)))
	}
}

// fromTwice: readers may be shown a From that nobody signed (RFC 6376 §8.15).
func fromTwice(n int) string {
	if n == 2 {
		return "from appears twice"
	}
	return fmt.Sprintf("from appears %d times", n)
}
