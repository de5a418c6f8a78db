package mtasts

import (
	"context"

	"github.com/postmuster/postmuster/internal/dns"
)

// MaxPolicySize is the limit for a policy document that RFC 8461 §3.3 suggests.
const MaxPolicySize = 64 << 10

// A Fetcher gets a policy. It must not follow redirects (RFC 8461 §3.3) and
// reads at most MaxPolicySize octets.
type Fetcher func(ctx context.Context, url string) Response

// A Response is what a Fetcher came back with.
type Response struct {
	// Problem is why no HTTP response came; empty when one did.
	Problem Problem
	// Detail describes the problem for a reader.
	Detail string

	Status      int
	ContentType string
	Location    string
	Body        []byte
}

// Problem is why no HTTP response came.
type Problem string

// The problems, of which a sender knows only "no policy could be fetched". The
// first group says that the policy host is wrong; the second that we could not
// find out.
const (
	ProblemNoHost      Problem = "no host"     // mta-sts.DOMAIN has no address
	ProblemCertificate Problem = "certificate" // does not verify for mta-sts.DOMAIN
	ProblemTLS         Problem = "tls"
	ProblemTooLarge    Problem = "too large"
	ProblemProtocol    Problem = "protocol" // what came is not HTTP
	ProblemRefused     Problem = "refused"  // nobody listens on port 443

	ProblemUnknown Problem = "unknown" // a timeout, a DNS failure, our own limits
)

// State is what a sender knows about a domain's policy.
type State string

// The states.
const (
	StateNone    State = "none"    // no MTA-STS: no record
	StateValid   State = "valid"   // a record and a policy
	StateInvalid State = "invalid" // a record or a policy that senders cannot use
	StateUnknown State = "unknown" // could not be found out
)

// A Discovery is what a sender that asks for a domain's policy finds.
type Discovery struct {
	Domain string `json:"domain"`
	State  State  `json:"state"`
	Reason string `json:"reason,omitempty"`

	RecordName   string     `json:"record_name"` // _mta-sts.DOMAIN
	RecordStatus dns.Status `json:"record_status,omitempty"`
	Texts        []string   `json:"texts"`
	Record       *Record    `json:"record,omitempty"`
	RecordIssues []Issue    `json:"record_issues"`

	PolicyURL    string    `json:"policy_url"`
	Response     *Response `json:"response,omitempty"`
	Policy       *Policy   `json:"policy,omitempty"`
	PolicyIssues []Issue   `json:"policy_issues"` // of the response and of the text

	Err error `json:"-"` // an *dns.Error
}

// Discover asks for the record and, whatever it says, for the policy.
func Discover(ctx context.Context, r dns.Resolver, fetch Fetcher, domain string) Discovery {
	return Discovery{}
}
