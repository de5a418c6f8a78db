package facts

import (
	"context"
	"net/netip"
	"strings"

	"github.com/postmuster/postmuster/checks/fact"
	"github.com/postmuster/postmuster/internal/dns"
	"github.com/postmuster/postmuster/internal/message"
	"github.com/postmuster/postmuster/internal/proto/arc"
	"github.com/postmuster/postmuster/internal/proto/authres"
	"github.com/postmuster/postmuster/internal/proto/dkim"
	"github.com/postmuster/postmuster/internal/proto/dmarc"
	"github.com/postmuster/postmuster/internal/proto/spf"
)

// MessageSPF is the evaluation of SPF for the client that delivered the message
// (RFC 7208 §2.4). Not being able to ask is an error, so temperror is never
// among its results.
var MessageSPF = fact.New("SPF evaluation", func(ctx context.Context, s *fact.Set) (*spf.Evaluation, error) {
	client, err := Client.Get(ctx, s)
	if err != nil {
		return nil, err
	}
	envelope, err := Envelope.Get(ctx, s)
	if err != nil {
		return nil, err
	}
	if envelope.MailFrom == "" && client.HELO == "" {
		return nil, &unansweredError{"SPF for a null reverse-path needs the name in EHLO; give it with --helo"}
	}
	receipt, err := Receipt.Get(ctx, s)
	if err != nil {
		return nil, err
	}
	checker := spf.Checker{Resolver: s.Net.DNS, Trace: true}
	evaluation := checker.Check(ctx, spf.Request{IP: client.Addr, Helo: client.HELO, MailFrom: envelope.MailFrom, At: receipt.At})
	if evaluation.Result == spf.ResultTempError {
		return nil, evaluationError(evaluation)
	}
	return evaluation, nil
})

func evaluationError(e *spf.Evaluation) error {
	if e.Err != nil {
		return e.Err
	}
	return &unansweredError{e.Reason}
}

// Signatures are the message's DKIM signatures, verified as of its receipt. A
// signature whose key could not be found out has the result temperror.
var Signatures = fact.New("DKIM signatures", func(ctx context.Context, s *fact.Set) (*dkim.Report, error) {
	receipt, err := Receipt.Get(ctx, s)
	if err != nil {
		return nil, err
	}
	return dkim.Verify(ctx, s.Net.DNS, s.Subject.Message.Canonical(), receipt.At), nil
})

// ARCChain is the message's chain of ARC seals, validated as of its receipt (RFC
// 8617 §5.2). It is an error when a key could not be found out.
var ARCChain = fact.New("ARC chain", func(ctx context.Context, s *fact.Set) (*arc.Report, error) {
	receipt, err := Receipt.Get(ctx, s)
	if err != nil {
		return nil, err
	}
	report := arc.Verify(ctx, s.Net.DNS, s.Subject.Message.Canonical(), receipt.At)
	if report.TempError {
		return nil, &unansweredError{report.Error}
	}
	return report, nil
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
	switch {
	case result.Result == dmarc.ResultTempError && result.Discovery.Result == dmarc.ResultTempError:
		return nil, walkError(result.Discovery)
	case result.Result == dmarc.ResultTempError:
		return nil, &unansweredError{result.Reason}
	case result.Result == dmarc.ResultFail && spfErr != nil:
		return nil, spfErr
	}
	return &result, nil
})

// ArrivingResults are the Authentication-Results fields that a message brought
// along, the topmost first, and whom it was for.
type ArrivingResults struct {
	Fields []ResultsField
	Rcpt   []message.Rcpt // of the envelope; empty without a field
}

// A ResultsField is an Authentication-Results field of the message.
type ResultsField struct {
	*message.Field
	Results authres.Field
	Issues  []authres.Issue
}

// BroughtResults are the results that the message brought along. For a file that
// has some it is an error: those of the server that delivered it are among them.
var BroughtResults = fact.New("Authentication-Results", func(ctx context.Context, s *fact.Set) (ArrivingResults, error) {
	var a ArrivingResults
	tree, err := Tree.Get(ctx, s)
	if err != nil {
		return a, err
	}
	for _, f := range tree.Header().All("Authentication-Results") {
		r := ResultsField{Field: f}
		r.Results, r.Issues = authres.Parse(string(f.Value))
		a.Fields = append(a.Fields, r)
	}
	if len(a.Fields) == 0 {
		return a, nil
	}
	if _, err := Wire.Get(ctx, s); err != nil {
		return a, err
	}
	a.Rcpt = s.Subject.Message.Envelope.Rcpt
	return a, nil
})

// SenderAddress is the client's address, and its name and whether the name leads
// back; an error when the message came from this network. Err says that there
// is a name, and that where it leads could not be found out.
var SenderAddress = fact.New("sender's reverse DNS", func(ctx context.Context, s *fact.Set) (Reverse, error) {
	client, err := Client.Get(ctx, s)
	if err != nil {
		return Reverse{}, err
	}
	r := reverse(ctx, s, client.Addr)
	if r.Err != nil && len(r.Names) == 0 {
		return r, r.Err
	}
	r.Address = Address{Addr: client.Addr, Sender: true}
	return r, nil
})

// FromRouting is where replies to the author go.
var FromRouting = fact.New("MX of the From domain", func(ctx context.Context, s *fact.Set) (Routing, error) {
	return routingOf(ctx, s, s.Subject.Domain)
})

// MailFromRouting is where bounces go; nowhere for a null reverse-path.
var MailFromRouting = fact.New("MX of the MAIL FROM domain", func(ctx context.Context, s *fact.Set) (Routing, error) {
	envelope, err := Envelope.Get(ctx, s)
	if err != nil {
		return Routing{}, err
	}
	return routingOf(ctx, s, DomainOf(envelope.MailFrom))
})

// DomainOf returns the domain of an address in A-labels; empty without one.
func DomainOf(address string) string {
	at := strings.LastIndexByte(address, '@')
	if at < 0 {
		return ""
	}
	return asciiDomain(address[at+1:])
}

// routingOf is where a domain's mail goes; the zero Routing for what is no name.
func routingOf(ctx context.Context, s *fact.Set, domain string) (Routing, error) {
	if domain == "" {
		return Routing{}, nil
	}
	answer, err := ask(ctx, s, domain, dns.TypeMX)
	if dns.IsBadName(err) {
		return Routing{}, nil
	}
	if err != nil {
		return Routing{}, err
	}
	return routing(ctx, s, domain, answer)
}

// HELOAddresses are the addresses of the name that the client gave; none for
// what is no name.
var HELOAddresses = fact.New("addresses of the HELO name", func(ctx context.Context, s *fact.Set) ([]netip.Addr, error) {
	client, err := Client.Get(ctx, s)
	if err != nil {
		return nil, err
	}
	a, aaaa, err := dns.LookupAddrs(ctx, s.Net.DNS, client.HELO)
	if dns.IsBadName(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return append(a.Addrs(), aaaa.Addrs()...), nil
})
