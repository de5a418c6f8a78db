package message

import (
	"strconv"
	"strings"
)

// What Parse reads at most. Mail that is meant to be read stays far below.
const (
	MaxDepth   = 50     // nested parts; other implementations stop at 20 to 100
	MaxParts   = 1000   // of one message
	MaxFields  = 10_000 // of all header sections; Postfix's header_size_limit is 102,400 bytes
	MaxDefects = 1000   // kept; Tree.MoreDefects counts the others
	// MaxDecoded is how many bytes of decoded content are kept in one tree.
	MaxDecoded = 100 << 20
)

// A Tree is a message taken apart. It is immutable and shares memory with Raw.
type Tree struct {
	Raw   []byte
	Root  *Part   // never nil
	Parts []*Part // all, in the order of their beginnings; Parts[0] is Root
	Lines Lines

	// Defects are those of all header sections, parts and lines, by offset.
	Defects     []Defect
	MoreDefects int // found beyond MaxDefects
}

// Header returns the message's own header section.
func (t *Tree) Header() *Header { return &t.Root.Header }

// Part returns the part with the path, or nil.
func (t *Tree) Part(path string) *Part {
	for _, p := range t.Parts {
		if p.Path == path {
			return p
		}
	}
	return nil
}

// Lines says how the lines of the message end, and how long they are.
type Lines struct {
	CRLF, BareLF, BareCR     int
	FirstBareLF, FirstBareCR int // offsets; -1 when there is none
	Over998, FirstOver998    int // lines longer than RFC 5322 §2.1.1 allows, header sections included
	Longest                  int // octets without the line end
	NUL, FirstNUL            int
	EightBit, FirstEightBit  int        // octets above 127
	Smuggling                []Sequence // at most maxSequences of them
	SmugglingCount           int
}

// A Sequence is a dot alone between two line ends of which one is not CRLF:
// servers that take it for the end of DATA see two messages where others see
// one (CERT VU#302671).
type Sequence struct {
	Offset int
	Bytes  string // "\n.\r\n"
}

// A Header is a header section: the fields in their order.
type Header struct {
	Fields []Field
	Offset int // where it begins
	Length int // in bytes, without the empty line
}

// First returns the first field of the name, or nil. Names are case-insensitive.
func (h *Header) First(name string) *Field {
	for i := range h.Fields {
		if strings.EqualFold(h.Fields[i].Name, name) {
			return &h.Fields[i]
		}
	}
	return nil
}

// All returns the fields of the name in their order.
func (h *Header) All(name string) []*Field {
	var fields []*Field
	for i := range h.Fields {
		if strings.EqualFold(h.Fields[i].Name, name) {
			fields = append(fields, &h.Fields[i])
		}
	}
	return fields
}

// A Field is one header field.
type Field struct {
	Name   string // as written, without white space before the colon
	Raw    []byte // the field with its name and folding, without the final line end
	Value  []byte // what follows the colon, folding included, without the final line end
	Offset int    // of the name
	Line   int    // counted from 1
	N      int    // this is the Nth field of its name in its header section, counted from 1
	Of     int    // of so many

	part string // path of the part it belongs to
}

// Unfolded returns the value on one line (RFC 5322 §2.2.3), white space around
// it taken away, nothing decoded.
func (f *Field) Unfolded() string { return unfold(f.Value) }

// Text returns the value unfolded and with encoded words decoded (RFC 2047),
// as a reader would see it. What does not decode stays as written.
func (f *Field) Text() string {
	text, _ := DecodeWords(f.Unfolded())
	return text
}

// Where returns the place as a finding names it: "header:Subject", or
// "header:DKIM-Signature[2]" when there are several of the name;
// "part:1.2@812" for a field of a MIME part.
func (f *Field) Where() string {
	if f.part != rootPath {
		return "part:" + f.part + "@" + strconv.Itoa(f.Offset)
	}
	if f.Of > 1 {
		return "header:" + f.Name + "[" + strconv.Itoa(f.N) + "]"
	}
	return "header:" + f.Name
}

const rootPath = "1"

// A Part is one entity of MIME (RFC 2045 §2.4): the message itself, a body
// part, or a message inside a message/rfc822 part.
type Part struct {
	Path     string // "1" for the message, "1.2" for its second part; the message in a message/rfc822 part is its one child
	Parent   *Part
	Children []*Part

	Header     Header
	Offset     int // where the header section begins
	BodyOffset int // where the body begins
	End        int // where the body ends; the line end before a delimiter is the delimiter's

	// MediaType is in lower case; "text/plain" when none is declared or it
	// does not parse (RFC 2045 §5.2), "message/rfc822" in a multipart/digest.
	MediaType   string
	Declared    bool              // there is a Content-Type field
	Params      map[string]string // of Content-Type: names in lower case, RFC 2231 decoded
	Charset     string            // as declared, in lower case; empty when it is not
	Boundary    string
	Encoding    string // Content-Transfer-Encoding in lower case; empty when not declared
	Disposition string // in lower case; empty when not declared
	Filename    string // as declared, decoded; it may hold a path and worse
	ContentID   string // without angle brackets

	// RawBody is the body as it came. Body is the same after the transfer
	// encoding was undone; nil for multipart and for an encapsulated message.
	RawBody []byte
	Body    []byte
	// Text is Body as UTF-8, for text/* parts; invalid bytes became U+FFFD.
	Text string

	Defects []Defect // those of this part alone, its header section's included
}

// Where returns the place of a byte as a finding names it: "part:1.2@8123".
func (p *Part) Where(offset int) string { return "part:" + p.Path + "@" + strconv.Itoa(offset) }

// IsMultipart reports whether the media type is multipart/*.
func (p *Part) IsMultipart() bool { return strings.HasPrefix(p.MediaType, "multipart/") }

// IsText reports whether the media type is text/*.
func (p *Part) IsText() bool { return strings.HasPrefix(p.MediaType, "text/") }

// IsAttachment reports whether a reader would show the part as a file: it says
// so, or it has a name and is not inline.
func (p *Part) IsAttachment() bool {
	return p.Disposition == "attachment" || p.Disposition != "inline" && p.Filename != ""
}
