package store

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postmuster/postmuster/internal/message"
)

func TestRetentionByCount(t *testing.T) {
	modes(t, func(t *testing.T, config Config, _ *clock) {
		config.MaxMessages = 2
		s := mustOpen(t, config)
		first := mustAdd(t, s, letter("1"))
		for i := 2; i < 5; i++ {
			mustAdd(t, s, letter(fmt.Sprint(i)))
		}
		if got, want := subjects(t, s, ""), []string{"4", "3"}; !cmp.Equal(got, want) {
			t.Errorf("List = %v, want %v", got, want)
		}
		if got := subjects(t, s, "text"); len(got) != 2 {
			t.Errorf("text finds %v, want two", got)
		}
		if _, err := s.Raw(t.Context(), first.ID); !errors.Is(err, ErrNotFound) {
			t.Errorf("Raw of an expired message: %v, want ErrNotFound", err)
		}
	})
}

// Limits that are lowered hold from the next Open on.
func TestRetentionByLowerLimits(t *testing.T) {
	for name, lower := range map[string]func(*Config){
		"messages": func(c *Config) { c.MaxMessages = 2 },
		"bytes":    func(c *Config) { c.MaxBytes = int64(2 * len(letter("1").Raw)) },
	} {
		t.Run(name, func(t *testing.T) {
			config, _ := testConfig(t)
			s := mustOpen(t, config)
			for i := range 5 {
				mustAdd(t, s, letter(fmt.Sprint(i)))
			}
			if err := s.WaitCommitted(t.Context()); err != nil {
				t.Fatal(err)
			}
			s.Close()
			lower(&config)
			s = mustOpen(t, config)
			if got := subjects(t, s, ""); !cmp.Equal(got, []string{"4", "3"}) {
				t.Errorf("List = %v, want 4 and 3", got)
			}
			if st, err := s.Stats(t.Context()); err != nil || st.Messages != 2 {
				t.Errorf("Stats = %+v, %v, want 2 messages", st, err)
			}
		})
	}
}

func TestRetentionByAge(t *testing.T) {
	modes(t, func(t *testing.T, config Config, c *clock) {
		config.MaxAge = time.Hour
		s := mustOpen(t, config)
		old := mustAdd(t, s, mail("", "x+old@example.com", "Subject: old\r\n\r\ntext"))
		c.advance(30 * time.Minute)
		mustAdd(t, s, letter("new"))
		if got := subjects(t, s, ""); len(got) != 2 {
			t.Fatalf("List = %v, want two", got)
		}
		// Nothing but the time changes: at once, every answer is without it.
		c.advance(31 * time.Minute)
		if got := subjects(t, s, ""); !cmp.Equal(got, []string{"new"}) {
			t.Errorf("List = %v, want new", got)
		}
		if got := subjects(t, s, "text"); !cmp.Equal(got, []string{"new"}) {
			t.Errorf("text finds %v, want new", got)
		}
		if _, err := s.Get(t.Context(), old.ID); !errors.Is(err, ErrNotFound) {
			t.Errorf("Get = %v, want ErrNotFound", err)
		}
		if got, err := s.Inboxes(t.Context()); err != nil || len(got) != 0 {
			t.Errorf("Inboxes = %v, %v, want none", got, err)
		}
		if st, err := s.Stats(t.Context()); err != nil || st.Messages != 1 {
			t.Errorf("Stats = %+v, %v, want one message", st, err)
		}
	})
}

func TestRetentionByBytes(t *testing.T) {
	modes(t, func(t *testing.T, config Config, _ *clock) {
		config.MaxBytes = 1000
		s := mustOpen(t, config)
		for i := range 3 {
			mustAdd(t, s, mail("", "x@example.com", fmt.Sprintf("Subject: %d\r\n\r\n%0400d", i, 0)))
		}
		if got, want := subjects(t, s, ""), []string{"2", "1"}; !cmp.Equal(got, want) {
			t.Errorf("List = %v, want %v", got, want)
		}
		if err := s.Receive(t.Context(), mail("", "x@example.com", fmt.Sprintf("%01001d", 0))); !errors.Is(err, ErrTooLarge) {
			t.Errorf("Receive = %v, want ErrTooLarge: it would expire at once", err)
		}
	})
}

// incompressible returns a message whose size in the log is about n, without text
// for the index.
func incompressible(subject string, n int) string {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{byte(len(subject))}).Read(b)
	return "Subject: " + subject + "\r\nContent-Type: application/octet-stream\r\n\r\n" + string(b)
}

