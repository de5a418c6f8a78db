package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/postmuster/postmuster/internal/message"
	"github.com/postmuster/postmuster/internal/sink/store"
)

func storedDir(o options) string { return filepath.Join(o.dir, "stored") }

// stored measures what many messages cost: memory, and the times of lists and
// searches while more arrive.
func stored(ctx context.Context, o options) error {
	s, err := store.Open(config(o, storedDir(o)))
	if err != nil {
		return err
	}
	if _, err := s.List(ctx, store.Query{}); err != nil { // waits for the index of those from before
		return err
	}
	stats, err := s.Stats(ctx)
	if err != nil {
		return err
	}
	w, n := startWatch(), max(0, o.n-stats.Messages)
	if n > 0 {
		times, err := fill(ctx, s, n, func(i int) *message.Message { return mail(i, o.size) })
		if err != nil {
			return err
		}
		if err := ready(ctx, s); err != nil {
			return err
		}
		fmt.Printf("stored   %d messages: searchable %s; accepted in %s; peak %.0f MB\n", n, w.rate(n), quantiles(times), peakMB())
	}
	if err := search(ctx, s, o); err != nil {
		return err
	}
	if stats, err = s.Stats(ctx); err != nil {
		return err
	}
	fmt.Printf("stored   %d messages, %d bytes each in the log: peak %.0f MB\n",
		stats.Messages, stats.DiskBytes/int64(max(1, stats.Messages)), peakMB())
	return s.Close()
}

// searches are what people and tests ask for; the frequent words are in most messages.
var searches = []string{
	"", "word7", "word1900", "word1900 word7", `"word1 word2"`, "word190*", "from:user17@example.net", "to:rcpt3", "subject:word12",
	"inbox:t5", "is:unread", "score:<50", "check:spf-fail", "larger:1M", "has:attachment", "-word3 word7",
}

// search measures lists and searches while messages arrive and are scored.
func search(ctx context.Context, s *store.Store, o options) error {
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() { arrive(ctx, s, o) })
	defer wg.Wait()
	defer cancel()
	for _, text := range searches {
		q := store.Query{}
		if text != "" {
			var err error
			if q.Search, err = store.ParseSearch(text); err != nil {
				return err
			}
		}
		var times []time.Duration
		used := cpu()
		found := 0
		for range o.searches {
			began := time.Now()
			page, err := s.List(ctx, q)
			if err != nil {
				return fmt.Errorf("%s: %w", text, err)
			}
			times = append(times, time.Since(began))
			found = page.Total
		}
		fmt.Printf("search   %-26q %4d found  %s  (%v of CPU each, what arrives included)\n",
			text, found, quantiles(times), ((cpu() - used) / time.Duration(o.searches)).Round(10*time.Microsecond))
	}
	return nil
}

// arrive stores and scores messages at the rate until ctx ends.
func arrive(ctx context.Context, s *store.Store, o options) {
	if o.rate <= 0 {
		return
	}
	tick := time.NewTicker(time.Second / time.Duration(o.rate))
	defer tick.Stop()
	report := []byte(strings.Repeat(`{"check":"spf-fail","outcome":"fail","message":"not authorised"},`, 200))
	var wg sync.WaitGroup
	defer wg.Wait()
	for i := 0; ; i++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		r, err := s.Add(ctx, mail(o.n+i, o.size))
		if err != nil {
			return
		}
		wg.Go(func() { // as a scorer would, some time later, and not waiting for it
			_ = s.SetReport(ctx, r.ID, &store.Report{JSON: report, Score: store.Score{Value: i % 100, Grade: "C"}, Failed: []string{"spf-fail", "dkim-missing"}})
		})
	}
}

// reopen measures the start with an index that is intact.
func reopen(ctx context.Context, o options) error { return open(ctx, o, "index intact") }

// rebuild measures the start without an index.
func rebuild(ctx context.Context, o options) error {
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(filepath.Join(storedDir(o), "index.sqlite"+suffix)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return open(ctx, o, "index removed")
}

func open(ctx context.Context, o options, how string) error {
	w := startWatch()
	s, err := store.Open(config(o, storedDir(o)))
	if err != nil {
		return err
	}
	opened := time.Since(w.start)
	page, err := s.List(ctx, store.Query{})
	if err != nil {
		return err
	}
	fmt.Printf("open     %d messages, %s: ready for messages after %v, first list after %v; all in all %s; peak %.0f MB\n",
		page.Total, how, opened.Round(100*time.Microsecond), time.Since(w.start).Round(100*time.Microsecond), w.rate(max(1, page.Total)), peakMB())
	return s.Close()
}
