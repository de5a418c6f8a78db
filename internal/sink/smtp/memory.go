package smtp

import (
	"context"
	"sync"
	"time"

	gosmtp "github.com/emersion/go-smtp"
)

// DefaultMemoryBytes is what messages may take together while they are received:
// several of the largest at a time, or thousands of the usual.
const DefaultMemoryBytes = 256 << 20

// A Memory bounds what the messages that are being received take together, from
// their first bytes to the reply. All servers that share it count.
//
// A message that finds no room waits for others to end. One at a time need not:
// it may grow to its full size beside the bound, so that messages that fill
// the memory and wait for each other come to an end.
type Memory struct {
	mu      sync.Mutex
	free    int64
	beside  bool          // one message grows beside the bound
	changed chan struct{} // closed when there is more room
}

// NewMemory returns a memory of so many bytes. One message more may be received
// beside them.
func NewMemory(bytes int64) *Memory { return &Memory{free: bytes, changed: make(chan struct{})} }

// A share is what one message takes of a Memory.
type share struct {
	of     *Memory
	bytes  int64
	beside bool
}

// take adds to the share if there is room, and otherwise returns what is closed
// when it is worth trying again.
func (s *share) take(n int64) (again <-chan struct{}) {
	m := s.of
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case s.beside:
	case m.free >= n:
		m.free -= n
		s.bytes += n
	case !m.beside:
		m.beside, s.beside = true, true
	default:
		return m.changed
	}
	return nil
}

// leave gives the share back.
func (s *share) leave() {
	if s.bytes == 0 && !s.beside {
		return
	}
	m := s.of
	m.mu.Lock()
	defer m.mu.Unlock()
	m.free += s.bytes
	if s.beside {
		m.beside = false
	}
	s.bytes, s.beside = 0, false
	close(m.changed)
	m.changed = make(chan struct{})
}

// await is take that waits for room, but not for ever: the client waits, too.
func (s *share) await(ctx context.Context, n int64, patience time.Duration) bool {
	again := s.take(n)
	if again == nil {
		return true
	}
	over := time.NewTimer(patience)
	defer over.Stop()
	for again != nil {
		select {
		case <-again:
			again = s.take(n)
		case <-over.C:
			return false
		case <-ctx.Done():
			return false
		}
	}
	return true
}

// errNoMemory is the reply to a message that found no room.
var errNoMemory = &gosmtp.SMTPError{
	Code: 452, EnhancedCode: gosmtp.EnhancedCode{4, 3, 1}, Message: "too many large messages at a time, try again later",
}
