package facts

import (
	"context"

	"github.com/postmuster/postmuster/checks/fact"
	"github.com/postmuster/postmuster/internal/proto/spf"
)

// SPFRecords are the texts of the TXT records at the domain that claim to be an
// SPF policy (RFC 7208 §4.5).
var SPFRecords = fact.New("SPF records", func(ctx context.Context, s *fact.Set) ([]string, error) {
	txt, err := TXT.Get(ctx, s)
	if err != nil {
		return nil, err
	}
	return spf.Select(txt.TXTs()), nil
})

// SPFTree is the domain's policy and everything that it includes. What could
// not be found out below the domain itself is a state of its node.
var SPFTree = fact.New("SPF policy", func(ctx context.Context, s *fact.Set) (*spf.Node, error) {
	if _, err := SPFRecords.Get(ctx, s); err != nil {
		return nil, err
	}
	tree := spf.Analyse(ctx, s.Net.DNS, s.Subject.Domain)
	if tree.State == spf.StateUnknown && tree.Err != nil {
		return nil, tree.Err
	}
	return tree, nil
})
