package authres

import "strings"

// lower returns ASCII letters in lower case, which keeps every octet in place.
func lower(s string) string {
	if strings.IndexFunc(s, func(r rune) bool { return r >= 'A' && r <= 'Z' }) < 0 {
		return s
	}
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// isKeyword: letters, digits and hyphens, no hyphen last (Ldh-str of RFC 5321
// §4.1.2, which RFC 8601 §2.2 calls Keyword). An underscore does no harm.
func isKeyword(s string) bool {
	for i := range len(s) {
		if !isAlphanumeric(s[i]) && s[i] != '-' && s[i] != '_' {
			return false
		}
	}
	return s != "" && s[len(s)-1] != '-'
}

func isAlphanumeric(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// tspecials need quotes (RFC 2045 §5.1).
const tspecials = `()<>@,;:\"/[]?=`

// isToken reports whether a value may stand without quotes; RFC 8601 §2.2 adds
// UTF-8 to the token of RFC 2045.
func isToken(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] == 0x7f || strings.IndexByte(tspecials, s[i]) >= 0 {
			return false
		}
	}
	return s != ""
}

// isMailbox: [[local-part] "@"] domain-name, which may stand without quotes too.
func isMailbox(s string) bool {
	at := strings.LastIndexByte(s, '@')
	local, domain := s[:max(at, 0)], s[at+1:]
	quotes := len(local) > 1 && local[0] == '"' && local[len(local)-1] == '"'
	if !quotes && strings.ContainsAny(local, "()<>@,;:\\\"[]"+space) {
		return false
	}
	return at >= 0 && isToken(domain)
}
