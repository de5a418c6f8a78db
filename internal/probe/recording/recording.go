// Package recording keeps what the network was asked and what it answered, and
// answers from what was kept: DNS, SMTP sessions and HTTPS fetches. A bug report
// is a recording; a recording is a test.
//
// The file is text that a person can read and edit and git can compare; see
// format.go for its grammar.
package recording

import (
	"io"
	"time"

	"github.com/postmuster/postmuster/internal/dns"
	"github.com/postmuster/postmuster/internal/https"
	"github.com/postmuster/postmuster/internal/smtp"
)

// A Header tells something about the run: a subject, an option.
type Header struct{ Key, Value string }

// A Recording is what the network said during one run.
type Recording struct {
	At      time.Time // the run's clock
	Headers []Header  // in their order; a key may come more than once
}

// Read reads what Write wrote. A *SyntaxError says where it is not a recording.
func Read(r io.Reader) (*Recording, error) { return nil, io.EOF }

// Write writes the recording, sorted, so that two runs compare well.
func (r *Recording) Write(w io.Writer) error { return nil }

// Values returns the values of the headers with a key.
func (r *Recording) Values(key string) []string { return nil }

// Resolver answers from the recording; what it does not hold is a *dns.Error
// with CauseNotRecorded.
func (r *Recording) Resolver() dns.Resolver { return nil }

// Prober answers from the recording; what it does not hold is a session with
// ResultNotRecorded.
func (r *Recording) Prober() smtp.Prober { return nil }

// Fetcher answers from the recording; what it does not hold is a response with
// ResultNotRecorded.
func (r *Recording) Fetcher() https.Fetcher { return nil }
