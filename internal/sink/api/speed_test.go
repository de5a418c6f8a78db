package api

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// messagesVar names the environment variable that says how many messages the
// benchmark stores; the figures that are told of are those of 100,000.
const messagesVar = "POSTMUSTER_BENCH_MESSAGES"

// storedShort keeps the benchmark running where nobody reads its figures.
const storedShort = 2000

// filled is a sink with very many messages, about 4 KB each.
func filled(b *testing.B) *sink {
	n := storedShort
	if said := os.Getenv(messagesVar); said != "" {
		var err error
		if n, err = strconv.Atoi(said); err != nil {
			b.Fatal(err)
		}
	}
	s := newSink(b, nil)
	var next atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i := next.Add(1); i <= int64(n); i = next.Add(1) {
				if _, err := s.store.Add(b.Context(), s.received(numbered(i))); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	if err := s.store.WaitSeq(b.Context(), uint64(n)); err != nil {
		b.Fatal(err)
	}
	return s
}

// numbered is a message that some searches find rarely and others often.
func numbered(i int64) string {
	text := ""
	for j := range 40 {
		text += fmt.Sprintf("Line %d of a message about order%d and customer%d, which people wrote.\n", j, i, i%1000)
	}
	return fmt.Sprintf("From: Ann <ann%d@example.com>\nTo: bob%d@example.net\nSubject: Order %d\nMessage-ID: <%d@example.com>\n\n%s", i%50, i%1000, i, i, text)
}

// BenchmarkWhileReceiving asks as clients do, over HTTP, while mail arrives as
// fast as it is paced. It tells the 50th and 99th percentile of each request.
func BenchmarkWhileReceiving(b *testing.B) {
	s := filled(b)
	for _, q := range []struct{ name, path string }{
		{"list", "/messages"},
		{"page", "/messages?limit=200&order=oldest"},
		{"search=rare", "/messages?query=" + url.QueryEscape("order777")},
		{"search=to", "/messages?query=" + url.QueryEscape("to:bob7@example.net")},
		{"search=common", "/messages?query=" + url.QueryEscape("people wrote")},
		{"search=two", "/messages?query=" + url.QueryEscape("from:ann7@example.com subject:order -is:read")},
		{"latest", "/messages/latest"},
	} {
		b.Run(q.name, func(b *testing.B) { measured(b, s, prefix+q.path) })
	}
}

// pace is how many messages a second arrive meanwhile: many test suites at once.
const pace = 200

func measured(b *testing.B, s *sink, path string) {
	ctx, cancel := context.WithCancel(b.Context())
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	wg.Go(func() {
		tick := time.NewTicker(time.Second / pace)
		defer tick.Stop()
		for i := int64(1_000_000); ; i++ {
			select {
			case <-tick.C:
			case <-ctx.Done():
				return
			}
			if _, err := s.store.Add(ctx, s.received(numbered(i))); err != nil && ctx.Err() == nil {
				b.Error(err)
			}
		}
	})
	var took []time.Duration
	for b.Loop() {
		start := time.Now()
		res, err := http.Get(s.url + path)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, res.Body); err != nil || res.StatusCode != 200 {
			b.Fatal(res.StatusCode, err)
		}
		res.Body.Close()
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
}
