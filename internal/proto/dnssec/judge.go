package dnssec

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/postmuster/postmuster/internal/dns"
)

const (
	// ExpiryMargin is how long before its end a signature should have been
	// replaced: signers do so days before, and a weekend is when nobody looks.
	ExpiryMargin = 48 * time.Hour
	// expiryShare is for signatures of short life, made anew every few hours: they
	// are late in the last quarter of it.
	expiryShare = 4

	// minRSABits is what validators accept (RFC 5702 §2 allows 512; they do not).
	minRSABits = 1024
	// goodRSABits is 112 bits of security (NIST SP 800-57 part 1, table 2).
	goodRSABits = 2048
	// maxRSABits is what RFC 3110 §2 allows.
	maxRSABits = 4096
)

// judge fills in the issues.
func (z *Zone) judge(at time.Time) {
	z.judgeDelegation()
	z.judgeKeys()
	z.judgeCoverage()
	z.judgeDates(at)
	z.judgeDenial()
}

func (z *Zone) report(severity Severity, code Code, t dns.Type, record, format string, args ...any) {
	z.Issues = append(z.Issues, Issue{Severity: severity, Code: code, Owner: z.Name, Type: t, Record: record,
		Message: fmt.Sprintf(format, args...)})
}

// judgeDelegation compares the parent's DS records with the keys (RFC 4035 §5.2).
func (z *Zone) judgeDelegation() {
	if !z.Known(dns.TypeDS) {
		return
	}
	if !z.Delegated() {
		if z.Signed {
			z.report(SeverityInfo, CodeDSMissing, dns.TypeDS, "",
				"the zone is signed, but its parent has no DS record for it: to validators it is unsigned")
		}
		return
	}
	z.judgeDigests()
	if !z.Known(dns.TypeDNSKEY) {
		return
	}
	if len(z.Keys) == 0 {
		z.report(SeverityError, CodeNoKeys, dns.TypeDNSKEY, "", "the parent has a DS record, but the zone has no key")
		return
	}
	z.judgeChain()
}

// judgeDigests looks at how the parent vouches.
func (z *Zone) judgeDigests() {
	severity, note := SeverityError, "; there is no better one, so that validators may take the zone for unsigned"
	for _, ds := range z.DS {
		if standingIn(digests, ds.DigestType) == StandingGood {
			severity, note = SeverityWarning, "; validators ignore it, as there is a better one"
		}
	}
	for _, ds := range z.DS {
		if standingIn(digests, ds.DigestType) != StandingGood {
			z.report(severity, CodeDigest, dns.TypeDS, ds.String(), "a DS record has a digest by %s, which must not be used%s", DigestName(ds.DigestType), note)
		}
	}
}

// judgeChain says which DS records lead to a key, and whether such a key has
// signed the keys.
func (z *Zone) judgeChain() {
	var strays []Issue
	linked := map[uint16]bool{}
	for _, ds := range z.DS {
		key, reason := z.leadsTo(ds)
		if reason == "" {
			linked[key.Tag] = true
			continue
		}
		strays = append(strays, Issue{Severity: SeverityInfo, Code: CodeDSStale, Owner: z.Name, Type: dns.TypeDS, Record: ds.String(), Message: reason})
	}
	for i := range strays {
		if len(linked) == 0 {
			strays[i].Severity, strays[i].Code = SeverityError, CodeDSNone
		}
	}
	z.Issues = append(z.Issues, strays...)
	if len(linked) == 0 || z.Cut || len(z.signers(dns.TypeDNSKEY)) == 0 {
		return
	}
	for _, s := range z.Signatures {
		if s.Covered == dns.TypeDNSKEY && linked[s.KeyTag] {
			return
		}
	}
	z.report(SeverityError, CodeDSUnsigned, dns.TypeDNSKEY, "", "the keys are not signed by a key that a DS record names")
}

