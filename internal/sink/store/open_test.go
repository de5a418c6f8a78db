package store

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// What stands in the way of a store is named, with its path and what to do.
func TestOpenRefuses(t *testing.T) {
	format := func(text string) func(*testing.T, *Config) {
		return func(t *testing.T, config *Config) {
			mustOpen(t, *config).Close()
			write(t, filepath.Join(config.Dir, formatName), text)
		}
	}
	file := func(t *testing.T, config *Config) {
		config.Dir = filepath.Join(config.Dir, "file")
		write(t, config.Dir, "")
	}
	tests := []struct {
		name    string
		prepare func(*testing.T, *Config)
		is      error
		want    []string
	}{
		{"in use", func(t *testing.T, config *Config) { mustOpen(t, *config) }, ErrInUse, []string{"end that process"}},
		{"newer version", format("postmuster store 2\n"), ErrVersion, []string{formatName, "format 2, this version reads up to 1", "use that version"}},
		{"other file", format("something else\n"), errNoStore, []string{formatName, "another directory"}},
		{"file", file, nil, []string{"not a directory", "choose another directory"}},
		{"below a file", func(t *testing.T, config *Config) {
			file(t, config)
			config.Dir = filepath.Join(config.Dir, "store")
		}, nil, []string{"not a directory", "choose another directory"}},
		{"read-only", readOnly, nil, []string{"the store writes there"}},
		{"read-only later", func(t *testing.T, config *Config) {
			mustOpen(t, *config).Close()
			readOnly(t, config)
		}, nil, []string{"the store writes there"}},
		{"unknown durability", func(_ *testing.T, config *Config) { config.Durability = "sturdy" }, nil, []string{`"sturdy"`}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			config, _ := testConfig(t)
			test.prepare(t, &config)
			s, err := Open(config)
			if err == nil {
				s.Close()
				t.Fatal("Open succeeds")
			}
			if test.is != nil && !errors.Is(err, test.is) {
				t.Errorf("Open = %v, want %v", err, test.is)
			}
			for _, want := range append(test.want, config.Dir) {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("Open = %v, want %q in it", err, want)
				}
			}
		})
	}
}

// readOnly makes a directory one that cannot be written.
func readOnly(t *testing.T, config *Config) {
	t.Helper()
	if os.Getuid() != 0 {
		if err := os.Chmod(config.Dir, 0o500); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(filepath.Join(config.Dir, logName)); err == nil {
			t.Skip("its files stay writable")
		}
		return
	}
	for _, args := range [][]string{{"--bind", config.Dir, config.Dir}, {"-o", "remount,bind,ro", config.Dir}} {
		if out, err := exec.CommandContext(t.Context(), "mount", args...).CombinedOutput(); err != nil {
			t.Skipf("root cannot be refused by permissions, and mount says: %s", out)
		}
		t.Cleanup(func() { _ = exec.Command("umount", config.Dir).Run() })
	}
}

// A store that was refused is left as it was: it opens when the cause is gone.
func TestRefusedStoreIsLeftAsItWas(t *testing.T) {
	config, _ := testConfig(t)
	s := mustOpen(t, config)
	mustAdd(t, s, letter("a"))
	s.Close()
	path := filepath.Join(config.Dir, formatName)
	ours, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	write(t, path, "postmuster store 2\n")
	if _, err := Open(config); !errors.Is(err, ErrVersion) {
		t.Errorf("Open = %v, want ErrVersion", err)
	}
	write(t, path, string(ours))
	if got := fmt.Sprint(subjects(t, mustOpen(t, config), "")); got != "[a]" {
		t.Errorf("List = %s, want a", got)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// lastSegment returns the file of the newest segment.
func lastSegment(t *testing.T, config Config) string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(config.Dir, logName, "*"+segmentExt))
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	return names[len(names)-1]
}

