// Package spf reads, judges and evaluates the sender policies of RFC 7208.
//
//	example.com. TXT "v=spf1 mx include:_spf.example.net ip4:192.0.2.0/24 -all"
//
// A receiver takes the domain of MAIL FROM (or HELO) and goes through the terms of
// its record from the left. The first mechanism that matches the client's address
// decides, by its qualifier: + pass, - fail, ~ softfail, ? neutral. include asks
// another policy and matches if that gives pass; redirect takes another policy where
// nothing matched. Terms that ask the DNS are limited to ten in the whole tree, those
// that find nothing to two; beyond that the result is permerror, however right the
// rest is.
//
// Parse keeps a record as it was written, with the place of everything that is
// odd; Lint adds advice. A Checker answers check_host() for one client and can
// tell every step it took. Analyse walks a policy without a client, to count
// what it costs and whom it authorises; Flatten writes it without includes.
//
// What an answer means for a domain's mail is the checks' business.
package spf

// Result is the outcome of check_host() (RFC 7208 §2.6).
type Result string

// The results, spelled as the RFC spells them.
const (
	ResultNone      Result = "none"      // no policy was found, or no domain to look for one
	ResultNeutral   Result = "neutral"   // the policy says nothing about the client
	ResultPass      Result = "pass"      // the client is authorised
	ResultFail      Result = "fail"      // the client is not authorised
	ResultSoftfail  Result = "softfail"  // the client is probably not authorised
	ResultTempError Result = "temperror" // the DNS could not be asked; a later try may succeed
	ResultPermError Result = "permerror" // the policy cannot be read; its owner has to act
)

// Limits of one evaluation (RFC 7208 §4.6.4).
const (
	LookupLimit     = 10 // terms that ask the DNS
	VoidLookupLimit = 2  // terms whose questions find nothing
	MXLimit         = 10 // hosts of one mx; more are a permerror
	PTRLimit        = 10 // names of one address; more are ignored
)
