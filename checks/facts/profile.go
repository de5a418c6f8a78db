package facts

import (
	"context"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/checks/fact"
	"github.com/postmuster/postmuster/internal/proto/spf"
)

// DomainProfile is what the domain seems to be for, by what it publishes: a
// policy that authorises nobody says that it sends nothing, a null MX or no MX
// and no address that it receives nothing.
var DomainProfile = fact.New("profile", func(ctx context.Context, s *fact.Set) (checks.Profile, error) {
	routing, err := MXRouting.Get(ctx, s)
	if err != nil {
		return "", err
	}
	records, err := SPFRecords.Get(ctx, s)
	if err != nil {
		return "", err
	}
	receives := routing.Receives() && !routing.Null
	sends := !authorisesNobody(records)
	switch {
	case sends && (receives || !routing.Null && len(records) == 0):
		return checks.Sender, nil // also a domain that publishes nothing: it was named, so it should work
	case sends && routing.Null && len(records) == 0:
		return checks.Parked, nil
	case sends:
		return checks.SendOnly, nil
	case receives:
		return checks.ReceiveOnly, nil
	default:
		return checks.Parked, nil
	}
})

// authorisesNobody reports whether the only policy is "v=spf1 -all" (RFC 7208
// §10.1.2).
func authorisesNobody(records []string) bool {
	if len(records) != 1 {
		return false
	}
	record := spf.Parse(records[0])
	return record.Valid() && len(record.Terms) == 1 && record.Terms[0].Kind == spf.KindAll &&
		record.Terms[0].Qualifier == spf.QualifierFail
}
