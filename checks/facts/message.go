package facts

import (
	"context"
	"strings"

	"golang.org/x/net/idna"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/checks/fact"
	"github.com/postmuster/postmuster/internal/message"
)

// An Identity is how a message names its author and itself.
type Identity struct {
	FromDomain string // of the first mailbox of the From field, in A-labels; empty without one
	MessageID  string // as written; empty without one
}

// IdentityOf reads the identity from a parsed message.
func IdentityOf(tree *message.Tree) Identity {
	var id Identity
	if from := tree.Header().First("From"); from != nil {
		if list := message.ParseAddresses(from.Unfolded()).List; len(list) > 0 {
			id.FromDomain = asciiDomain(list[0].Domain)
		}
	}
	if field := tree.Header().First("Message-ID"); field != nil {
		id.MessageID = field.Unfolded()
	}
	return id
}

// asciiDomain returns a domain in A-labels and lower case; one that cannot be
// converted stays as it is.
func asciiDomain(domain string) string {
	domain = strings.TrimSuffix(domain, ".")
	if ascii, err := idna.Lookup.ToASCII(domain); err == nil {
		return ascii
	}
	return strings.ToLower(domain)
}

// Tree is the message taken apart.
var Tree = fact.New("MIME tree", func(_ context.Context, s *fact.Set) (*message.Tree, error) {
	return s.Subject.Message.Parse(), nil
})

// Envelope is what MAIL and RCPT said; an error when the message was not
// received over SMTP and nobody said what the envelope would be.
var Envelope = fact.New("envelope", func(_ context.Context, s *fact.Set) (*message.Envelope, error) {
	if s.Subject.Message.Envelope == nil {
		return nil, &unansweredError{"the envelope is not known; give it with --from and --rcpt"}
	}
	return s.Subject.Message.Envelope, nil
})

// SMTPSession is the session that the message came in; an error when it did not
// come in one.
var SMTPSession = fact.New("SMTP session", func(_ context.Context, s *fact.Set) (*message.Session, error) {
	if s.Subject.Message.Session == nil {
		return nil, &unansweredError{"the session is not known; give it with --ip and --helo"}
	}
	return s.Subject.Message.Session, nil
})

// MessageProfile is what the message seems to be for: fields that only mail to
// many has make it marketing.
var MessageProfile = fact.New("profile", func(ctx context.Context, s *fact.Set) (checks.Profile, error) {
	tree, err := Tree.Get(ctx, s)
	if err != nil {
		return "", err
	}
	header := tree.Header()
	for _, name := range []string{"List-Unsubscribe", "List-Unsubscribe-Post", "List-Id", "List-Post", "Feedback-ID"} {
		if header.First(name) != nil {
			return checks.Marketing, nil
		}
	}
	if precedence := header.First("Precedence"); precedence != nil {
		switch strings.ToLower(precedence.Unfolded()) {
		case "bulk", "list", "junk":
			return checks.Marketing, nil
		}
	}
	return checks.Transactional, nil
})
