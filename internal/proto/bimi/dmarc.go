package bimi

import (
	"fmt"
	"strconv"
	"strings"
)

// DMARCIssues says what in a DMARC policy keeps receivers from showing a logo:
// the texts of its p, sp and pct tags, empty where there is none. Both the
// organisational domain and the author domain need a policy without an error
// (§1, §2).
func DMARCIssues(p, sp, pct string) []Issue {
	var issues []Issue
	report := func(severity Severity, format string, args ...any) {
		issues = append(issues, Issue{severity, CodeDMARC, fmt.Sprintf(format, args...), 0})
	}
	p, sp = policy(p), policy(sp)
	switch p {
	case "reject", "quarantine":
	case "":
		report(SeverityError, "there is no DMARC policy")
	default:
		report(SeverityError, "the DMARC policy is p=%s, and has to be quarantine or reject", p)
	}
	switch sp {
	case "", "reject", "quarantine":
	default:
		report(SeverityError, "the DMARC policy for subdomains is sp=%s, and has to be quarantine or reject", sp)
	}
	percent, err := strconv.Atoi(strings.TrimSpace(pct))
	switch {
	case strings.TrimSpace(pct) == "":
	case err != nil || percent < 0 || percent > 100:
		report(SeverityWarning, "pct=%.20s is no percentage", strings.TrimSpace(pct))
	case percent < 100 && (p == "quarantine" || sp == "quarantine"):
		report(SeverityError, "pct=%d: a policy of quarantine has to be for all messages", percent)
	case percent < 100:
		report(SeverityWarning, "pct=%d: some mailbox providers want the policy to be for all messages", percent)
	}
	return issues
}

func policy(text string) string {
	text = strings.ToLower(strings.TrimSpace(text))
	return text[:min(len(text), 32)]
}
