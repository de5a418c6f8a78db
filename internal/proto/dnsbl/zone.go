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
	// MissingDomain is never listed there: INVALID (RFC 5782 §5) if empty.
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

	// Unasked reports that the zone is asked only when it is named: what it
	// lists is seldom of use, or whether it still lives was not seen lately.
	Unasked bool `json:"unasked,omitempty"`

	key string
}

// WithKey returns the zone to ask with a customer's key.
func (z Zone) WithKey(key string) (Zone, error) {
	if z.KeyZone == "" {
		return z, fmt.Errorf("%s is not asked with a key", z.Name)
	}
	key = strings.ToLower(key)
	if key == "" || len(key) > maxLabel || strings.Trim(key, labelCharacters) != "" {
		return z, fmt.Errorf("the key for %s is not a label of letters, digits and hyphens", z.Name)
	}
	z.key = key
	return z, nil
}

// Keyed reports whether the zone is asked with a customer's key.
func (z Zone) Keyed() bool { return z.key != "" }

// origin is the zone that is really asked.
func (z Zone) origin() string {
	if z.key != "" {
		return z.key + "." + z.KeyZone
	}
	return strings.TrimSuffix(z.Name, ".")
}

// Lists reports whether the zone lists subjects of a kind.
func (z Zone) Lists(k Kind) bool { return slices.Contains(z.Kinds, k) }

// Zones returns the lists that are asked by default: those that were seen to
// live, and may be asked without a key or a registration.
func Zones() []Zone {
	var zones []Zone
	for _, z := range zoneTable {
		if !z.NeedsKey && !z.Registered && !z.Unasked {
			zones = append(zones, z)
		}
	}
	return zones
}

// Known returns every list whose answers are understood, asked by default or not.
func Known() []Zone { return slices.Clone(zoneTable) }

// ZoneNamed returns the zone of that name from Known. KEY.KeyZone names the zone
// too, with the key that stands in it.
func ZoneNamed(name string) (Zone, bool) {
	canonical := strings.TrimSuffix(dns.Canonical(name), ".")
	for _, z := range zoneTable {
		if dns.EqualNames(z.Name, name) {
			return z, true
		}
		if key, ok := strings.CutSuffix(canonical, "."+z.KeyZone); ok && z.KeyZone != "" {
			if keyed, err := z.WithKey(key); err == nil {
				return keyed, true
			}
		}
	}
	return Zone{}, false
}
