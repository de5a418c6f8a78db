// Package facts is the catalogue of facts: a file for each area. It is the only
// code that asks the network, and asks it only through the Net of the set.
//
// "There is none" is a value. An error means that something could not be found
// out. A fact about several things holds a state for each of them, so that one
// silent host leaves the others to be judged.
package facts

import (
	"context"
	"sync"
	"time"

	"github.com/postmuster/postmuster/checks/fact"
	"github.com/postmuster/postmuster/internal/dns"
)

// askedAtOnce bounds the questions that one fact has under way: facts run at
// the same time, and other subjects too.
const askedAtOnce = 16

// each calls f for every index below n, several at a time.
func each(n int, f func(i int)) {
	var wg sync.WaitGroup
	places := make(chan struct{}, askedAtOnce)
	for i := range n {
		places <- struct{}{}
		wg.Go(func() {
			defer func() { <-places }()
			f(i)
		})
	}
	wg.Wait()
}

func ask(ctx context.Context, s *fact.Set, name string, t dns.Type) (*dns.Answer, error) {
	return s.Net.DNS.Resolve(ctx, dns.Question{Name: name, Type: t})
}

// Where returns the place of a record, as findings name it: "dns:example.com/TXT".
func Where(name string, t dns.Type) string { return "dns:" + name + "/" + t.String() }

// Now is the time of the audit.
var Now = fact.New("time", func(_ context.Context, s *fact.Set) (time.Time, error) { return s.Net.Now(), nil })
