package sink

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"

	"github.com/postmuster/postmuster/internal/message"
	sinksmtp "github.com/postmuster/postmuster/internal/sink/smtp"
	"github.com/postmuster/postmuster/internal/sink/store"
	"github.com/postmuster/postmuster/internal/smtp"
)

// A receiver stands between the SMTP server and the store: it tells the client
// what the message is called, and why it was not taken.
type receiver struct {
	store  *store.Store
	logger *slog.Logger
}

// Receive stores a message.
func (r receiver) Receive(ctx context.Context, m *message.Message) error {
	receipt, err := r.store.Add(ctx, m)
	switch {
	case err == nil:
		return &sinksmtp.Reply{Code: 250, Enhanced: "2.0.0", Text: "queued as " + receipt.ID}
	case errors.Is(err, store.ErrTooLarge):
		return &sinksmtp.Reply{Code: 552, Enhanced: "5.3.4", Text: "too large for what this sink may keep"}
	case errors.Is(err, store.ErrNoSpace):
		r.logger.Error("a message was not taken", "error", err)
		return &sinksmtp.Reply{Code: 452, Enhanced: "4.3.1", Text: "no space is left for messages"}
	default:
		return err
	}
}

// counter counts from several goroutines.
type counter struct{ n atomic.Int64 }

func (c *counter) add()       { c.n.Add(1) }
func (c *counter) value() int { return int(c.n.Load()) }

// keepFailed keeps a session that was refused something, or broke off.
func (s *Sink) keepFailed(session *message.Session) {
	s.failed.add()
	// Sessions end after ctx, too; the store takes them until it is closed.
	err := s.store.AddSession(context.Background(), session, reasonOf(session))
	if err != nil && !errors.Is(err, store.ErrClosed) {
		s.config.Logger.Warn("a failed session was not kept", "error", err)
	}
}

// reasonOf says in a line why a session came to nothing: the last refusal, or
// how the connection ended.
func reasonOf(session *message.Session) string {
	lines := session.Transcript
	note := ""
	for i := len(lines) - 1; i >= 0; i-- {
		switch line := lines[i]; {
		case line.From == smtp.FromServer && (strings.HasPrefix(line.Text, "4") || strings.HasPrefix(line.Text, "5")):
			return line.Text
		case line.From == smtp.Note && note == "" && i > 0: // the first tells that there was a connection
			note = line.Text
		}
	}
	if note != "" {
		return note
	}
	return "the client left without sending a message"
}
