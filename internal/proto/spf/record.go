package spf

import (
	"net/netip"
	"strings"
)

// A Record is one policy as it was written. Parsing never fails: what could not
// be read is among the Issues, at its place.
type Record struct {
	Text   string  `json:"text"`
	Terms  []Term  `json:"terms"`
	Issues []Issue `json:"issues,omitempty"` // what makes the record invalid, up to a hundred; see Lint for advice
}

// Valid reports whether the record has no error, so that receivers can use it.
func (r *Record) Valid() bool { return len(r.Issues) == 0 }

// All returns the all mechanism that ends the evaluation; nil if there is none.
func (r *Record) All() *Term { return r.first(KindAll) }

// Redirect returns the redirect modifier, whether or not an all disables it.
func (r *Record) Redirect() *Term { return r.first(KindRedirect) }

// Exp returns the exp modifier; nil if there is none.
func (r *Record) Exp() *Term { return r.first(KindExp) }

func (r *Record) first(kind Kind) *Term {
	for i := range r.Terms {
		if t := &r.Terms[i]; t.Kind == kind && t.Valid {
			return t
		}
	}
	return nil
}

// String writes the record in its shortest form: one space between terms, names
// in lower case, no "+".
func (r *Record) String() string {
	var b strings.Builder
	b.WriteString(version)
	for i := range r.Terms {
		b.WriteByte(' ')
		b.WriteString(r.Terms[i].String())
	}
	return b.String()
}

// Kind tells what a term is, however its name was spelled.
type Kind string

// The mechanisms of RFC 7208 §5 and the modifiers of §6.
const (
	KindAll      Kind = "all"
	KindInclude  Kind = "include"
	KindA        Kind = "a"
	KindMX       Kind = "mx"
	KindPTR      Kind = "ptr"
	KindIP4      Kind = "ip4"
	KindIP6      Kind = "ip6"
	KindExists   Kind = "exists"
	KindRedirect Kind = "redirect"
	KindExp      Kind = "exp"
	KindModifier Kind = "modifier" // any other modifier; ignored (§6)
	KindUnknown  Kind = "unknown"  // not a term that RFC 7208 knows
)

// Mechanism reports whether a term of the kind can match a client.
func (k Kind) Mechanism() bool {
	switch k {
	case KindAll, KindInclude, KindA, KindMX, KindPTR, KindIP4, KindIP6, KindExists:
		return true
	default:
		return false
	}
}

// Queries reports whether a term of the kind counts towards the limit of ten
// (RFC 7208 §4.6.4).
func (k Kind) Queries() bool {
	switch k {
	case KindInclude, KindA, KindMX, KindPTR, KindExists, KindRedirect:
		return true
	default:
		return false
	}
}

// A Qualifier is the result that a mechanism gives when it matches.
type Qualifier string

// The qualifiers of RFC 7208 §4.6.2. A mechanism without one has QualifierPass.
const (
	QualifierPass     Qualifier = "+"
	QualifierFail     Qualifier = "-"
	QualifierSoftfail Qualifier = "~"
	QualifierNeutral  Qualifier = "?"
)

// Result is the result that a match gives.
func (q Qualifier) Result() Result {
	switch q {
	case QualifierFail:
		return ResultFail
	case QualifierSoftfail:
		return ResultSoftfail
	case QualifierNeutral:
		return ResultNeutral
	default:
		return ResultPass
	}
}

// A Term is a mechanism or a modifier.
type Term struct {
	Text     string `json:"text"`     // as written
	Position int    `json:"position"` // byte offset in the record
	Kind     Kind   `json:"kind"`
	Valid    bool   `json:"valid"` // without errors; the fields below are reliable only then

	Qualifier Qualifier    `json:"qualifier,omitempty"` // of a mechanism
	Name      string       `json:"name"`                // as written: "MX", "redirect", "ra"
	Domain    MacroString  `json:"domain,omitzero"`     // the domain-spec; empty where none was given
	Prefix    netip.Prefix `json:"prefix,omitzero"`     // of ip4 and ip6, host bits as written
	Bits4     int          `json:"bits4,omitempty"`     // of a and mx: the prefix lengths; 32 and 128 where none was given
	Bits6     int          `json:"bits6,omitempty"`
}

// Value returns what follows the "=" of a modifier.
func (t *Term) Value() string {
	_, value, _ := strings.Cut(t.Text, "=")
	return value
}
