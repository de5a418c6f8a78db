package recording

import (
	"crypto/tls"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A recording is lines of text. The first names the format; headers follow;
// then come blocks, each after an empty line, the lines of a block indented.
// A line that begins with "#", indented or not, is a comment.
//
//	postmuster recording 1
//	at: 2026-11-23T10:00:00Z
//	subject: example.com
//
//	dns example.com. MX do
//	  reply NOERROR ad tcp
//	  server 192.0.2.53:53
//	  at 2026-11-23T10:00:00.02Z
//	  took 20ms
//	  record example.com. 300 MX 10 mx.example.com.
//
//	dns example.org. TXT
//	  error rcode
//	  rcode SERVFAIL
//	  ede 6 no valid signature
//
//	smtp mx.example.com[192.0.2.1]:25
//	  result ok
//	  step QUIT
//	  banner 220 mx.example.com ESMTP
//	  ehlo 250-mx.example.com
//	  ehlo 250 STARTTLS
//	  tls TLS1.3 TLS_AES_128_GCM_SHA256
//	  certificate 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
//	  S 12ms 220 mx.example.com ESMTP
//	  C 12ms EHLO probe.example.net
//
//	https https://mta-sts.example.com/.well-known/mta-sts.txt max=65536
//	  result ok
//	  status 200
//	  body version: STSv1\r\n
//
//	certificate 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
//	  MIIBhTCCASugAwIBAgIQIRi6zePL6mKjOipn+dNuaTAKBggqhkjOPQQDAjASMRAw
//
// Lines that are not there are zero. Text runs to the end of its line, with
// `\n`, `\r`, `\t`, `\\` and `\DDD` (decimal) for octets that are not printable
// ASCII and for a space at the end. Names are absolute and escaped as in a zone
// file (RFC 1035 §5.1), and so are the strings of a TXT record. Data that the
// program keeps as text has TYPE123 for its type.
const version = "postmuster recording 1"

// What a recording may hold. A domain asks some forty questions.
const (
	maxBytes  = 32 << 20
	maxLine   = 512 << 10 // a TXT record of 64 kB, each octet as \DDD
	maxLines  = 1_000_000 // what is read of a short line is many times its length
	maxBlocks = 100_000
	// The length of a piece of a body on one line, where it has no lines itself.
	maxBodyLine = 1000
)

// The times that a line holds are UTC.
const timeFormat = time.RFC3339Nano

func durationText(d time.Duration) string { return strings.Replace(d.String(), "µs", "us", 1) }

// escape writes text as one line, in printable ASCII, that does not end in a
// space.
func escape(s string) string {
	var b strings.Builder
	for i := range len(s) {
		switch c := s[i]; {
		case c == '\\':
			b.WriteString(`\\`)
		case c == '\n':
			b.WriteString(`\n`)
		case c == '\r':
			b.WriteString(`\r`)
		case c == '\t':
			b.WriteString(`\t`)
		case c < ' ' || c > '~' || c == ' ' && i == len(s)-1:
			writeDecimal(&b, c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// writeDecimal writes `\DDD`.
func writeDecimal(b *strings.Builder, c byte) {
	b.Write([]byte{'\\', '0' + c/100, '0' + c/10%10, '0' + c%10})
}

var errEscape = errors.New(`\n, \r, \t, \\ or \DDD after a backslash`)

func unescape(s string) (string, error) {
	if !strings.Contains(s, `\`) {
		return s, nil
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			b.WriteByte(s[i])
			continue
		}
		octet, length, ok := escaped(s[i+1:])
		if !ok {
			return "", errEscape
		}
		b.WriteByte(octet)
		i += length
	}
	return b.String(), nil
}

// escaped reads what follows a backslash.
func escaped(s string) (octet byte, length int, ok bool) {
	if s == "" {
		return 0, 0, false
	}
	switch s[0] {
	case 'n':
		return '\n', 1, true
	case 'r':
		return '\r', 1, true
	case 't':
		return '\t', 1, true
	case '\\':
		return '\\', 1, true
	}
	return decimal(s)
}

// decimal reads three digits.
func decimal(s string) (octet byte, length int, ok bool) {
	if len(s) < 3 || strings.Trim(s[:3], "0123456789") != "" {
		return 0, 0, false
	}
	n, err := strconv.ParseUint(s[:3], 10, 8)
	return byte(n), 3, err == nil
}

// nameText writes a name of internal/dns, in which `\.` and `\\` are escaped
// already, as an absolute name of a zone file.
func nameText(name string) string {
	switch name {
	case "":
		return `""` // not a name, but not the root either
	case ".":
		return "."
	}
	var b strings.Builder
	for i := 0; i < len(name); i++ {
		c := name[i]
		switch {
		case c == '\\' && i+1 < len(name) && (name[i+1] == '.' || name[i+1] == '\\'):
			b.WriteString(name[i : i+2])
			i++
		case c == '\\' || c <= ' ' || c > '~':
			writeDecimal(&b, c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String() + "."
}

var errName = errors.New("an absolute name, with its final dot")

func parseName(s string) (string, error) {
	switch s {
	case `""`:
		return "", nil
	case ".":
		return s, nil
	}
	s, ok := strings.CutSuffix(s, ".")
	if !ok || s == "" {
		return "", errName
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			b.WriteByte(s[i])
			continue
		}
		if i+1 < len(s) && (s[i+1] == '.' || s[i+1] == '\\') {
			b.WriteString(s[i : i+2])
			i++
			continue
		}
		octet, length, ok := decimal(s[i+1:])
		if !ok {
			return "", errName
		}
		b.WriteByte(octet)
		i += length
	}
	return b.String(), nil
}

const none = "none"

var tlsVersions = map[uint16]string{
	0: none, tls.VersionTLS10: "TLS1.0", tls.VersionTLS11: "TLS1.1", tls.VersionTLS12: "TLS1.2", tls.VersionTLS13: "TLS1.3",
}

func tlsVersionText(v uint16) string {
	if name, ok := tlsVersions[v]; ok {
		return name
	}
	return fmt.Sprintf("0x%04X", v)
}

func parseTLSVersion(s string) (uint16, error) {
	for v, name := range tlsVersions {
		if name == s {
			return v, nil
		}
	}
	return parseHex16(s)
}

// cipherText returns the suite's name, or 0x1234.
func cipherText(id uint16) string {
	if id == 0 {
		return none
	}
	return tls.CipherSuiteName(id)
}

func parseCipher(s string) (uint16, error) {
	if s == none {
		return 0, nil
	}
	for _, suite := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		if suite.Name == s {
			return suite.ID, nil
		}
	}
	return parseHex16(s)
}

func parseHex16(s string) (uint16, error) {
	n, err := strconv.ParseUint(strings.TrimPrefix(s, "0x"), 16, 16)
	if err != nil || !strings.HasPrefix(s, "0x") {
		return 0, errors.New("a name that is known, or 0x1234")
	}
	return uint16(n), nil
}
