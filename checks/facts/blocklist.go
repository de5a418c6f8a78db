package facts

import (
	"context"
	"slices"
	"strings"

	"github.com/postmuster/postmuster/checks/fact"
	"github.com/postmuster/postmuster/internal/proto/dnsbl"
)

// A ListedSubject is what the blocklists say about one address or domain.
type ListedSubject struct {
	dnsbl.Subject
	Sender   bool   // mail is known to be sent from it, or it is the domain itself
	Host     string // the MX host that an address belongs to
	Listings []dnsbl.Listing
}

// AddressListings are what the blocklists say of the domain's addresses.
var AddressListings = fact.New("blocklists of addresses", func(ctx context.Context, s *fact.Set) ([]ListedSubject, error) {
	if s.Options.NoBlocklists {
		return nil, notAskedBlocklists()
	}
	addresses, err := Addresses.Get(ctx, s)
	if err != nil {
		return nil, err
	}
	subjects := make([]ListedSubject, len(addresses))
	for i, a := range addresses {
		subjects[i] = ListedSubject{Subject: dnsbl.Subject{Addr: a.Addr}, Sender: a.Sender, Host: a.Host}
	}
	return listings(ctx, s, subjects)
})

// DomainListings are what the blocklists say of the domain.
var DomainListings = fact.New("blocklists of domains", func(ctx context.Context, s *fact.Set) ([]ListedSubject, error) {
	if s.Options.NoBlocklists {
		return nil, notAskedBlocklists()
	}
	return listings(ctx, s, []ListedSubject{{Subject: dnsbl.Subject{Domain: s.Subject.Domain}, Sender: true}})
})

func notAskedBlocklists() error { return &fact.NotAsked{Reason: "--no-blocklists"} }

// listings asks every zone that lists subjects of the kind about each of them,
// after the zone has proved that it works (RFC 5782 §5).
func listings(ctx context.Context, s *fact.Set, subjects []ListedSubject) ([]ListedSubject, error) {
	zones, err := zonesOf(s)
	if err != nil {
		return nil, err
	}
	type question struct {
		subject int
		zone    dnsbl.Zone
	}
	var questions []question
	for i, subject := range subjects {
		for _, z := range zones {
			if z.Lists(subject.Kind()) {
				questions = append(questions, question{i, z})
			}
		}
	}
	answers := make([]dnsbl.Listing, len(questions))
	each(len(questions), func(i int) {
		answers[i] = listing(ctx, s, questions[i].zone, subjects[questions[i].subject].Subject)
	})
	for i, q := range questions {
		subjects[q.subject].Listings = append(subjects[q.subject].Listings, answers[i])
	}
	return subjects, nil
}

func listing(ctx context.Context, s *fact.Set, z dnsbl.Zone, subject dnsbl.Subject) dnsbl.Listing {
	proof := dnsbl.Prove(ctx, s.Net.DNS, z, subject.Kind())
	if !proof.Usable {
		return dnsbl.Listing{
			Zone: z.Name, State: dnsbl.StateUnknown, Cause: proof.Cause, Err: proof.Err,
			Reason: proof.Reason,
		}
	}
	return dnsbl.Check(ctx, s.Net.DNS, z, subject)
}

// zonesOf returns the zones to ask: the usual ones, or those that the user named.
func zonesOf(s *fact.Set) ([]dnsbl.Zone, error) {
	if s.Options.Blocklists == nil {
		return dnsbl.Zones(), nil
	}
	var zones []dnsbl.Zone
	for _, name := range s.Options.Blocklists {
		zone, known := dnsbl.ZoneNamed(name)
		if !known {
			kinds := []dnsbl.Kind{dnsbl.KindIPv4, dnsbl.KindIPv6}
			zone = dnsbl.Zone{Name: strings.TrimSuffix(name, "."), Kinds: kinds, Effect: dnsbl.EffectBlock}
		}
		if !slices.ContainsFunc(zones, func(z dnsbl.Zone) bool { return z.Name == zone.Name }) {
			zones = append(zones, zone)
		}
	}
	return zones, nil
}
