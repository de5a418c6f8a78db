// Package arc validates the Authenticated Received Chain of RFC 8617: what
// forwarders and mailing lists put on a message to say how it was authenticated
// when it reached them, before they changed it.
//
// Each handler adds a set of three fields with its number i=. The
// ARC-Authentication-Results repeat what it found; the ARC-Message-Signature is a
// DKIM signature of the message as it was passed on; the ARC-Seal signs all sets up
// to this one, and says in cv= whether the chain before it held. The chain passes if
// the sets are complete, every seal verifies and the newest message signature does.
//
// The protocol is being retired: the IETF's DMARC working group is moving it to
// Historic. A chain is worth explaining to those who still see one; no policy
// should be built on it.
package arc

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/postmuster/postmuster/internal/dns"
	"github.com/postmuster/postmuster/internal/proto/authres"
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
	Instances []Instance `json:"instances"` // the oldest first
	// OldestPass is the lowest instance from which on every message signature
	// is valid, so that the message has not changed since (RFC 8617 §5.2); 0
	// when all are, and when the newest is not.
	OldestPass int    `json:"oldest_pass"`
	Error      string `json:"error"` // why the chain fails
	// TempError says that nothing fails but that a key could not be found out:
	// the chain might pass at another time, though RFC 8617 has no result for
	// that but fail.
	TempError bool `json:"temperror,omitempty"`

	broken bool // something fails that no key would mend
}

// An Instance is one ARC set: what one handler of the message added.
type Instance struct {
	Instance int    `json:"instance"`
	Domain   string `json:"domain"` // of the seal
	CV       string `json:"cv"`     // what the sealer found of the chain before it
	// Results is the ARC-Authentication-Results field without its i= tag.
	Results string `json:"authentication_results"`
	// AuthRes is the whole field, read: what the sealer found out about the
	// message; nil without one.
	AuthRes       *authres.Field  `json:"results"`
	AuthResIssues []authres.Issue `json:"results_issues,omitempty"`
	// The signatures; nil when the sets are so broken that none were verified.
	MessageSignature *dkim.Signature `json:"message_signature"`
	Seal             *dkim.Signature `json:"seal"`
	Error            string          `json:"error"` // what is wrong with the set

	fields set
}

// Verify validates the chain of a message as of now (RFC 8617 §5.2).
func Verify(ctx context.Context, r dns.Resolver, message []byte, now time.Time) *Report {
	m := dkim.ReadMessage(message)
	instances, err := collect(m)
	report := &Report{Result: ResultFail, Instances: instances}
	switch {
	case err != nil:
		report.Error = err.Error()
		return report
	case len(instances) == 0:
		report.Result = ResultNone
		return report
	}
	newest := &instances[len(instances)-1]
	if newest.CV == "fail" {
		report.fail(newest, "the newest seal says cv=fail: the chain was broken before")
		return report
	}
	v := dkim.NewVerifier(r, m, now)
	for i := range instances {
		report.verify(ctx, v, i)
	}
	report.judgeMessageSignatures()
	report.TempError = report.Error != "" && !report.broken
	if report.Error == "" {
		report.Result = ResultPass
	}
	return report
}

// fail notes what is wrong with a set; the first that makes the chain fail is
// the report's error.
func (r *Report) fail(i *Instance, format string, args ...any) {
	message := fmt.Sprintf(format, args...)
	if i.Error == "" {
		i.Error = message
	}
	if r.Error == "" {
		r.Error = fmt.Sprintf("instance %d: %s", i.Instance, message)
	}
}

// verify verifies one set. Only the newest message signature decides; those
// before it may have been broken by who handled the message later.
func (r *Report) verify(ctx context.Context, v *dkim.Verifier, index int) {
	i := &r.Instances[index]
	if want := expectedCV(i.Instance); i.CV != want {
		r.broken = true
		r.fail(i, "cv=%.20q instead of cv=%s", i.CV, want)
	}
	seal := v.Seal(ctx, i.fields.seal, r.covered(index))
	signature := v.MessageSignature(ctx, i.fields.message)
	i.Seal, i.MessageSignature = &seal, &signature
	r.judge(i, "the seal", seal)
	if index == len(r.Instances)-1 {
		r.judge(i, "the message signature", signature)
	}
}

// judge notes that a signature on which the chain depends does not pass.
func (r *Report) judge(i *Instance, what string, s dkim.Signature) {
	if s.Result == dkim.ResultPass {
		return
	}
	r.broken = r.broken || s.Result != dkim.ResultTempError
	r.fail(i, "%s: %s", what, s.Error)
}

// expectedCV: the first sealer finds no chain, the others must have found one
// that passes (RFC 8617 §5.2 step 3).
func expectedCV(instance int) string {
	if instance == 1 {
		return "none"
	}
	return "pass"
}

// covered returns the fields that a seal covers: its own set and those before
// it, the oldest first, the seals last in each (RFC 8617 §5.1.1).
func (r *Report) covered(index int) []int {
	var fields []int
	for _, i := range r.Instances[:index+1] {
		fields = append(fields, i.fields.results, i.fields.message, i.fields.seal)
	}
	return fields
}

func (r *Report) judgeMessageSignatures() {
	oldest := 0
	for _, i := range slices.Backward(r.Instances) {
		if i.MessageSignature.Result != dkim.ResultPass {
			r.OldestPass = oldest
			return
		}
		oldest = i.Instance
	}
}
