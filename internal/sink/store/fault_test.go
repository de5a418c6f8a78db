package store

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
)

// A faultyDisk fails when it is told to.
type faultyDisk struct {
	disk
	room     atomic.Int64  // bytes that can still be written; negative: no limit
	writes   atomic.Int64  // writes that still succeed; negative: no limit
	full     chan struct{} // receives when one did not
	synced   sync.Map      // how much of each segment a power failure leaves
	failSync atomic.Bool
	failTrim atomic.Bool
}

func (d *faultyDisk) open(number uint64) (segmentFile, error) {
	f, err := d.disk.open(number)
	return &faultyFile{f, d, number}, err
}

func (d *faultyDisk) create(number uint64) (segmentFile, error) {
	f, err := d.disk.create(number)
	return &faultyFile{f, d, number}, err
}

type faultyFile struct {
	segmentFile
	disk   *faultyDisk
	number uint64
}

func (f *faultyFile) WriteAt(p []byte, offset int64) (int, error) {
	if n := f.disk.writes.Load(); n == 0 {
		select {
		case f.disk.full <- struct{}{}:
		default:
		}
		return 0, &os.PathError{Op: "write", Path: "segment", Err: syscall.ENOSPC}
	} else if n > 0 {
		f.disk.writes.Store(n - 1) // only the committer writes
	}
	room := f.disk.room.Load()
	if room < 0 {
		return f.segmentFile.WriteAt(p, offset)
	}
	fits := min(int64(len(p)), room)
	f.disk.room.Store(room - fits)
	n, err := f.segmentFile.WriteAt(p[:fits], offset)
	if err == nil && n < len(p) {
		err = &os.PathError{Op: "write", Path: "segment", Err: syscall.ENOSPC}
	}
	return n, err
}

func (f *faultyFile) Sync() error {
	if f.disk.failSync.Load() {
		return &os.PathError{Op: "fdatasync", Path: "segment", Err: syscall.EIO}
	}
	if size, err := f.Size(); err == nil {
		f.disk.synced.Store(f.number, size)
	}
	return f.segmentFile.Sync()
}

func (f *faultyFile) Truncate(size int64) error {
	if f.disk.failTrim.Load() {
		return &os.PathError{Op: "truncate", Path: "segment", Err: syscall.EIO}
	}
	return f.segmentFile.Truncate(size)
}

// powerFails takes what was not synced from a store that is closed, and the index.
func (d *faultyDisk) powerFails(t *testing.T, config Config) {
	t.Helper()
	numbers, err := d.list()
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range numbers {
		size, _ := d.synced.Load(n)
		left, _ := size.(int64)
		if err := os.Truncate(osDisk{dir: filepath.Join(config.Dir, logName)}.path(n), left); err != nil {
			t.Fatal(err)
		}
	}
	if err := removeIndex(filepath.Join(config.Dir, indexName)); err != nil {
		t.Fatal(err)
	}
}

// What was acknowledged survives a power failure, and what was moved since, too.
func TestPowerFails(t *testing.T) {
	t.Parallel()
	config, _ := testConfig(t)
	config.SegmentBytes = 20_000
	var d *faultyDisk
	s := openFaulty(t, config, &d)
	kept := map[string][]byte{}
	keep := func(subject string, n int) {
		raw := incompressible(subject, n)
		kept[mustAdd(t, s, mail("", "x@example.com", raw)).ID] = []byte(raw)
	}
	for i := range 10 {
		keep(fmt.Sprint("kept ", i), 3000) // more than fits into one segment
	}
	for range 30 {
		mustAdd(t, s, mail("", "gone@example.com", incompressible("gone", 5000)))
	}
	if n, err := s.DeleteMatching(t.Context(), mustSearch(t, "to:gone@example.com")); n != 30 || err != nil {
		t.Fatalf("DeleteMatching = %d, %v", n, err)
	}
	waitStats(t, s, func(Stats) bool { oldest, _ := s.log.oldest(); return oldest > 2 })
	keep("last", 100)
	s.Close()
	d.powerFails(t, config)
	s = mustOpen(t, config)
	for id, raw := range kept {
		wantRaw(t, s, id, raw)
	}
	if got := subjects(t, s, "to:gone@example.com"); len(got) != 0 {
		t.Errorf("%d deleted messages are back", len(got))
	}
}

