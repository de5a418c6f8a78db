package store

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	// killChild tells the test binary to be the process that is killed: its value
	// is the directory of the store.
	killChild = "POSTMUSTER_STORE_CHILD"
	// killRounds is how often it is killed; CI kills it a few times.
	killRounds        = "POSTMUSTER_KILL_ROUNDS"
	defaultKillRounds = 10
	killWriters       = 8
	// killSegment is small, so that segments begin, end and are moved all the time.
	killSegment = 100_000
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(killChild); dir != "" {
		fmt.Fprintln(os.Stderr, writeUntilKilled(dir))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func killConfig(dir string, w io.Writer) Config {
	return Config{Dir: dir, SegmentBytes: killSegment, Now: time.Now, Logger: slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelError}))}
}

// killMail returns the message that a writer calls by a name: the same whenever
// it is asked for.
func killMail(name string) []byte {
	h := fnv.New64a()
	h.Write([]byte(name))
	r := rand.New(rand.NewPCG(h.Sum64(), 1))
	size := 100 + r.IntN(8000)
	if r.IntN(500) == 0 {
		size = spillBytes + r.IntN(10_000)
	}
	b := make([]byte, size)
	for i := range b {
		b[i] = byte(r.Uint32())
		if i%2 == 0 { // half of it compresses
			b[i] = 'a'
		}
	}
	kind := ""
	if r.IntN(4) > 0 { // most have nothing for the index, which is not what is tested
		kind = "Content-Type: application/octet-stream\r\n"
	}
	return append([]byte("Subject: "+name+"\r\n"+kind+"\r\n"), b...)
}

// writeUntilKilled stores messages, deletes more than half of them, and says in one
// write each what was acknowledged.
func writeUntilKilled(dir string) error {
	s, err := Open(killConfig(dir, os.Stderr))
	if err != nil {
		return err
	}
	ctx := context.Background()
	fmt.Println("ready")
	run := strconv.FormatInt(time.Now().UnixNano(), 36)
	errs := make(chan error)
	for w := range killWriters {
		go func() {
			for i := 0; ; i++ {
				name := fmt.Sprintf("%s-%d-%d", run, w, i)
				r, err := s.Add(ctx, mail("a@example.net", "b@example.com", string(killMail(name))))
				if err != nil {
					errs <- err
					return
				}
				fmt.Println("added", r.ID, name)
				if err := changeAdded(ctx, s, r.ID, i); err != nil {
					errs <- err
					return
				}
			}
		}()
	}
	return <-errs
}

func changeAdded(ctx context.Context, s *Store, id string, i int) error {
	switch i % 20 {
	case 0:
		return s.SetReport(ctx, id, &Report{JSON: []byte(`{}`), Score: Score{Value: 50, Grade: "F"}, Failed: []string{"a-b"}})
	case 1:
		fmt.Println("tagging", id)
		err := s.SetTags(ctx, []string{"kept"}, id)
		fmt.Println("tagged", id)
		return err
	case 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13:
		fmt.Println("deleting", id)
		_, err := s.Delete(ctx, id)
		fmt.Println("deleted", id)
		return err
	}
	return nil
}

// acknowledged is what the killed processes said.
type acknowledged struct {
	added   map[string]string // name by ID, unless deletion began
	unsure  map[string]bool   // deletion began
	deleted map[string]bool
	tagged  map[string]bool
}

func (a *acknowledged) note(line string) {
	f := strings.Fields(line)
	switch f[0] {
	case "added":
		a.added[f[1]] = f[2]
	case "deleting":
		a.unsure[f[1]] = true
		delete(a.added, f[1])
	case "deleted":
		a.deleted[f[1]] = true
	case "tagged":
		a.tagged[f[1]] = true
	}
}

