package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/postmuster/postmuster/internal/message"
	"github.com/postmuster/postmuster/internal/sink/store"
)

const (
	// writers store at once, as many sessions.
	writers = 20
	// acceptBytes are stored to measure how fast messages are accepted.
	acceptBytes = 80 << 20
	// largeBytes is the size of the large message.
	largeBytes = 40 << 20
	// indexed messages show how fast the index follows.
	indexed = 10_000
)

// fill stores n messages and returns how long each took.
func fill(ctx context.Context, s *store.Store, n int, mail func(int) *message.Message) ([]time.Duration, error) {
	var next atomic.Int64
	var mu sync.Mutex
	var times []time.Duration
	var errs []error
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			for i := next.Add(1); i <= int64(n); i = next.Add(1) {
				m := mail(int(i))
				began := time.Now()
				err := s.Receive(ctx, m)
				mu.Lock()
				times = append(times, time.Since(began))
				mu.Unlock()
				if err != nil {
					mu.Lock()
					errs = append(errs, err)
					mu.Unlock()
					return
				}
			}
		})
	}
	wg.Wait()
	return times, errors.Join(errs...)
}

// ready waits until all that was stored can be searched.
func ready(ctx context.Context, s *store.Store) error {
	stats, err := s.Stats(ctx)
	if err != nil {
		return err
	}
	return s.WaitSeq(ctx, stats.Seq)
}

// accept measures how fast messages are as safe as they should be. They are made
// before, and few of them, so that making them costs nothing meanwhile.
func accept(ctx context.Context, o options) error {
	const different = 50
	made := make([]*message.Message, different)
	for i := range made {
		made[i] = mail(i, o.size)
	}
	s, err := store.Open(config(o, filepath.Join(o.dir, "accept")))
	if err != nil {
		return err
	}
	defer os.RemoveAll(filepath.Join(o.dir, "accept"))
	n := acceptBytes / o.size
	w := startWatch()
	times, err := fill(ctx, s, n, func(i int) *message.Message { return made[i%different] })
	if err != nil {
		return err
	}
	fmt.Printf("accept   %-8s %3d KB, %d writers: %s  %s\n", o.durability, o.size>>10, writers, w.rate(n), quantiles(times))
	return s.Close()
}

// index measures how fast messages are accepted and indexed in the long run.
func index(ctx context.Context, o options) error {
	dir := filepath.Join(o.dir, "index")
	s, err := store.Open(config(o, dir))
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	w := startWatch()
	if _, err := fill(ctx, s, indexed, func(i int) *message.Message { return mail(i, o.size) }); err != nil {
		return err
	}
	accepted := w.rate(indexed)
	if err := ready(ctx, s); err != nil {
		return err
	}
	fmt.Printf("index    %d messages of %d KB: accepted %s, searchable %s\n", indexed, o.size>>10, accepted, w.rate(indexed))
	return s.Close()
}

// large measures the memory that a large message takes, the message itself included.
func large(ctx context.Context, o options) error {
	dir := filepath.Join(o.dir, "large")
	m := mail(1, largeBytes)
	s, err := store.Open(config(o, dir))
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	began := time.Now()
	r, err := s.Add(ctx, m)
	if err != nil {
		return err
	}
	took := time.Since(began)
	if err := s.WaitSeq(ctx, r.Seq); err != nil {
		return err
	}
	stored := peakMB()
	head := bytes.Clone(m.Raw[:100])
	size := len(m.Raw)
	m = nil
	runtime.GC()
	raw, err := s.Raw(ctx, r.ID)
	if err != nil {
		return err
	}
	if len(raw) != size || !bytes.HasPrefix(raw, head) {
		return errors.New("the large message comes back altered")
	}
	mb := float64(size) / (1 << 20)
	fmt.Printf("large    %-8s %.0f MB stored in %v: peak %.0f MB, %.2f of the message; after reading it %.0f MB\n",
		o.durability, mb, took.Round(time.Millisecond), stored, stored/mb, peakMB())
	return s.Close()
}
