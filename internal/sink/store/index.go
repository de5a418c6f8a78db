package store

import (
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
	"net/url"
	"os"
	"sync"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// The index is one SQLite database. Everything in it can be read from the log
// again, so it is never migrated: one of another version is made anew.
const (
	indexVersion = 7
	// readers search at the same time; each has a page cache of readerCacheKiB.
	readers        = 4
	readerCacheKiB = 2048
	writerCacheKiB = 4096
)

//go:embed schema.sql
var schema string

// An index finds messages in the log.
type index struct {
	writer *sql.DB // one connection, the indexer's
	reader *sql.DB
	path   string // empty in memory

	// In memory there is no WAL: a reader and the writer must keep apart.
	memory bool
	mu     sync.RWMutex
}

// openIndex opens the index at path, in memory when it is empty.
func openIndex(path, memoryName string) (*index, error) {
	x := &index{path: path, memory: path == ""}
	writer := url.Values{"_pragma": {"busy_timeout(10000)", fmt.Sprintf("cache_size(-%d)", writerCacheKiB), "temp_store(memory)"}}
	reader := url.Values{"_pragma": {"busy_timeout(10000)", fmt.Sprintf("cache_size(-%d)", readerCacheKiB), "temp_store(memory)", "query_only(1)"}}
	name := "file:" + (&url.URL{Path: path}).EscapedPath()
	if x.memory {
		name = "file:/" + memoryName
		writer.Set("vfs", "memdb")
		reader.Set("vfs", "memdb")
	} else {
		// What a power failure takes from the index is read from the log again.
		writer["_pragma"] = append(writer["_pragma"], "journal_mode(wal)", "synchronous(normal)")
	}
	var err error
	if x.writer, err = sql.Open("sqlite", name+"?"+writer.Encode()); err != nil {
		return nil, err
	}
	x.writer.SetMaxOpenConns(1)
	if err := x.prepare(); err != nil {
		x.writer.Close()
		return nil, err
	}
	if x.reader, err = sql.Open("sqlite", name+"?"+reader.Encode()); err != nil {
		x.writer.Close()
		return nil, err
	}
	x.reader.SetMaxOpenConns(readers)
	x.reader.SetMaxIdleConns(readers)
	return x, nil
}

var errOtherIndex = errors.New("an index of another version")

// prepare makes the tables of a new index, and refuses one of another version.
func (x *index) prepare() error {
	var version int
	if err := x.writer.QueryRow("PRAGMA user_version").Scan(&version); err != nil {
		return err
	}
	switch version {
	case indexVersion:
		return nil
	case 0:
		_, err := x.writer.Exec("BEGIN;" + schema + fmt.Sprintf(";PRAGMA user_version=%d;COMMIT", indexVersion))
		return err
	}
	return errOtherIndex
}

func (x *index) close() error { return errors.Join(x.reader.Close(), x.writer.Close()) }

// removeIndex removes the files of an index.
func removeIndex(path string) error {
	var errs []error
	for _, suffix := range []string{"", "-wal", "-shm", "-journal"} {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// read calls f with the pool for reading.
func (x *index) read(f func(*sql.DB) error) error {
	if x.memory {
		x.mu.RLock()
		defer x.mu.RUnlock()
	}
	return f(x.reader)
}

// write calls f in a transaction. It has no context: a batch is short, and the
// driver pays for one with each row.
func (x *index) write(f func(*sql.Tx) error) error {
	if x.memory {
		x.mu.Lock()
		defer x.mu.Unlock()
	}
	tx, err := x.writer.Begin()
	if err != nil {
		return err
	}
	if err := f(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

// isDamage reports whether an error says that the index must be made anew.
func isDamage(err error) bool {
	if errors.Is(err, errOtherIndex) || errors.Is(err, errIndexAhead) {
		return true
	}
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return false
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_SCHEMA, sqlite3.SQLITE_ERROR, sqlite3.SQLITE_FORMAT:
		return true
	case sqlite3.SQLITE_IOERR:
		return e.Code() == sqlite3.SQLITE_IOERR_SHORT_READ // it was cut off
	}
	return false
}

// isFull reports whether the index found no space.
func isFull(err error) bool {
	e, ok := errors.AsType[*sqlite.Error](err)
	return ok && e.Code()&0xff == sqlite3.SQLITE_FULL
}
