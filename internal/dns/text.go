package dns

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

func base64Text(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

// Quote returns octets as a character-string of a zone file (RFC 1035 §5.1):
// in double quotes, with `\"`, `\\` and `\DDD` where needed. The result is
// printable ASCII.
func Quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c < ' ' || c > '~':
			fmt.Fprintf(&b, `\%03d`, c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// Unescape undoes the escapes of RFC 1035 §5.1 in s: `\DDD` is the octet with
// that decimal value, `\X` is X. The quotes around a string are not its business.
func Unescape(s string) (string, error) {
	if !strings.Contains(s, `\`) {
		return s, nil
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			b.WriteByte(s[i])
			continue
		}
		i++
		if i == len(s) {
			return "", errors.New("a backslash ends the text")
		}
		if s[i] < '0' || s[i] > '9' {
			b.WriteByte(s[i])
			continue
		}
		octet, err := decimalOctet(s[i:])
		if err != nil {
			return "", err
		}
		b.WriteByte(octet)
		i += 2
	}
	return b.String(), nil
}

func decimalOctet(s string) (byte, error) {
	n := 0
	for i := range 3 {
		if i >= len(s) || s[i] < '0' || s[i] > '9' {
			return 0, errors.New(`a backslash and a digit need two more digits`)
		}
		n = n*10 + int(s[i]-'0')
	}
	if n > 255 {
		return 0, fmt.Errorf(`\%03d is not an octet`, n)
	}
	return byte(n), nil
}
