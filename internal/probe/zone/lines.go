package zone

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Limits on the text itself.
const (
	maxTextBytes     = 16 << 20
	maxEntryBytes    = 1 << 20 // of one record: 65,535 octets written as \DDD, with room
	maxGenerateBytes = 4 << 10 // of one $GENERATE, whose words the library joins in quadratic time
)

const generate = "$GENERATE"

// A lineReader hands out text octet by octet and keeps the lines that make up
// a record. The library never reads ahead of the record that it returns.
type lineReader struct {
	text *bufio.Reader
	err  error // why the text was cut short

	total    int
	newlines int
	first    int  // the line that the current record or directive began on; 0 before it
	octets   int  // of the current record or directive
	comment  bool // to the end of the line

	word       []byte // the directive's name, as far as it was read
	generating bool   // the current record is a $GENERATE
	generated  bool   // and was read to its end
	midLine    bool
}

func newLineReader(text io.Reader) *lineReader {
	return &lineReader{text: bufio.NewReader(text)}
}

// Read is never called: the library asks for octets.
func (l *lineReader) Read([]byte) (int, error) { return 0, errors.ErrUnsupported }

// ReadByte returns the next octet, and an error where the text exceeds a limit.
func (l *lineReader) ReadByte() (byte, error) {
	if l.err != nil {
		return 0, l.err
	}
	c, err := l.text.ReadByte()
	if err != nil {
		if !errors.Is(err, io.EOF) {
			l.err = err
		}
		return 0, err
	}
	l.follow(c)
	if l.err = l.exceeded(); l.err != nil {
		return 0, l.err
	}
	return c, nil
}

func (l *lineReader) exceeded() error {
	switch {
	case l.total > maxTextBytes:
		return fmt.Errorf("the text has more than %d octets", maxTextBytes)
	case l.octets > maxEntryBytes:
		return fmt.Errorf("a record has more than %d octets of text", maxEntryBytes)
	case l.generating && l.octets > maxGenerateBytes:
		return fmt.Errorf("a $GENERATE has more than %d octets of text", maxGenerateBytes)
	default:
		return nil
	}
}

// follow keeps account of one octet.
func (l *lineReader) follow(c byte) {
	if l.generated {
		l.next()
	}
	l.total++
	l.octets++
	switch {
	case c == '\n':
		l.endLine()
		return
	case l.first == 0 && c == ';':
		l.comment = true
	case l.first == 0 && !l.comment && c != ' ' && c != '\t' && c != '\r':
		l.first = l.newlines + 1
		if c == '$' && !l.midLine {
			l.word = append(l.word, c)
		}
	case len(l.word) > 0 && len(l.word) < len(generate):
		l.word = append(l.word, c)
		l.generating = strings.EqualFold(string(l.word), generate)
	}
	l.midLine = true
}

func (l *lineReader) endLine() {
	l.newlines++
	l.comment, l.midLine = false, false
	if l.first == 0 || len(l.word) > 0 && !l.generating {
		l.next() // nothing, or a directive: no record spans this
	}
}

// entry returns the lines of the record that was just read.
func (l *lineReader) entry() (first, last int) {
	first, last = l.first, l.line()
	if l.generating {
		l.generated = true // further records follow without further text
	} else {
		l.next()
	}
	return first, last
}

func (l *lineReader) next() {
	l.first, l.octets, l.word = 0, 0, nil
	l.generating, l.generated = false, false
}

// line returns the number of the line that was read last.
func (l *lineReader) line() int {
	if l.midLine {
		return l.newlines + 1
	}
	return max(l.newlines, 1)
}