// A batch that neither syncs nor can be taken back leaves bytes with numbers that
// are given out again: they are gone when those are.
func TestRefusedMessageDoesNotReplaceAnother(t *testing.T) {
	config, _ := testConfig(t)
	var d *faultyDisk
	s := openFaulty(t, config, &d)
	d.failSync.Store(true)
	d.failTrim.Store(true)
	if err := s.Receive(t.Context(), letter("refused")); !errors.Is(err, syscall.EIO) {
		t.Fatalf("Receive = %v, want EIO", err)
	}
	d.failSync.Store(false)
	if err := s.Receive(t.Context(), letter("refused")); !errors.Is(err, syscall.EIO) {
		t.Errorf("Receive = %v, want EIO: what stands there cannot be taken away", err)
	}
	d.failTrim.Store(false)
	mustAdd(t, s, letter("a"))
	s.Close()
	if err := removeIndex(filepath.Join(config.Dir, indexName)); err != nil {
		t.Fatal(err)
	}
	s = mustOpen(t, config)
	if got := fmt.Sprint(subjects(t, s, "")); got != "[a]" {
		t.Errorf("List = %s, want a", got)
	}
}

// While the disk is full, refusing does not fill it with segments.
func TestFullDiskMakesNoSegments(t *testing.T) {
	config, _ := testConfig(t)
	var d *faultyDisk
	s := openFaulty(t, config, &d)
	d.room.Store(1000)
	for range 50 {
		if err := s.Receive(t.Context(), mail("", "x@example.com", incompressible("refused", 2000))); !errors.Is(err, ErrNoSpace) {
			t.Fatalf("Receive = %v, want ErrNoSpace", err)
		}
		d.room.Store(1000) // the truncated bytes are free again
	}
	if st, err := s.Stats(t.Context()); err != nil || st.Segments != 1 {
		t.Errorf("Stats = %+v, %v, want one segment", st, err)
	}
}

// What could not be written or synced is refused; what was acknowledged stays; and
// when the disk is well again, the store goes on.
func TestDiskFails(t *testing.T) {
	t.Parallel()
	faults := map[string]struct {
		begin, end func(d *faultyDisk)
		want       error
	}{
		"full":                {func(d *faultyDisk) { d.room.Store(300) }, func(d *faultyDisk) { d.room.Store(-1) }, ErrNoSpace},
		"full from the start": {func(d *faultyDisk) { d.room.Store(0) }, func(d *faultyDisk) { d.room.Store(-1) }, ErrNoSpace},
		"sync fails":          {func(d *faultyDisk) { d.failSync.Store(true) }, func(d *faultyDisk) { d.failSync.Store(false) }, syscall.EIO},
		"nothing works": {
			func(d *faultyDisk) { d.failSync.Store(true); d.failTrim.Store(true); d.room.Store(700) },
			func(d *faultyDisk) { d.failSync.Store(false); d.failTrim.Store(false); d.room.Store(-1) }, nil,
		},
	}
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			config, _ := testConfig(t)
			var d *faultyDisk
			s := openFaulty(t, config, &d)
			a := mustAdd(t, s, letter("a"))
			fault.begin(d)
			for range 3 {
				err := s.Receive(t.Context(), mail("", "x@example.com", incompressible("refused", 2000)))
				if err == nil || fault.want != nil && !errors.Is(err, fault.want) {
					t.Errorf("Receive = %v, want %v", err, fault.want)
				}
			}
			wantRaw(t, s, a.ID, letter("a").Raw)
			fault.end(d)
			b := mustAdd(t, s, letter("b"))
			for range 2 {
				if got := fmt.Sprint(subjects(t, s, "")); got != "[b a]" {
					t.Errorf("List = %s, want b and a", got)
				}
				wantRaw(t, s, b.ID, letter("b").Raw)
				s.Close()
				s = mustOpen(t, config)
			}
		})
	}
}

