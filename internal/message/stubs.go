package message

import (
	"io"
	"iter"
	"time"
)

// Parse takes a message apart. It never fails: what is wrong is in the defects.
func Parse(raw []byte) *Tree { return &Tree{Raw: raw, Root: &Part{Path: rootPath}} }

func unfold(v []byte) string { return string(v) }

// DecodeWords decodes the encoded words of RFC 2047 in an unfolded value, as
// in Subject. What does not decode stays as written.
func DecodeWords(s string) (string, []Defect) { return s, nil }

// An Address is one mailbox of an address list.
type Address struct {
	Name   string // the display name, decoded; a comment behind the address when there is no name
	Local  string // the local part as written; quotes kept where it has them
	Domain string // as written; empty when there is none
	Group  string // the name of the group it stands in
	Raw    string // the mailbox as written
}

// Addr returns "local@domain".
func (a Address) Addr() string {
	if a.Domain == "" {
		return a.Local
	}
	return a.Local + "@" + a.Domain
}

// Addresses is an address list (RFC 5322 §3.4) and what is wrong with it.
type Addresses struct {
	List    []Address
	Groups  []string // the names of the groups, empty groups included
	Defects []Defect
}

// ParseAddresses reads the value of From, To, Cc, Reply-To or Sender. It takes
// what it can read and says what it cannot.
func ParseAddresses(value string) Addresses { return Addresses{} }

// A Date is the value of a Date field.
type Date struct {
	Time    time.Time // zero when it does not parse
	Valid   bool
	Defects []Defect
}

// ParseDate reads a date-time, obsolete forms included (RFC 5322 §3.3, §4.3).
func ParseDate(value string) Date { return Date{} }

// A MessageID is one msg-id (RFC 5322 §3.6.4).
type MessageID struct {
	Left, Right string // around the @; Right is empty without one
	Raw         string // as written, with the angle brackets if it has them
}

// ParseMessageIDs reads the value of Message-ID, In-Reply-To or References.
func ParseMessageIDs(value string) ([]MessageID, []Defect) { return nil, nil }

// A MediaType is the value of a Content-Type or Content-Disposition field.
type MediaType struct {
	Type    string            // in lower case: "text/html", "attachment"; empty when it does not parse
	Params  map[string]string // names in lower case; RFC 2231 and, tolerated, RFC 2047 decoded
	Defects []Defect
}

// ParseMediaType reads the value of a Content-Type field.
func ParseMediaType(value string) MediaType { return MediaType{} }

// ParseDisposition reads the value of a Content-Disposition field (RFC 2183).
func ParseDisposition(value string) MediaType { return MediaType{} }

// MaxFileBytes is the size of the largest message that is read from a file;
// mailbox providers take 25 to 150 MB.
const MaxFileBytes = 100 << 20

// ReadFile reads one message from a file.
func ReadFile(path string) (*Message, error) { return nil, nil }

// Read reads one message from r; name stands for it in errors and in Path.
func Read(r io.Reader, name string) (*Message, error) { return nil, nil }

// ReadPath reads what a path holds: one message, the messages of an mbox file, or
// those of a Maildir, in a stable order. It stops after an error.
func ReadPath(path string) iter.Seq2[*Message, error] { return nil }

// ReadMbox reads the messages of an mbox (RFC 4155; mboxo and mboxrd).
func ReadMbox(r io.Reader, name string) iter.Seq2[*Message, error] { return nil }
