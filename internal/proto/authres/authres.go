// Package authres reads and writes the Authentication-Results field of RFC 8601,
// in which a receiver notes what SPF, DKIM, DMARC and others said of a message,
// and the ARC-Authentication-Results field that repeats it (RFC 8617 §4.1.1).
//
//	Authentication-Results: mx.example.org;
//		spf=pass smtp.mailfrom=example.com; dkim=fail (bad signature) header.d=example.com
//
// The field says who speaks (the authserv-id) and then, after each semicolon,
// which method came to which result, why, and about which properties of the
// message. Fields in the wild are often a little wrong, so reading never fails:
// it keeps what it can, knows where everything stood, and says what is odd and
// where. Whether a field may be believed is for others to decide (RFC 8601 §5).
package authres

import "strings"

// Limits on what a hostile field can cost.
const (
	// MaxSize is how many octets of a field are read: it would take a thousand
	// results to fill them.
	MaxSize = 64 << 10
	// MaxResults is how many results are kept: thirty signatures, each with the
	// results of several methods, come to less.
	MaxResults = 256
	// MaxProperties is how many properties of one result are kept: no method
	// has a dozen.
	MaxProperties = 64
	// MaxCommentDepth is how deep comments are nested before it is an issue.
	MaxCommentDepth = 16
	// maxComments is how many comments are kept for a result, or before the first.
	maxComments = 64
	// maxIssues is more than anyone reads. Errors have as much room again, for
	// without its error a field would pass for a valid one.
	maxIssues = 100
)

// A Field is the value of one Authentication-Results field.
type Field struct {
	Text       string `json:"text"`                  // the value as written; positions are octet offsets in it
	Instance   string `json:"instance,omitempty"`    // i= of an ARC-Authentication-Results field, as written
	PayloadAt  int    `json:"payload_at,omitempty"`  // what follows "i=N;"
	AuthServID string `json:"authserv_id,omitempty"` // who says so; empty when it is missing
	Position   int    `json:"position"`              // of the authserv-id
	Version    string `json:"version,omitempty"`     // of the format; 1 when left out
	None       bool   `json:"none,omitempty"`        // says "none": no method was tried

	Results  []Result  `json:"results"`
	Comments []Comment `json:"comments,omitempty"` // before the first result
}

// A Result is what one method said.
type Result struct {
	Method      string `json:"method"`            // in lower case: "dkim"
	Version     string `json:"version,omitempty"` // of the method; 1 when left out
	Value       string `json:"value"`             // in lower case: "pass"
	MethodKnown bool   `json:"method_known"`      // registered with IANA
	ValueKnown  bool   `json:"value_known"`       // registered for the method
	Reason      string `json:"reason,omitempty"`
	Position    int    `json:"position"` // of the method
	ValueAt     int    `json:"value_at"`
	ReasonAt    int    `json:"reason_at,omitempty"`

	Properties []Property `json:"properties,omitempty"`
	Comments   []Comment  `json:"comments,omitempty"`
}

// A Property is what a result is about: smtp.mailfrom=user@example.com.
type Property struct {
	Type     string `json:"type,omitempty"` // in lower case: smtp, header, body, policy; empty when it is missing
	Name     string `json:"name"`           // in lower case
	Value    string `json:"value"`          // without the quotes of a quoted string
	Known    bool   `json:"known"`          // registered for the method
	Position int    `json:"position"`
	ValueAt  int    `json:"value_at"`
}

// A Comment is a text in parentheses, which programs ignore and people read.
type Comment struct {
	Text     string `json:"text"` // without the outer parentheses
	Position int    `json:"position"`
}

// Property returns the value of the first property of that type and name.
func (r *Result) Property(ptype, name string) (value string, ok bool) {
	for _, p := range r.Properties {
		if strings.EqualFold(p.Type, ptype) && strings.EqualFold(p.Name, name) {
			return p.Value, true
		}
	}
	return "", false
}
