package spf

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/postmuster/postmuster/internal/dns"
)

// Records made to hurt: as much as a TXT record holds, and nothing that is text.
func hostileRecords() map[string]string {
	const size = 64 << 10
	fill := func(term string) string { return "v=spf1" + strings.Repeat(term, size/len(term)) + " -all" }
	return map[string]string{
		"no record":          "v=spf1" + strings.Repeat("x", size),
		"one term":           "v=spf1 " + strings.Repeat("a", size),
		"terms":              fill(" a"),
		"includes":           fill(" include:example.com"),
		"networks":           fill(" ip4:192.0.2.1"),
		"networks all alike": fill(" ip6:::/0"),
		"unknown mechanisms": fill(" q"),
		"modifiers":          fill(" a=b"),
		"macros":             "v=spf1 exists:" + strings.Repeat("%{l128r.-+,/_=}", size/15) + ".example.com",
		"open braces":        "v=spf1 exists:" + strings.Repeat("%{", size/2),
		"labels":             "v=spf1 a:" + strings.Repeat("a.", size/2) + "example.com",
		"lengths":            "v=spf1 a" + strings.Repeat("/1", size/2),
		"colons":             "v=spf1 ip6:" + strings.Repeat(":", size),
		"spaces":             "v=spf1" + strings.Repeat(" ", size) + "-all",
		"NULs":               "v=spf1 " + strings.Repeat("\x00", size),
		"invalid UTF-8":      fill(" a:\xff\xfe"),
	}
}

// Each gets an answer, in memory that a few copies of the record explain.
func TestHostileRecords(t *testing.T) {
	for name, text := range hostileRecords() {
		t.Run(name, func(t *testing.T) {
			zone := newFakeResolver()
			zone.add("example.com", dns.TXT{Strings: []string{text}})
			local := strings.Repeat("a.", 250) // what fits into a command (RFC 5321 §4.5.3.1.4)
			for what, answer := range map[string]func() string{
				"Lint": func() string { return fmt.Sprint(len(Lint(text)) <= maxIssues+10) },
				"Check": func() string {
					return fmt.Sprint(check(zone, "192.0.2.99", local+"@example.com").Result != "")
				},
				"Analyse": func() string {
					n := Analyse(t.Context(), zone, "example.com")
					_, err := Flatten(n)
					return fmt.Sprint(n != nil || err != nil)
				},
			} {
				const perOctet = 400 // terms of two octets are each a struct, once parsed
				if got, octets := allocated(answer); got != "true" || octets > perOctet*uint64(len(text)) {
					t.Errorf("%s: %s with %d octets for each of the record", what, got, octets/uint64(len(text)))
				}
			}
		})
	}
}

// allocated returns what f says and how much it took in all.
func allocated(f func() string) (string, uint64) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	got := f()
	runtime.ReadMemStats(&after)
	return got, after.TotalAlloc - before.TotalAlloc
}
