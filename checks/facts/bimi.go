package facts

import (
	"cmp"
	"context"
	"slices"

	"github.com/postmuster/postmuster/checks/fact"
	"github.com/postmuster/postmuster/internal/https"
	"github.com/postmuster/postmuster/internal/proto/bimi"
	"github.com/postmuster/postmuster/internal/proto/dmarc"
)

const (
	// maxIndicator lets a logo that is too large be looked at all the same, to say
	// by how much.
	maxIndicator = 1 << 20
	// maxMarkFile is room for a mark certificate with its image, and its issuers.
	maxMarkFile = 1 << 20
)

// BIMI is the assertion record for mail from the domain, of the default selector.
var BIMI = fact.New("BIMI record", func(ctx context.Context, s *fact.Set) (bimi.Discovery, error) {
	org, err := bimiOrgDomain(ctx, s)
	if err != nil {
		return bimi.Discovery{}, err
	}
	return bimi.Discover(ctx, s.Net.DNS, bimi.Query{Author: s.Subject.Domain, Org: org})
})

func bimiOrgDomain(ctx context.Context, s *fact.Set) (string, error) {
	policy, err := DMARC.Get(ctx, s)
	return cmp.Or(policy.OrgDomain, dmarc.PSLOrgDomain(s.Subject.Domain)), err
}

// A BIMIFile is a file that a BIMI record points to.
type BIMIFile struct {
	*https.Response // nil when the record names none
	SVG             bimi.SVG
	Mark            bimi.Mark
}

// Known reports whether the fetch says something about the host rather than about
// the moment or about us.
func (f BIMIFile) Known() bool {
	switch f.Result {
	case https.ResultDNS, https.ResultTimeout, https.ResultUnreachable, https.ResultPrivate, https.ResultCanceled, https.ResultNotRecorded:
		return false
	}
	return true
}

// Served reports whether a document came.
func (f BIMIFile) Served() bool {
	return f.Response != nil && f.Result == https.ResultOK && f.Status == 200 // RFC 9110 §15.3.1
}

// BIMILogo is the logo that the domain's record points to.
var BIMILogo = fact.New("BIMI logo", func(ctx context.Context, s *fact.Set) (BIMIFile, error) {
	d, err := BIMI.Get(ctx, s)
	if err != nil || d.Status != bimi.StatusFound || d.Record.Location == "" {
		return BIMIFile{}, err
	}
	f := fetchBIMI(ctx, s, d.Record.Location, maxIndicator)
	if f.Served() {
		f.SVG = bimi.LintSVG(f.Body)
	}
	return f, nil
})

// BIMIMark is the mark certificate that the domain's record points to. Whether its
// path leads to a mark verifying authority is not judged: their roots are not the
// system's.
var BIMIMark = fact.New("BIMI mark certificate", func(ctx context.Context, s *fact.Set) (BIMIFile, error) {
	d, err := BIMI.Get(ctx, s)
	if err != nil || d.Status != bimi.StatusFound || d.Record.Evidence == "" {
		return BIMIFile{}, err
	}
	f := fetchBIMI(ctx, s, d.Record.Evidence, maxMarkFile)
	if !f.Served() {
		return f, nil
	}
	org, _ := bimiOrgDomain(ctx, s) // it is known, for there is a record
	c := bimi.MarkContext{At: s.Net.Now(), Domains: slices.Compact([]string{s.Subject.Domain, org}), Selector: d.Selector}
	if logo, err := BIMILogo.Get(ctx, s); err == nil && logo.Served() {
		c.SVG = logo.Body
	}
	f.Mark = bimi.CheckMark(f.Body, c)
	return f, nil
})

func fetchBIMI(ctx context.Context, s *fact.Set, url string, most int64) BIMIFile {
	return BIMIFile{Response: s.Net.HTTPS.Fetch(ctx, https.Request{URL: url, MaxBytes: most, FollowRedirects: true})}
}
