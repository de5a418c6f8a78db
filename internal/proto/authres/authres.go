// Package authres reads and writes the Authentication-Results field of RFC 8601,
// in which a receiver notes what SPF, DKIM, DMARC and others said.
//
// Fields in the wild are often a little wrong, so reading is tolerant: it keeps
// what it can, says what is odd, and knows where everything stood. Whether a
// field may be believed is the reader's business (RFC 8601 §5).
package authres

// A Field is the value of one Authentication-Results field.
type Field struct {
	AuthServID string   `json:"authserv_id"` // who says so
	Version    string   `json:"version,omitempty"`
	Instance   int      `json:"instance,omitempty"` // i= of an ARC-Authentication-Results field
	Results    []Result `json:"results"`            // empty for "none": nothing was tried
}

// A Result is what one method said.
type Result struct {
	Method     string     `json:"method"` // in lower case: "dkim"
	Version    string     `json:"version,omitempty"`
	Value      string     `json:"value"` // in lower case: "pass"
	Reason     string     `json:"reason,omitempty"`
	Comment    string     `json:"comment,omitempty"` // the comment after the value
	Properties []Property `json:"properties,omitempty"`
	Position   int        `json:"position"` // octet offset of the method
}

// A Property is what a result is about: smtp.mailfrom=user@example.com.
type Property struct {
	Type     string `json:"type"` // smtp, header, body, policy
	Name     string `json:"name"`
	Value    string `json:"value"`
	Position int    `json:"position"`
}

// An Issue is an oddity of a field.
type Issue struct {
	Message  string `json:"message"`
	Position int    `json:"position"`
}

// Parse reads the value of a field, which may be folded.
func Parse(value string) (Field, []Issue) { return Field{}, nil }

// Property returns the value of the first property of that type and name.
func (r Result) Property(ptype, name string) (value string, ok bool) { return "", false }

// String returns the field's value, folded before each result.
func (f Field) String() string { return "" }
