package mime

import (
	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/internal/message"
)

var _ = suite.Add(&checks.Check{
	ID:       "boundary-missing",
	Title:    "Every multipart names its boundary",
	Why:      "Nobody can tell the parts apart: readers see the source, or nothing.",
	Fix:      "Let a library write the Content-Type, or add the boundary that stands between the parts.",
	Refs:     []string{"RFC 2046 §5.1.1"},
	Category: category, Scope: checks.Message, Severity: checks.Blocker, Points: 20,
	Needs: treeFact,
	Eval:  judge(defects{message.BoundaryMissing: "the multipart has no boundary parameter"}),
})

var _ = suite.Add(&checks.Check{
	ID:       "boundary-unclosed",
	Title:    "Every multipart has its delimiters, and ends with the closing one",
	Why:      "A message that breaks off was cut on the way, or put together by hand: some readers lose the last part, some refuse it.",
	Fix:      "End the multipart with --BOUNDARY--; look for a limit that cuts the message.",
	Refs:     []string{"RFC 2046 §5.1.1"},
	Category: category, Scope: checks.Message, Severity: checks.High, Points: 8,
	Needs: treeFact,
	Eval: judge(defects{
		message.BoundaryUnclosed: "the multipart does not end with its closing delimiter",
		message.BoundaryUnused:   "no delimiter with the boundary stands in the multipart",
	}),
})

var _ = suite.Add(&checks.Check{
	ID:       "boundary-invalid",
	Title:    "Boundaries are well-formed and differ from each other",
	Why:      "Readers may divide the message at other places.",
	Fix:      "Use at most 70 letters and digits, other ones for each multipart.",
	Refs:     []string{"RFC 2046 §5.1.1", "RFC 2046 §5.1.2"},
	Category: category, Scope: checks.Message, Severity: checks.Medium, Points: 5,
	Needs: treeFact,
	Eval: judge(defects{
		message.BoundaryInvalid: "the boundary has more than 70 characters, or ones that it may not have",
		message.BoundaryPrefix:  "the boundary begins as that of an outer multipart does",
	}),
})
