package spf

// Severity says what an issue does to the record.
type Severity string

// The severities of issues.
const (
	SeverityError   Severity = "error"   // receivers answer permerror, or do not see a policy at all
	SeverityWarning Severity = "warning" // works, but hardly as meant
	SeverityInfo    Severity = "info"    // worth knowing
)

// An Issue is something odd at a place in a record.
type Issue struct {
	Severity Severity `json:"severity"`
	Code     Code     `json:"code"`
	Message  string   `json:"message"`
	Position int      `json:"position"` // byte offset in the record
	Term     string   `json:"term,omitempty"`
}

// A Code names the rule that an issue is about.
type Code string

// Errors: the record cannot be used.
const (
	CodeVersion           Code = "version"            // does not begin with v=spf1 and a space or its end (§4.5)
	CodeLeadingSpace      Code = "leading-space"      // white space or a quote before v=spf1
	CodeNonASCII          Code = "non-ascii"          // §3.1
	CodeControl           Code = "control-character"  // a tab or line end where only spaces separate terms (§4.6.1)
	CodeUnknownMechanism  Code = "unknown-mechanism"  // §4.6.1
	CodeMissingKeyword    Code = "missing-keyword"    // an address or a name without ip4:, ip6:, a: or include:
	CodeModifierName      Code = "modifier-name"      // not a name before the "=" (§12)
	CodeArgument          Code = "argument"           // all:x, all/8, ip4 without a network, include without a domain
	CodeDomain            Code = "domain-spec"        // not a domain-spec (§7.1)
	CodeMacro             Code = "macro"              // not a macro (§7.1)
	CodeAddress           Code = "address"            // not an address of its family
	CodeAddressFamily     Code = "address-family"     // ip4 with an IPv6 address, or the reverse
	CodeCIDR              Code = "cidr"               // not a prefix length
	CodeDuplicateModifier Code = "duplicate-modifier" // redirect or exp twice (§6)
	CodeLookupLimit       Code = "lookup-limit"       // more than ten terms that ask the DNS, in this record alone
	CodeGluedAll          Code = "glued-all"          // "-all" joined to the term before it
)

// Advice: the record can be used.
const (
	CodeAfterAll        Code = "after-all"        // never evaluated (§5.1)
	CodeDuplicateAll    Code = "duplicate-all"    // the second all
	CodeRedirectAndAll  Code = "redirect-and-all" // redirect is ignored (§6.1)
	CodePassAll         Code = "pass-all"         // +all
	CodeNeutralAll      Code = "neutral-all"      // ?all
	CodeNoAll           Code = "no-all"           // neither all nor redirect
	CodePTR             Code = "ptr"              // §5.5: SHOULD NOT be published
	CodeUnknownModifier Code = "unknown-modifier"
	CodeReporting       Code = "reporting" // ra, rp, rr (RFC 6652)
	CodeWideNetwork     Code = "wide-network"
	CodeReservedNetwork Code = "reserved-network" // private, documentation, multicast, …
	CodeOverlap         Code = "overlap"          // a network inside another one of the record
	CodeDuplicateTerm   Code = "duplicate-term"
	CodeHostBits        Code = "host-bits"   // ip4:192.0.2.5/24
	CodeMappedIP6       Code = "mapped-ip6"  // ip6:::ffff:192.0.2.1 never matches (§5)
	CodeLongRecord      Code = "long-record" // over 450 or 512 octets (§3.4)
	CodeLongString      Code = "long-string" // needs several strings (§3.3)
	CodeStringJoin      Code = "string-join" // strings joined in the middle of two terms
	CodeTrailingSpace   Code = "trailing-space"
)
