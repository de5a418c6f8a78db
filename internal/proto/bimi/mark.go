package bimi

import (
	"crypto/x509"
	"time"
)

// ExpiryNotice is how long before its end a mark certificate is worth a warning.
const ExpiryNotice = 14 * 24 * time.Hour

// A MarkContext is what a mark certificate is judged against.
type MarkContext struct {
	Roots    *x509.CertPool // of the mark verifying authorities; nil: the path is not judged
	At       time.Time
	Domains  []string // the author domain and the organisational domain
	Selector string   // DefaultSelector when empty
	SVG      []byte   // the file served at l=; nil when there is none to compare with
}

// A Mark is what a mark certificate says (VMC or CMC).
type Mark struct {
	Certificate *x509.Certificate // the leaf; nil when none could be read
	Chain       []*x509.Certificate
	Domains     []string // its dNSNames
	Type        string   // the mark type of its subject: "Registered Mark", "Government Mark", "Prior Use Mark", …
	Common      bool     // a Common Mark Certificate (CMC), by its type
	Logo        SVG      // the indicator inside; its Issues are LintSVG's
	Issues      []Issue
}

// CheckMark judges the PEM file that a= points to.
func CheckMark(pemFile []byte, c MarkContext) Mark { return Mark{} }

// ExtractLogo returns the indicator that a certificate's logotype extension
// embeds, uncompressed (RFC 3709, RFC 6170 §4).
func ExtractLogo(extension []byte) ([]byte, error) { return nil, nil }
