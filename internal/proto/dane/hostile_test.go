package dane

import (
	"bytes"
	"runtime"
	"strings"
	"testing"

	"github.com/postmuster/postmuster/internal/dns"
)

// Texts and records made to hurt get an answer, in memory that a few copies of
// them explain, and never one that authenticates a host.
func TestHostile(t *testing.T) {
	const size = 64 << 10
	p := newPKI(t)
	for name, text := range map[string]string{
		"no record":       strings.Repeat("x", size),
		"one long number": strings.Repeat("3", size),
		"numbers":         strings.Repeat("3 ", size/2),
		"hexadecimal":     "3 1 1 " + strings.Repeat("ab", size/2),
		"a certificate":   "2 0 0 " + strings.Repeat("30 82 ", size/6),
		"records":         strings.Repeat("3 1 1 ab,", size/9),
		"commas":          strings.Repeat(",", size),
		"NULs":            strings.Repeat("\x00", size),
		"invalid UTF-8":   "3 1 1 " + strings.Repeat("\xff", size),
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			result, issues := CheckText(text, p.chain(), []string{"mx.example.com"}, now)
			runtime.ReadMemStats(&after)
			if result.Verdict == VerdictValid || len(issues) == 0 || len(issues) > 2*MaxRecords+10 {
				t.Errorf("%s with %d issues", result.Verdict, len(issues))
			}
			if octets := (after.TotalAlloc - before.TotalAlloc) / size; octets > 64 {
				t.Errorf("%d octets were allocated for each of the text", octets)
			}
		})
	}
	for usage := range 5 {
		for selector := range 3 {
			for matching := range 4 {
				record := dns.TLSA{Usage: uint8(usage), Selector: uint8(selector), MatchingType: uint8(matching), Association: bytes.Repeat([]byte{0x30}, size)}
				if got := Check(p.chain(), []string{"mx.example.com"}, []dns.TLSA{record, {}}, now); got.Verdict == VerdictValid {
					t.Errorf("64 KB of data authenticate a host as %d %d %d", usage, selector, matching)
				}
			}
		}
	}
}

// BenchmarkCheck is a host in the middle of a rollover.
func BenchmarkCheck(b *testing.B) {
	p, next := newPKI(b), newPKI(b)
	records := []dns.TLSA{Record(next.leaf.Certificate, 3, 1, 1), Record(p.leaf.Certificate, 3, 1, 1), Record(p.root.Certificate, 2, 1, 1)}
	chain := p.chain()
	b.ReportAllocs()
	for b.Loop() {
		if got := Check(chain, []string{"mx.example.com"}, records, now); got.Verdict != VerdictValid {
			b.Fatal(got.Verdict)
		}
	}
}
