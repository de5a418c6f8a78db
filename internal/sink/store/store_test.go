package store

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/postmuster/postmuster/internal/message"
	"github.com/postmuster/postmuster/internal/smtp"
)

// A clock that tests set.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

var begin = time.Date(2026, 11, 25, 10, 0, 0, 0, time.UTC)

// testConfig is a store on disk that a test opens.
func testConfig(t *testing.T) (Config, *clock) {
	c := &clock{at: begin}
	return Config{Dir: t.TempDir(), Now: c.now, Logger: slog.New(slog.NewTextHandler(t.Output(), nil))}, c
}

func mustOpen(t *testing.T, config Config) *Store {
	t.Helper()
	s, err := Open(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// modes runs a test on disk and in memory.
func modes(t *testing.T, f func(t *testing.T, config Config, c *clock)) {
	t.Run("disk", func(t *testing.T) {
		config, c := testConfig(t)
		f(t, config, c)
	})
	t.Run("memory", func(t *testing.T) {
		config, c := testConfig(t)
		config.Dir = ""
		f(t, config, c)
	})
}

// mail returns a message as the SMTP server hands it over.
func mail(from, to, raw string) *message.Message {
	return &message.Message{
		Raw: []byte(raw), Origin: message.OriginSMTP,
		Envelope: &message.Envelope{MailFrom: from, Rcpt: []message.Rcpt{{To: to, Params: message.Params{{Keyword: "NOTIFY", Value: "NEVER"}}}}},
		Session: &message.Session{
			Peer: netip.MustParseAddrPort("192.0.2.1:40000"), HELO: "client.example.net", ESMTP: true,
			TLS:        &message.TLSState{Version: 0x304, Cipher: 0x1301},
			ReceivedAt: begin,
			Transcript: []smtp.Line{{At: time.Millisecond, From: "S", Text: "220 sink.example.com ESMTP"}},
		},
	}
}

// letter returns a plain message with a subject.
func letter(subject string) *message.Message {
	return mail("a@example.net", "b@example.com", fmt.Sprintf(
		"From: Anna <a@example.net>\r\nTo: Bob <b@example.com>\r\nSubject: %s\r\nMessage-ID: <%s@example.net>\r\n\r\nThe text of %s.\r\n",
		subject, subject, subject))
}

func mustAdd(t *testing.T, s *Store, m *message.Message) Receipt {
	t.Helper()
	r, err := s.Add(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func mustSearch(t *testing.T, text string) *Search {
	t.Helper()
	search, err := ParseSearch(text)
	if err != nil {
		t.Fatal(err)
	}
	return search
}

// subjects lists the subjects that a search finds, newest first, of all that was
// acknowledged.
func subjects(t *testing.T, s *Store, text string) []string {
	t.Helper()
	q := Query{Limit: MaxLimit, MinSeq: lastSeq(s)}
	if text != "" {
		q.Search = mustSearch(t, text)
	}
	page, err := s.List(t.Context(), q)
	if err != nil {
		t.Fatalf("List %s: %v", text, err)
	}
	got := []string{}
	for _, r := range page.Records {
		got = append(got, r.Subject)
	}
	if page.Total != len(got) {
		t.Errorf("List %s: Total = %d, want %d", text, page.Total, len(got))
	}
	return got
}

func lastSeq(s *Store) uint64 {
	s.progress.mu.Lock()
	defer s.progress.mu.Unlock()
	return s.progress.committedSeq
}

func wantRaw(t *testing.T, s *Store, id string, want []byte) {
	t.Helper()
	got, err := s.Raw(t.Context(), id)
	if err != nil {
		t.Errorf("Raw(%s): %v", id, err)
	} else if !bytes.Equal(got, want) {
		t.Errorf("Raw(%s) differs: %d bytes, want %d", id, len(got), len(want))
	}
}

// score gives a message a report, and waits until it can be seen.
func score(t *testing.T, s *Store, id string, value int, failed ...string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	sub := s.Subscribe("")
	r := &Report{JSON: fmt.Appendf(nil, `{"score":%d}`, value), Score: Score{value, value - 5, value + 5, "B"}, Failed: failed}
	if err := s.SetReport(ctx, id, r); err != nil {
		t.Fatal(err)
	}
	for {
		e, err := sub.Next(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if e.Kind == Scored && e.Record.ID == id {
			return
		}
	}
}

func TestMemoryFile(t *testing.T) {
	var f, part memoryFile
	want := []byte(incompressible("a", 3*memoryChunk))
	write := func(p []byte) {
		t.Helper()
		size, _ := f.Size()
		if n, err := f.WriteAt(p, size); n != len(p) || err != nil {
			t.Fatalf("WriteAt = %d, %v", n, err)
		}
	}
	write(want[:memoryChunk+10])
	if _, err := part.WriteAt(want[memoryChunk+10:2*memoryChunk+30], 0); err != nil {
		t.Fatal(err)
	}
	f.take(&part)
	write(want[2*memoryChunk+30:])
	for _, cut := range []int{0, 1, memoryChunk - 40, memoryChunk, 2 * memoryChunk} {
		if err := f.Truncate(int64(len(want) - cut)); err != nil {
			t.Fatal(err)
		}
		write(want[len(want)-cut:])
		for _, at := range []int{0, 5, memoryChunk - 1, memoryChunk + 10, 2*memoryChunk + 29, len(want) - 1, len(want)} {
			got := make([]byte, len(want))
			n, err := f.ReadAt(got, int64(at))
			if !bytes.Equal(got[:n], want[at:]) || at > 0 && err != io.EOF {
				t.Errorf("cut %d: ReadAt(%d) = %d bytes, %v, want %d", cut, at, n, err, len(want)-at)
			}
		}
	}
}

// Close ends all that a store began, also in the middle of its work.
func TestCloseLeavesNothingRunning(t *testing.T) {
	modes(t, func(t *testing.T, config Config, _ *clock) {
		for range 3 {
			s := mustOpen(t, config)
			for i := range 20 {
				mustAdd(t, s, letter(fmt.Sprint(i)))
			}
			s.Close()
		}
		running := func() bool {
			stacks := make([]byte, 1<<20)
			stacks = stacks[:runtime.Stack(stacks, true)]
			return bytes.Contains(stacks, []byte("store.(*committer)")) || bytes.Contains(stacks, []byte("store.(*indexer)"))
		}
		// One that has said that it is done may still be about to return.
		for i := 0; running(); i++ {
			if runtime.Gosched(); i == 1000 {
				t.Fatal("a committer or an indexer is still running")
			}
		}
	})
}
