package smtp

import (
	"context"
	"time"

	"github.com/postmuster/postmuster/internal/smtp"
)

// A Pace says how hard hosts may be asked.
type Pace struct {
	PerAddr  int           // sessions with one address at once
	Interval time.Duration // between the beginnings of two sessions with one address
	Total    int           // sessions at once
}

// Paced makes sessions wait for their turn.
type Paced struct {
	next smtp.Prober
	pace Pace
}

// NewPaced returns a prober that asks next at the given pace.
func NewPaced(next smtp.Prober, p Pace) *Paced { return &Paced{next: next, pace: p} }

// Probe waits for its turn, then holds a session with t.
func (p *Paced) Probe(ctx context.Context, t smtp.Target) *smtp.Session { return p.next.Probe(ctx, t) }
