package dkim

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"encoding/asn1"
	"fmt"
	"math/big"
	"mime"
	"slices"
	"strconv"
	"strings"
)

// explainHeader looks for the cause of a signature that does not match. An RSA
// signature holds the hash that was signed, which also tells a changed header
// from another key.
func (v *Verifier) explainHeader(s *signed, selection [][]byte) {
	search := &headerSearch{v: v, s: s, selection: selection}
	if key, ok := s.Key.Key.Key.(*rsa.PublicKey); ok {
		var why string
		if search.want, why = signedDigest(key, s.b, s.hash); why != "" {
			s.issueList.add(CodeOtherKey, SeverityInfo, 0, "%s", why)
			return
		}
	}
	s.reportCopies(v.message)
	for _, form := range []string{s.header, otherForm(s.header)} {
		search.form = form
		if cause := search.run(); cause != "" {
			if form != s.header {
				cause += fmt.Sprintf(" (in the %s form, though c= says %s)", form, s.header)
			}
			s.issueList.add(CodeHeaderChanged, SeverityInfo, 0, "%s", cause)
			return
		}
	}
	search.giveUp()
}

const (
	// maxSearched is how many fields are looked at for changes, of h='s.
	maxSearched = 100
	// ed25519Cost is how many octets could be hashed while one signature is
	// verified, roughly.
	ed25519Cost = 32 << 10
)

type headerSearch struct {
	v         *Verifier
	s         *signed
	selection [][]byte // the fields that h= picks, in its order
	form      string
	want      []byte // the hash that was signed, if the key tells it
}

// signedDigest takes the hash out of an RSA signature (RFC 8017 §8.2.2), or says
// why there is none.
func signedDigest(key *rsa.PublicKey, signature []byte, hash crypto.Hash) (digest []byte, why string) {
	if len(signature) != key.Size() {
		return nil, fmt.Sprintf("b= has %d octets, and one by this key %d: another key signed, or b= was cut off", len(signature), key.Size())
	}
	n := new(big.Int).SetBytes(signature)
	if n.Cmp(key.N) >= 0 {
		return nil, "b= was not made by this key"
	}
	block := n.Exp(n, big.NewInt(int64(key.E)), key.N).FillBytes(make([]byte, key.Size()))
	body, ok := bytes.CutPrefix(block, []byte{0, 1})
	_, info, found := bytes.Cut(bytes.TrimLeft(body, "\xff"), []byte{0})
	var signed struct {
		Algorithm struct {
			OID        asn1.ObjectIdentifier
			Parameters asn1.RawValue `asn1:"optional"`
		}
		Digest []byte
	}
	if !ok || !found || !unmarshalAll(info, &signed) {
		return nil, "the signature was made with another private key than the published key's, or b= was damaged"
	}
	if len(signed.Digest) != hash.Size() {
		return nil, fmt.Sprintf("the signature holds a hash of %d octets instead of %d: the signer used another algorithm than a= says", len(signed.Digest), hash.Size())
	}
	return signed.Digest, ""
}

// try reports whether the signature is one of these fields.
func (h *headerSearch) try(fields [][]byte) bool { return h.tryWith(fields, "") }

func (h *headerSearch) tryWith(fields [][]byte, after string) bool {
	size := 0
	for _, f := range fields {
		size += len(f)
	}
	if h.want == nil {
		size += ed25519Cost
	}
	if !h.v.spend(size + len(h.s.value)) {
		return false
	}
	sum := h.s.headerHashIn(h.v.message, fields, h.form, after)
	if h.want != nil {
		return bytes.Equal(sum, h.want)
	}
	return h.s.matches(sum)
}

// run tries changes in one canonical form.
func (h *headerSearch) run() string {
	if h.form != h.s.header && h.try(h.selection) {
		return "the signature matches"
	}
	if h.tryWith(h.selection, crlf) {
		return "the signature matches when the DKIM-Signature field ends in CRLF, which RFC 6376 §3.7 leaves out"
	}
	if top := h.fromTheTop(); top != nil && h.try(top) {
		return "the signature matches when fields that occur more than once are taken from the top instead of the bottom"
	}
	for i, field := range h.selection[:min(len(h.selection), maxSearched)] {
		name := fieldNameOf(field)
		for _, change := range h.changes(name, field) {
			fields := slices.Clone(h.selection)
			fields[i] = change.field
			if h.try(fields) {
				return change.cause
			}
		}
		if h.try(slices.Delete(slices.Clone(h.selection), i, i+1)) {
			return fmt.Sprintf("the signature matches without %s: the field was added after signing", name)
		}
	}
	return ""
}

func fieldNameOf(field []byte) string {
	name, _, _ := bytes.Cut(field, []byte(":"))
	return string(bytes.TrimRight(name, " \t"))
}

