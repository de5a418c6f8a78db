package tlsrpt

import (
	"runtime"
	"strings"
	"testing"
)

// Texts made to hurt get an answer, and one of a sensible size.
func TestHostileTexts(t *testing.T) {
	const size = maxRecord
	fill := func(before, s string) string { return before + strings.Repeat(s, (size-len(before))/len(s)) }
	for name, text := range map[string]string{
		"text that is not a record": fill("", "hello "),
		"tags":                      fill("v=TLSRPTv1;", "a=b;"),
		"tags without a value":      fill("v=TLSRPTv1;", "a;"),
		"rua and rua":               fill("v=TLSRPTv1;", "rua=x;"),
		"destinations":              fill("v=TLSRPTv1;rua=", "mailto:a@example.com,"),
		"commas":                    fill("v=TLSRPTv1;rua=", ","),
		"one long address":          fill("v=TLSRPTv1;rua=mailto:a@", "a"),
		"percent signs":             fill("v=TLSRPTv1;rua=mailto:", "%"),
		"semicolons":                fill("", ";"),
		"equals signs":              fill("v=TLSRPTv1;", "="),
		"white space":               fill("v=TLSRPTv1;", " "),
		"more than 64 KB":           fill("v=TLSRPTv1;", "a=b;") + "a=b;",
		"NULs":                      fill("v=TLSRPTv1;rua=mailto:a@example.com;", "\x00"),
		"NULs in an address":        fill("v=TLSRPTv1;rua=mailto:", "\x00"),
		"invalid UTF-8":             fill("v=TLSRPTv1;rua=https://", "\xff"),
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			r, issues := Parse(text)
			runtime.ReadMemStats(&after)
			if octets := (after.TotalAlloc - before.TotalAlloc) / uint64(len(text)); octets > 400 {
				t.Errorf("%d octets were allocated for each of the text", octets)
			}
			if r.Valid != (name == "destinations") || len(issues) == 0 || len(issues) > 2*maxIssues {
				t.Errorf("valid %t, %d issues", r.Valid, len(issues))
			}
			if len(r.RUA) > maxDestinations {
				t.Errorf("%d destinations", len(r.RUA))
			}
			for _, i := range issues {
				if len(i.Message) > 300 {
					t.Errorf("a message of %d octets", len(i.Message))
				}
			}
		})
	}
}
