package spf

// IsRecord reports whether a TXT record's text claims to be a policy: "v=spf1"
// in any case, then a space or the end (RFC 7208 §4.5).
func IsRecord(text string) bool { return false }

// Select returns the texts that are policies; receivers accept exactly one.
func Select(texts []string) []string { return nil }
