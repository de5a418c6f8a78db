package dnssec

import "github.com/postmuster/postmuster/internal/dns"

// explanations of the extended errors that are about validation (RFC 8914 §4).
var explanations = map[uint16]string{
	1:  "it knows none of the algorithms that the zone is signed with, and takes it for unsigned",
	2:  "it knows none of the digests in the parent's DS records, and takes the zone for unsigned",
	5:  "it could not find out whether the zone should be signed",
	6:  "a signature or a key does not fit",
	7:  "a signature has expired: the zone was not signed again in time",
	8:  "a signature is not valid yet: the clock of the signer or of the resolver is wrong",
	9:  "the zone's keys cannot be trusted: none fits the parent's DS record, or their signature fails",
	10: "the zone should be signed, and is not",
	11: "no key of the zone is marked as a zone key",
	12: "the proof that something does not exist is missing",
	22: "it reached none of the zone's name servers",
	23: "it could not talk to a name server of the zone",
	27: "the zone asks for more NSEC3 iterations than it computes, and is taken for unsigned",
}

// Explain says in plain words what an extended error means for a zone; nothing of
// one that is not about validation.
func Explain(e dns.ExtendedError) string { return explanations[e.Code] }
