package dane

import (
	"bytes"
	"fmt"

	"github.com/postmuster/postmuster/internal/dns"
)

// Scheme is how a host's records prepare for its next certificate (RFC 7671 §8).
type Scheme string

// The schemes.
const (
	SchemeNone        Scheme = "none"              // one DANE-EE record: a new key breaks mail until the DNS has caught up
	SchemeCurrentNext Scheme = "current + next"    // two or more 3 x x: this key and the next (RFC 7671 §8.1)
	SchemeCurrentTA   Scheme = "current + issuer"  // 3 x x and 2 x x: this key, or any certificate of the issuer (RFC 7671 §8.4)
	SchemeTA          Scheme = "issuer"            // 2 x x only: any certificate of the issuer
	SchemeUnusable    Scheme = "no usable records" // nothing to roll over
)

// SchemeOf recognises the scheme of a set of records. Records of one key that
// differ in selector or digest do not make a scheme: they go together.
func SchemeOf(records []dns.TLSA) Scheme {
	anchors := false
	certificates := map[[2]uint8]map[string]bool{} // by selector and matching type
	next := false
	for _, r := range firstRecords(records) {
		switch {
		case Unusable(r) != "":
		case r.Usage == UsageDANETA:
			anchors = true
		default:
			kind := [2]uint8{r.Selector, r.MatchingType}
			if certificates[kind] == nil {
				certificates[kind] = map[string]bool{}
			}
			certificates[kind][string(r.Association)] = true
			next = next || len(certificates[kind]) > 1
		}
	}
	switch {
	case anchors && len(certificates) > 0:
		return SchemeCurrentTA
	case anchors:
		return SchemeTA
	case next:
		return SchemeCurrentNext
	case len(certificates) > 0:
		return SchemeNone
	default:
		return SchemeUnusable
	}
}

func firstRecords(records []dns.TLSA) []dns.TLSA { return records[:min(len(records), MaxRecords)] }

// Advise judges a host's records without a chain: what senders ignore, what
// breaks at the next certificate, what is advised instead.
func Advise(records []dns.TLSA) []Issue {
	var issues []Issue
	if len(records) > MaxRecords {
		issues = append(issues, Issue{SeverityWarning, CodeTooMany, fmt.Sprintf("more than %d records", MaxRecords), MaxRecords})
	}
	records = firstRecords(records)
	for i, r := range records {
		if reason := Unusable(r); reason != "" {
			issues = append(issues, Issue{SeverityWarning, CodeUnusable, reason, i})
		} else if advice := parameterAdvice(r); advice != "" {
			issues = append(issues, Issue{SeverityInfo, CodeParameters, advice, i})
		}
		if j := firstEqual(records, r); j < i {
			issues = append(issues, Issue{SeverityInfo, CodeDuplicate, fmt.Sprintf("it says the same as record %d", j), i})
		}
	}
	issues = append(issues, agilityIssues(records)...)
	if SchemeOf(records) == SchemeNone {
		issues = append(issues, Issue{SeverityInfo, CodeRollover,
			"no record stands ready for the next key: it has to be published before the key is used", 0})
	}
	return issues
}

// parameterAdvice compares with what RFC 7672 §3.1.1 and RFC 7671 §5 recommend:
// a host's own key as 3 1 1, an issuer as 2 1 1 or 2 0 1.
func parameterAdvice(r dns.TLSA) string {
	switch {
	case r.MatchingType == MatchFull:
		return "the data is not a digest, which makes answers large; SHA-256 (matching type 1) is advised"
	case r.Usage == UsageDANEEE && r.Selector == SelectorCert:
		return "it breaks at every renewal; 3 1 1 lasts as long as the key"
	default:
		return ""
	}
}

func firstEqual(records []dns.TLSA, r dns.TLSA) int {
	for i, other := range records {
		if other.Usage == r.Usage && other.Selector == r.Selector && other.MatchingType == r.MatchingType &&
			bytes.Equal(other.Association, r.Association) {
			return i
		}
	}
	return len(records)
}

// agilityIssues finds SHA-256 records whose objects may lack a SHA-512 record:
// of a usage and selector with both digests, senders look at SHA-512 alone, so
// each certificate or key needs one (RFC 7671 §9).
func agilityIssues(records []dns.TLSA) []Issue {
	counts := map[[3]uint8]int{}
	for i, r := range records {
		if Unusable(r) == "" && firstEqual(records, r) == i {
			counts[[3]uint8{r.Usage, r.Selector, r.MatchingType}]++
		}
	}
	var issues []Issue
	for i, r := range records {
		strong := counts[[3]uint8{r.Usage, r.Selector, MatchSHA512}]
		if r.MatchingType == MatchSHA256 && Unusable(r) == "" && strong > 0 &&
			strong < counts[[3]uint8{r.Usage, r.Selector, MatchSHA256}] {
			issues = append(issues, Issue{SeverityWarning, CodeAgility,
				fmt.Sprintf("senders ignore it because other %d %d records use SHA-512, and there are fewer of those", r.Usage, r.Selector), i})
		}
	}
	return issues
}
