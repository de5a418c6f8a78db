package dmarc

import (
	"runtime"
	"strings"
	"testing"
)

// Records made to hurt get an answer, in memory that a few copies of the record
// explain.
func TestHostileRecords(t *testing.T) {
	const size = 64 << 10
	fill := func(tag string) string { return "v=DMARC1;p=none;" + strings.Repeat(tag, size/len(tag)) }
	for name, text := range map[string]string{
		"no record":        strings.Repeat("x", size),
		"one tag":          "v=DMARC1;" + strings.Repeat("p", size),
		"one value":        "v=DMARC1;p=" + strings.Repeat("n", size),
		"tags":             fill("a=b;"),
		"the same tag":     fill("p=none;"),
		"empty tags":       fill(";"),
		"equals signs":     fill("="),
		"destinations":     "v=DMARC1;p=none;rua=" + strings.Repeat("mailto:a@example.net,", size/21),
		"no destinations":  "v=DMARC1;p=none;rua=" + strings.Repeat(",", size),
		"one destination":  "v=DMARC1;p=none;rua=mailto:" + strings.Repeat("a", size) + "@example.net",
		"failure options":  "v=DMARC1;p=none;ruf=mailto:a@example.net;fo=" + strings.Repeat("1:", size/2),
		"percent encoding": "v=DMARC1;p=none;rua=mailto:" + strings.Repeat("%zz", size/3),
		"NULs":             fill("\x00"),
		"invalid UTF-8":    fill("\xff\xfe;"),
	} {
		t.Run(name, func(t *testing.T) {
			z := newZone(t, "")
			z.lines = [][2]string{{"_dmarc.example.com", text}}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			record, issues := Parse(text)
			e := Evaluate(t.Context(), z, input("example.com spf=pass:a.example.com dkim=pass:example.com"))
			AuthorizeReports(t.Context(), z, "example.com", record.RUA)
			runtime.ReadMemStats(&after)
			if len(issues) > maxIssues || e.Result == "" || len(z.asked) > 100 {
				t.Errorf("%d issues, result %q, %d questions", len(issues), e.Result, len(z.asked))
			}
			const perOctet = 400 // tags of two octets are each a struct, and the record is read at each step of the walk
			if octets := (after.TotalAlloc - before.TotalAlloc) / uint64(len(text)); octets > perOctet {
				t.Errorf("%d octets were allocated for each of the record", octets)
			}
		})
	}
}
