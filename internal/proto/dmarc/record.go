package dmarc

import (
	"strings"
)

// A Tag is one NAME=VALUE of a record, as it was written.
type Tag struct {
	Name     string `json:"name"`
	Value    string `json:"value"`
	Position int    `json:"position"` // octet offset of the name in the record's text
	ValueAt  int    `json:"value_at"` // octet offset of the value
}

// A Record is a DMARC record. Text and Tags keep what was written; the other
// fields hold what counts: defaults where a tag is absent or invalid.
type Record struct {
	Text string `json:"text"`
	// Valid reports that the text begins with v=DMARC1, so that it is a DMARC
	// record at all. The tree walk drops any other.
	Valid bool  `json:"valid"`
	Tags  []Tag `json:"tags"`

	P  Policy `json:"p,omitempty"`  // "" when absent or invalid
	SP Policy `json:"sp,omitempty"` // "" when absent or invalid
	NP Policy `json:"np,omitempty"` // "" when absent or invalid

	ADKIM   Mode     `json:"adkim"`
	ASPF    Mode     `json:"aspf"`
	PSD     PSD      `json:"psd"`
	Testing bool     `json:"testing"`
	FO      []string `json:"fo,omitempty"` // nil when absent, invalid or without ruf: "0" counts
	RUA     []URI    `json:"rua,omitempty"`
	RUF     []URI    `json:"ruf,omitempty"`

	// Percent is the pct tag, which RFC 9989 removed and RFC 7489 receivers
	// heed: 100 when absent or invalid.
	Percent int `json:"pct"`
}

// Tag returns the first tag of that name, whatever its case.
func (r Record) Tag(name string) (Tag, bool) {
	for _, t := range r.Tags {
		if strings.EqualFold(t.Name, name) {
			return t, true
		}
	}
	return Tag{}, false
}

// String writes the tags again, tidily: "v=DMARC1; p=reject".
func (r Record) String() string {
	parts := make([]string, len(r.Tags))
	for i, t := range r.Tags {
		parts[i] = t.Name + "=" + t.Value
	}
	return strings.Join(parts, "; ")
}

// Usable reports whether the record can be applied, and whether that is as
// written. A record without a valid p, or with an invalid sp or np, counts as
// p=none if it has a valid rua, and otherwise not at all (RFC 9989 §4.10.1).
func (r Record) Usable() (usable, asWritten bool) { return r.usable(SourceSP, SourceNP) }

// usable applies the rule with the optional tags that a standard knows.
func (r Record) usable(optional ...Source) (usable, asWritten bool) {
	asWritten = r.P != ""
	for _, source := range optional {
		if _, present := r.Tag(string(source)); present && r.policy(source) == "" {
			asWritten = false
		}
	}
	return asWritten || r.hasValidRUA(), asWritten
}

func (r Record) hasValidRUA() bool {
	for _, u := range r.RUA {
		if u.Valid {
			return true
		}
	}
	return false
}

func (r Record) policy(s Source) Policy {
	switch s {
	case SourceNP:
		return r.NP
	case SourceSP:
		return r.SP
	default:
		return r.P
	}
}

// PolicyFor returns the policy for the record's own domain (p), a subdomain
// (sp) or a subdomain that does not exist (np), and the tag that gives it: np
// falls back to sp, and sp to p (RFC 9989 §4.7).
func (r Record) PolicyFor(s Source) (Policy, Source) {
	if s == SourceNP && r.NP != "" {
		return r.NP, SourceNP
	}
	if s != SourceP && r.SP != "" {
		return r.SP, SourceSP
	}
	return r.P, SourceP
}
