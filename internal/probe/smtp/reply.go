package smtp

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/postmuster/postmuster/internal/smtp"
)

// What a peer may send.
const (
	// RFC 5321 §4.5.3.1.5 allows a reply line 512 octets; some write more.
	maxLine = 2048
	// The longest EHLO replies have some thirty lines.
	maxReplyLines = 128
	// A session's replies together, so that its transcript has an end.
	maxSession = 64 << 10
)

var (
	errLimit   = errors.New("the limit of what a peer may send")
	errNotSMTP = errors.New("not an SMTP reply")
)

// A lineReader reads lines of bounded length, and a bounded number of octets.
type lineReader struct {
	in   *bufio.Reader
	left *int // octets that the session may still bring
}

func newLineReader(r io.Reader, left *int) *lineReader {
	return &lineReader{in: bufio.NewReaderSize(r, maxLine), left: left}
}

// read returns a line without its end. With an error it returns what came of it.
func (r *lineReader) read() (string, error) {
	raw, err := r.in.ReadSlice('\n')
	*r.left -= len(raw)
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		err = fmt.Errorf("a line of more than %d octets: %w", maxLine, errLimit)
	case err == nil && *r.left < 0:
		err = fmt.Errorf("more than %d octets in a session: %w", maxSession, errLimit)
	}
	// RFC 5321 §2.3.8 wants CRLF; a bare LF is no reason to understand nothing.
	return strings.TrimSuffix(strings.TrimSuffix(string(raw), "\n"), "\r"), err
}

// splitReplyLine reads one line of a reply (RFC 5321 §4.2): three digits, a
// hyphen if more lines follow, and text. The code may stand alone.
func splitReplyLine(line string) (code int, text string, more bool, err error) {
	if len(line) < 3 || line[0] < '2' || line[0] > '5' || !isDigit(line[1]) || !isDigit(line[2]) {
		return 0, "", false, errNotSMTP
	}
	code = int(line[0]-'0')*100 + int(line[1]-'0')*10 + int(line[2]-'0')
	switch {
	case len(line) == 3:
		return code, "", false, nil
	case line[3] == '-':
		return code, line[4:], true, nil
	case line[3] == ' ':
		return code, line[4:], false, nil
	default:
		return 0, "", false, errNotSMTP
	}
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// readReply reads a reply, giving note each line as it comes. Lines should have
// the same code (RFC 5321 §4.2.1); where they do not, the last one counts, as
// it does for the servers that deliver mail.
func readReply(lines *lineReader, note func(string)) (*smtp.Reply, error) {
	var reply smtp.Reply
	for len(reply.Lines) < maxReplyLines {
		line, err := lines.read()
		if line != "" || err == nil {
			note(line)
		}
		if err != nil {
			return nil, err
		}
		code, text, more, err := splitReplyLine(line)
		if err != nil {
			return nil, fmt.Errorf("%.60q: %w", line, err)
		}
		reply.Code = code
		reply.Lines = append(reply.Lines, text)
		if !more {
			return &reply, nil
		}
	}
	return nil, fmt.Errorf("a reply of more than %d lines: %w", maxReplyLines, errLimit)
}
