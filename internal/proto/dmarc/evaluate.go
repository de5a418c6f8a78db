package dmarc

import (
	"context"

	"github.com/postmuster/postmuster/internal/dns"
)

// An Auth is what one mechanism found: the result as RFC 8601 writes it, and
// the domain that it is about: MAIL FROM's for SPF, d= for DKIM.
type Auth struct {
	Result string `json:"result"`
	Domain string `json:"domain"`
}

// An Input is what DMARC judges. SPF is that of MAIL FROM (or of
// postmaster@HELO for an empty one); the HELO identity does not count.
type Input struct {
	From string `json:"from"` // the author domain
	SPF  Auth   `json:"spf"`  // zero when there was none
	DKIM []Auth `json:"dkim"`
}

// An Evaluation is the DMARC result for a message, and how it came about.
type Evaluation struct {
	Result Result `json:"result"`
	Reason string `json:"reason"`

	RecordDomain    string `json:"record_domain"`
	Record          string `json:"record"`
	OrgDomain       string `json:"org_domain"`
	Policy          Policy `json:"policy"`
	PolicySource    Source `json:"policy_source"`
	EffectivePolicy Policy `json:"effective_policy"`

	SPFAligned  bool         `json:"spf_aligned"`  // SPF passed for an aligned domain
	DKIMAligned []string     `json:"dkim_aligned"` // the aligned domains with a signature that passed
	Identifiers []Identifier `json:"identifiers"`

	Queries []Query `json:"queries"`
	PSL     PSL     `json:"psl"`

	Discovery Discovery `json:"-"`
}

// An Identifier is an authenticated domain and its alignment.
type Identifier struct {
	Method    string    `json:"method"` // spf, dkim
	Result    string    `json:"result"` // of the mechanism
	Domain    string    `json:"domain"`
	Mode      Mode      `json:"mode"`
	Alignment Alignment `json:"alignment"`
	OrgDomain string    `json:"org_domain,omitempty"` // when a walk was needed
	Reason    string    `json:"reason,omitempty"`
}

// Alignment says whether a domain is aligned with the author domain.
type Alignment string

// What may be known about an alignment.
const (
	Aligned          Alignment = "aligned"
	NotAligned       Alignment = "not aligned"
	AlignmentUnknown Alignment = "unknown"
)

// Evaluate judges a message by RFC 9989 §5.3 and, beside it, by RFC 7489.
func Evaluate(ctx context.Context, r dns.Resolver, in Input) Evaluation { return Evaluation{} }

// Align tells whether a domain is aligned with the author domain.
func Align(ctx context.Context, r dns.Resolver, author, domain string, mode Mode) Identifier {
	return Identifier{}
}
