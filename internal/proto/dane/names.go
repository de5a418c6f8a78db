package dane

import (
	"crypto/x509"
	"fmt"
	"strings"

	"golang.org/x/net/idna"

	"github.com/postmuster/postmuster/internal/dns"
)

// references returns the reference identifiers as certificates write them: in
// A-labels (RFC 6125 §6.4.2).
func references(hosts []string) []string {
	var names []string
	for _, host := range hosts {
		name := dns.Canonical(host)
		if ascii, err := idna.Lookup.ToASCII(name); err == nil {
			name = ascii
		}
		if name != "" && name != "." {
			names = append(names, name)
		}
	}
	return names
}

// nameMismatch says why a certificate is not for any of the hosts; it is empty
// when it is. The subject's common name counts only where the certificate has
// no dNSName (RFC 7672 §3.2.3).
func nameMismatch(leaf *x509.Certificate, hosts []string) string {
	if len(hosts) == 0 {
		return "there is no name to compare the certificate with"
	}
	identifiers := leaf.DNSNames
	if len(identifiers) == 0 && leaf.Subject.CommonName != "" {
		identifiers = []string{leaf.Subject.CommonName}
	}
	for _, identifier := range identifiers {
		for _, host := range hosts {
			if matchesName(identifier, host) {
				return ""
			}
		}
	}
	return fmt.Sprintf("the host's certificate is for %s, not for %s", some(identifiers), some(hosts))
}

// matchesName compares a presented identifier with a reference identifier. A
// wildcard is the whole of the first label and stands for exactly one
// (RFC 7672 §3.2.3); below a top-level domain it stands for nothing.
func matchesName(identifier, host string) bool {
	identifier = dns.Canonical(identifier)
	parent, isWildcard := strings.CutPrefix(identifier, "*.")
	if !isWildcard {
		return identifier != "" && identifier == host
	}
	label, rest, ok := strings.Cut(host, ".")
	return ok && label != "" && rest == parent && strings.Contains(parent, ".")
}

// some lists names for a reader, not all of a hostile number.
func some(names []string) string {
	const most = 5
	if len(names) == 0 {
		return "no name"
	}
	var b strings.Builder
	for i, name := range names[:min(len(names), most)] {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%q", name[:min(len(name), 255)])
	}
	if len(names) > most {
		b.WriteString(", …")
	}
	return b.String()
}