func TestSpaceOfExpiredMessagesIsGivenBack(t *testing.T) {
	t.Parallel()
	modes(t, func(t *testing.T, config Config, _ *clock) {
		config.MaxMessages, config.SegmentBytes = 10, 20_000
		s := mustOpen(t, config)
		for i := range 200 {
			mustAdd(t, s, mail("", "x@example.com", incompressible(fmt.Sprint(i), 2000)))
		}
		waitStats(t, s, func(st Stats) bool { return st.DiskBytes < 3*20_000 })
		if got := subjects(t, s, ""); len(got) != 10 {
			t.Errorf("List = %v", got)
		}
	})
}

// waitStats waits until the work in the background has led to something.
func waitStats(t *testing.T, s *Store, ok func(Stats) bool) {
	t.Helper()
	for t.Context().Err() == nil {
		st, err := s.Stats(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if ok(st) {
			return
		}
		mustAdd(t, s, letter("one more")) // gives the indexer an occasion
		if err := s.waitCommitted(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// A few old messages that are kept must not hold the space of all that were
// deleted behind them; and they keep what is known about them.
func TestMessagesAreMovedOutOfMostlyEmptySegments(t *testing.T) {
	t.Parallel()
	modes(t, func(t *testing.T, config Config, _ *clock) {
		config.SegmentBytes = 20_000
		s := mustOpen(t, config)
		ctx := t.Context()
		raw := incompressible("kept", 3000)
		kept := mustAdd(t, s, mail("", "x@example.com", raw))
		large := incompressible("large", spillBytes+1)
		keptLarge := mustAdd(t, s, mail("", "x@example.com", large))
		score(t, s, kept.ID, 70, "dkim-missing")
		if err := errors.Join(s.SetTags(ctx, []string{"t"}, kept.ID), s.SetRead(ctx, true, kept.ID)); err != nil {
			t.Fatal(err)
		}
		check := func() {
			t.Helper()
			wantRaw(t, s, kept.ID, []byte(raw))
			wantRaw(t, s, keptLarge.ID, []byte(large))
			r, err := s.Get(ctx, kept.ID)
			if err != nil || !r.Read || !cmp.Equal(r.Tags, []string{"t"}) || r.Score == nil || r.Score.Value != 70 {
				t.Errorf("Get = %+v, %v", r, err)
			}
			if rep, err := s.Report(ctx, kept.ID); err != nil || string(rep.JSON) != `{"score":70}` {
				t.Errorf("Report = %+v, %v", rep, err)
			}
			if got := subjects(t, s, "check:dkim-missing tag:t is:read"); !cmp.Equal(got, []string{"kept"}) {
				t.Errorf("search finds %v", got)
			}
		}
		for i := range 100 {
			mustAdd(t, s, mail("", "gone@example.com", incompressible(fmt.Sprint("x", i), 50_000)))
		}
		if n, err := s.DeleteMatching(ctx, mustSearch(t, "to:gone@example.com")); n != 100 || err != nil {
			t.Fatalf("DeleteMatching = %d, %v", n, err)
		}
		waitStats(t, s, func(st Stats) bool { return st.DiskBytes < 4*spillBytes })
		check()
		if config.Dir == "" {
			return
		}
		s.Close()
		if err := removeIndex(config.Dir + "/" + indexName); err != nil {
			t.Fatal(err)
		}
		s = mustOpen(t, config)
		check()
	})
}

// A move that ends anywhere, as when the disk is full or the process is killed,
// takes nothing from a message: what the segments that go held about it is
// known to a new index as well.
func TestMoveIsCutShort(t *testing.T) {
	t.Parallel()
	for writes := range int64(10) {
		t.Run(fmt.Sprint(writes), func(t *testing.T) { cutMoveShort(t, writes) })
	}
}

func cutMoveShort(t *testing.T, writes int64) {
	config, _ := testConfig(t)
	config.SegmentBytes = 20_000
	var d *faultyDisk
	s := openFaulty(t, config, &d)
	ctx := t.Context()
	raw := "X-Tags: taken away\r\n" + incompressible("kept", 3000)
	kept := mustAdd(t, s, mail("", "x@example.com", raw))
	gone := func(n int) {
		for range n {
			mustAdd(t, s, mail("", "gone@example.com", incompressible("gone", 5000)))
		}
	}
	gone(10)
	score(t, s, kept.ID, 70, "dkim-missing")
	if err := errors.Join(s.SetTags(ctx, []string{"t"}, kept.ID), s.SetRead(ctx, true, kept.ID)); err != nil {
		t.Fatal(err)
	}
	gone(10)
	d.writes.Store(1 + writes) // the deletion is one
	_, err := s.DeleteMatching(ctx, mustSearch(t, "to:gone@example.com"))
	if errors.Is(err, ErrNoSpace) {
		return // a segment was begun before it
	}
	if err != nil {
		t.Fatal(err)
	}
	for moved := false; !moved; {
		select {
		case <-d.full:
			moved = true // as far as it goes
		default:
			oldest, _ := s.log.oldest()
			if moved = oldest > 1; !moved {
				_, _ = s.Stats(ctx) // gives the indexer time
			}
		}
	}
	s.Close()
	s = mustOpen(t, config)
	waitStats(t, s, func(st Stats) bool { oldest, _ := s.log.oldest(); return oldest > 2 })
	for range 2 {
		r, err := s.Get(ctx, kept.ID)
		if err != nil || !r.Read || !cmp.Equal(r.Tags, []string{"t"}) || r.Score == nil {
			t.Errorf("Get = %+v, %v", r, err)
		}
		wantRaw(t, s, kept.ID, []byte(raw))
		s.Close()
		if err := removeIndex(config.Dir + "/" + indexName); err != nil {
			t.Fatal(err)
		}
		s = mustOpen(t, config)
	}
}

// What limits had expired stays away, although the copies of messages come in
// another order than the messages did.
func TestExpiredMessageIsNotReadAgain(t *testing.T) {
	config, _ := testConfig(t)
	config.Dir, config.MaxMessages = "", 3
	s := mustOpen(t, config)
	put := func(h header, m *message.Message) position {
		meta, err := encodeMessage(m, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		h.kind, h.time = kindMessage, begin.UnixNano()+int64(h.seq)
		end, err := s.appendBody(t.Context(), h, meta, m.Raw, true)
		if err != nil {
			t.Fatal(err)
		}
		return end
	}
	put(header{seq: 1, flags: flagMoved}, letter("1"))
	put(header{seq: 3}, letter("3"))
	put(header{seq: 4}, letter("4")) // which made 1 expire, as 2 was there
	if err := s.change(t.Context(), kindDelete, change{}, []span{{3, 3}}); err != nil {
		t.Fatal(err)
	}
	at := put(header{seq: 2, flags: flagMoved}, letter("2"))
	h := header{kind: kindRead, flags: flagMoved}
	end, err := s.append(t.Context(), h, change{Seqs: encodeSpans([]span{{2, 2}}), Segment: at.segment, Offset: at.offset, Oldest: 2}, true)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.progress.waitApplied(t.Context(), end); err != nil {
		t.Fatal(err)
	}
	if got, want := subjects(t, s, ""), []string{"4", "2"}; !cmp.Equal(got, want) {
		t.Errorf("List = %v, want %v", got, want)
	}
}

// A damaged message cannot be moved. Its segment stays; all else goes on.
func TestDamagedMessageIsNotMoved(t *testing.T) {
	config, _ := testConfig(t)
	config.SegmentBytes = 20_000
	s := mustOpen(t, config)
	damaged := mustAdd(t, s, mail("", "x@example.com", incompressible("damaged", 3000)))
	for range 20 {
		mustAdd(t, s, mail("", "gone@example.com", incompressible("gone", 5000)))
	}
	if err := s.waitCommitted(t.Context()); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(osDisk{dir: filepath.Join(config.Dir, logName)}.path(1), os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.WriteAt([]byte("damaged"), segmentHeaderBytes)
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.DeleteMatching(t.Context(), mustSearch(t, "to:gone@example.com")); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		mustAdd(t, s, letter("new"))
		if got := subjects(t, s, "subject:new"); len(got) == 0 {
			t.Fatal("new messages are not found")
		}
	}
	if _, err := s.Raw(t.Context(), damaged.ID); err == nil || !strings.Contains(err.Error(), "segment 1, offset 64") {
		t.Errorf("Raw = %v, want where the log is damaged", err)
	}
	if n, err := s.Delete(t.Context(), damaged.ID); n != 1 || err != nil {
		t.Errorf("Delete = %d, %v", n, err)
	}
	waitStats(t, s, func(Stats) bool { oldest, _ := s.log.oldest(); return oldest > 1 })
}
