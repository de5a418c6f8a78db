package facts

import (
	"context"
	"net/netip"
	"time"

	"github.com/postmuster/postmuster/checks/fact"
	"github.com/postmuster/postmuster/internal/proto/dkim"
	"github.com/postmuster/postmuster/internal/proto/dmarc"
	"github.com/postmuster/postmuster/internal/proto/spf"
)

// MessageSPF is the evaluation of SPF for the client that delivered the message
// (RFC 7208 §2.4). Not being able to ask is an error, so temperror is never
// among its results.
var MessageSPF = fact.New("SPF evaluation", func(ctx context.Context, s *fact.Set) (*spf.Evaluation, error) {
	session, err := SMTPSession.Get(ctx, s)
	if err != nil {
		return nil, err
	}
	envelope, err := Envelope.Get(ctx, s)
	if err != nil {
		return nil, err
	}
	peer := session.Peer.Addr().Unmap()
	if Local(peer) {
		return nil, &unansweredError{"the message came from " + peer.String() + ", an address of this network; --ip gives the one that it will be sent from"}
	}
	checker := spf.Checker{Resolver: s.Net.DNS, Trace: true}
	evaluation := checker.Check(ctx, spf.Request{IP: peer, Helo: session.HELO, MailFrom: envelope.MailFrom, At: receivedAt(s)})
	if evaluation.Result == spf.ResultTempError && evaluation.Err != nil {
		return nil, evaluation.Err
	}
	return evaluation, nil
})

// Local reports whether an address is of this machine or a private network, so
// that no receiver will see mail come from it.
func Local(addr netip.Addr) bool {
	return !addr.IsValid() || addr.IsLoopback() || addr.IsPrivate() || addr.IsLinkLocalUnicast() || addr.IsUnspecified()
}

// receivedAt is the time to judge a message by: when it came, or now.
func receivedAt(s *fact.Set) time.Time {
	if session := s.Subject.Message.Session; session != nil && !session.ReceivedAt.IsZero() {
		return session.ReceivedAt
	}
	return s.Net.Now()
}

// ReceivedAt is the time to judge the message by.
var ReceivedAt = fact.New("time of receipt", func(_ context.Context, s *fact.Set) (time.Time, error) {
	return receivedAt(s), nil
})

// Signatures are the message's DKIM signatures, verified. A signature whose key
// could not be found out has the result temperror.
var Signatures = fact.New("DKIM signatures", func(ctx context.Context, s *fact.Set) (*dkim.Report, error) {
	return dkim.Verify(ctx, s.Net.DNS, s.Subject.Message.Canonical(), receivedAt(s)), nil
})

// MessageDMARC is the DMARC evaluation of the message (RFC 9989 §5.3). When the
// session is not known, SPF is taken to be unknown: an aligned DKIM signature
// still passes, and without one the evaluation is an error.
var MessageDMARC = fact.New("DMARC evaluation", func(ctx context.Context, s *fact.Set) (*dmarc.Evaluation, error) {
	report, err := Signatures.Get(ctx, s)
	if err != nil {
		return nil, err
	}
	input := dmarc.Input{From: s.Subject.Domain}
	for _, signature := range report.Signatures {
		input.DKIM = append(input.DKIM, dmarc.Auth{Result: string(signature.Result), Domain: signature.Domain})
	}
	evaluation, spfErr := MessageSPF.Get(ctx, s)
	if spfErr == nil {
		input.SPF = dmarc.Auth{Result: string(evaluation.Result), Domain: evaluation.Domain}
	}
	result := dmarc.Evaluate(ctx, s.Net.DNS, input)
	if result.Result == dmarc.ResultTempError {
		return nil, walkError(result.Discovery)
	}
	if result.Result == dmarc.ResultFail && spfErr != nil {
		return nil, spfErr
	}
	return &result, nil
})

// SenderAddress is the client's address, and its name and whether the name leads
// back; an error when the message came from this network.
var SenderAddress = fact.New("sender's reverse DNS", func(ctx context.Context, s *fact.Set) (Reverse, error) {
	session, err := SMTPSession.Get(ctx, s)
	if err != nil {
		return Reverse{}, err
	}
	peer := session.Peer.Addr().Unmap()
	if Local(peer) {
		return Reverse{}, &unansweredError{"the message came from " + peer.String() + ", an address of this network"}
	}
	r := reverse(ctx, s, peer)
	if r.Err != nil {
		return r, r.Err
	}
	r.Address = Address{Addr: peer, Sender: true}
	return r, nil
})

// FromRouting is where replies to the author go.
var FromRouting = fact.New("MX of the From domain", func(ctx context.Context, s *fact.Set) (Routing, error) {
	if s.Subject.Domain == "" {
		return Routing{}, nil
	}
	return MXRouting.Get(ctx, s)
})