// leadsTo finds the key that a DS record is about. A digest is computed for keys
// of the record's tag and algorithm only.
func (z *Zone) leadsTo(ds dns.DS) (Key, string) {
	reason := fmt.Sprintf("a DS record names key %d (%s), which the zone does not have", ds.KeyTag, AlgorithmName(ds.Algorithm))
	for _, k := range z.Keys {
		if k.Tag != ds.KeyTag || k.Algorithm != ds.Algorithm {
			continue
		}
		digest, err := Digest(z.Name, k.DNSKEY, ds.DigestType)
		switch {
		case err != nil: // one of those that judgeDigests complains about, or of a few countries
			return k, ""
		case !bytes.Equal(digest, ds.Digest):
			reason = fmt.Sprintf("a DS record names key %d, but its digest is of another key", ds.KeyTag)
		case !k.ZoneKey():
			reason = fmt.Sprintf("a DS record names key %d, which is not for signing (%s)", ds.KeyTag, k.Use())
		default:
			return k, ""
		}
	}
	return Key{}, reason
}

func (z *Zone) judgeKeys() {
	for _, k := range z.Keys {
		record := k.Describe()
		switch standingIn(algorithms, k.Algorithm) {
		case StandingForbidden:
			z.report(SeverityError, CodeAlgorithm, dns.TypeDNSKEY, record,
				"key %d is of %s, which must not be used: validators take what it signs for unsigned", k.Tag, AlgorithmName(k.Algorithm))
		case StandingOld:
			z.report(SeverityInfo, CodeAlgorithmUp, dns.TypeDNSKEY, record, "key %d is of %s, which is not recommended any more", k.Tag, AlgorithmName(k.Algorithm))
		case StandingUnknown:
			z.report(SeverityWarning, CodeAlgorithmUp, dns.TypeDNSKEY, record, "key %d is of %s, which hardly a validator knows", k.Tag, AlgorithmName(k.Algorithm))
		}
		z.judgeKey(k, record)
	}
}

func (z *Zone) judgeKey(k Key, record string) {
	rsa := slices.Contains([]uint8{1, 5, 7, 8, 10}, k.Algorithm)
	switch {
	case k.Err != nil:
		z.report(SeverityError, CodeKeyBroken, dns.TypeDNSKEY, record, "key %d cannot be read: %v", k.Tag, k.Err)
	case rsa && k.Bits > maxRSABits:
		z.report(SeverityError, CodeKeyBroken, dns.TypeDNSKEY, record, "key %d has %d bits, more than the %d that are allowed", k.Tag, k.Bits, maxRSABits)
	case rsa && k.Bits < minRSABits:
		z.report(SeverityError, CodeKeyWeak, dns.TypeDNSKEY, record, "key %d has %d bits, so few that validators refuse it", k.Tag, k.Bits)
	case rsa && k.Bits < goodRSABits:
		z.report(SeverityWarning, CodeKeyWeak, dns.TypeDNSKEY, record, "key %d has %d bits, less than %d", k.Tag, k.Bits, goodRSABits)
	}
}

// judgeCoverage demands that each set of records is signed, and with each algorithm
// of the keys (RFC 4035 §2.2): a validator that knows only one of them must be able
// to follow.
func (z *Zone) judgeCoverage() {
	if !z.Delegated() || z.Cut || z.Deaf() {
		return
	}
	for _, t := range []dns.Type{dns.TypeSOA, dns.TypeDNSKEY} {
		if !z.Known(t) || t == dns.TypeDNSKEY && len(z.Keys) == 0 {
			continue
		}
		by := z.signers(t)
		if len(by) == 0 {
			z.report(SeverityError, CodeNotSigned, t, "", "the parent has a DS record, but the %s records have no signature", t)
			continue
		}
		for _, algorithm := range z.algorithms() {
			if !by[algorithm] {
				z.report(SeverityWarning, CodeIncomplete, t, "", "the zone has a key of %s, but the %s records have no signature by it",
					AlgorithmName(algorithm), t)
			}
		}
	}
}

func (z *Zone) signers(t dns.Type) map[uint8]bool {
	by := map[uint8]bool{}
	for _, s := range z.Signatures {
		if s.Covered == t && s.Owner == z.Name {
			by[s.Algorithm] = true
		}
	}
	return by
}

