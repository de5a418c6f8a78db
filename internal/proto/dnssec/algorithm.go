package dnssec

import "strconv"

// Standing is what the standards say of signing with an algorithm, or of vouching
// with a digest.
type Standing string

// The standings: the words of RFC 9904's registries, in three groups.
const (
	StandingGood      Standing = "good"      // RECOMMENDED, or MAY
	StandingOld       Standing = "old"       // NOT RECOMMENDED
	StandingForbidden Standing = "forbidden" // MUST NOT
	StandingUnknown   Standing = "unknown"   // not assigned, or private: hardly a validator knows it
)

type entry struct {
	name     string
	standing Standing
}

// algorithms are IANA's DNS security algorithm numbers for zone signing, with the
// column "use for signing" (RFC 9904; RFC 9905 for 5 and 7, RFC 9906 for 12).
var algorithms = map[uint8]entry{
	1:  {"RSAMD5", StandingForbidden},
	3:  {"DSA", StandingForbidden},
	5:  {"RSASHA1", StandingForbidden},
	6:  {"DSA-NSEC3-SHA1", StandingForbidden},
	7:  {"RSASHA1-NSEC3-SHA1", StandingForbidden},
	8:  {"RSASHA256", StandingGood},
	10: {"RSASHA512", StandingOld},
	12: {"ECC-GOST", StandingForbidden},
	13: {"ECDSAP256SHA256", StandingGood},
	14: {"ECDSAP384SHA384", StandingGood},
	15: {"ED25519", StandingGood},
	16: {"ED448", StandingGood},
	17: {"SM2SM3", StandingGood},
	23: {"ECC-GOST12", StandingGood},
}

// digests are IANA's digest algorithms of DS records, with the column "use for
// delegation" (RFC 9904; RFC 9905 for 1, RFC 9906 for 3).
var digests = map[uint8]entry{
	1: {"SHA-1", StandingForbidden},
	2: {"SHA-256", StandingGood},
	3: {"GOST R 34.11-94", StandingForbidden},
	4: {"SHA-384", StandingGood},
	5: {"GOST R 34.11-2012", StandingGood},
	6: {"SM3", StandingGood},
}

// AlgorithmName returns an algorithm's mnemonic, or its number.
func AlgorithmName(number uint8) string { return nameIn(algorithms, number, "algorithm ") }

// DigestName returns the name of a digest, or its number.
func DigestName(number uint8) string { return nameIn(digests, number, "digest ") }

func nameIn(table map[uint8]entry, number uint8, what string) string {
	if e, ok := table[number]; ok {
		return e.name
	}
	return what + strconv.Itoa(int(number))
}

func standingIn(table map[uint8]entry, number uint8) Standing {
	if e, ok := table[number]; ok {
		return e.standing
	}
	return StandingUnknown
}
