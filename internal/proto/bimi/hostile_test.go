package bimi

import (
	"runtime"
	"strings"
	"testing"
)

// Records made to hurt get an answer, and one of a sensible size.
func TestHostileRecords(t *testing.T) {
	const size = 64 << 10
	for name, text := range map[string]string{
		"text that is not a record": "hello",
		"64 KB that is no record":   strings.Repeat("hello ", size/6),
		"64 KB of tags":             "v=BIMI1;" + strings.Repeat("a=b;", size/4),
		"64 KB of a location":       "v=BIMI1; l=https://example.com/" + strings.Repeat("a", size),
		"tags":                      "v=BIMI1;" + strings.Repeat("a=b;", MaxRecordSize/4-2),
		"semicolons":                strings.Repeat(";", MaxRecordSize),
		"equals signs":              "v=BIMI1;" + strings.Repeat("=", MaxRecordSize-8),
		"percent signs":             "v=BIMI1;l=https://" + strings.Repeat("%", MaxRecordSize-18),
		"prefixes":                  "v=BIMI1;l=ftp:;lps=" + strings.Repeat("a,", MaxRecordSize/2-10),
		"NULs":                      strings.Repeat("\x00", 1000),
		"NULs in a location":        "v=BIMI1; l=https://example.com/\x00.svg",
		"invalid UTF-8":             "v=BIMI1; l=https://example.com/\xff.svg",
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			r, issues := Parse(text)
			runtime.ReadMemStats(&after)
			if octets := after.TotalAlloc - before.TotalAlloc; octets > 1<<20 {
				t.Errorf("%d octets were allocated", octets)
			}
			if Usable(issues) || len(issues) > MaxRecordSize/4+maxTagIssues || len(r.Prefixes) > maxPrefixes {
				t.Errorf("it can be used: %t; %d issues, %d prefixes", Usable(issues), len(issues), len(r.Prefixes))
			}
			for _, i := range issues {
				if len(i.Message) > 2*MaxRecordSize {
					t.Errorf("a message of %d octets", len(i.Message))
				}
			}
		})
	}
}
