// Package bimi reads what a domain publishes so that its logo is shown beside
// its mail: the assertion record, the SVG indicator and the mark certificate
// (draft-brand-indicators-for-message-identification-12 and its companions
// draft-svg-tiny-ps-abrotman and draft-fetch-validation-vmc-wchuang).
//
// It asks the DNS through a resolver and fetches nothing else: the SVG and the
// certificate are handed to it as bytes.
package bimi

// Limits on what is read. Providers refuse bigger indicators anyway.
const MaxRecordSize = 4096 // octets of an assertion record; ours, a record has two URIs

// DefaultSelector is used when a message names none (§4.4).
const DefaultSelector = "default"

// A Record is an assertion record (§4.2).
type Record struct {
	Location string   // l=: where the indicator is
	Evidence string   // a=: where the mark certificate is; may be empty
	Avatar   Avatar   // avp=
	Prefixes []string // lps=: local parts, or beginnings of them, that have a selector of their own
	// Declined: l= and a= are there and empty, which asks for no logo.
	Declined bool
}

// Avatar says which picture the owner prefers where both exist.
type Avatar string

// The preferences.
const (
	AvatarBrand    Avatar = "brand" // the default
	AvatarPersonal Avatar = "personal"
)

// Parse reads a record. It can be used if no issue is an error.
func Parse(text string) (Record, []Issue) { return Record{}, nil }
