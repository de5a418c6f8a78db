package bimi

// Severity says what an issue does to the logo.
type Severity string

// The severities of issues.
const (
	SeverityError   Severity = "error"   // receivers show no logo
	SeverityWarning Severity = "warning" // some receivers show no logo, or will not for long
	SeverityInfo    Severity = "info"    // worth knowing
)

// An Issue is something odd about a record, an indicator, a certificate or a
// DMARC policy.
type Issue struct {
	Severity Severity `json:"severity"`
	Code     Code     `json:"code"`
	Message  string   `json:"message"`
	Position int      `json:"position"` // byte offset in the record or the uncompressed SVG; index of the certificate
}

// A Code names the rule that an issue is about.
type Code string

// Issues of records and of fields.
const (
	CodeSyntax       Code = "syntax"        // not a tag-list (RFC 6376 §3.2)
	CodeTooLong      Code = "too-long"      // more than MaxRecordSize
	CodeVersion      Code = "version"       // v=BIMI1 is not the first tag
	CodeDuplicateTag Code = "duplicate-tag" // RFC 6376 §3.2
	CodeUnknownTag   Code = "unknown-tag"
	CodeNoLocation   Code = "no-location" // l= is missing, or empty beside an a=
	CodeURI          Code = "uri"         // l= or a= is not one https URI
	CodeFormat       Code = "format"      // l= or a= points to a file of another kind
	CodeNoEvidence   Code = "no-evidence" // no a=: some providers show no logo
	CodeAvatar       Code = "avatar"      // avp= is neither brand nor personal
	CodePrefix       Code = "prefix"      // a prefix of lps= that cannot match
	CodeSelector     Code = "selector"    // s= of BIMI-Selector is no selector
	CodeMultiple     Code = "multiple"    // several records at a name
	CodeUnrelated    Code = "unrelated"   // a TXT record at the name that is none
	CodeDMARC        Code = "dmarc"       // the DMARC policy is too weak
)

// Issues of indicators.
const (
	CodeGzip      Code = "gzip"
	CodeSize      Code = "size"
	CodeXML       Code = "xml"       // not well-formed, or too deep
	CodeDoctype   Code = "doctype"   // a DOCTYPE, or an entity
	CodeRoot      Code = "root"      // the root element is not right
	CodeProfile   Code = "profile"   // version and baseProfile
	CodeTitle     Code = "title"     // missing, empty, too long, a placeholder
	CodeViewBox   Code = "viewbox"   // missing, or not square
	CodeElement   Code = "element"   // not in the profile, or not there
	CodeAttribute Code = "attribute" // not in the profile
	CodeScript    Code = "script"    // scripts and event handlers
	CodeAnimation Code = "animation"
	CodeImage     Code = "image"     // raster images and other media
	CodeStyle     Code = "style"     // CSS
	CodeReference Code = "reference" // out of the document, or to nothing in it
	CodeText      Code = "text"      // text where none may be
)

// Issues of mark certificates.
const (
	CodePEM       Code = "pem"
	CodeOrder     Code = "order"   // the mark certificate is not the first
	CodePath      Code = "path"    // no path to a root
	CodeExpired   Code = "expired" // or not yet valid, or soon no more
	CodeUsage     Code = "usage"   // the extended key usage is missing
	CodeDomain    Code = "domain"  // not for the domain
	CodeLogotype  Code = "logotype"
	CodeDifferent Code = "different" // the indicator inside is not the one served
	CodeMarkType  Code = "mark-type"
	CodeExtension Code = "extension" // a CRL location or an SCT is missing
)

// Usable reports whether no issue is an error.
func Usable(issues []Issue) bool {
	for _, issue := range issues {
		if issue.Severity == SeverityError {
			return false
		}
	}
	return true
}
