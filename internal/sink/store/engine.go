package store

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	lockName   = "lock"
	formatName = "format"
	indexName  = "index.sqlite"
	logName    = "log"

	formatText    = "postmuster store "
	formatVersion = 1

	// memorySegmentBytes: in memory, what expired should be given back soon.
	memorySegmentBytes = 4 << 20
)

// An engine is what a Store consists of.
type engine struct {
	config   Config
	rules    []ruleMeta // config.Tags
	lock     *os.File
	codec    *codec
	log      *segmentLog
	progress *progress
	events   *events
	commit   *committer
	pace     pace

	// changes is held for reading while a change is appended, and for writing
	// while messages are moved: a copy must not come to stand behind the
	// deletion of its message.
	changes sync.RWMutex

	indexMu sync.RWMutex // held for writing while the index is made anew
	index   *index

	indexer *indexer
	cancel  context.CancelFunc
	closing sync.Once
	closed  error

	longest time.Duration // of a search

	wrap func(disk) disk // puts faults in front of the disk, for tests
}

func open(config Config) (*Store, error) {
	config = withDefaults(config)
	s := &Store{engine{config: config, progress: newProgress(), longest: longestSearch}}
	if err := s.start(); err != nil {
		s.release()
		return nil, &OpenError{config.Dir, err}
	}
	return s, nil
}

// An OpenError is why a store could not be opened, and what to do.
type OpenError struct {
	Dir string // empty in memory
	Err error
}

func (e *OpenError) Error() string {
	return fmt.Sprintf("open the store in %s: %v%s", cmp.Or(e.Dir, "memory"), e.Err, remedy(e.Err))
}

func (e *OpenError) Unwrap() error { return e.Err }

// remedy says what to do about an error of Open.
func remedy(err error) string {
	switch {
	case errors.Is(err, ErrInUse):
		return "; end that process, or choose another directory"
	case errors.Is(err, ErrVersion):
		return "; use that version, or choose another directory"
	case errors.Is(err, fs.ErrPermission) || isReadOnly(err):
		return "; the store writes there: permit it, or choose another directory"
	case errors.Is(err, syscall.ENOTDIR) || errors.Is(err, errNoStore):
		return "; choose another directory"
	case isNoSpace(err) || isFull(err):
		return "; make room on that disk, or choose another directory"
	}
	return ""
}

var errNoStore = errors.New("not the file of a store")

func withDefaults(config Config) Config {
	if config.Dir == "" {
		config.Durability = Memory
	} else if config.Durability == "" {
		config.Durability = Durable
	}
	if config.Durability == Memory {
		config.Dir = ""
		if config.MaxBytes == 0 {
			config.MaxBytes = DefaultMemoryBytes
		}
		if config.SegmentBytes == 0 {
			config.SegmentBytes = memorySegmentBytes
		}
	}
	return config
}

// start opens what the store consists of, and begins to work.
func (s *engine) start() error {
	switch s.config.Durability {
	case Durable, Disk, Memory:
	default:
		return fmt.Errorf("unknown durability %q", s.config.Durability)
	}
	var err error
	if s.rules, err = checkRules(s.config.Tags); err != nil {
		return err
	}
	var boot [6]byte
	rand.Read(boot[:])
	s.events = newEvents(hex.EncodeToString(boot[:]))
	if s.codec, err = newCodec(); err != nil {
		return err
	}
	d, err := s.openDisk()
	if err != nil {
		return err
	}
	if s.wrap != nil {
		d = s.wrap(d)
	}
	known, err := s.openIndex(hex.EncodeToString(boot[:]), d)
	if err != nil {
		return err
	}
	if s.log, err = openLog(d, cmp.Or(s.config.SegmentBytes, segmentFor(d)), known.position, s.config.Logger); err != nil {
		return err
	}
	if known.segment != 0 && (known.store != s.log.store || s.log.at.less(known.position)) {
		if err := s.renewIndex(); err != nil {
			return err
		}
		known = indexState{}
	}
	s.log.nextSeq = max(s.log.nextSeq, known.seq+1)
	s.run(known)
	return nil
}

// run starts committer and indexer.
func (s *engine) run(known indexState) {
	p := s.progress
	p.committed, p.start, p.committedSeq = s.log.at, s.log.at, s.log.nextSeq-1
	p.applied, p.appliedSeq = known.position, known.seq
	s.commit = &committer{
		log: s.log, codec: s.codec, pending: s.pending,
		now:   func() int64 { return s.config.Now().UnixNano() },
		queue: make(chan *entry, queuedEntries), closing: make(chan struct{}), stopped: make(chan struct{}),
	}
	var last result
	var messages int
	var bytes int64
	s.commit.done = func(r result) {
		last = r
		if r.kind == kindMessage {
			messages++
			bytes += int64(r.bodyRaw)
		}
	}
	s.commit.flush = func() {
		s.pace.received(messages, bytes)
		messages, bytes = 0, 0
		p.update(func() { p.committed, p.committedSeq = last.end, s.log.nextSeq-1 })
	}
	// The work goes on behind the calls, so it ends with Close and not with one of them.
	ctx, cancel := context.WithCancel(context.Background())
	s.cancel = cancel
	s.indexer = newIndexer(s, known)
	s.commit.last = s.indexer.lastTime()
	if s.indexer.state.isOver(s.config) { // nobody may see what has expired
		_, _ = s.indexer.stepOnly() // an error comes again in the next one
	}
	go s.commit.run()
	go s.indexer.run(ctx)
}

