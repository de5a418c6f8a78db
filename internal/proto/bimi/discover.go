package bimi

import (
	"context"

	"github.com/postmuster/postmuster/internal/dns"
)

// A Query says whose record is wanted.
type Query struct {
	Author    string // the domain of the From field
	Org       string // its organisational domain; may be the same, or empty
	Selector  string // of the BIMI-Selector field; DefaultSelector when empty
	LocalPart string // of the From field's address, for lps=; may be empty
}

// Status is how a discovery ended.
type Status string

// The ways in which a discovery ends.
const (
	StatusFound    Status = "found"
	StatusDeclined Status = "declined" // found, and it asks for no logo
	StatusNone     Status = "none"     // no record at either name
	StatusMultiple Status = "multiple" // several records at one name: as if none were right
	StatusInvalid  Status = "invalid"  // a record that cannot be used
)

// A Discovery is where a record was looked for and what was there.
type Discovery struct {
	Status   Status
	Name     string // where the record stands: "default._bimi.example.com"
	Domain   string // the part of Name below which it stands: "example.com"
	Selector string // the selector used in the end: lps= may have changed it
	Text     string
	Texts    []string // all that begin with v=BIMI1, when Multiple
	Record   Record
	Issues   []Issue
	Answers  []*dns.Answer // every answer, in the order asked
}

// Discover looks for the assertion record of a message (§7.2): at the author
// domain, then at the organisational domain. The error means that the DNS could
// not be asked.
func Discover(ctx context.Context, r dns.Resolver, q Query) (Discovery, error) {
	return Discovery{}, nil
}

// NormalizeLocalPart prepares a local part for lps= (§4.2): without its
// subaddress, and with "-" in place of "_" and ".".
func NormalizeLocalPart(local string) string { return local }
