package dnsbl

import (
	"net/netip"
	"strconv"
	"strings"
)

// A Match is one address that a zone answered, and its meaning.
type Match struct {
	Code    netip.Addr `json:"code"`
	Meaning string     `json:"meaning"`
	Effect  Effect     `json:"effect"`
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

// errorCodes are no listing in any zone, unless the zone gives one of them a
// meaning of its own. Spamhaus made those of 127.255.255 a convention that others
// follow; 127.0.0.1 is what lists answer that close, or refuse.
var errorCodes = []Code{
	{"127.255.255.250", "the customer's key is disabled", EffectError},
	{"127.255.255.251", "the customer's key is refused", EffectError},
	{"127.255.255.252", "the zone's name is mistyped", EffectError},
	{"127.255.255.254", "the query came through a public resolver, or one that cannot be attributed", EffectError},
	{"127.255.255.255", "too many queries, or not registered", EffectError},
	{"127.255.255.*", "the query was refused", EffectError},
	{"127.0.0.1", "the query was refused, or the list is closing", EffectError},
}

// meanings returns what an answer inside 127.0.0.0/8 means in the zone; never
// nothing: an answer without a known meaning is a listing all the same (RFC
// 5782 §2.3).
func (z Zone) meanings(a netip.Addr) []Match {
	if c, ok := find(z.Codes, a); ok {
		return []Match{z.match(a, c.Meaning, c.Effect)}
	}
	octets := a.Unmap().As4()
	var matches []Match
	for _, b := range z.Bits {
		if octets[1] == 0 && octets[3]&b.Mask != 0 { // 127.255.255.255 is no set of flags
			matches = append(matches, z.match(a, b.Meaning, b.Effect))
		}
	}
	if matches != nil {
		return matches
	}
	if c, ok := find(errorCodes, a); ok {
		return []Match{z.match(a, c.Meaning, c.Effect)}
	}
	return []Match{z.match(a, "", "")}
}

func (z Zone) match(a netip.Addr, meaning string, effect Effect) Match {
	if effect == "" {
		effect = z.Effect
	}
	if effect == "" { // a zone that someone made up
		effect = EffectBlock
	}
	return Match{Code: a, Meaning: meaning, Effect: effect}
}

func find(codes []Code, a netip.Addr) (Code, bool) {
	for _, c := range codes {
		if c.matches(a) {
			return c, true
		}
	}
	return Code{}, false
}

func (c Code) matches(a netip.Addr) bool {
	patterns := strings.Split(c.Addr, ".")
	octets := a.Unmap().As4()
	if len(patterns) != len(octets) {
		return false
	}
	for i, pattern := range patterns {
		low, high, ok := octetRange(pattern)
		if !ok || octets[i] < low || octets[i] > high {
			return false
		}
	}
	return true
}

// octetRange reads "2", "4-7" or "*".
func octetRange(pattern string) (low, high uint8, ok bool) {
	if pattern == "*" {
		return 0, 255, true
	}
	first, last, isRange := strings.Cut(pattern, "-")
	if !isRange {
		last = first
	}
	l, err := strconv.ParseUint(first, 10, 8)
	if err != nil {
		return 0, 0, false
	}
	h, err := strconv.ParseUint(last, 10, 8)
	return uint8(l), uint8(h), err == nil && l <= h
}