// algorithms are those of the keys that count, sorted.
func (z *Zone) algorithms() []uint8 {
	var found []uint8
	for _, k := range z.Keys {
		if k.ZoneKey() {
			found = append(found, k.Algorithm)
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// judgeDates looks at the validity of each set of records, which lasts as long as
// one signature of each algorithm does: an old one may stay for a while beside the
// new one.
func (z *Zone) judgeDates(at time.Time) {
	type set struct {
		owner     string
		covered   dns.Type
		algorithm uint8
	}
	best := map[set]Signature{}
	var order []set
	for _, s := range z.Signatures {
		k := set{s.Owner, s.Covered, s.Algorithm}
		old, there := best[k]
		if !there {
			order = append(order, k)
		}
		if !there || better(s, old, at) {
			best[k] = s
		}
	}
	for _, k := range order {
		z.judgeSignature(best[k], at)
	}
}

// better prefers a signature that has begun, and then the one that lasts longer.
func better(s, old Signature, at time.Time) bool {
	if begun := s.Inception <= at.Unix(); begun != (old.Inception <= at.Unix()) {
		return begun
	}
	return s.Expiration > old.Expiration
}

func (z *Zone) judgeSignature(s Signature, at time.Time) {
	now := at.Unix()
	left := s.Expiration - now
	add := func(severity Severity, code Code, format string, args ...any) {
		z.Issues = append(z.Issues, Issue{Severity: severity, Code: code, Owner: s.Owner, Type: s.Covered,
			Record: s.Describe(), Message: fmt.Sprintf(format, args...)})
	}
	switch {
	case left < 0:
		add(SeverityError, CodeExpired, "the signature over the %s records expired %s ago", s.Covered, span(-left))
	case s.Inception > now:
		add(SeverityError, CodeNotYetValid, "the signature over the %s records is valid only in %s", s.Covered, span(s.Inception-now))
	case left < margin(s):
		add(SeverityWarning, CodeExpiring, "the signature over the %s records expires in %s and has not been replaced", s.Covered, span(left))
	}
}

// margin is how many seconds before its end a signature should be gone.
func margin(s Signature) int64 {
	return min(int64(ExpiryMargin/time.Second), (s.Expiration-s.Inception)/expiryShare)
}

// span writes a number of seconds as people say it.
func span(seconds int64) string {
	const hour, day = 3600, 86400
	switch {
	case seconds >= 2*day:
		return fmt.Sprintf("%d days", seconds/day)
	case seconds >= 2*hour:
		return fmt.Sprintf("%d hours", seconds/hour)
	}
	return fmt.Sprintf("%d minutes", seconds/60)
}

// judgeDenial looks at how the zone proves that something does not exist. Only
// parameters with no flags are in use (RFC 5155 §4.1.2).
func (z *Zone) judgeDenial() {
	for _, p := range z.NSEC3 {
		if p.Flags != 0 {
			continue
		}
		if p.Iterations > 0 {
			z.report(SeverityWarning, CodeNSEC3Iterations, dns.TypeNSEC3PARAM, p.String(),
				"names are hashed %d times more than once; validators may take the zone for unsigned, or refuse it", p.Iterations)
		}
		if len(p.Salt) > 0 {
			z.report(SeverityInfo, CodeNSEC3Salt, dns.TypeNSEC3PARAM, p.String(), "names are hashed with a salt, which protects nothing")
		}
	}
}

// Find returns the issues with one of these codes.
func (z *Zone) Find(codes ...Code) []Issue {
	var found []Issue
	for _, i := range z.Issues {
		if slices.Contains(codes, i.Code) {
			found = append(found, i)
		}
	}
	return found
}

// Summary returns in a few words how the zone is signed: "ED25519, NSEC".
func (z *Zone) Summary() string {
	if !z.Signed && len(z.Keys) == 0 {
		return "not signed"
	}
	var words []string
	for _, a := range z.algorithms() {
		words = append(words, AlgorithmName(a))
	}
	if z.Known(dns.TypeNSEC3PARAM) {
		denial := "NSEC"
		if len(z.NSEC3) > 0 {
			denial = "NSEC3"
		}
		words = append(words, denial)
	}
	return strings.Join(words, ", ")
}
