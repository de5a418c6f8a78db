// Package wire turns what the DNS library holds into the program's own words,
// and back: names, records, and the octets of a question.
//
// It exists so that the client, the zone reader and the test server convert
// alike. They alone may import it: no other room sees the library.
package wire

import (
	"errors"
	"fmt"
	"strings"

	"github.com/postmuster/postmuster/internal/dns"
)

// Limits of RFC 1035 §2.3.4.
const (
	maxLabelOctets = 63
	maxNameOctets  = 255 // with the length octets and the root
)

// Name returns a name that the library wrote in the form of dns.Question.Name.
func Name(presentation string) string {
	if presentation == "." {
		return "."
	}
	if !strings.Contains(presentation, `\`) {
		return strings.TrimSuffix(presentation, ".")
	}
	var b strings.Builder
	for i := 0; i < len(presentation); {
		octet, escaped, width := nextOctet(presentation[i:])
		i += width
		switch {
		case octet == '.' && !escaped:
			if i < len(presentation) {
				b.WriteByte('.')
			}
		case octet == '.' || octet == '\\':
			b.WriteByte('\\')
			b.WriteByte(octet)
		default:
			b.WriteByte(octet)
		}
	}
	return b.String()
}

// Presentation returns name as the library reads it: absolute, and with the
// escapes of RFC 1035 §5.1.
func Presentation(name string) string {
	if strings.IndexFunc(name, needsEscape) < 0 {
		return dns.Absolute(name)
	}
	var b strings.Builder
	dot := false
	for i := 0; i < len(name); {
		octet, escaped, width := nextOctet(name[i:])
		i += width
		dot = octet == '.' && !escaped
		switch {
		case dot:
			b.WriteByte('.')
		case octet < '!' || octet > '~':
			fmt.Fprintf(&b, `\%03d`, octet)
		case needsEscape(rune(octet)) || octet == '.':
			b.WriteByte('\\')
			b.WriteByte(octet)
		default:
			b.WriteByte(octet)
		}
	}
	if !dot {
		b.WriteByte('.')
	}
	return b.String()
}

func needsEscape(r rune) bool {
	return r < '!' || r > '~' || strings.ContainsRune(`"'();@\$`, r)
}

// nextOctet reads one octet of a name, which may be escaped as `\X` or `\DDD`.
// A backslash at the end stands for itself.
func nextOctet(s string) (octet byte, escaped bool, width int) {
	if s[0] != '\\' || len(s) == 1 {
		return s[0], false, 1
	}
	if len(s) >= 4 && isDigit(s[1]) && isDigit(s[2]) && isDigit(s[3]) {
		if n := int(s[1]-'0')*100 + int(s[2]-'0')*10 + int(s[3]-'0'); n <= 255 {
			return byte(n), true, 4
		}
	}
	return s[1], true, 2
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// AppendName appends the octets of a name (RFC 1035 §3.1) to b. The error says
// why there can be no such name.
func AppendName(b []byte, name string) ([]byte, error) {
	if name == "." {
		return append(b, 0), nil
	}
	if name == "" {
		return nil, errors.New("the name is empty")
	}
	start := len(b)
	length := len(b) // where the length of the current label goes
	b = append(b, 0)
	for i := 0; i < len(name); {
		octet, escaped, width := nextOctet(name[i:])
		i += width
		if octet != '.' || escaped {
			b = append(b, octet)
			continue
		}
		if err := closeLabel(b, length); err != nil {
			return nil, err
		}
		length = len(b)
		b = append(b, 0)
	}
	if len(b) > length+1 { // else the name ended with a dot, and the root is there
		if err := closeLabel(b, length); err != nil {
			return nil, err
		}
		b = append(b, 0)
	}
	if len(b)-start > maxNameOctets {
		return nil, fmt.Errorf("the name has more than %d octets", maxNameOctets-2)
	}
	return b, nil
}

func closeLabel(b []byte, length int) error {
	octets := len(b) - length - 1
	if octets == 0 {
		return errors.New("a label is empty")
	}
	if octets > maxLabelOctets {
		return fmt.Errorf("a label has more than %d octets", maxLabelOctets)
	}
	b[length] = byte(octets)
	return nil
}

// CheckName returns why a name cannot be asked, or nil (RFC 1035 §2.3.4).
func CheckName(name string) error {
	_, err := AppendName(make([]byte, 0, maxNameOctets+1), name)
	return err
}
