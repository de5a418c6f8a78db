package mtasts

import (
	"context"
	"fmt"
	"strings"

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
	Problem Problem `json:"problem,omitempty"`
	// Detail describes the problem for a reader.
	Detail string `json:"detail,omitempty"`

	Status      int    `json:"status,omitempty"`
	ContentType string `json:"content_type,omitempty"`
	Location    string `json:"location,omitempty"`
	Body        []byte `json:"-"` // as Discovery.Policy has its text
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
	d := Discovery{
		Domain: domain, RecordName: "_mta-sts." + domain, PolicyURL: "https://mta-sts." + domain + "/.well-known/mta-sts.txt",
		Texts: []string{}, RecordIssues: []Issue{}, PolicyIssues: []Issue{},
	}
	d.record(ctx, r)
	response := fetch(ctx, d.PolicyURL)
	d.Response = &response
	policyState, reason := d.policy(response)
	if d.State == "" { // the record is usable: the policy decides
		d.State, d.Reason = policyState, reason
	}
	return d
}

// record leaves State empty when there is one usable record. Texts that do not
// begin with v=STSv1; are discarded; several that do count as none (RFC 8461 §3.1).
func (d *Discovery) record(ctx context.Context, r dns.Resolver) {
	answer, err := r.Resolve(ctx, dns.Question{Name: d.RecordName, Type: dns.TypeTXT})
	if err != nil {
		d.State, d.Reason, d.Err = StateUnknown, err.Error(), err
		return
	}
	d.RecordStatus = answer.Status()
	d.Texts = append(d.Texts, answer.TXTs()...)
	candidates := 0
	for _, text := range d.Texts {
		record, found := Parse(text)
		if record.Candidate {
			candidates++
			d.Record, d.RecordIssues = &record, append([]Issue{}, found...)
		}
	}
	switch {
	case candidates == 0:
		d.State, d.Reason = StateNone, "no record begins with v="+Version+";"
	case candidates > 1:
		d.State, d.Record, d.RecordIssues = StateInvalid, nil, []Issue{}
		d.Reason = fmt.Sprintf("%d records begin with v=%s;: senders act as if there were none", candidates, Version)
	case !d.Record.Valid:
		d.State, d.Reason = StateInvalid, "the record cannot be used"
	}
}

// policy judges what the policy host came back with (RFC 8461 §3.3).
func (d *Discovery) policy(response Response) (State, string) {
	switch {
	case response.Problem == ProblemUnknown:
		return StateUnknown, response.Detail
	case response.Problem != "":
		return StateInvalid, string(response.Problem) + ": " + response.Detail
	case response.Status != 200:
		return StateInvalid, fmt.Sprintf("the policy host answers with HTTP status %d, where only 200 counts", response.Status)
	}
	policy, found := ParsePolicy(response.Body)
	d.Policy, d.PolicyIssues = &policy, append([]Issue{}, found...)
	if !isPlainText(response.ContentType) {
		reason := fmt.Sprintf("the media type is %.60q, where only text/plain counts", response.ContentType)
		d.PolicyIssues = append(d.PolicyIssues, Issue{Code: CodeResponse, Severity: SeverityError, Message: reason})
		return StateInvalid, reason
	}
	if !policy.Valid {
		return StateInvalid, "the policy cannot be used"
	}
	return StateValid, ""
}

// isPlainText: the media type must be text/plain, and senders should refuse
// others, for anybody may be able to put an image or a page on a web server; its
// parameters do not count (RFC 8461 §3.2).
func isPlainText(contentType string) bool {
	mediaType, _, _ := strings.Cut(contentType, ";")
	return strings.EqualFold(strings.TrimSpace(mediaType), "text/plain")
}
