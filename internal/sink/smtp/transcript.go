package smtp

import (
	"slices"
	"time"

	"github.com/postmuster/postmuster/internal/smtp"
)

const (
	// maxHead and maxTail bound the lines kept of a session's beginning and of
	// its current transaction.
	maxHead = 200
	maxTail = 1000
	// maxNotes is how many notes more are kept: how a session ended must not
	// get lost behind its commands.
	maxNotes = 50
	// maxTranscriptLine is what is kept of a line.
	maxTranscriptLine = 2000
)

// A transcript is what was said: from the connection to the first MAIL, and
// since the last message. What lies between is left out.
type transcript struct {
	now        func() time.Time
	began      time.Time
	head, tail []smtp.Line
	inTail     bool
	notes      int
	cut        bool
}

func (t *transcript) client(text string) { t.add(smtp.FromClient, text) }
func (t *transcript) server(text string) { t.add(smtp.FromServer, text) }
func (t *transcript) note(text string)   { t.add(smtp.Note, text) }

func (t *transcript) fault(text string) { t.add(smtp.Fault, text) }

func (t *transcript) add(from smtp.Direction, text string) {
	lines, limit := &t.head, maxHead
	if t.inTail {
		lines, limit = &t.tail, maxTail
	}
	if len(*lines) >= limit {
		t.cut = true
		if from != smtp.Note && from != smtp.Fault || t.notes >= maxNotes {
			return
		}
		t.notes++
	}
	if len(text) > maxTranscriptLine {
		text = text[:maxTranscriptLine]
	}
	*lines = append(*lines, smtp.Line{At: t.now().Sub(t.began), From: from, Text: text})
}

// transaction begins a new part of the transcript.
func (t *transcript) transaction() { t.inTail = true }

// forget leaves out the transaction that ended with a message: it is kept there.
func (t *transcript) forget() {
	t.cut = true
	t.tail = t.tail[:0]
	t.notes = 0
}

func (t *transcript) lines() []smtp.Line { return slices.Concat(t.head, t.tail) }
