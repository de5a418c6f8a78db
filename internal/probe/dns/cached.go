package dns

import (
	"container/list"
	"context"
	"sync"
	"time"

	"github.com/postmuster/postmuster/internal/dns"
)

// How long and how much is kept.
const (
	DefaultCacheBytes = 64 << 20

	maxTTL         = 24 * time.Hour  // RFC 8767 §4 suggests days; a day outlives any run
	maxNegativeTTL = 3 * time.Hour   // RFC 2308 §5
	failureTTL     = 5 * time.Second // RFC 9520 §3.2: at least 1 second, at most 5 minutes
)

// A CacheConfig says how much a cache keeps, and by which clock.
type CacheConfig struct {
	MaxBytes int              // 0 means DefaultCacheBytes
	Now      func() time.Time // time.Now if nil
}

type cached struct {
	miss     dns.Resolver // asks, and keeps the answer
	now      func() time.Time
	maxBytes int

	mu      sync.Mutex
	bytes   int
	entries map[dns.Question]*list.Element
	recent  *list.List // of *cacheEntry, the one used last in front
}

type cacheEntry struct {
	question dns.Question
	answer   *dns.Answer
	err      error
	expires  time.Time
	bytes    int
}

// Cached keeps the answers of next for their time to live, negative ones as
// RFC 2308 §5 says, and failures for a few seconds. Callers get the answer as
// it came, with the TTL and the time that it had then. Those who ask at the
// same time share one asking, as with Shared: no question is asked twice while
// its answer lives.
func Cached(next dns.Resolver, c CacheConfig) dns.Resolver {
	if c.Now == nil {
		c.Now = time.Now
	}
	cache := &cached{now: c.Now, maxBytes: orDefault(c.MaxBytes, DefaultCacheBytes),
		entries: map[dns.Question]*list.Element{}, recent: list.New()}
	cache.miss = Shared(&keeper{cache, next})
	return cache
}

func (c *cached) Resolve(ctx context.Context, q dns.Question) (*dns.Answer, error) {
	q.Name = dns.Canonical(q.Name)
	if e := c.find(q); e != nil {
		return e.answer, e.err
	}
	return c.miss.Resolve(ctx, q)
}

// A keeper asks next and keeps what it says, before those who ask at the same
// time hear of it.
type keeper struct {
	*cached
	next dns.Resolver
}

func (k *keeper) Resolve(ctx context.Context, q dns.Question) (*dns.Answer, error) {
	if e := k.find(q); e != nil {
		return e.answer, e.err // it came while the caller was on the way here
	}
	answer, err := k.next.Resolve(ctx, q)
	switch {
	case err == nil:
		k.keep(&cacheEntry{question: q, answer: answer}, lifetime(answer))
	case ctx.Err() == nil: // else it says something about the callers, not about the name
		k.keep(&cacheEntry{question: q, err: err}, failureTTL)
	}
	return answer, err
}

// lifetime returns how long an answer may be kept; 0 for not at all.
func lifetime(a *dns.Answer) time.Duration {
	positive := min(time.Duration(a.TTL())*time.Second, maxTTL)
	if a.Status() == dns.StatusData {
		return positive
	}
	for _, r := range a.Authority {
		if soa, ok := r.Data.(dns.SOA); ok {
			negative := min(time.Duration(min(r.TTL, soa.Minimum))*time.Second, maxNegativeTTL)
			if len(a.Records) > 0 { // the CNAMEs that led there
				negative = min(negative, positive)
			}
			return negative
		}
	}
	return 0 // RFC 2308 §5: without an SOA, not
}

func (c *cached) find(q dns.Question) *cacheEntry {
	c.mu.Lock()
	defer c.mu.Unlock()
	element, ok := c.entries[q]
	if !ok {
		return nil
	}
	e := element.Value.(*cacheEntry)
	if !c.now().Before(e.expires) {
		c.remove(element)
		return nil
	}
	c.recent.MoveToFront(element)
	return e
}

func (c *cached) keep(e *cacheEntry, lifetime time.Duration) {
	if lifetime <= 0 {
		return
	}
	e.expires = c.now().Add(lifetime)
	e.bytes = size(e)
	c.mu.Lock()
	defer c.mu.Unlock()
	if old, ok := c.entries[e.question]; ok {
		c.remove(old)
	}
	c.entries[e.question] = c.recent.PushFront(e)
	c.bytes += e.bytes
	for c.bytes > c.maxBytes && c.recent.Len() > 0 {
		c.remove(c.recent.Back())
	}
}

func (c *cached) remove(element *list.Element) {
	e := c.recent.Remove(element).(*cacheEntry)
	delete(c.entries, e.question)
	c.bytes -= e.bytes
}

// size estimates what an entry takes in memory.
func size(e *cacheEntry) int {
	const (
		perEntry  = 600 // the entry, the answer or error, and their places in map and list
		perRecord = 150
	)
	bytes := perEntry + 2*len(e.question.Name)
	if e.answer == nil {
		return bytes
	}
	for _, section := range [][]dns.Record{e.answer.Records, e.answer.Authority} {
		for _, r := range section {
			bytes += perRecord + len(r.Name) + dataSize(r.Data)
		}
	}
	return bytes
}

func dataSize(data dns.Data) int {
	switch d := data.(type) {
	case dns.TXT:
		return len(d.Text()) + 16*len(d.Strings)
	case dns.Unknown:
		return len(d.Text)
	case dns.DNSKEY:
		return len(d.PublicKey)
	case dns.TLSA:
		return len(d.Association)
	default:
		return maxQuestion // at most a name or two, or some numbers
	}
}
