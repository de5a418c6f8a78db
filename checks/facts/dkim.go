package facts

import (
	"context"

	"github.com/postmuster/postmuster/checks/fact"
	"github.com/postmuster/postmuster/internal/dns"
	"github.com/postmuster/postmuster/internal/proto/dkim"
)

// improbable is a selector that nobody uses: if it has a key, the domain answers
// for every selector.
const improbable = "postmuster-asks-for-no-key"

// fewSelectors are asked although the domain says that it has no keys: some
// servers wrongly answer NXDOMAIN for _domainkey when only names below it exist
// (RFC 8020 is younger than they are).
const fewSelectors = 8

// DKIM is what could be found out about a domain's DKIM keys. Which selectors a
// domain uses cannot be asked; they stand in its signatures.
type DKIM struct {
	Zone     dns.Status // of _domainkey.DOMAIN; NXDOMAIN says that there is no key at all
	Wildcard bool       // every selector has the same record: Keys holds it once, as "*"
	Asked    []string   // the selectors
	Keys     []Key      // what was found
	Unknown  []Key      // what could not be found out
}

// A Key is what stands at a selector.
type Key struct {
	Selector string
	Named    bool // the user said that it is in use
	dkim.KeyLookup
	Err error // why it is unknown
}

// DKIMKeys are the domain's DKIM keys, as far as selectors could be guessed.
var DKIMKeys = fact.New("DKIM keys", func(ctx context.Context, s *fact.Set) (DKIM, error) {
	zone, err := ask(ctx, s, "_domainkey."+s.Subject.Domain, dns.TypeTXT)
	if err != nil {
		return DKIM{}, err
	}
	d := DKIM{Zone: zone.Status()}
	routing, _ := MXRouting.Get(ctx, s) // without it the selectors have less evidence, no more
	policy, _ := SPFTree.Get(ctx, s)
	selectors, expected := selectorsFor(s.Options.Selectors, policy, routing.Hosts)
	if d.Zone == dns.StatusNXDomain {
		selectors = selectors[:min(len(selectors), max(expected, fewSelectors))]
	} else if wild := lookupKey(ctx, s, improbable); wild.Status != dkim.KeyNone && wild.Err == nil {
		wild.Selector = "*"
		d.Wildcard = true
		d.Keys = []Key{wild}
		selectors = s.Options.Selectors
	}
	d.ask(ctx, s, selectors)
	return d, nil
})

func (d *DKIM) ask(ctx context.Context, s *fact.Set, selectors []string) {
	d.Asked = selectors
	keys := make([]Key, len(selectors))
	each(len(selectors), func(i int) {
		keys[i] = lookupKey(ctx, s, selectors[i])
		keys[i].Named = i < len(s.Options.Selectors)
	})
	for _, k := range keys {
		switch {
		case k.Err != nil:
			d.Unknown = append(d.Unknown, k)
		case k.Status != dkim.KeyNone || k.Named || k.Alias != "":
			d.Keys = append(d.Keys, k)
		}
	}
}

func lookupKey(ctx context.Context, s *fact.Set, selector string) Key {
	lookup, err := dkim.LookupKey(ctx, s.Net.DNS, selector, s.Subject.Domain)
	return Key{Selector: selector, KeyLookup: lookup, Err: err}
}
