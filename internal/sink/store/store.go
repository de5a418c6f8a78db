// Package store keeps received messages and finds them again.
//
// A log of segment files is the truth: a message is in it, and on disk, before
// its sender is told 250. SQLite is an index of that log for lists and search;
// it runs behind, and is made anew when it is missing or damaged. The package
// judges nothing: reports are bytes to it, with a score to sort and search by.
package store

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/postmuster/postmuster/internal/message"
)

// Durability is what an acknowledged message survives.
type Durability string

// The durabilities.
const (
	Durable Durability = "durable" // a power failure: synced to disk before Receive returns
	Disk    Durability = "disk"    // the end of this process, however sudden
	Memory  Durability = "memory"  // nothing; no file is written
)

// Config is what a store needs. Now and Logger must be set.
type Config struct {
	Dir        string     // empty: Memory, whatever Durability says
	Durability Durability // empty: Durable, or Memory without Dir

	// What is kept; the oldest messages go first. Zero is no limit, except for
	// MaxBytes in memory, where it is DefaultMemoryBytes.
	MaxMessages int
	MaxAge      time.Duration
	MaxBytes    int64 // of messages as received, without what compression saves

	Tags []TagRule // for the messages that are received from now on

	SegmentBytes int64 // a segment of the log is closed when it is larger; 0: DefaultSegmentBytes, less on a small disk

	Now    func() time.Time
	Logger *slog.Logger
}

// The limits of a Config that sets none.
const (
	DefaultMemoryBytes  = 256 << 20
	DefaultSegmentBytes = 64 << 20
)

// Errors that a caller branches on.
var (
	ErrNotFound = errors.New("no such message")                                    // never received, deleted or expired
	ErrNoReport = errors.New("the message is not scored yet")                      // it exists
	ErrClosed   = errors.New("the store is closed")                                //
	ErrNoSpace  = errors.New("no space is left for messages")                      // SMTP says 452 4.3.1
	ErrTooLarge = errors.New("too large for this store")                           // SMTP says 552 5.3.4
	ErrInUse    = errors.New("in use by another process")                          // from Open
	ErrVersion  = errors.New("written by a newer version")                         // from Open
	ErrTag      = errors.New("a tag is 1 to 100 bytes without control characters") // from SetTags and AddTagged
	ErrCursor   = errors.New("the cursor is not one of a page")                    // from List
)

// A Receipt names a message that was stored.
type Receipt struct {
	ID  string // stable, URL-safe; sorts by the time of receipt
	Seq uint64 // counts messages from 1, never used twice; a List with this MinSeq shows the message
}

// A Record is what lists show of a message.
type Record struct {
	ID       string
	Seq      uint64
	Received time.Time
	Size     int64 // of the message as received

	MailFrom string   // of the envelope; empty for <> and when there was no envelope
	Rcpt     []string // of the envelope; at most MaxListed

	// What its header section says, decoded. A message without one, or with one
	// that makes no sense, has them empty.
	From, To, Cc, Bcc, ReplyTo []Mailbox // at most MaxListed each
	Subject                    string
	MessageID                  string    // without angle brackets
	Date                       time.Time // zero when there is none
	Snippet                    string    // the beginning of the text, for a reader
	Attachments                int

	HELO         string
	Peer         string // address and port
	TLS          bool
	AuthIdentity string

	Inboxes []string // of Inboxes the message is in: most specific first, perhaps none
	Tags    []string // sorted
	Read    bool
	Score   *Score // nil until SetReport
}

// MaxListed is how many addresses of a kind a Record names. The message has them all.
const MaxListed = 100

// A Mailbox is one address of a header field.
type Mailbox struct{ Name, Address string }

// A Score is the summary of a report.
type Score struct {
	Value, Low, High int
	Grade            string
}

// A Report is what was found out about a message.
type Report struct {
	JSON   []byte
	Score  Score
	Failed []string // IDs of the checks that failed, for check: in a search
}

// A Store keeps messages. Its methods may be called concurrently.
type Store struct{ engine }

// Open opens the store in config.Dir, or makes one. It is ready when Open
// returns; an index that is behind the log catches up in the background.
func Open(config Config) (*Store, error) { return open(config) }

// Close waits for what was acknowledged to be written. Calls that wait return ErrClosed.
func (s *Store) Close() error { return s.close() }

// Receive stores a message and returns when it is as safe as the durability
// promises. It is the Handler of the SMTP server.
func (s *Store) Receive(ctx context.Context, m *message.Message) error {
	_, err := s.Add(ctx, m)
	return err
}

// Add stores a message like Receive, and names it. The message must not be
// modified before Add returns; it is not kept. An error means that it is not
// stored, except when ctx ended: then it may be.
func (s *Store) Add(ctx context.Context, m *message.Message) (Receipt, error) {
	return s.add(ctx, m, nil)
}

// AddTagged adds a message that has tags from the first moment on, beside those
// of its header and of the rules. They must be as SetTags wants them.
func (s *Store) AddTagged(ctx context.Context, m *message.Message, tags []string) (Receipt, error) {
	return s.add(ctx, m, tags)
}

// Get returns what lists show of a message. A message that was acknowledged is
// found: Get waits for the index if need be, and so do the methods below.
func (s *Store) Get(ctx context.Context, id string) (*Record, error) { return s.get(ctx, id) }

