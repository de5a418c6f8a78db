package dmarc

import (
	"testing"

	peer "github.com/emersion/go-msgauth/dmarc"
)

const benchRecord = "v=DMARC1; p=reject; sp=quarantine; adkim=r; rua=mailto:dmarc@example.com,mailto:dmarc@example.net"

// BenchmarkEvaluate is a whole evaluation by both standards, without the
// network. No peer does the same.
func BenchmarkEvaluate(b *testing.B) {
	z := newZone(b, "_dmarc.example.com "+benchRecord+"\nnews.example.com A")
	in := input("news.example.com spf=pass:bounce.example.com dkim=pass:example.com dkim=pass:example.net")
	b.ReportAllocs()
	for b.Loop() {
		z.asked = z.asked[:0]
		Evaluate(b.Context(), z, in)
	}
}

// BenchmarkParse reads a record, and for comparison with go-msgauth, which keeps
// neither positions nor issues.
func BenchmarkParse(b *testing.B) {
	b.Run("postmuster", func(b *testing.B) {
		for b.Loop() {
			Parse(benchRecord)
		}
	})
	b.Run("go-msgauth", func(b *testing.B) {
		for b.Loop() {
			if _, err := peer.Parse(benchRecord); err != nil {
				b.Fatal(err)
			}
		}
	})
}
