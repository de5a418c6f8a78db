// Package dkim verifies and makes the signatures of RFC 6376 (with RFC 8301,
// RFC 8463 and RFC 8616), and reads the key records that they are verified with.
//
// A domain (d=) signs a message with a private key, whose public half stands in the
// DNS at SELECTOR._domainkey.DOMAIN. The signature field holds two values: bh= is the
// hash of the body, and b= signs the header fields that h= lists, and this field
// itself. Both are computed over a canonical form (c=), simple or relaxed, that
// forgives more or less of what happens to white space on the way. A field named once
// more in h= than there are is sealed: nobody can add another.
//
// A verifier in a mail server needs a yes or a no. This one says why: which
// step failed, what the body hash would have matched, which header field was
// probably changed, and whether the key or the signature is at fault. It works
// on a message's raw bytes, takes the clock as an argument, and asks the DNS
// through a Resolver.
//
// It signs by itself because go-msgauth's Signer writes the time of its own
// clock into t=, so that no signature could be made as of another time, nor a
// report be the same twice; and because it has no l=.
package dkim

// Result is the outcome of one signature, in the words of RFC 8601 §2.7.1.
type Result string

// The results. RFC 6376 §3.9 knows one PERMFAIL; here it is ResultFail when the
// signature could be evaluated and does not match, and ResultPermError when it
// cannot be valid whatever the message says: bad syntax, no key, a revoked key,
// an expired signature, and what RFC 8301 forbids (SHA-1, RSA keys under 1024
// bits). ResultPolicy is for limits of our own, such as MaxSignatures.
const (
	ResultPass      Result = "pass"
	ResultFail      Result = "fail"
	ResultPermError Result = "permerror"
	ResultTempError Result = "temperror" // the key could not be found out
	ResultPolicy    Result = "policy"
)

// Limits on what a hostile message or key record can cost.
const (
	// MaxSignatures is how many signatures of a message are verified, from the
	// top; RFC 6376 §6.1 lets a verifier limit them.
	MaxSignatures = 32
	// MaxHeaderSize is how many octets of header are read.
	MaxHeaderSize = 4 << 20
	// MaxRecordSize is how much of a key record is read: the largest TXT
	// record that a DNS message can carry.
	MaxRecordSize = 65535
	// MinRSABits is the shortest key whose signatures count (RFC 8301 §3.2).
	MinRSABits = 1024
	// MaxRSABits is the longest key that signatures are verified with. RFC 8301
	// §3.2 asks for 4096; longer ones are rare and expensive.
	MaxRSABits = 16384
)

// Fault says which step of verification a signature failed at.
type Fault string

// The faults. A signature that passes has none.
const (
	FaultSyntax    Fault = "syntax"    // the DKIM-Signature field itself
	FaultAlgorithm Fault = "algorithm" // unknown, or forbidden by RFC 8301
	FaultExpired   Fault = "expired"   // x= has passed
	FaultKey       Fault = "key"       // no key, a revoked or unusable one, or one that is not for this signature
	FaultDNS       Fault = "dns"       // the key could not be found out
	FaultBodyHash  Fault = "body hash" // the body is not what was signed
	FaultSignature Fault = "signature" // the header is not what was signed, or another key signed it
	FaultLimit     Fault = "limit"     // we did not verify it
)