// Raw returns the message exactly as received.
func (s *Store) Raw(ctx context.Context, id string) ([]byte, error) { return s.raw(ctx, id) }

// Message returns the message with its envelope, its session and the session's transcript.
func (s *Store) Message(ctx context.Context, id string) (*message.Message, error) {
	return s.message(ctx, id)
}

// Session returns the message with envelope and session, but without its Raw:
// cheap for a large message.
func (s *Store) Session(ctx context.Context, id string) (*message.Message, error) {
	return s.session(ctx, id)
}

// Report returns the report of a message, or ErrNoReport.
func (s *Store) Report(ctx context.Context, id string) (*Report, error) { return s.report(ctx, id) }

// SetReport keeps the report of a message; a later one replaces it.
func (s *Store) SetReport(ctx context.Context, id string, r *Report) error {
	return s.setReport(ctx, id, r)
}

// Unscored returns messages without a report, oldest first, whose Seq is greater
// than after: what is left to score after a restart, page by page.
func (s *Store) Unscored(ctx context.Context, after uint64, limit int) ([]Unscored, error) {
	return s.unscored(ctx, after, limit)
}

// An Unscored is a message without a report.
type Unscored struct {
	Receipt
	Size int64 // of the message as received
}

// WaitSeq returns when all messages up to seq can be listed and searched.
// For a seq that was not given out yet it waits until it is.
func (s *Store) WaitSeq(ctx context.Context, seq uint64) error { return s.waitSeq(ctx, seq) }

// WaitCommitted returns when everything that was acknowledged before the call,
// reports too, can be found and is counted.
func (s *Store) WaitCommitted(ctx context.Context) error { return s.waitCommitted(ctx) }

// GiveWay runs work behind the receiving of messages, such as scoring one. While
// messages come in quickly, one such work is done at a time, with rests.
func (s *Store) GiveWay(ctx context.Context, work func()) { s.pace.giveWay(ctx, work) }

// Delete deletes messages; IDs that are unknown are passed over. It returns how
// many were deleted. They are gone for every call that begins afterwards.
func (s *Store) Delete(ctx context.Context, ids ...string) (int, error) { return s.delete(ctx, ids) }

// DeleteMatching deletes the messages that a search finds; nil finds all.
func (s *Store) DeleteMatching(ctx context.Context, search *Search) (int, error) {
	return s.deleteMatching(ctx, search)
}

// SetTags replaces the tags of messages; unknown IDs are passed over. A tag is
// trimmed, and must be 1 to 100 bytes without control characters.
func (s *Store) SetTags(ctx context.Context, tags []string, ids ...string) error {
	return s.setTags(ctx, tags, ids)
}

// SetRead sets the read mark of messages; unknown IDs are passed over.
func (s *Store) SetRead(ctx context.Context, read bool, ids ...string) error {
	return s.setRead(ctx, read, ids)
}

// SetReadMatching sets the read mark of the messages that a search finds; nil finds all.
func (s *Store) SetReadMatching(ctx context.Context, read bool, search *Search) error {
	return s.setReadMatching(ctx, read, search)
}

// An Inbox is a name under which messages are kept apart: the part of a recipient
// behind "+", the AUTH identity, or the value of an X-Postmuster-Inbox field. It
// begins to exist with its first message and ends with its last. A message may
// be in several.
type Inbox struct {
	Name     string // in lower case
	Messages int
	Unread   int
	Last     Receipt
}

// Inboxes lists the inboxes, the one with the newest message first.
func (s *Store) Inboxes(ctx context.Context) ([]Inbox, error) { return s.inboxes(ctx) }

// A Tag is a tag and how many messages have it.
type Tag struct {
	Name     string
	Messages int
}

// Tags lists the tags in use by name.
func (s *Store) Tags(ctx context.Context) ([]Tag, error) { return s.tags(ctx) }

// Stats are figures about a store.
type Stats struct {
	Messages, Unread, Unscored int
	Bytes                      int64 // of messages as received
	DiskBytes                  int64 // of the log
	Segments                   int
	Seq, IndexedSeq            uint64 // last acknowledged, last that can be searched
	// CatchingUp tells that the index lacks messages of before the store was
	// opened, as when it is made anew: what reads it waits for that.
	CatchingUp bool
}

// WaitRecent waits until what was acknowledged just now can be found and is
// counted, unless the index is far behind or cannot be written.
func (s *Store) WaitRecent(ctx context.Context) error { return s.waitRecent(ctx) }

// Stats returns figures about the store, as far as its index is.
func (s *Store) Stats(ctx context.Context) (Stats, error) { return s.stats(ctx) }

// A FailedSession is an SMTP session that ended without a message.
type FailedSession struct {
	Seq     uint64 // its own count
	At      time.Time
	Reason  string // one line
	Session *message.Session
}

// MaxFailedSessions is how many of them are kept.
const MaxFailedSessions = 1000

// AddSession keeps a session that ended without a message. It does not wait for the disk.
func (s *Store) AddSession(ctx context.Context, session *message.Session, reason string) error {
	return s.addSession(ctx, session, reason)
}

// FailedSessions returns them, newest first, below the Seq before (0: from the newest).
func (s *Store) FailedSessions(ctx context.Context, before uint64, limit int) ([]FailedSession, error) {
	return s.failedSessions(ctx, before, limit)
}
