package dmarc

import (
	"context"

	"github.com/postmuster/postmuster/internal/dns"
)

// Authorization says whether reports may go to a destination (RFC 9990 §4).
type Authorization string

// The answers about a destination.
const (
	AuthNotNeeded   Authorization = "not needed"     // of the same organizational domain
	AuthGiven       Authorization = "authorized"     // the destination's domain says so
	AuthNotGiven    Authorization = "not authorized" // reports must not be sent there
	AuthUnknown     Authorization = "unknown"        // could not be found out
	AuthNotPossible Authorization = "not possible"   // the URI names no host
)

// A Destination is one report address and whether it will be used.
type Destination struct {
	URI           URI           `json:"uri"`
	Authorization Authorization `json:"authorization"`
	Reason        string        `json:"reason,omitempty"`
	OrgDomain     string        `json:"org_domain,omitempty"` // of the URI's host
	// Name is what was asked for: POLICYDOMAIN._report._dmarc.HOST.
	Name string `json:"name,omitempty"`
	// Override replaces the URI; all of its hosts are the URI's.
	Override []URI `json:"override,omitempty"`
	// PSLDiffers reports that RFC 7489 receivers judge otherwise whether the
	// destination is external.
	PSLDiffers bool    `json:"psl_differs,omitempty"`
	Queries    []Query `json:"queries"`
}

// AuthorizeReports tells for each destination of a record at policyDomain
// whether receivers may send reports there.
func AuthorizeReports(ctx context.Context, r dns.Resolver, policyDomain string, uris []URI) []Destination {
	return nil
}
