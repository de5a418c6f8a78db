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
	// maxTranscript is what is kept of each part, in bytes: a thousand
	// recipients as long as they come in practice, with their replies.
	maxTranscript = 256 << 10
)

// A transcript is what was said: from the connection to the first MAIL, and
// since the last message. What lies between is left out.
type transcript struct {
	now        func() time.Time
	began      time.Time
	head, tail []smtp.Line
	headBytes  int
	tailBytes  int
	inTail     bool
	notes      int
	cut        bool
}

func (t *transcript) client(text string) { t.add(smtp.FromClient, text) }
func (t *transcript) server(text string) { t.add(smtp.FromServer, text) }
func (t *transcript) note(text string)   { t.add(smtp.Note, text) }

func (t *transcript) fault(text string) { t.add(smtp.Fault, text) }

func (t *transcript) add(from smtp.Direction, text string) {
	lines, bytes, limit := &t.head, &t.headBytes, maxHead
	if t.inTail {
		lines, bytes, limit = &t.tail, &t.tailBytes, maxTail
	}
	if len(*lines) >= limit || *bytes >= maxTranscript {
		t.cut = true
		if from != smtp.Note && from != smtp.Fault || t.notes >= maxNotes {
			return
		}
		t.notes++
	}
	if len(text) > maxTranscriptLine {
		text = text[:maxTranscriptLine]
	}
	*bytes += len(text)
	*lines = append(*lines, smtp.Line{At: t.now().Sub(t.began), From: from, Text: text})
}

// transaction begins a new part of the transcript.
func (t *transcript) transaction() { t.inTail = true }

// forget leaves out the transaction that ended with a message: it is kept there.
func (t *transcript) forget() {
	t.cut = true
	t.tail = t.tail[:0]
	t.tailBytes, t.notes = 0, 0
}

func (t *transcript) lines() []smtp.Line { return slices.Concat(t.head, t.tail) }
