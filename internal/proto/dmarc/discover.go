package dmarc

import (
	"context"

	"github.com/postmuster/postmuster/internal/dns"
)

// Location says whose record gives the policy (RFC 9989 §4.10.1).
type Location string

// The places where a policy may be found, in the order of preference.
const (
	AtAuthor    Location = "author domain"
	AtOrgDomain Location = "organizational domain"
	AtPSD       Location = "public suffix domain"
)

// Existence tells whether the author domain exists. Only NXDOMAIN means that
// it does not (RFC 8020); empty when nothing depends on it.
type Existence string

// What may be known about a domain's existence.
const (
	Exists           Existence = "yes"
	ExistsNot        Existence = "no"
	ExistenceUnknown Existence = "unknown"
)

// A Discovery is the policy that applies to mail from an author domain.
type Discovery struct {
	AuthorDomain string `json:"author_domain"`
	// Result is none, permerror or temperror when no policy can be applied;
	// empty when one can.
	Result Result `json:"result,omitempty"`
	Reason string `json:"reason,omitempty"` // explains Result, or a policy that is not as written

	OrgDomain    string    `json:"org_domain"`
	RecordDomain string    `json:"record_domain,omitempty"`
	Location     Location  `json:"location,omitempty"`
	Record       *Record   `json:"record,omitempty"`
	Issues       []Issue   `json:"issues,omitempty"`
	Exists       Existence `json:"exists,omitempty"`

	Policy          Policy `json:"policy,omitempty"`
	PolicySource    Source `json:"policy_source,omitempty"`
	EffectivePolicy Policy `json:"effective_policy,omitempty"` // after t=y

	Walk    TreeWalk `json:"walk"`
	Queries []Query  `json:"queries"`
	PSL     PSL      `json:"psl"`
}

// Discover finds the policy for mail from a domain.
func Discover(ctx context.Context, r dns.Resolver, authorDomain string) Discovery {
	return Discovery{}
}
