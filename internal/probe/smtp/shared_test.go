package smtp

import (
	"context"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/postmuster/postmuster/internal/smtp"
)

// proberFunc is a prober for tests.
type proberFunc func(context.Context, smtp.Target) *smtp.Session

func (f proberFunc) Probe(ctx context.Context, t smtp.Target) *smtp.Session { return f(ctx, t) }

// taking holds sessions that take a time, and counts them.
func taking(d time.Duration, held *atomic.Int32) proberFunc {
	return func(ctx context.Context, t smtp.Target) *smtp.Session {
		held.Add(1)
		select {
		case <-time.After(d):
			return &smtp.Session{Target: t, Result: smtp.ResultOK}
		case <-ctx.Done():
			return &smtp.Session{Target: t, Result: smtp.ResultCanceled}
		}
	}
}

func host(octet byte) smtp.Target {
	return smtp.Target{Host: "mx.example.com", Addr: netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, octet}), 25)}
}

func TestOneSessionForAllWhoAsk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var held atomic.Int32
		shared := NewShared(taking(time.Second, &held))
		var asking sync.WaitGroup
		for range 10 {
			asking.Go(func() {
				if s := shared.Probe(t.Context(), host(1)); s.Result != smtp.ResultOK {
					t.Errorf("result %v, want ok", s.Result)
				}
			})
		}
		asking.Wait()
		shared.Probe(t.Context(), host(1))
		if n := held.Load(); n != 1 {
			t.Errorf("%d sessions with one target, want 1", n)
		}
		shared.Probe(t.Context(), host(2))
		if n := held.Load(); n != 2 {
			t.Errorf("%d sessions with two targets, want 2", n)
		}
	})
}

func TestWhoGivesUpDoesNotFailTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var held atomic.Int32
		shared := NewShared(taking(time.Minute, &held))
		first, giveUp := context.WithCancel(t.Context())
		var asking sync.WaitGroup
		asking.Go(func() {
			if s := shared.Probe(first, host(1)); s.Result != smtp.ResultCanceled {
				t.Errorf("the first got %v, want canceled", s.Result)
			}
		})
		synctest.Wait()
		asking.Go(func() {
			if s := shared.Probe(t.Context(), host(1)); s.Result != smtp.ResultOK {
				t.Errorf("the second got %v, want ok", s.Result)
			}
		})
		synctest.Wait()
		giveUp()
		asking.Wait()
		if n := held.Load(); n != 1 {
			t.Errorf("%d sessions, want 1", n)
		}
	})
}

func TestWhenAllGiveUpTheSessionEndsAndIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var held atomic.Int32
		shared := NewShared(taking(time.Minute, &held))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if s := shared.Probe(ctx, host(1)); s.Result != smtp.ResultTimeout {
			t.Errorf("got %v, want timeout", s.Result)
		}
		synctest.Wait() // a session that went on would keep the bubble from ending
		if s := shared.Probe(t.Context(), host(1)); s.Result != smtp.ResultOK {
			t.Errorf("asked again, got %v, want ok", s.Result)
		}
		if n := held.Load(); n != 2 {
			t.Errorf("%d sessions, want 2", n)
		}
	})
}

// A server that took the connection and then kept silent is not one that cannot
// be reached, also when the caller's time ends before the session's.
func TestTheStepIsKnownWhenTimeEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		atBanner := proberFunc(func(ctx context.Context, target smtp.Target) *smtp.Session {
			<-ctx.Done()
			return &smtp.Session{Target: target, Result: smtp.ResultCanceled, Step: smtp.StepBanner}
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		s := NewShared(atBanner).Probe(ctx, host(1))
		if s.Result != smtp.ResultTimeout || s.Step != smtp.StepBanner || s.Reason != "banner: timeout" {
			t.Errorf("got %s at %s (%s), want a timeout at the banner", s.Result, s.Step, s.Reason)
		}
	})
}

func TestMemoryOfSessionsHasAnEnd(t *testing.T) {
	shared := NewShared(proberFunc(func(_ context.Context, t smtp.Target) *smtp.Session {
		return &smtp.Session{Target: t, Result: smtp.ResultOK}
	}))
	for i := range maxRemembered + 100 {
		target := host(1)
		target.Addr = netip.AddrPortFrom(target.Addr.Addr(), uint16(i+1))
		shared.Probe(t.Context(), target)
	}
	if n := len(shared.sessions); n > maxRemembered {
		t.Errorf("%d sessions remembered, want at most %d", n, maxRemembered)
	}
}

// counting knows how many sessions are held at once.
type counting struct {
	mu           sync.Mutex
	now, most    int
	perAddr      map[netip.Addr]int
	mostPerAddr  int
	begun        []time.Time
	sessionTakes time.Duration
}

func (c *counting) Probe(ctx context.Context, t smtp.Target) *smtp.Session {
	c.change(t, +1)
	defer c.change(t, -1)
	time.Sleep(c.sessionTakes)
	return &smtp.Session{Target: t, Result: smtp.ResultOK}
}

func (c *counting) change(t smtp.Target, by int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if by > 0 {
		c.begun = append(c.begun, time.Now())
	}
	c.now += by
	c.perAddr[t.Addr.Addr()] += by
	c.most = max(c.most, c.now)
	c.mostPerAddr = max(c.mostPerAddr, c.perAddr[t.Addr.Addr()])
}

func TestPaceBoundsSessionsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		counter := &counting{perAddr: map[netip.Addr]int{}, sessionTakes: time.Second}
		paced := NewPaced(counter, Pace{PerAddr: 2, Total: 5})
		var asking sync.WaitGroup
		for i := range 40 {
			asking.Go(func() { paced.Probe(t.Context(), host(byte(i%4))) })
		}
		asking.Wait()
		if counter.most != 5 || counter.mostPerAddr != 2 || len(counter.begun) != 40 {
			t.Errorf("%d sessions, %d at once, %d with one address; want 40, 5, 2", len(counter.begun), counter.most, counter.mostPerAddr)
		}
		synctest.Wait()
		if n := len(paced.addrs); n != 0 {
			t.Errorf("%d addresses are still kept", n)
		}
	})
}

func TestPaceKeepsAnInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		counter := &counting{perAddr: map[netip.Addr]int{}}
		paced := NewPaced(counter, Pace{PerAddr: 3, Interval: time.Second, Total: 100})
		var asking sync.WaitGroup
		for range 5 {
			asking.Go(func() { paced.Probe(t.Context(), host(1)) })
		}
		asking.Wait()
		for i := 1; i < len(counter.begun); i++ {
			if got := counter.begun[i].Sub(counter.begun[i-1]); got < time.Second {
				t.Errorf("session %d began %v after the one before, want 1s", i, got)
			}
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if n := len(paced.addrs); n != 0 {
			t.Errorf("%d addresses are still kept", n)
		}
	})
}

func TestPacedWaitEndsWithItsCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		counter := &counting{perAddr: map[netip.Addr]int{}, sessionTakes: time.Hour}
		paced := NewPaced(counter, Pace{Interval: time.Minute})
		go paced.Probe(t.Context(), host(1))
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if s := paced.Probe(ctx, host(1)); s.Result != smtp.ResultTimeout || s.Step != smtp.StepConnect {
			t.Errorf("got %v at %v, want a timeout at connect", s.Result, s.Step)
		}
		if s := paced.Probe(t.Context(), host(2)); s.Result != smtp.ResultOK {
			t.Errorf("another host got %v, want ok", s.Result)
		}
		if n := len(counter.begun); n != 2 {
			t.Errorf("%d sessions begun, want 2", n)
		}
	})
}
