package store

import (
	"fmt"
	"slices"
)

// atReceipt refuses terms about what is not known, or not settled, when a message
// is received.
func (s *Search) atReceipt() error {
	if len(s.terms) == 0 {
		return &SyntaxError{0, "nothing to search for"}
	}
	for _, t := range s.terms {
		switch {
		case t.field == "score" || t.field == "check" || t.field == "tag" || t.field == "is" || t.field == "has" && t.value == "report":
			return &SyntaxError{t.offset, fmt.Sprintf("%s:%s is not known when a message is received", t.field, t.value)}
		case t.ago != 0:
			return &SyntaxError{t.offset, "an age says nothing when a message is received"}
		}
	}
	return nil
}

// A document is a message as a search finds it when it is received.
type document struct {
	*summary
	received int64 // Unix nanoseconds

	all string // its words; empty until they are asked for
}

func (d *document) words() string {
	if d.all == "" {
		d.all = words(d.text())
	}
	return d.all
}

// matches tells what the index would say of the message. It knows the terms that
// atReceipt lets through.
func (s *Search) matches(d *document) bool {
	for i := range s.terms {
		if t := &s.terms[i]; t.matches(d) == t.not {
			return false
		}
	}
	return true
}

func (t *term) matches(d *document) bool {
	r := &d.record
	switch t.field {
	case "":
		return stands(t.value, d.words(), t.prefix)
	case "from":
		return t.within(d.sender)
	case "to":
		return t.within(d.recipients)
	case "subject":
		return t.within(d.subject)
	case "cc":
		return t.within(d.cc)
	case "bcc":
		return t.within(d.bcc)
	case "reply-to":
		return t.within(d.replyTo)
	case "file":
		return t.within(d.files)
	case "header":
		return t.inFields(d.fields)
	case "message-id":
		return r.MessageID == t.value
	case "inbox":
		return slices.Contains(r.Inboxes, t.value)
	case "has":
		if bit := contentBits[t.value]; bit != 0 {
			return d.contents&bit != 0
		}
		return r.Attachments > 0
	case "larger", "smaller":
		return r.Size >= t.from && r.Size <= t.to
	case "before":
		return d.received < t.at.UnixNano()
	case "after":
		return d.received >= t.at.UnixNano()
	}
	return false
}

// within tells whether the value stands in a text, at the beginning of a word.
func (t *term) within(text string) bool { return containsWord(lower(text), lower(t.value)) }
