package spf

import (
	"encoding/json"
	"errors"

	"github.com/postmuster/postmuster/internal/dns"
)

// Outcome says what became of a term.
type Outcome string

// The outcomes of RFC 7208 §4.6.2, with the exceptions apart.
const (
	OutcomeMatch     Outcome = "match"
	OutcomeNoMatch   Outcome = "no match"
	OutcomeRedirect  Outcome = "redirect" // the target's policy was used instead
	OutcomeTempError Outcome = "temperror"
	OutcomePermError Outcome = "permerror"

	OutcomeExplanation Outcome = "explanation" // of exp, after a fail
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

// MarshalJSON writes the question and the answer section, or what came instead.
func (q Query) MarshalJSON() ([]byte, error) {
	out := struct {
		Name    string   `json:"name"`
		Type    string   `json:"type"`
		Rcode   string   `json:"rcode"`
		Answers []string `json:"answers"`
		Error   string   `json:"error,omitempty"`
		MS      int64    `json:"ms"`
	}{Name: q.Question.Name, Type: q.Question.Type.String(), Answers: []string{}}
	var failed *dns.Error
	switch {
	case errors.As(q.Err, &failed):
		out.Error, out.MS = failed.Reason(), failed.Elapsed.Milliseconds()
		if failed.Cause == dns.CauseRcode {
			out.Rcode = failed.Rcode.String()
		}
	case q.Err != nil:
		out.Error = q.Err.Error()
	case q.Answer != nil:
		out.Rcode, out.MS = q.Answer.Rcode.String(), q.Answer.Elapsed.Milliseconds()
		for _, r := range q.Answer.Records {
			out.Answers = append(out.Answers, r.String())
		}
	}
	return json.Marshal(out)
}
