package web

import (
	"strings"

	"github.com/postmuster/postmuster/internal/message"
	"github.com/postmuster/postmuster/internal/sink/store"
)

// maxPeople is how many addresses of a field are shown before the others are folded away.
const maxPeople = 8

// people are the addresses of a header field, most of them folded away if they are many.
type people struct{ First, More []store.Mailbox }

func newPeople(all []store.Mailbox) people {
	if len(all) <= maxPeople+1 { // one more is shorter than to say that there is one
		return people{First: all}
	}
	return people{all[:maxPeople], all[maxPeople:]}
}

// An unnamed recipient is one of the envelope that the header does not name, such
// as one of Bcc. Where the header names none of them, the message goes elsewhere
// than its reader thinks.
type unnamed struct {
	Rcpt  []store.Mailbox
	Named bool // the header names others
}

func newUnnamed(e *message.Envelope, r *store.Record) unnamed {
	var u unnamed
	if e == nil {
		return u
	}
	named := map[string]bool{}
	for _, field := range [][]store.Mailbox{r.To, r.Cc, r.Bcc} {
		for _, m := range field {
			named[strings.ToLower(m.Address)] = true
		}
	}
	for _, rcpt := range e.Rcpt {
		if named[strings.ToLower(rcpt.To)] {
			u.Named = true
		} else if len(u.Rcpt) < store.MaxListed {
			u.Rcpt = append(u.Rcpt, store.Mailbox{Address: rcpt.To})
		}
	}
	return u
}
