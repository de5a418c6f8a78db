package store

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// A disk holds the segments of a log by number.
type disk interface {
	list() ([]uint64, error) // ascending
	open(number uint64) (segmentFile, error)
	create(number uint64) (segmentFile, error)
	remove(number uint64) error
	// spill returns a file without a name, for a message that is too large to
	// be held twice in memory.
	spill() (spillFile, error)
	// space returns how much is free of how much, where that is known.
	space() (free, total int64, known bool)
}

type segmentFile interface {
	io.ReaderAt
	io.WriterAt
	Size() (int64, error)
	Truncate(size int64) error
	Sync() error
	Close() error
}

type spillFile interface {
	io.Writer
	spillBody
}

type spillBody interface {
	io.ReaderAt
	Close() error // removes it
}

// osDisk is a directory with a file per segment.
type osDisk struct {
	dir  string
	sync bool // Sync reaches the disk
}

const segmentExt = ".log"

func (d osDisk) path(number uint64) string {
	return filepath.Join(d.dir, fmt.Sprintf("%016d%s", number, segmentExt))
}

func (d osDisk) list() ([]uint64, error) {
	entries, err := os.ReadDir(d.dir)
	if err != nil {
		return nil, err
	}
	var numbers []uint64
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), segmentExt)
		if n, err := strconv.ParseUint(name, 10, 64); ok && err == nil {
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	return numbers, nil
}

func (d osDisk) open(number uint64) (segmentFile, error) {
	f, err := os.OpenFile(d.path(number), os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	return &osFile{f, d.sync}, nil
}

func (d osDisk) create(number uint64) (segmentFile, error) {
	f, err := os.OpenFile(d.path(number), os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	if err := d.syncDir(); err != nil {
		f.Close()
		return nil, err
	}
	return &osFile{f, d.sync}, nil
}

func (d osDisk) remove(number uint64) error {
	if err := os.Remove(d.path(number)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return d.syncDir()
}

// syncDir makes a new name in the directory survive a power failure.
func (d osDisk) syncDir() error {
	if !d.sync {
		return nil
	}
	return syncDirectory(d.dir)
}

func (d osDisk) space() (free, total int64, known bool) { return diskSpace(d.dir) }

func (d osDisk) spill() (spillFile, error) {
	f, err := os.CreateTemp(d.dir, "spill-*.tmp")
	if err != nil {
		return nil, err
	}
	return spilled{f}, nil
}

// clean removes what a process that ended suddenly left.
func (d osDisk) clean() {
	names, _ := filepath.Glob(filepath.Join(d.dir, "spill-*.tmp"))
	for _, name := range names {
		os.Remove(name)
	}
}

type osFile struct {
	*os.File
	sync bool
}

func (f *osFile) Size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

func (f *osFile) Sync() error {
	if !f.sync {
		return nil
	}
	return syncData(f.File)
}

type spilled struct{ *os.File }

func (s spilled) Close() error {
	err := s.File.Close()
	return errors.Join(err, os.Remove(s.Name()))
}
