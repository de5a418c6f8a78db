package dnsbl

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

// A Code is the meaning of an answer.
type Code struct {
	// Addr is an IPv4 address in which an octet may be a range or any:
	// "127.0.0.4-7", "127.0.*.2".
	Addr    string `json:"addr"`
	Meaning string `json:"meaning"`
	Effect  Effect `json:"effect,omitempty"` // the zone's if empty
}

// A Bit is the meaning of a flag in the last octet of an answer.
type Bit struct {
	Mask    uint8  `json:"mask"`
	Meaning string `json:"meaning"`
	Effect  Effect `json:"effect,omitempty"` // the zone's if empty
}

// WithKey returns the zone to ask with a customer's key.
func (z Zone) WithKey(key string) (Zone, error) { return z, nil }

// Lists reports whether the zone lists subjects of a kind.
func (z Zone) Lists(k Kind) bool { return false }

// Zones returns the lists that are asked by default.
func Zones() []Zone { return nil }

// ZoneNamed returns the zone of that name from Zones.
func ZoneNamed(name string) (Zone, bool) { return Zone{}, false }

// A Dead is a zone that must not be asked any more.
type Dead struct {
	Zone   string `json:"zone"` // and every name below it
	Reason string `json:"reason"`
	Source string `json:"source"`
}

// IsDead reports whether a zone is on the deny list.
func IsDead(zone string) (Dead, bool) { return Dead{}, false }
