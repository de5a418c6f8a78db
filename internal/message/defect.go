package message

// Kind names what is wrong at a place in a message.
type Kind string

// Kinds of defects in the header section.
const (
	NoColon              Kind = "no-colon"                // a line that is neither field nor folding (RFC 5322 §2.2)
	SpaceBeforeColon     Kind = "space-before-colon"      // "Subject : x" (RFC 5322 §4.5)
	FoldWithoutField     Kind = "fold-without-field"      // the header section begins with a folded line
	BlankFold            Kind = "blank-fold"              // a folded line of white space alone (RFC 5322 §4.2)
	HeaderEightBit       Kind = "header-8bit"             // an octet above 127 in a field (RFC 5322 §2.2)
	HeaderNotUTF8        Kind = "header-not-utf8"         // such octets that are no UTF-8 (RFC 6532 §3.2)
	HeaderControl        Kind = "header-control"          // NUL or another control character in a field
	HeaderLineTooLong    Kind = "header-line-too-long"    // more than 998 octets (RFC 5322 §2.1.1)
	HeaderTooLarge       Kind = "header-too-large"        // more bytes or fields than are read
	MissingSeparator     Kind = "missing-separator"       // no empty line between header section and body
	MboxFromLine         Kind = "mbox-from-line"          // "From " of an mbox before the header section
	EncodedWordInvalid   Kind = "encoded-word-invalid"    // does not decode (RFC 2047 §2, §5)
	EncodedWordCharset   Kind = "encoded-word-charset"    // unknown charset
	EncodedWordBytes     Kind = "encoded-word-bytes"      // what it holds is not valid in its charset
	EncodedWordTooLong   Kind = "encoded-word-too-long"   // more than 75 characters (RFC 2047 §2)
	EncodedWordPlacement Kind = "encoded-word-placement"  // inside a quoted string, or touching other text (RFC 2047 §5)
	EncodedWordSplitChar Kind = "encoded-word-split-char" // a character is split between two words (RFC 2047 §5)
	EncodedWordUnneeded  Kind = "encoded-word-unneeded"   // it encodes nothing but plain ASCII
	EncodedWordControl   Kind = "encoded-word-control"    // it hides a CR, LF or NUL
	AddressSyntax        Kind = "address-syntax"          // no mailbox, no group (RFC 5322 §3.4)
	AddressNoDomain      Kind = "address-no-domain"       // a mailbox without @ and domain
	AddressDomainSyntax  Kind = "address-domain"          // the domain is not a domain name
	AddressObsolete      Kind = "address-obsolete"        // obs-mbox, obs-route, empty elements (RFC 5322 §4.4)
	AddressEightBit      Kind = "address-8bit"            // UTF-8 in the address itself (RFC 6532)
	AddressUnquoted      Kind = "address-unquoted"        // a display name with specials that needs quotes
	AddressNoSpace       Kind = "address-no-space"        // Name<a@example.com>
	AddressTooMany       Kind = "address-too-many"        // more than are read
	DateSyntax           Kind = "date-syntax"             // no date-time (RFC 5322 §3.3)
	DateObsolete         Kind = "date-obsolete"           // two-digit year, named zone (RFC 5322 §4.3)
	DateWeekday          Kind = "date-weekday"            // the day of the week is another
	DateZone             Kind = "date-zone"               // an offset that no place has
	MessageIDSyntax      Kind = "message-id-syntax"       // no <left@right> (RFC 5322 §3.6.4)
)

// Kinds of defects in MIME structure.
const (
	ContentTypeSyntax   Kind = "content-type-syntax"   // no type/subtype (RFC 2045 §5.1)
	ParamSyntax         Kind = "param-syntax"          // a parameter that does not parse, or stands twice
	TrailingSemicolon   Kind = "trailing-semicolon"    // "text/plain;"
	BoundaryMissing     Kind = "boundary-missing"      // multipart without the parameter (RFC 2046 §5.1.1)
	BoundaryInvalid     Kind = "boundary-invalid"      // more than 70 characters, forbidden ones, a space at the end
	BoundaryPrefix      Kind = "boundary-prefix"       // it begins with, or is the beginning of, an outer one
	BoundaryUnused      Kind = "boundary-unused"       // no delimiter line in the body
	BoundaryUnclosed    Kind = "boundary-unclosed"     // no closing delimiter
	TooDeep             Kind = "too-deep"              // nested deeper than is read
	TooManyParts        Kind = "too-many-parts"        // more parts than are read
	EncodingUnknown     Kind = "encoding-unknown"      // a Content-Transfer-Encoding of its own (RFC 2045 §6.1)
	EncodingOnComposite Kind = "encoding-on-composite" // base64 or quoted-printable on multipart or message (RFC 2045 §6.4)
	SevenBitViolated    Kind = "7bit-violated"         // octets above 127 in a part declared 7bit, or not declared
	NULInBody           Kind = "nul-in-body"           // outside binary (RFC 2045 §2.8)
	Base64Invalid       Kind = "base64-invalid"        // characters or padding (RFC 2045 §6.8)
	Base64LineTooLong   Kind = "base64-line-too-long"  // more than 76 characters
	QPInvalid           Kind = "qp-invalid"            // "=" without two hexadecimal digits, 8-bit octets (RFC 2045 §6.7)
	QPLineTooLong       Kind = "qp-line-too-long"      // more than 76 characters
	CharsetUnknown      Kind = "charset-unknown"       // no such charset
	CharsetMissing      Kind = "charset-missing"       // 8-bit text without a charset (RFC 2046 §4.1.2)
	CharsetMismatch     Kind = "charset-mismatch"      // the text is not valid in its charset
	DecodedTooLarge     Kind = "decoded-too-large"     // more than is decoded
)

// Kinds of defects of lines, for the whole message.
const (
	BareLF      Kind = "bare-lf"       // LF without CR (RFC 5322 §2.3)
	BareCR      Kind = "bare-cr"       // CR without LF
	Smuggling   Kind = "smuggling"     // a dot alone between line ends of which one is not CRLF
	LineTooLong Kind = "line-too-long" // more than 998 octets in a body (RFC 5322 §2.1.1)
)

// A Defect is one thing that is not as the RFCs ask.
type Defect struct {
	Kind Kind
	// Where is the place as a finding names it: "header:Subject",
	// "header:DKIM-Signature[2]", "part:1.2@8123". It is empty for a defect
	// that one of the value parsers (ParseAddresses, ParseDate …) returns.
	Where string
	// Offset counts bytes from the beginning of the message; from the beginning
	// of the value for a value parser.
	Offset int
	Count  int    // how often it occurs; Offset is of the first
	Detail string // the bytes at fault or a few words, for a reader
}

// Has reports whether a defect of the kind is among them.
func Has(defects []Defect, kind Kind) bool {
	for _, d := range defects {
		if d.Kind == kind {
			return true
		}
	}
	return false
}
