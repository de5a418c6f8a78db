package dmarc

import (
	"context"
	"fmt"

	"github.com/postmuster/postmuster/internal/dns"
)

// Authorization says whether reports may go to a destination (RFC 9990 §4).
type Authorization string

// The answers about a destination.
const (
	AuthNotNeeded  Authorization = "not needed"     // of the same organizational domain
	AuthGiven      Authorization = "authorized"     // the destination's domain says so
	AuthNotGiven   Authorization = "not authorized" // reports must not be sent there
	AuthUnknown    Authorization = "unknown"        // could not be found out
	AuthImpossible Authorization = "invalid"        // the URI is invalid or names no host
)

// A Destination is one report address and whether it will be used.
type Destination struct {
	URI           URI           `json:"uri"`
	Authorization Authorization `json:"authorization"`
	Reason        string        `json:"reason,omitempty"`
	OrgDomain     string        `json:"org_domain,omitempty"` // of the URI's host
	// Name is what was asked for: POLICYDOMAIN._report._dmarc.HOST.
	Name string `json:"name,omitempty"`
	// Override holds what replaces the URI; all of its hosts are the URI's.
	Override []URI `json:"override,omitempty"`
	// PSLDiffers reports that receivers of RFC 7489 judge otherwise whether the
	// destination is external.
	PSLDiffers bool    `json:"psl_differs,omitempty"`
	Queries    []Query `json:"queries"` // asked for this destination and not for an earlier one
}

// maxDestinations bounds how many destinations of a record are asked about; a
// record of 64 KB can name thousands.
const maxDestinations = 20

// AuthorizeReports tells for each destination of a record at policyDomain
// whether receivers may send reports there.
func AuthorizeReports(ctx context.Context, r dns.Resolver, policyDomain string, uris []URI) []Destination {
	a := newAsker(r)
	var destinations []Destination
	for i, uri := range uris {
		d := Destination{URI: uri}
		before := len(a.queries)
		if i < maxDestinations {
			a.authorize(ctx, policyDomain, &d)
		} else {
			d.Authorization, d.Reason = AuthUnknown, "too many destinations to ask about"
		}
		d.Queries = append([]Query{}, a.queries[before:]...)
		destinations = append(destinations, d)
	}
	return destinations
}

func (a *asker) authorize(ctx context.Context, policyDomain string, d *Destination) {
	domain, err := canonicalDomain(policyDomain)
	if err != nil || !d.URI.Valid || d.URI.Host == "" {
		d.Authorization, d.Reason = AuthImpossible, "not a destination of reports"
		return
	}
	if d.URI.Host == domain {
		d.Authorization = AuthNotNeeded
		return
	}
	own, theirs := a.walk(ctx, domain), a.walk(ctx, d.URI.Host)
	d.OrgDomain = theirs.OrgDomain
	for _, walk := range []TreeWalk{own, theirs} {
		if walk.Err != nil {
			d.Authorization, d.Reason = AuthUnknown, walk.Error
			return
		}
	}
	external := own.OrgDomain != theirs.OrgDomain
	d.PSLDiffers = external != (own.PSLOrgDomain != theirs.PSLOrgDomain)
	if !external {
		d.Authorization = AuthNotNeeded
		return
	}
	a.askConsent(ctx, domain, d)
}

// askConsent looks for the record by which the destination agrees.
func (a *asker) askConsent(ctx context.Context, policyDomain string, d *Destination) {
	d.Authorization = AuthNotGiven
	d.Name = policyDomain + "._report._dmarc." + d.URI.Host
	if len(d.Name) > maxName {
		d.Reason = fmt.Sprintf("the name to ask for is longer than %d octets", maxName)
		return
	}
	found := a.ask(ctx, dns.Question{Name: d.Name, Type: dns.TypeTXT})
	if found.err != nil {
		d.Authorization, d.Reason = AuthUnknown, "query "+dns.Absolute(d.Name)+" TXT: "+found.query.Error
		return
	}
	d.Reason = "no DMARC record at " + d.Name
	if found.answer == nil {
		return
	}
	for _, text := range found.answer.TXTs() {
		// Any record that parses will do, also one of several (RFC 9990 §4 step 8).
		if record, _ := Parse(text); record.Valid {
			d.Authorization, d.Reason = AuthGiven, ""
			if d.override(record); d.Authorization != AuthGiven {
				return
			}
		}
	}
}

// override takes the rua of the consenting record. A host other than the
// destination's loses the reports altogether (RFC 9990 §4 step 9).
func (d *Destination) override(record Record) {
	for _, uri := range record.RUA {
		if !uri.Valid {
			continue
		}
		if uri.Host != d.URI.Host {
			d.Authorization, d.Override = AuthNotGiven, nil
			d.Reason = fmt.Sprintf("the record at %s redirects to another host, %s", d.Name, uri.Host)
			return
		}
		d.Override = append(d.Override, uri)
	}
}