// A process that ends while it writes leaves a part of a record: wherever it was,
// what was acknowledged before is there and the store goes on.
func TestTornTail(t *testing.T) {
	t.Parallel()
	config, _ := testConfig(t)
	s := mustOpen(t, config)
	a := mustAdd(t, s, letter("a"))
	whole := fileSize(t, lastSegment(t, config))
	mustAdd(t, s, letter("b"))
	if err := s.WaitCommitted(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.Close()
	data, err := os.ReadFile(lastSegment(t, config))
	if err != nil {
		t.Fatal(err)
	}
	for cut := int(whole); cut < len(data); cut += 29 {
		for _, zeros := range []bool{false, true} {
			torn := config
			torn.Dir = t.TempDir()
			if err := os.CopyFS(torn.Dir, os.DirFS(config.Dir)); err != nil {
				t.Fatal(err)
			}
			if cut%2 == 0 { // the index knows b, or nothing
				if err := removeIndex(filepath.Join(torn.Dir, indexName)); err != nil {
					t.Fatal(err)
				}
			}
			tail := data[:cut]
			if zeros { // the disk had made room for what was not written
				tail = append(append([]byte(nil), tail...), make([]byte, 100)...)
			}
			if bytes.HasPrefix(tail, data) {
				continue // the record ends with zeros: it is whole
			}
			write(t, lastSegment(t, torn), string(tail))
			s := mustOpen(t, torn)
			if got := subjects(t, s, ""); len(got) != 1 || got[0] != "a" {
				t.Fatalf("cut at %d: List = %v, want a", cut, got)
			}
			wantRaw(t, s, a.ID, letter("a").Raw)
			mustAdd(t, s, letter("c"))
			s.Close()
			s = mustOpen(t, torn)
			if got := subjects(t, s, ""); len(got) != 2 {
				t.Fatalf("cut at %d: List = %v, want c and a", cut, got)
			}
			s.Close()
		}
	}
}

func fileSize(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

// A segment that was only begun holds nothing.
func TestSegmentWithoutHeader(t *testing.T) {
	config, _ := testConfig(t)
	s := mustOpen(t, config)
	mustAdd(t, s, letter("a"))
	s.Close()
	for i, torn := range []string{"", "postmuster", strings.Repeat("\x00", 5000)} {
		write(t, filepath.Join(config.Dir, logName, fmt.Sprintf("%016d%s", 2, segmentExt)), torn)
		s = mustOpen(t, config)
		mustAdd(t, s, letter("b"))
		if got := subjects(t, s, ""); len(got) != 2+i {
			t.Errorf("List = %v, want b and a", got)
		}
		s.Close()
	}
}

// What is not known to hold nothing is not thrown away.
func TestDamagedSegmentHeader(t *testing.T) {
	config, _ := testConfig(t)
	config.SegmentBytes = 1000
	s := mustOpen(t, config)
	for range 3 {
		mustAdd(t, s, mail("", "x@example.com", incompressible("a", 2000)))
	}
	s.Close()
	path := lastSegment(t, config)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	write(t, path, "damaged"+string(data[7:]))
	if _, err := Open(config); err == nil || !strings.Contains(err.Error(), "segment 3") {
		t.Errorf("Open = %v, want which segment is damaged", err)
	}
	if got, err := os.ReadFile(path); err != nil || len(got) != len(data) {
		t.Errorf("the segment has %d bytes now, want %d", len(got), len(data))
	}
}

// What the disk destroys is lost; what stands beside it is not.
func TestDamageInsideTheLog(t *testing.T) {
	t.Parallel()
	config, _ := testConfig(t)
	config.SegmentBytes = 10_000
	s := mustOpen(t, config)
	var ids []string
	for i := range 40 {
		ids = append(ids, mustAdd(t, s, mail("", "x@example.com", incompressible(fmt.Sprint(i), 1000))).ID)
	}
	s.Close()
	first := filepath.Join(config.Dir, logName, fmt.Sprintf("%016d%s", 1, segmentExt))
	data, err := os.ReadFile(first)
	if err != nil {
		t.Fatal(err)
	}
	copy(data[2000:], make([]byte, 1500))
	write(t, first, string(data))
	if err := removeIndex(filepath.Join(config.Dir, indexName)); err != nil {
		t.Fatal(err)
	}
	s = mustOpen(t, config)
	lost := 0
	for i, id := range ids {
		raw, err := s.Raw(t.Context(), id)
		if err != nil {
			lost++
		} else if want := incompressible(fmt.Sprint(i), 1000); string(raw) != want {
			t.Errorf("message %d is altered", i)
		}
	}
	if lost == 0 || lost > 3 {
		t.Errorf("%d messages are lost, want the two or three that were damaged", lost)
	}
}

// Whatever happens to the index, every message is there.
func TestDamagedIndex(t *testing.T) {
	t.Parallel()
	config, _ := testConfig(t)
	other, _ := testConfig(t)
	s := mustOpen(t, other)
	mustAdd(t, s, letter("other"))
	s.Close()
	damages := map[string]func(t *testing.T, path string){
		"removed":   func(t *testing.T, path string) { os.Remove(path) },
		"empty":     func(t *testing.T, path string) { write(t, path, "") },
		"garbage":   func(t *testing.T, path string) { write(t, path, strings.Repeat("garbage ", 10_000)) },
		"cut off":   func(t *testing.T, path string) { os.Truncate(path, fileSize(t, path)/2) },
		"directory": func(t *testing.T, path string) { os.Remove(path); os.Mkdir(path, 0o700) },
		"another's": func(t *testing.T, path string) {
			b, _ := os.ReadFile(filepath.Join(other.Dir, indexName))
			write(t, path, string(b))
		},
	}
	for i := range 8 {
		damages[fmt.Sprint("overwritten ", i)] = func(t *testing.T, path string) { overwrite(t, path, uint64(i)) }
	}
	s = mustOpen(t, config)
	var ids []string
	for i := range 150 {
		ids = append(ids, mustAdd(t, s, letter(fmt.Sprint("m", i))).ID)
	}
	subjects(t, s, "")
	s.Close()
	for name, damage := range damages {
		t.Run(name, func(t *testing.T) {
			damage(t, filepath.Join(config.Dir, indexName))
			s := mustOpen(t, config)
			defer s.Close()
			s.waitVerified(t)
			for i, id := range ids {
				wantRaw(t, s, id, letter(fmt.Sprint("m", i)).Raw)
			}
			if got := subjects(t, s, "text"); len(got) != len(ids) {
				t.Errorf("text finds %d, want %d", len(got), len(ids))
			}
			if r := mustAdd(t, s, letter("new")); r.Seq <= uint64(len(ids)) {
				t.Errorf("Seq %d was used before", r.Seq)
			} else if _, err := s.Delete(t.Context(), r.ID); err != nil {
				t.Error(err)
			}
		})
	}
}

// overwrite puts noise into some pages of the index.
func overwrite(t *testing.T, path string, seed uint64) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(seed, 1))
	for range 1 + r.IntN(8) {
		at := r.IntN(len(data)/4096) * 4096
		for i := range 64 {
			data[at+i] = byte(r.Uint32())
		}
	}
	write(t, path, string(data))
}

// waitVerified waits until the index was looked at once.
func (s *Store) waitVerified(t *testing.T) {
	t.Helper()
	select {
	case <-s.indexer.verified:
	case <-t.Context().Done():
		t.Fatal(t.Context().Err())
	}
	if err := s.waitRenewed(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestStatsTellThatTheIndexLacksMessages(t *testing.T) {
	config, _ := testConfig(t)
	s := mustOpen(t, config)
	mustAdd(t, s, letter("a"))
	for _, lacks := range []bool{true, false} {
		start := position{}
		if lacks {
			start.segment = 1 << 40 // as if the log had reached so far when it was opened
		}
		s.progress.update(func() { s.progress.start = start })
		if st, err := s.Stats(t.Context()); err != nil || st.CatchingUp != lacks {
			t.Errorf("Stats = %+v, %v, want CatchingUp %t", st, err, lacks)
		}
	}
}