// openFaulty opens a store whose log is on a disk that fails.
func openFaulty(t *testing.T, config Config, d **faultyDisk) *Store {
	t.Helper()
	config = withDefaults(config)
	s := &Store{engine{config: config, progress: newProgress(), longest: longestSearch, wrap: func(real disk) disk {
		*d = &faultyDisk{disk: real, full: make(chan struct{}, 1)}
		(*d).room.Store(-1)
		(*d).writes.Store(-1)
		return *d
	}}}
	if err := s.start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// A real full disk: messages are refused with ErrNoSpace, and those acknowledged
// are there, unaltered, after the next start, for which there is no more room.
func TestFullDisk(t *testing.T) {
	config, _ := testConfig(t)
	if os.Getuid() != 0 {
		t.Skip("only root can mount a small disk")
	}
	out, err := exec.CommandContext(t.Context(), "mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", config.Dir).CombinedOutput()
	if err != nil {
		t.Skipf("mount says: %s", out)
	}
	t.Cleanup(func() { _ = exec.Command("umount", config.Dir).Run() })
	config.SegmentBytes = 256 << 10
	s := mustOpen(t, config)
	var mu sync.Mutex
	stored := map[string][]byte{}
	var refused atomic.Int64
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := 0; i < 200 && refused.Load() < 50; i++ {
				m := mail("", "x@example.com", incompressible(fmt.Sprint(w, " ", i), 20_000+i))
				r, err := s.Add(t.Context(), m)
				if err != nil {
					if refused.Add(1); !errors.Is(err, ErrNoSpace) {
						t.Errorf("Add = %v, want ErrNoSpace", err)
					}
					continue
				}
				mu.Lock()
				stored[r.ID] = m.Raw
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if refused.Load() == 0 || len(stored) == 0 {
		t.Fatalf("%d stored, %d refused: the disk was never full", len(stored), refused.Load())
	}
	// What was acknowledged can be read, and deleted to make room.
	for id, raw := range stored {
		if got, err := s.Raw(t.Context(), id); err != nil || !bytes.Equal(got, raw) {
			t.Fatalf("Raw(%s): %d bytes of %d, %v", id, len(got), len(raw), err)
		}
	}
	if err := s.SetReport(t.Context(), slices.Collect(maps.Keys(stored))[0], &Report{JSON: []byte("{}")}); err != nil {
		t.Errorf("SetReport = %v, though half of what is reserved is for reports", err)
	}
	if n, err := s.DeleteMatching(t.Context(), nil); err != nil || n != len(stored) {
		t.Errorf("DeleteMatching = %d, %v, want %d", n, err, len(stored))
	}
	waitStats(t, s, func(st Stats) bool { return st.Segments == 1 })
	if err := s.Receive(t.Context(), letter("room again")); err != nil {
		t.Errorf("Receive = %v, when all was deleted", err)
	}
	clear(stored)
	s.Close()
	s, err = Open(config)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if st, err := s.Stats(t.Context()); err != nil || int(st.Seq) < len(stored) {
		t.Errorf("Stats = %+v, %v, want %d messages", st, err, len(stored))
	}
	checkLog(t, s, stored)
}

// checkLog compares the messages in the log with what was acknowledged, without
// the index.
func checkLog(t *testing.T, s *Store, want map[string][]byte) {
	t.Helper()
	seen := map[string]bool{}
	tl := &tail{log: s.log}
	tl.at.segment, _ = s.log.oldest()
	defer tl.close()
	for {
		h, at, ok, err := tl.next(s.log.at)
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			break
		}
		id := formatID(h.seq, h.time)
		raw, acknowledged := want[id]
		if h.kind != kindMessage || !acknowledged {
			continue
		}
		if seen[id] {
			t.Errorf("%s is there twice", id)
		}
		seen[id] = true
		got, err := s.codec.body(&recordReader{header: h, at: at, file: tl.scan.file, log: s.log})
		if err != nil || string(got) != string(raw) {
			t.Errorf("%s is altered: %v", id, err)
		}
	}
	if len(seen) != len(want) {
		t.Errorf("%d of %d messages are there", len(seen), len(want))
	}
}
