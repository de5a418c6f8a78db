package spf

import "strings"

// IsRecord reports whether a TXT record's text claims to be a policy: "v=spf1"
// in any case, then a space or the end (RFC 7208 §4.5).
func IsRecord(text string) bool {
	return hasVersion(text) && (len(text) == len(version) || text[len(version)] == ' ')
}

func hasVersion(text string) bool {
	return len(text) >= len(version) && strings.EqualFold(text[:len(version)], version)
}

// Select returns the texts that are policies; receivers accept exactly one.
func Select(texts []string) []string {
	var records []string
	for _, text := range texts {
		if IsRecord(text) {
			records = append(records, text)
		}
	}
	return records
}
