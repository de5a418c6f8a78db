package audit

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/postmuster/postmuster/checks/all"
	"github.com/postmuster/postmuster/checks/fact"
	"github.com/postmuster/postmuster/internal/message"
	"github.com/postmuster/postmuster/internal/testkit/dnstest"
)

// What it costs to score a message whose questions are answered at once.
func BenchmarkMessage(b *testing.B) {
	zone, err := os.ReadFile(filepath.Join("..", "testkit", "mailnet", "world.zone"))
	if err != nil {
		b.Fatal(err)
	}
	for _, name := range []string{"good", "accidents"} {
		b.Run(name, func(b *testing.B) {
			raw, err := os.ReadFile(filepath.Join("..", "testkit", "mailnet", name+".eml"))
			if err != nil {
				b.Fatal(err)
			}
			now := time.Now()
			a := &Auditor{Suite: all.Checks(), Net: fact.Net{DNS: dnstest.New(b, string(zone)), Now: func() time.Time { return now }}}
			b.ReportAllocs()
			for b.Loop() {
				if r := a.Message(b.Context(), &message.Message{Raw: raw}, ""); len(r.Results) == 0 {
					b.Fatal("no check ran")
				}
			}
		})
	}
}
