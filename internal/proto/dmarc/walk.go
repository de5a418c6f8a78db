package dmarc

import (
	"context"

	"github.com/postmuster/postmuster/internal/dns"
)

// A Query is a question that was asked, and what came back.
type Query struct {
	Name    string   `json:"name"`
	Type    string   `json:"type"`
	Rcode   string   `json:"rcode,omitempty"` // empty when no answer came
	Answers []string `json:"answers"`         // the texts of the TXT records
	MS      int64    `json:"ms"`
	Error   string   `json:"error,omitempty"` // why there is no answer
}

// A Step is one query of a tree walk.
type Step struct {
	Domain string `json:"domain"` // "example.com" for _dmarc.example.com
	Query
	Status  dns.Status `json:"status,omitempty"` // empty when no answer came
	Record  *Record    `json:"record,omitempty"` // the one valid record
	Issues  []Issue    `json:"issues,omitempty"` // of Record
	Dropped []Dropped  `json:"dropped,omitempty"`
	Stop    Stop       `json:"stop,omitempty"` // set on the last step

	Err error `json:"-"` // an *dns.Error: the name could not be asked
}

// Dropped is a text that the walk does not use, and why.
type Dropped struct {
	Text string `json:"text"`
	Why  string `json:"why"`
}

// Stop says why a walk ended.
type Stop string

// The ends of a walk.
const (
	StopPSDNo    Stop = "psd=n"
	StopPSDYes   Stop = "psd=y"
	StopNoLabels Stop = "no labels left"
	StopError    Stop = "dns error"
)

// A TreeWalk is every step from a name towards the root (RFC 9989 §4.10).
type TreeWalk struct {
	Start     string `json:"start"` // as A-labels, in lower case
	Steps     []Step `json:"steps"`
	OrgDomain string `json:"org_domain"` // empty when it could not be found out
	// PSLOrgDomain is the organizational domain of RFC 7489 §3.2.
	PSLOrgDomain string `json:"psl_org_domain"`
	Error        string `json:"error,omitempty"` // why OrgDomain is not known

	Err error `json:"-"` // an *dns.Error, or ErrNotDomain
}

// Walk walks from name to the root in at most eight queries.
func Walk(ctx context.Context, r dns.Resolver, name string) TreeWalk { return TreeWalk{} }
