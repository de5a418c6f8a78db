package facts

import (
	"context"
	"net/netip"
	"strings"
	"time"

	"golang.org/x/net/idna"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/checks/fact"
	"github.com/postmuster/postmuster/internal/message"
)

// An Identity is how a message names its author and itself.
type Identity struct {
	FromDomain string // of the first mailbox of the From field that has one, in A-labels; empty without one
	MessageID  string // as written; empty without one
}

// IdentityOf reads the identity from a parsed message.
func IdentityOf(tree *message.Tree) Identity {
	var id Identity
	if from := tree.Header().First("From"); from != nil {
		for _, mailbox := range message.ParseAddresses(from.Unfolded()).List {
			if mailbox.Domain != "" { // "Example, Inc. <a@example.com>" without its quotes seems to be two
				id.FromDomain = asciiDomain(mailbox.Domain)
				break
			}
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

// Wire is the session as it was held. It is an error for a message from a file,
// also when --ip and --helo tell its session: what else would be said in it is
// not known.
var Wire = fact.New("SMTP session on the wire", func(_ context.Context, s *fact.Set) (*message.Session, error) {
	m := s.Subject.Message
	if m.Origin != message.OriginSMTP || m.Session == nil || m.Envelope == nil {
		return nil, &unansweredError{"the message was read from a file: how it goes over the wire is not known; send it to the sink"}
	}
	return m.Session, nil
})

// A SendingClient is the client that delivered the message, as receivers on the
// Internet see it.
type SendingClient struct {
	Addr netip.Addr
	HELO string // empty when it is not known
}

// Client is the client that delivered the message; an error when it is on this
// network, because another host will then be the one that receivers see.
var Client = fact.New("SMTP client", func(ctx context.Context, s *fact.Set) (SendingClient, error) {
	session, err := SMTPSession.Get(ctx, s)
	if err != nil {
		return SendingClient{}, err
	}
	c := SendingClient{Addr: session.Peer.Addr().Unmap(), HELO: session.HELO}
	if Local(c.Addr) {
		return c, localClient(s.Subject.Message.Origin, c.Addr)
	}
	return c, nil
})

// localClient says what to do about a client that receivers will not see. Over
// SMTP that is for the client or the sink to say, with a flag only for a file.
func localClient(origin message.Origin, addr netip.Addr) error {
	text := "the message came from " + addr.String() + ", an address of this network: which one receivers will see is not known"
	if origin != message.OriginSMTP {
		text += "; --ip gives it"
	}
	return &unansweredError{text}
}

// Local reports whether an address is of this machine or a private network, so
// that no receiver will see mail come from it.
func Local(addr netip.Addr) bool {
	return !addr.IsValid() || addr.IsLoopback() || addr.IsPrivate() || addr.IsLinkLocalUnicast() || addr.IsUnspecified()
}

// A ReceiptTime is when a message came.
type ReceiptTime struct {
	At    time.Time // now when it is not known
	Known bool      // from the session or, for a file, from the topmost Received field
}

// Receipt is when the message was received. A file without a Received field has
// not been received yet.
var Receipt = fact.New("time of receipt", func(ctx context.Context, s *fact.Set) (ReceiptTime, error) {
	if session := s.Subject.Message.Session; session != nil && !session.ReceivedAt.IsZero() {
		return ReceiptTime{At: session.ReceivedAt, Known: true}, nil
	}
	tree, err := Tree.Get(ctx, s)
	if err != nil {
		return ReceiptTime{}, err
	}
	if received := tree.Header().First("Received"); received != nil {
		value := received.Unfolded()
		date := message.ParseDate(value[strings.LastIndexByte(value, ';')+1:]) // RFC 5321 §4.4
		if date.Valid {
			return ReceiptTime{At: date.Time, Known: true}, nil
		}
	}
	return ReceiptTime{At: s.Net.Now()}, nil
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
