package smtp

import (
	"cmp"
	"context"
	"net/netip"
	"sync"
	"time"

	"github.com/postmuster/postmuster/internal/smtp"
)

// A Pace says how hard hosts may be asked. Rate limits count by address: many
// names of MX hosts share one.
type Pace struct {
	PerAddr  int           // sessions with one address at once; 1 when zero
	Interval time.Duration // between the beginnings of two sessions with one address
	Total    int           // sessions at once; DefaultTotal when zero
}

// DefaultTotal is how many sessions are held at once.
const DefaultTotal = 64

// Paced makes sessions wait for their turn. The wait is the caller's: it counts
// against no deadline of the session.
type Paced struct {
	next  smtp.Prober
	pace  Pace
	total chan struct{}

	mu    sync.Mutex
	addrs map[netip.Addr]*addrPace
}

// addrPace is the pace of one address. It lives as long as somebody uses it,
// and the interval after that.
type addrPace struct {
	slots chan struct{} // one for each session at once
	users int
	next  time.Time // when the next session may begin
}

// NewPaced returns a prober that asks next at the given pace.
func NewPaced(next smtp.Prober, p Pace) *Paced {
	p.PerAddr, p.Total = cmp.Or(p.PerAddr, 1), cmp.Or(p.Total, DefaultTotal)
	return &Paced{next: next, pace: p, total: make(chan struct{}, p.Total), addrs: map[netip.Addr]*addrPace{}}
}

// Probe waits for its turn, then holds a session with t. The address comes
// before the total, so that those who wait for a busy host hold up no other.
func (p *Paced) Probe(ctx context.Context, t smtp.Target) *smtp.Session {
	addr := t.Addr.Addr()
	a := p.enter(addr)
	defer p.leave(addr, a)
	for _, slots := range []chan struct{}{a.slots, p.total} {
		select {
		case slots <- struct{}{}:
			defer func() { <-slots }()
		case <-ctx.Done():
			return notHeld(ctx, t, "waiting for a turn")
		}
	}
	if !p.waitInterval(ctx, a) {
		return notHeld(ctx, t, "waiting for a turn")
	}
	return p.next.Probe(ctx, t)
}

func (p *Paced) enter(addr netip.Addr) *addrPace {
	p.mu.Lock()
	defer p.mu.Unlock()
	a, ok := p.addrs[addr]
	if !ok {
		a = &addrPace{slots: make(chan struct{}, p.pace.PerAddr)}
		p.addrs[addr] = a
	}
	a.users++
	return a
}

// leave forgets the address when nobody uses it and its interval has passed.
func (p *Paced) leave(addr netip.Addr, a *addrPace) {
	p.mu.Lock()
	defer p.mu.Unlock()
	a.users--
	if a.users > 0 {
		return
	}
	time.AfterFunc(time.Until(a.next), func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if a.users == 0 && p.addrs[addr] == a && time.Until(a.next) <= 0 {
			delete(p.addrs, addr)
		}
	})
}

// waitInterval takes the next beginning and waits for it.
func (p *Paced) waitInterval(ctx context.Context, a *addrPace) bool {
	p.mu.Lock()
	now := time.Now()
	wait := max(a.next.Sub(now), 0)
	a.next = now.Add(wait + p.pace.Interval)
	p.mu.Unlock()
	if wait == 0 {
		return true
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