// No acknowledged message is lost, altered or there twice, and no deleted one
// comes back, however often the process is killed.
func TestKill(t *testing.T) {
	t.Parallel()
	rounds := defaultKillRounds
	if text := os.Getenv(killRounds); text != "" {
		var err error
		if rounds, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	dir := t.TempDir()
	said := &acknowledged{map[string]string{}, map[string]bool{}, map[string]bool{}, map[string]bool{}}
	r := rand.New(rand.NewPCG(uint64(rounds), 2))
	for round := range rounds {
		killOnce(t, dir, r, said)
		damageAtRest(t, dir, round, r)
		verifyKilled(t, dir, said)
		if t.Failed() {
			t.Fatalf("round %d of %d", round, rounds)
		}
	}
	t.Logf("%d rounds: %d messages kept, %d deleted", rounds, len(said.added), len(said.deleted))
}

// killOnce starts a process and kills it after a number of acknowledgements, or
// while it starts.
func killOnce(t *testing.T, dir string, r *rand.Rand, said *acknowledged) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), exe)
	cmd.Env = append(os.Environ(), killChild+"="+dir)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	after := r.IntN(600)
	delay := time.Duration(r.IntN(3000)) * time.Microsecond
	kill := sync.OnceFunc(func() { time.AfterFunc(delay, func() { cmd.Process.Kill() }) })
	if r.IntN(10) == 0 {
		kill() // while it opens the store
	}
	lines := bufio.NewScanner(out)
	n := 0
	for ; lines.Scan(); n++ {
		if n == after {
			kill()
		}
		said.note(lines.Text())
	}
	if err := cmd.Wait(); cmd.ProcessState.ExitCode() >= 0 {
		t.Fatalf("the process ended by itself: %v: %s", err, stderr.String())
	}
}

// damageAtRest does what may happen to the files between two processes.
func damageAtRest(t *testing.T, dir string, round int, r *rand.Rand) {
	t.Helper()
	index := filepath.Join(dir, indexName)
	switch round % 6 {
	case 1:
		if err := removeIndex(index); err != nil {
			t.Fatal(err)
		}
	case 3:
		if _, err := os.Stat(index); err == nil && fileSize(t, index) > 8192 {
			overwrite(t, index, r.Uint64())
		}
	case 5:
		f, err := os.OpenFile(lastSegment(t, Config{Dir: dir}), os.O_WRONLY|os.O_APPEND, 0)
		if err != nil {
			t.Fatal(err)
		}
		h := header{kind: kindMessage, seq: 1 << 40, metaLen: 10, bodyLen: 1000}
		_, err = f.Write(append(h.append(nil, 1), make([]byte, r.IntN(1000))...)) // begun, and torn
		if err := errors.Join(err, f.Close()); err != nil {
			t.Fatal(err)
		}
	}
}

func verifyKilled(t *testing.T, dir string, said *acknowledged) {
	t.Helper()
	s, err := Open(killConfig(dir, t.Output()))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	s.waitVerified(t)
	listed := listAll(t, s)
	names := map[string]bool{}
	for id, r := range listed {
		if names[r.Subject] {
			t.Errorf("%s is there twice", r.Subject)
		}
		names[r.Subject] = true
		if said.deleted[id] {
			t.Errorf("%s was deleted and is there", id)
		}
		wantRaw(t, s, id, killMail(r.Subject)) // acknowledged or not
		if said.tagged[id] && len(r.Tags) != 1 {
			t.Errorf("%s lost its tag", id)
		}
	}
	for id, name := range said.added {
		if r := listed[id]; r == nil || r.Subject != name {
			t.Errorf("%s, %s, is lost", id, name)
		}
	}
}

func listAll(t *testing.T, s *Store) map[string]*Record {
	t.Helper()
	listed := map[string]*Record{}
	q := Query{Limit: MaxLimit, MinSeq: lastSeq(s), CountTo: 1}
	for {
		page, err := s.List(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range page.Records {
			if listed[r.ID] != nil {
				t.Errorf("%s is listed twice", r.ID)
			}
			listed[r.ID] = r
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			return listed
		}
	}
}
