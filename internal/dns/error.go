package dns

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// An Rcode is the response code of a DNS message (RFC 1035 §4.1.1, RFC 6895).
type Rcode uint16

// The codes that a resolver is likely to send.
const (
	RcodeNoError  Rcode = 0
	RcodeFormErr  Rcode = 1
	RcodeServFail Rcode = 2
	RcodeNXDomain Rcode = 3
	RcodeNotImp   Rcode = 4
	RcodeRefused  Rcode = 5
)

var rcodeNames = map[Rcode]string{
	RcodeNoError: "NOERROR", RcodeFormErr: "FORMERR", RcodeServFail: "SERVFAIL",
	RcodeNXDomain: "NXDOMAIN", RcodeNotImp: "NOTIMP", RcodeRefused: "REFUSED",
}

// String returns the code's mnemonic, or RCODE123.
func (r Rcode) String() string {
	if name, ok := rcodeNames[r]; ok {
		return name
	}
	return "RCODE" + strconv.Itoa(int(r))
}

// ParseRcode reads what String writes.
func ParseRcode(s string) (Rcode, error) {
	for r, name := range rcodeNames {
		if name == s {
			return r, nil
		}
	}
	if n, err := strconv.ParseUint(strings.TrimPrefix(s, "RCODE"), 10, 16); err == nil && strings.HasPrefix(s, "RCODE") {
		return Rcode(n), nil
	}
	return 0, fmt.Errorf("%q is not a response code", s)
}

// An ExtendedError says more about a failure (RFC 8914).
type ExtendedError struct {
	Code uint16 // 6 is "DNSSEC Bogus"
	Text string // the server's words; may be empty
}

// Purposes of extended errors that change a diagnosis (RFC 8914 §4).
var extendedErrorNames = map[uint16]string{
	1: "Unsupported DNSKEY Algorithm", 2: "Unsupported DS Digest Type", 3: "Stale Answer", 5: "DNSSEC Indeterminate",
	6: "DNSSEC Bogus", 7: "Signature Expired", 8: "Signature Not Yet Valid", 9: "DNSKEY Missing", 10: "RRSIGs Missing",
	11: "No Zone Key Bit Set", 12: "NSEC Missing", 15: "Blocked", 16: "Censored", 17: "Filtered", 18: "Prohibited",
	20: "Not Authoritative", 21: "Not Supported", 22: "No Reachable Authority", 23: "Network Error", 24: "Invalid Data",
	27: "Unsupported NSEC3 Iterations Value",
}

// String returns "EDE 6 (DNSSEC Bogus): text".
func (e ExtendedError) String() string {
	s := "EDE " + strconv.Itoa(int(e.Code))
	if name, ok := extendedErrorNames[e.Code]; ok {
		s += " (" + name + ")"
	}
	if e.Text != "" {
		s += ": " + e.Text
	}
	return s
}

// Bogus reports whether the error means that DNSSEC validation failed.
func (e ExtendedError) Bogus() bool { return e.Code >= 6 && e.Code <= 12 }

// Cause says why a question was not answered.
type Cause string

// The causes; each stays apart up to the report.
const (
	CauseRcode       Cause = "rcode"        // SERVFAIL, REFUSED, … (Error.Rcode)
	CauseTimeout     Cause = "timeout"      // nobody answered in time
	CauseNetwork     Cause = "network"      // the server could not be reached
	CauseMalformed   Cause = "malformed"    // garbage, or an answer to another question
	CauseLoop        Cause = "cname loop"   // the chain of CNAMEs does not end, or is too long
	CauseBadName     Cause = "bad name"     // the name cannot be asked: a label over 63 octets, …
	CauseCanceled    Cause = "canceled"     // the caller gave up
	CauseNotRecorded Cause = "not recorded" // a replay does not hold it
)

// An Error says that a question could not be answered, and why.
type Error struct {
	Question       Question
	Cause          Cause
	Rcode          Rcode // with CauseRcode
	ExtendedErrors []ExtendedError
	Server         string        // the last server asked; may be empty
	Elapsed        time.Duration // spent on the question
	Err            error         // the underlying error; may be nil
}

// Error returns "query _dmarc.example.com. TXT at 192.0.2.53:53: SERVFAIL, EDE 6 (DNSSEC Bogus)".
func (e *Error) Error() string {
	s := "query " + e.Question.String()
	if e.Server != "" {
		s += " at " + e.Server
	}
	return s + ": " + e.Reason()
}

// Reason returns what came back, without the question: "SERVFAIL", "timeout".
func (e *Error) Reason() string {
	s := string(e.Cause)
	if e.Cause == CauseRcode {
		s = e.Rcode.String()
	}
	for _, ext := range e.ExtendedErrors {
		s += ", " + ext.String()
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

func (e *Error) Unwrap() error { return e.Err }

// Temporary reports that asking again later may help. It makes an Error a
// temporary net.Error to libraries that look for one.
func (e *Error) Temporary() bool { return e.Cause != CauseBadName && e.Cause != CauseLoop }

// Timeout reports that nobody answered in time.
func (e *Error) Timeout() bool { return e.Cause == CauseTimeout }

// IsBadName reports whether err says that the name cannot be asked at all,
// which is an answer of a kind: no such name can exist.
func IsBadName(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Cause == CauseBadName
}
