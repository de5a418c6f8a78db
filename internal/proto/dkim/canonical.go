package dkim

import (
	"bytes"
	"crypto"
	"hash"
	"math"
)

// The canonicalizations (RFC 6376 §3.4).
const (
	simple  = "simple"
	relaxed = "relaxed"
)

const crlf = "\r\n"

// appendField appends a header field in canonical form, with a final CRLF
// (RFC 6376 §3.4.1, §3.4.2).
func appendField(dst, raw []byte, canonicalization string) []byte {
	if canonicalization == relaxed {
		return appendRelaxedField(dst, raw)
	}
	for len(raw) > 0 {
		end := lineEnd(raw, 0)
		dst = append(dst, trimEOL(raw[:end])...)
		dst = append(dst, crlf...)
		raw = raw[end:]
	}
	return dst
}

func appendRelaxedField(dst, raw []byte) []byte {
	colon := bytes.IndexByte(raw, ':')
	if colon < 0 {
		return dst
	}
	for _, c := range bytes.TrimRight(raw[:colon], " \t") {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		dst = append(dst, c)
	}
	dst = append(dst, ':')
	value := len(dst)
	space := false
	for i := colon + 1; i < len(raw); i++ {
		c := raw[i]
		switch {
		case c == ' ' || c == '\t':
			space = true
		case c == '\n', c == '\r' && i+1 < len(raw) && raw[i+1] == '\n':
			// The fold goes, the white space after it stays.
		default:
			if space && len(dst) > value {
				dst = append(dst, ' ')
			}
			space = false
			dst = append(dst, c)
		}
	}
	return append(dst, crlf...)
}

// A bodyHasher hashes the lines of a body in canonical form (RFC 6376 §3.4.3,
// §3.4.4).
type bodyHasher struct {
	hash    hash.Hash
	relaxed bool
	eol     string
	limit   int64 // l=: how many octets are hashed
	total   int64 // how many there are
	empty   int64 // lines that count only if another follows
	used    int
	buf     [2048]byte
}

func newBodyHasher(algorithm crypto.Hash, canonicalization string, limit int64) *bodyHasher {
	return &bodyHasher{hash: algorithm.New(), relaxed: canonicalization == relaxed, eol: crlf, limit: limit}
}

// noLimit is l= when there is none.
const noLimit = math.MaxInt64

// line takes one line without its end and reports whether it was empty.
func (b *bodyHasher) line(line []byte) (empty bool) {
	if b.relaxed {
		line = bytes.TrimRight(line, " \t")
	}
	if len(line) == 0 {
		b.empty++
		return true
	}
	for ; b.empty > 0; b.empty-- {
		b.writeString(b.eol)
	}
	if b.relaxed {
		b.writeRelaxed(line)
	} else {
		b.write(line)
	}
	b.writeString(b.eol)
	return false
}

// writeRelaxed reduces white space to single spaces; there is none at the end.
func (b *bodyHasher) writeRelaxed(line []byte) {
	for {
		i := oddSpace(line)
		b.write(line[:i])
		if i == len(line) {
			return
		}
		b.writeString(" ")
		for line[i] == ' ' || line[i] == '\t' {
			i++
		}
		line = line[i:]
	}
}

// oddSpace returns where white space other than a single space begins.
func oddSpace(line []byte) int {
	for i, c := range line {
		if c == '\t' || c == ' ' && (line[i+1] == ' ' || line[i+1] == '\t') {
			return i
		}
	}
	return len(line)
}

func (b *bodyHasher) writeString(s string) {
	if len(b.buf)-b.used < len(s) {
		b.flush()
	}
	b.used += copy(b.buf[b.used:], s)
}

func (b *bodyHasher) write(p []byte) {
	if len(p) > len(b.buf)-b.used {
		b.flush()
	}
	if len(p) > len(b.buf) {
		b.digest(p)
		return
	}
	b.used += copy(b.buf[b.used:], p)
}

func (b *bodyHasher) flush() {
	b.digest(b.buf[:b.used])
	b.used = 0
}

func (b *bodyHasher) digest(p []byte) {
	left := max(b.limit-b.total, 0)
	b.total += int64(len(p))
	if int64(len(p)) > left {
		p = p[:left]
	}
	b.hash.Write(p)
}

// sum returns the hash of the lines so far; more may follow. The simple form
// of an empty body is one CRLF, the relaxed form is nothing.
func (b *bodyHasher) sum(dst []byte) []byte {
	b.flush()
	if b.total == 0 && !b.relaxed {
		b.digest([]byte(b.eol))
	}
	return b.hash.Sum(dst)
}

// lines takes a whole body.
func (b *bodyHasher) lines(body []byte) {
	for len(body) > 0 {
		end := lineEnd(body, 0)
		b.line(trimEOL(body[:end]))
		body = body[end:]
	}
}

// A bodyKey is a way to hash the body; several signatures may share one.
type bodyKey struct {
	algorithm        crypto.Hash
	canonicalization string
	limit            int64
}

type bodySum struct {
	sum   []byte
	total int64 // octets of the body in canonical form
}

func (m *Message) bodyHash(key bodyKey) bodySum {
	if s, ok := m.hashes[key]; ok {
		return s
	}
	h := newBodyHasher(key.algorithm, key.canonicalization, key.limit)
	h.lines(m.body)
	s := bodySum{sum: h.sum(nil)}
	s.total = h.total
	m.hashes[key] = s
	return s
}
