package dnsbl

import (
	"fmt"
	"slices"
	"strings"

	"github.com/postmuster/postmuster/internal/dns"
)

// A Zone is a list: where it is, what it lists, and what its answers mean.
type Zone struct {
	Name   string `json:"name"`
	Kinds  []Kind `json:"kinds"`
	Effect Effect `json:"effect"` // of a listing, unless its code says otherwise
	// Codes give the meaning of answers; the first that matches counts. An
	// answer that none matches is a listing without a known meaning.
	Codes []Code `json:"codes,omitempty"`
	// Bits make the last octet of an answer a set of flags; used instead of Codes.
	Bits []Bit `json:"bits,omitempty"`
	// TestDomain is listed in a zone of domains: TEST (RFC 5782 §5) if empty.
	TestDomain string `json:"test_domain,omitempty"`
	// MissingDomain is not listed in a zone of domains: INVALID (RFC 5782 §5) if empty.
	MissingDomain string `json:"missing_domain,omitempty"`
	// NoTestPoint tells that the zone lacks the entry that RFC 5782 asks for;
	// only the entry that must be missing is asked for.
	NoTestPoint bool `json:"no_test_point,omitempty"`

	NeedsKey bool `json:"needs_key,omitempty"` // unusable without WithKey
	// KeyZone is the zone that is asked as KEY.KeyZone, where there is one.
	KeyZone string `json:"key_zone,omitempty"`
	// Registered reports that the resolver's address must be registered.
	Registered bool `json:"registered,omitempty"`
	// RefusesPublic reports that queries through public resolvers are refused.
	RefusesPublic bool   `json:"refuses_public,omitempty"`
	Removal       string `json:"removal,omitempty"` // where to ask for removal
	Note          string `json:"note,omitempty"`
	Source        string `json:"source"`

	key string
}

// WithKey returns the zone to ask with a customer's key, which becomes a label of
// the names asked.
func (z Zone) WithKey(key string) (Zone, error) {
	if z.KeyZone == "" {
		return z, fmt.Errorf("%s takes no key", z.Name)
	}
	if key == "" || len(key) > maxLabel || strings.Trim(strings.ToLower(key), labelCharacters) != "" {
		return z, fmt.Errorf("the key for %s is not one label of letters and digits", z.Name)
	}
	z.key = key
	return z, nil
}

// origin is the zone as it is asked: with the key where there is one.
func (z Zone) origin() string {
	if z.key != "" {
		return z.key + "." + z.KeyZone
	}
	return strings.TrimSuffix(z.Name, ".")
}

// Lists reports whether the zone lists subjects of a kind.
func (z Zone) Lists(k Kind) bool { return slices.Contains(z.Kinds, k) }

// Zones returns the lists that are asked by default: those that answer everybody
// who asks seldom and through a resolver of their own.
func Zones() []Zone {
	var asked []Zone
	for _, z := range known {
		if !z.NeedsKey && !z.Registered {
			asked = append(asked, z)
		}
	}
	return asked
}

// ZoneNamed returns the zone of that name, also one that is not asked by default.
func ZoneNamed(name string) (Zone, bool) {
	i := slices.IndexFunc(known, func(z Zone) bool { return dns.EqualNames(z.Name, name) })
	if i < 0 {
		return Zone{}, false
	}
	return known[i], true
}

// A Dead is a zone that must not be asked any more.
type Dead struct {
	Zone   string `json:"zone"` // and every name below it
	Reason string `json:"reason"`
	Source string `json:"source"`
}

// IsDead reports whether a zone is on the deny list.
func IsDead(zone string) (Dead, bool) {
	for _, d := range dead {
		if dns.Within(zone, d.Zone) {
			return d, true
		}
	}
	return Dead{}, false
}
