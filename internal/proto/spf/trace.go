package spf

import "github.com/postmuster/postmuster/internal/dns"

// Outcome says what became of a term.
type Outcome string

// The outcomes of RFC 7208 §4.6.2, with the exceptions apart.
const (
	OutcomeMatch     Outcome = "match"
	OutcomeNoMatch   Outcome = "no match"
	OutcomeRedirect  Outcome = "redirect" // the target's policy was used instead
	OutcomeTempError Outcome = "temperror"
	OutcomePermError Outcome = "permerror"
)

// A Step is one visit to a term.
type Step struct {
	Domain   string  `json:"domain"` // whose record
	Term     string  `json:"term"`   // as written
	Position int     `json:"position"`
	Target   string  `json:"target,omitempty"` // the domain-spec after macro expansion
	Lookup   int     `json:"lookup,omitempty"` // the how-manieth of the ten; 0 if the term asks nothing
	Void     bool    `json:"void,omitempty"`   // counted as a void lookup
	Outcome  Outcome `json:"outcome"`
	Reason   string  `json:"reason"`
	Queries  []Query `json:"queries,omitempty"` // the term's own

	// Of include and redirect: the target's policy, what it gave, and how.
	Record string `json:"record,omitempty"`
	Result Result `json:"result,omitempty"`
	Steps  []Step `json:"steps,omitempty"`
}

// A Query is a question and what came of it: an Answer or an Err.
type Query struct {
	Question dns.Question
	Answer   *dns.Answer
	Err      error
}