// openDisk takes the directory for this process and returns its log.
func (s *engine) openDisk() (disk, error) {
	dir := s.config.Dir
	if dir == "" {
		return &memoryDisk{segments: map[uint64]*memoryFile{}}, nil
	}
	if err := s.makeDir(filepath.Join(dir, logName)); err != nil {
		return nil, err
	}
	lock, err := os.OpenFile(filepath.Join(dir, lockName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	s.lock = lock
	if err := lockFile(lock); err != nil {
		return nil, err
	}
	if err := s.checkFormat(filepath.Join(dir, formatName)); err != nil {
		return nil, err
	}
	d := osDisk{dir: filepath.Join(dir, logName), sync: s.config.Durability == Durable}
	d.clean()
	return d, nil
}

// makeDir makes the directory of the log, and has the disk know its name and that
// of the store: what is synced in it later would be lost with them.
func (s *engine) makeDir(path string) error {
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	if err := os.MkdirAll(path, 0o700); err != nil || s.config.Durability != Durable {
		return err
	}
	dir := filepath.Dir(path)
	return errors.Join(syncDirectory(dir), syncDirectory(filepath.Dir(dir)))
}

// checkFormat refuses a directory that a newer version wrote.
func (s *engine) checkFormat(path string) error {
	b, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return os.WriteFile(path, fmt.Appendf(nil, "%s%d\n", formatText, formatVersion), 0o600)
	}
	if err != nil {
		return err
	}
	number, ok := strings.CutPrefix(strings.TrimSpace(string(b)), strings.TrimSpace(formatText))
	version, err := strconv.Atoi(strings.TrimSpace(number))
	switch {
	case len(b) == 0: // the process ended while it made the store
		return os.WriteFile(path, fmt.Appendf(nil, "%s%d\n", formatText, formatVersion), 0o600)
	case !ok || err != nil:
		return fmt.Errorf("%s: %w", path, errNoStore)
	case version > formatVersion:
		return fmt.Errorf("%w: %s has format %d, this version reads up to %d", ErrVersion, path, version, formatVersion)
	}
	return nil
}

// openIndex opens the index, makes it anew if it is no use, and returns how far
// it knows the log.
func (s *engine) openIndex(memoryName string, d disk) (indexState, error) {
	path := ""
	if s.config.Dir != "" {
		path = filepath.Join(s.config.Dir, indexName)
	}
	x, err := openIndex(path, memoryName)
	if err == nil {
		var known indexState
		if known, err = x.load(); err == nil {
			err = known.check(d)
		}
		if err == nil {
			s.index = x
			return known, nil
		}
		x.close()
	}
	if path == "" {
		return indexState{}, err
	}
	s.config.Logger.Warn("the index cannot be used; it is made anew from the log", "reason", err)
	if err := removeIndex(path); err != nil {
		return indexState{}, err
	}
	s.index, err = openIndex(path, memoryName)
	return indexState{}, err
}

// renewIndex puts an empty index in the place of the present one.
func (s *engine) renewIndex() error {
	s.indexMu.Lock()
	defer s.indexMu.Unlock()
	s.index.close()
	if s.index.path == "" {
		return errors.New("the index in memory is damaged")
	}
	if err := removeIndex(s.index.path); err != nil {
		return err
	}
	x, err := openIndex(s.index.path, "")
	if err != nil {
		return err
	}
	s.index = x
	return nil
}

func (s *engine) close() error {
	s.closing.Do(func() {
		s.progress.update(func() { s.progress.closed = true })
		s.events.close()
		close(s.commit.closing)
		<-s.commit.stopped
		s.cancel()
		<-s.indexer.stopped
		<-s.indexer.verified
		s.closed = s.release()
	})
	return s.closed
}

// release closes what is open.
func (s *engine) release() error {
	var errs []error
	if s.index != nil {
		s.indexMu.Lock()
		errs = append(errs, s.index.close())
		s.indexMu.Unlock()
	}
	if s.log != nil {
		errs = append(errs, s.log.close())
	}
	if s.codec != nil {
		s.codec.encoder.Close()
		s.codec.decoder.Close()
	}
	if s.lock != nil {
		errs = append(errs, unlockFile(s.lock), s.lock.Close())
	}
	return errors.Join(errs...)
}

func (s *engine) subscribe(after string) *Subscription { return s.events.subscribe(after) }
