// Package arc validates the Authenticated Received Chain of RFC 8617: the seals
// that forwarders and mailing lists put on a message to say how it was
// authenticated when it reached them.
//
// The protocol is being retired: the IETF's DMARC working group is moving it to
// Historic. A chain is worth explaining to those who still see one; no policy
// should be built on it.
package arc

import (
	"context"
	"time"

	"github.com/postmuster/postmuster/internal/dns"
	"github.com/postmuster/postmuster/internal/proto/dkim"
)

// Result is the chain validation status (RFC 8617 §4.4).
type Result string

// The results.
const (
	ResultNone Result = "none" // no ARC fields
	ResultPass Result = "pass"
	ResultFail Result = "fail"
)

// MaxInstances is the longest chain there may be (RFC 8617 §4.2.1).
const MaxInstances = 50

// A Report is what was found out about a message's chain.
type Report struct {
	Result    Result     `json:"result"`
	Instances []Instance `json:"instances"` // by instance, the oldest first
	// OldestPass is the lowest instance from which on every message signature
	// is valid: the message is unchanged since (RFC 8617 §5.2); 0 when all are.
	OldestPass int    `json:"oldest_pass"`
	Error      string `json:"error"` // why it fails
	// TempError says that a key could not be found out: the chain might pass
	// at another time, though RFC 8617 has no result for that but fail.
	TempError bool `json:"temperror,omitempty"`
}

// An Instance is one ARC set: what one handler of the message added.
type Instance struct {
	Instance int    `json:"instance"`
	Domain   string `json:"domain"` // of the seal
	CV       string `json:"cv"`     // what the sealer found
	// Results is the ARC-Authentication-Results field without its i= tag.
	Results          string          `json:"authentication_results"`
	MessageSignature *dkim.Signature `json:"message_signature"` // nil when missing
	Seal             *dkim.Signature `json:"seal"`
	Error            string          `json:"error"` // what is wrong with the set
}

// Verify validates the chain of a message as of now.
func Verify(ctx context.Context, r dns.Resolver, message []byte, now time.Time) *Report {
	return &Report{Result: ResultNone}
}
