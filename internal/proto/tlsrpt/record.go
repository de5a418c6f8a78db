// Package tlsrpt reads TLS-RPT records (RFC 8460), which say where senders
// report that TLS to a domain's MX hosts failed.
//
//	_smtp._tls.example.com. TXT "v=TLSRPTv1; rua=mailto:tls-reports@example.com"
//
// Senders that heed MTA-STS or DANE send a summary of a day to each URI of rua=, by
// mail or by HTTPS: how many sessions kept the policy, and why others did not. For a
// domain with such a policy it is the only way to learn that mail stays away.
package tlsrpt

import (
	"github.com/postmuster/postmuster/internal/dns"
)

// Version is the value of v, to the letter.
const Version = "TLSRPTv1"

// A Tag is one NAME=VALUE of a record, as written.
type Tag struct {
	Name     string `json:"name"`
	Value    string `json:"value"`
	Position int    `json:"position"` // octet offset of the name
	ValueAt  int    `json:"value_at"` // octet offset of the value
}

// A Record is the TXT record at _smtp._tls (RFC 8460 §3).
type Record struct {
	Text      string `json:"text"`
	Candidate bool   `json:"candidate"` // begins with v=TLSRPTv1; and counts when several are found
	Valid     bool   `json:"valid"`
	Tags      []Tag  `json:"tags"`
	RUA       []URI  `json:"rua"`
}

// A URI is one destination of reports.
type URI struct {
	Text     string `json:"text"`
	Valid    bool   `json:"valid"`
	Scheme   string `json:"scheme,omitempty"`  // mailto or https
	Address  string `json:"address,omitempty"` // of a mailto URI
	Host     string `json:"host,omitempty"`
	Position int    `json:"position"`
}

// State is what a sender knows about a domain's record.
type State string

// The states.
const (
	StateNone    State = "none"
	StateValid   State = "valid"
	StateInvalid State = "invalid" // several records, or one that cannot be used
	StateUnknown State = "unknown"
)

// A Discovery is what a sender that looks for a domain's record finds.
type Discovery struct {
	Domain string     `json:"domain"`
	Name   string     `json:"name"` // _smtp._tls.DOMAIN
	State  State      `json:"state"`
	Reason string     `json:"reason,omitempty"`
	Status dns.Status `json:"status,omitempty"`
	Texts  []string   `json:"texts"`
	Record *Record    `json:"record,omitempty"`
	Issues []Issue    `json:"issues"`

	Err error `json:"-"` // an *dns.Error
}
