package arc

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// Chains made to hurt get an answer, in memory that a few copies of the message
// explain.
func TestHostileChains(t *testing.T) {
	fields := func(n int, format string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, i+1)
		}
		return b.String() + testMessage
	}
	for name, message := range map[string]string{
		"a thousand instances":   fields(1000, "ARC-Seal: i=%[1]d; cv=pass\r\nARC-Message-Signature: i=%[1]d\r\nARC-Authentication-Results: i=%[1]d; x\r\n"),
		"a number of 64 KB":      strings.Replace(chain(t, 1), "i=1", "i="+strings.Repeat("1", 64<<10), 1),
		"64 KB of tags":          strings.Replace(chain(t, 1), "i=1;", "i=1;"+strings.Repeat("a=b;", 16<<10), 1),
		"64 KB of domain":        strings.Replace(chain(t, 1), "d=example", "d="+strings.Repeat("a.", 32<<10), 1),
		"64 KB of results":       strings.Replace(chain(t, 1), "spf=pass", "spf=pass"+strings.Repeat(";a=b c.d=e(f)", 5000), 1),
		"no fields of ARC":       "ARC-Seal: hello\r\nARC-Message-Signature: hello\r\nARC-Authentication-Results: hello\r\n" + testMessage,
		"NULs":                   strings.ReplaceAll(chain(t, 2), "i=1", "i=\x00"),
		"invalid UTF-8":          strings.ReplaceAll(chain(t, 2), "d=", "d=\xff"),
		"a body of a megabyte":   chain(t, 3) + strings.Repeat("more\r\n", 1<<20/6),
		"fifty sets, none right": strings.ReplaceAll(chain(t, 50), "b=", "b=A"),
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			got := Verify(t.Context(), testZone(), []byte(message), testNow)
			runtime.ReadMemStats(&after)
			if got.Result != ResultFail || got.Error == "" || len(got.Error) > 1000 || len(got.Instances) > MaxInstances {
				t.Errorf("%s, %d instances: %.200s", got.Result, len(got.Instances), got.Error)
			}
			if octets := (after.TotalAlloc - before.TotalAlloc) / uint64(len(message)); octets > 100 {
				t.Errorf("%d octets were allocated for each of the message", octets)
			}
		})
	}
}

func BenchmarkVerify(b *testing.B) {
	z, message := testZone(), []byte(chain(b, 3))
	b.ReportAllocs()
	for b.Loop() {
		if got := Verify(b.Context(), z, message, testNow); got.Result != ResultPass {
			b.Fatal(got.Error)
		}
	}
}
