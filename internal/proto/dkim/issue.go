package dkim

// Severity says what an issue means to verifiers.
type Severity string

// The severities.
const (
	SeverityError   Severity = "error"   // verifiers refuse this
	SeverityWarning Severity = "warning" // it works, or works somewhere, but should be mended
	SeverityInfo    Severity = "info"    // worth knowing
)

// An Issue is something to know about a key record, a signature or a message.
type Issue struct {
	Code     Code     `json:"code"`
	Severity Severity `json:"severity"`
	Message  string   `json:"message"`
	// Position is an octet offset into the text that was read: the key record,
	// the signature field's value or, for a Report's issues, the message.
	Position int `json:"position"`
}

// Code names an issue, for programs.
type Code string

// Issues of any tag-list (RFC 6376 §3.2).
const (
	CodeSyntax       Code = "syntax"
	CodeDuplicateTag Code = "duplicate-tag"
	CodeUnknownTag   Code = "unknown-tag"
	CodeEmptyTag     Code = "empty-tag" // two semicolons in a row
	CodeTooLong      Code = "too-long"
)

// Issues of key records (RFC 6376 §3.6.1).
const (
	CodeVersion         Code = "version"           // v= is not DKIM1
	CodeVersionNotFirst Code = "version-not-first" // v= must be the first tag
	CodeVersionMissing  Code = "version-missing"   // legal, but recommended
	CodeKeyType         Code = "key-type"          // k= is unknown
	CodeLetterCase      Code = "letter-case"       // a keyword in another case than the RFC's
	CodeNoPublicKey     Code = "no-public-key"     // p= is missing
	CodeRevoked         Code = "revoked"           // p= is empty
	CodeBase64          Code = "base64"            // p= is not base64
	CodeDER             Code = "der"               // p= is no key of its type
	CodePrivateKey      Code = "private-key"       // p= holds the private key
	CodeKeySpace        Code = "key-space"         // white space inside p=
	CodePKCS1           Code = "pkcs1"             // the key is a bare RSAPublicKey
	CodeKeyTooShort     Code = "key-too-short"     // RSA under 1024 bits
	CodeKeyShort        Code = "key-short"         // RSA under 2048 bits
	CodeKeyLong         Code = "key-long"          // RSA over 4096 bits
	CodeExponent        Code = "exponent"          // an RSA exponent that is weak or that verifiers refuse
	CodeModulus         Code = "modulus"           // an RSA modulus that cannot be one
	CodeHash            Code = "hash"              // h= leaves out sha256
	CodeService         Code = "service"           // s= leaves out email
	CodeTesting         Code = "testing"           // t=y
	CodeGranularity     Code = "granularity"       // g= of RFC 4871
	CodeNotes           Code = "notes"             // n= is not for production
)

// Issues of finding a key.
const (
	CodeSeveralKeys     Code = "several-keys"     // more than one key at a name
	CodeUnrelatedRecord Code = "unrelated-record" // a TXT record beside the key that is none
	CodeDanglingAlias   Code = "dangling-alias"   // a CNAME that leads nowhere
)

// Issues of signatures.
const (
	CodeMissingTag        Code = "missing-tag"
	CodeDomain            Code = "domain"              // d= or s= cannot be a name
	CodeIdentity          Code = "identity"            // i= is not within d=
	CodeSHA1              Code = "sha1"                // RFC 8301 §3.1
	CodeFromNotSigned     Code = "from-not-signed"     // RFC 6376 §5.4
	CodeFromTwice         Code = "from-twice"          // RFC 6376 §8.15
	CodeFieldPartlySigned Code = "field-partly-signed" // a field occurs more often than it is signed
	CodeBodyLength        Code = "body-length"         // l= is used
	CodeUnsignedBody      Code = "unsigned-body"       // the body goes on after l=
	CodeExpired           Code = "expired"             // x= has passed
	CodeFuture            Code = "future"              // t= is in the future
	CodeBodyChanged       Code = "body-changed"        // the likely cause of a body hash mismatch
	CodeHeaderChanged     Code = "header-changed"      // the likely cause of a header hash mismatch
	CodeOtherKey          Code = "other-key"           // the signature was made with another key
	CodeOtherwiseValid    Code = "otherwise-valid"     // refused, but the signature is right
	CodeHeaderList        Code = "header-list"         // something odd about h=
)

// Issues of messages.
const (
	CodeLineEnds    Code = "line-ends"    // lines that do not end in CRLF
	CodeNoSeparator Code = "no-separator" // no empty line between header and body
	CodeBadField    Code = "bad-field"    // a line of the header that is no field
	CodeHeaderSize  Code = "header-size"  // more header than MaxHeaderSize
	CodeSignatures  Code = "signatures"   // more signatures than MaxSignatures
)