// fromTheTop picks as a signer does that reads RFC 6376 §5.4.2 the wrong way
// round; nil when that makes no difference.
func (h *headerSearch) fromTheTop() [][]byte {
	m := h.v.message
	var fields [][]byte
	used := map[string]int{}
	different := false
	for _, name := range h.s.names {
		indexes := m.named[name.text]
		if at := used[name.text]; at < len(indexes) {
			fields = append(fields, m.field(indexes[at]))
			different = different || len(indexes) > 1
		}
		used[name.text]++
	}
	if !different {
		return nil
	}
	return fields
}

// A change is a field as it may have been when it was signed.
type change struct {
	field []byte
	cause string
}

// changes returns what one field may have been before something usual happened
// to it.
func (h *headerSearch) changes(name string, field []byte) []change {
	value := unfold(string(field[len(name)+1:]))
	value = strings.TrimPrefix(value, ":")
	var list []change
	add := func(value, cause string) {
		list = append(list, change{[]byte(name + ": " + trimFWS(value) + crlf), cause})
	}
	if h.form == simple {
		add(value, name+" was folded or spaced anew: the signature matches when it is on one line")
	}
	switch asciiLower(name) {
	case "subject":
		for _, shorter := range withoutPrefixes(value) {
			add(shorter, fmt.Sprintf("the Subject was changed: the signature matches %s", quoteShort(shorter)))
		}
	case "from":
		for _, other := range []string{"x-original-from", "original-from", "x-google-original-from", "reply-to"} {
			if original, ok := h.v.message.value(other); ok {
				add(original, fmt.Sprintf("From was rewritten: the signature matches what %s holds", other))
			}
		}
	case "content-transfer-encoding":
		for _, encoding := range []string{"7bit", "8bit", "quoted-printable", "base64", "binary"} {
			add(encoding, "the body was encoded anew: the signature matches with Content-Transfer-Encoding "+encoding)
		}
	}
	if decoded, err := new(mime.WordDecoder).DecodeHeader(value); err == nil && decoded != value {
		add(decoded, name+" was encoded (RFC 2047) after it was signed")
	}
	return list
}

// withoutPrefixes returns a subject without what lists and filters put before
// it: "[list] ", "Re: ", "***SPAM*** ", one after the other.
func withoutPrefixes(subject string) []string {
	const most = 5
	var shorter []string
	for range most {
		rest := cutPrefix(subject)
		if rest == subject {
			break
		}
		shorter = append(shorter, rest)
		subject = rest
	}
	return shorter
}

func cutPrefix(subject string) string {
	for _, brackets := range []struct{ open, end string }{{"[", "]"}, {"(", ")"}, {"***", "***"}, {"{", "}"}, {"<", ">"}} {
		if rest, ok := strings.CutPrefix(subject, brackets.open); ok {
			if _, after, ok := strings.Cut(rest, brackets.end); ok {
				return trimFWS(after)
			}
		}
	}
	const longestPrefix = 12 // "EXTERNAL:", "SPAM:", "Fwd:", "AW:"
	if before, after, ok := strings.Cut(subject, ":"); ok && len(before) <= longestPrefix {
		return trimFWS(after)
	}
	return subject
}

// reportCopies compares the fields with the copies that z= holds of them as
// they were when signed (RFC 6376 §3.5).
func (s *signed) reportCopies(m *Message) {
	t := s.tag("z")
	if t == nil {
		return
	}
	for copied := range strings.SplitSeq(t.Value, "|") {
		name, value, ok := strings.Cut(dkimQuotedPrintable(removeFWS(copied)), ":")
		if !ok {
			continue
		}
		indexes := m.Fields(name)
		same := slices.ContainsFunc(indexes, func(i int) bool { return removeFWS(m.Value(i)) == removeFWS(value) })
		if !same {
			s.issueList.add(CodeHeaderChanged, SeverityInfo, t.ValueStart, "%s was %s when it was signed, says z=", quoteShort(name), quoteShort(value))
		}
	}
}

// dkimQuotedPrintable decodes RFC 6376 §2.11; what is malformed stays.
func dkimQuotedPrintable(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '=' && i+2 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+3], 16, 8); err == nil {
				b.WriteByte(byte(n))
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// giveUp says what is known when no change explains the mismatch.
func (h *headerSearch) giveUp() {
	var gone []string
	for _, name := range h.s.names {
		if len(h.v.message.named[name.text]) == 0 && name.text != "" && !slices.Contains(gone, name.text) {
			gone = append(gone, name.text)
		}
	}
	const most = 10
	if len(gone) > most {
		gone = gone[:most]
	}
	message := "no simple change explains it"
	if h.want != nil {
		message = "the key is the right one, so the header was changed; no simple change explains how"
	}
	if len(gone) > 0 {
		message += "; h= lists fields that are not there and may have been removed: " + strings.Join(gone, ", ")
	}
	h.s.issueList.add(CodeHeaderChanged, SeverityInfo, 0, "%s", message)
}
