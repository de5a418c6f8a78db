package zone

import (
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	mdns "github.com/miekg/dns"

	"github.com/postmuster/postmuster/internal/dns"
	"github.com/postmuster/postmuster/internal/probe/dns/wire"
)

// Limits on zone text, which may come with a stranger's pull request.
const (
	maxRecordBytes = 64 << 20 // of all records, which $GENERATE multiplies
	maxRecords     = 200_000  // a mail domain's zone holds some hundreds
)

const defaultTTL = 3600 // where the text gives none

// An Entry is a record of a zone and the lines of the text that hold it. The
// records of one $GENERATE share its line.
type Entry struct {
	Record    dns.Record
	FirstLine int
	LastLine  int
}

// A SyntaxError says where zone text cannot be read. Column is 0 if only the
// line is known.
type SyntaxError struct {
	File         string
	Line, Column int
	Reason       string
}

// Error returns "FILE:LINE:COLUMN: reason".
func (e *SyntaxError) Error() string {
	if e.Column == 0 {
		return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Reason)
	}
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Reason)
}

// Read reads the records of zone text (RFC 1035 §5). Names that are not
// absolute lie below origin, until the text sets $ORIGIN; with an empty origin
// they are an error. $INCLUDE is refused. To what $GENERATE makes, $TTL does not
// apply, which is the library's way.
func Read(text io.Reader, file, origin string) ([]Entry, error) {
	lines := newLineReader(text)
	if origin != "" {
		origin = wire.Presentation(origin)
	}
	parser := mdns.NewZoneParser(lines, origin, file)
	parser.SetDefaultTTL(defaultTTL)
	var (
		entries []Entry
		octets  int
	)
	for {
		rr, ok := parser.Next()
		if !ok {
			break
		}
		entry, err := newEntry(rr, lines)
		if err != nil {
			return nil, &SyntaxError{File: file, Line: lines.line(), Reason: err.Error()}
		}
		entries = append(entries, entry)
		if octets += mdns.Len(rr); octets > maxRecordBytes || len(entries) > maxRecords {
			return nil, &SyntaxError{File: file, Line: entry.LastLine,
				Reason: fmt.Sprintf("more than %d records, or %d bytes of them", maxRecords, maxRecordBytes)}
		}
	}
	if lines.err != nil {
		return nil, &SyntaxError{File: file, Line: lines.line(), Reason: lines.err.Error()}
	}
	if err := parser.Err(); err != nil {
		return nil, syntaxError(err, file, lines)
	}
	return entries, nil
}

func newEntry(rr mdns.RR, lines *lineReader) (Entry, error) {
	if rr.Header().Class != mdns.ClassINET {
		return Entry{}, fmt.Errorf("class %s is not IN", mdns.ClassToString[rr.Header().Class])
	}
	record, err := wire.Record(rr)
	if err != nil {
		return Entry{}, err
	}
	if err := wire.CheckName(record.Name); err != nil {
		return Entry{}, err
	}
	first, last := lines.entry()
	return Entry{Record: record, FirstLine: first, LastLine: last}, nil
}

// The library tells the place only in its words.
var libraryPlace = regexp.MustCompile(`(?s)^(?:.*?: )?dns: (.*) at line: (\d+):(\d+)$`)

func syntaxError(err error, file string, lines *lineReader) error {
	match := libraryPlace.FindStringSubmatch(err.Error())
	if match == nil {
		return &SyntaxError{File: file, Line: lines.line(), Reason: err.Error()}
	}
	line, _ := strconv.Atoi(match[2])
	column, _ := strconv.Atoi(match[3])
	if lines.generating { // the library then counts the lines that it generated
		line, column = lines.line(), 0
	}
	reason := match[1]
	if token, ok := strings.CutPrefix(reason, "bad owner name"); ok {
		reason = "a name that is too long, or not absolute while no $ORIGIN is set" + token
	}
	return &SyntaxError{File: file, Line: line, Column: column, Reason: reason}
}
