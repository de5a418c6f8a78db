// Package mtasts reads MTA-STS records and policies (RFC 8461), matches MX
// hosts against them, and finds a domain's policy.
//
// A sender cannot tell a mail server without TLS from one whose STARTTLS somebody
// takes away. So a domain says over HTTPS, at mta-sts.DOMAIN, which MX hosts it has,
// and that they offer TLS with certificates that verify; senders keep this for
// max_age seconds, and with mode: enforce do not deliver otherwise. The TXT record at
// _mta-sts.DOMAIN only says that there is a policy, and by its id when it changes.
//
// The package fetches nothing: Discover takes the fetcher as an argument. Whether the
// certificates of the MX hosts are valid is for others to find out.
package mtasts

// Version is the value of v in the record and of version in the policy.
const Version = "STSv1"

// A Field is one NAME=VALUE of a record or NAME: VALUE of a policy, as written.
type Field struct {
	Name     string `json:"name"`
	Value    string `json:"value"`
	Position int    `json:"position"` // octet offset of the name
	ValueAt  int    `json:"value_at"` // octet offset of the value

	indented bool // white space before the name
	spaced   bool // white space beside the separator where the grammar has none
}

// A Record is the TXT record at _mta-sts (RFC 8461 §3.1).
type Record struct {
	Text      string  `json:"text"`
	Candidate bool    `json:"candidate"` // begins with v=STSv1; and so counts when several are found
	Valid     bool    `json:"valid"`
	ID        string  `json:"id,omitempty"`
	Fields    []Field `json:"fields"`
}
