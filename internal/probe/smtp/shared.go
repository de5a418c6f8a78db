package smtp

import (
	"context"
	"errors"
	"sync"

	"github.com/postmuster/postmuster/internal/smtp"
)

// maxRemembered bounds what a run keeps: some tens of kilobytes a session.
const maxRemembered = 4096

// Shared holds one session with each target, whoever asks and how often: every
// domain that uses an MX shares what was seen of it. A caller who gives up does
// not end the session for the others; when all have, it ends and is forgotten.
type Shared struct {
	next smtp.Prober

	mu       sync.Mutex
	sessions map[smtp.Target]*sharedSession
	finished []smtp.Target // remembered, oldest first
}

type sharedSession struct {
	waiting int // callers
	cancel  context.CancelFunc
	done    chan struct{}
	session *smtp.Session // once done is closed
}

// NewShared returns a prober that asks next once for each target.
func NewShared(next smtp.Prober) *Shared {
	return &Shared{next: next, sessions: map[smtp.Target]*sharedSession{}}
}

// Probe returns the session with t, holding it if nobody has.
func (s *Shared) Probe(ctx context.Context, t smtp.Target) *smtp.Session {
	entry := s.join(ctx, t)
	select {
	case <-entry.done:
		return entry.session
	case <-ctx.Done():
	}
	last := s.leave(t, entry)
	if !last || errors.Is(ctx.Err(), context.Canceled) {
		return notHeld(ctx, t, "waiting for a session")
	}
	<-entry.done // it heeds its cancellation
	return outOfTime(entry.session)
}

// outOfTime is a session that ended because nobody had time for it any more: how
// far it came tells a port that is blocked from a server that is slow.
func outOfTime(s *smtp.Session) *smtp.Session {
	if s.Result != smtp.ResultCanceled {
		return s
	}
	cut := *s
	cut.Result, cut.Reason = smtp.ResultTimeout, string(s.Step)+": timeout"
	return &cut
}

// join returns the session with t, beginning it if there is none.
func (s *Shared) join(ctx context.Context, t smtp.Target) *sharedSession {
	s.mu.Lock()
	defer s.mu.Unlock()
	if entry, ok := s.sessions[t]; ok {
		entry.waiting++
		return entry
	}
	// The first caller's deadline and cancellation are its own.
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	entry := &sharedSession{waiting: 1, cancel: cancel, done: make(chan struct{})}
	s.sessions[t] = entry
	go func() {
		defer cancel()
		entry.session = s.next.Probe(ctx, t)
		s.remember(t, entry)
		close(entry.done)
	}()
	return entry
}

// leave says that a caller waits no longer, and ends the session after the last
// one.
func (s *Shared) leave(t smtp.Target, entry *sharedSession) (last bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	entry.waiting--
	select {
	case <-entry.done:
		return entry.waiting == 0
	default:
	}
	if entry.waiting == 0 && s.sessions[t] == entry {
		entry.cancel()
		delete(s.sessions, t)
	}
	return entry.waiting == 0
}

// remember keeps a session that came to an end of its own.
func (s *Shared) remember(t smtp.Target, entry *sharedSession) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sessions[t] != entry {
		return // everybody left
	}
	if entry.session.Result == smtp.ResultCanceled {
		delete(s.sessions, t)
		return
	}
	s.finished = append(s.finished, t)
	if len(s.finished) > maxRemembered {
		delete(s.sessions, s.finished[0])
		s.finished = s.finished[1:]
	}
}

// notHeld is the session of a caller whose time ended before it began.
func notHeld(ctx context.Context, t smtp.Target, doing string) *smtp.Session {
	session := &smtp.Session{Target: t, Result: smtp.ResultTimeout, Step: smtp.StepConnect, Reason: doing + ": timeout"}
	if errors.Is(ctx.Err(), context.Canceled) {
		session.Result, session.Reason = smtp.ResultCanceled, doing+": canceled"
	}
	return session
}
