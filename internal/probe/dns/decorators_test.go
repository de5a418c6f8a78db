package dns_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postmuster/postmuster/internal/dns"
	probe "github.com/postmuster/postmuster/internal/probe/dns"
	"github.com/postmuster/postmuster/internal/testkit/dnstest"
)

const cacheWorld = `
example.com.        60  SOA ns.example.com. hostmaster.example.com. 1 7200 3600 1209600 30
example.com.        300 TXT "long"
example.com.        100 MX 10 mx.example.com.
example.com.        200 MX 20 mx.example.com.
zero.example.com.   0   TXT "not kept"
ages.example.com.   2147483647 TXT "ages"
alias.example.com.  10  CNAME gone.example.com.
_fail.example.org.  TXT "SERVFAIL"
`

func TestCacheKeeps(t *testing.T) {
	tests := []struct {
		rule string
		q    dns.Question
		keep time.Duration // and not a second longer; 0: not at all
	}{
		{"for the time to live", txt("example.com"), 300 * time.Second},
		{"for the shortest of the records", dns.Question{Name: "example.com", Type: dns.TypeMX}, 100 * time.Second},
		{"not what has none", txt("zero.example.com"), 0},
		{"never longer than a day", txt("ages.example.com"), 24 * time.Hour},
		{"NODATA for the SOA's minimum", dns.Question{Name: "example.com", Type: dns.TypeA}, 30 * time.Second},
		{"NXDOMAIN for the SOA's minimum", txt("no.example.com"), 30 * time.Second},
		{"NXDOMAIN no longer than the CNAME that leads there", txt("alias.example.com"), 10 * time.Second},
		{"a failure for seconds", txt("example.org"), 5 * time.Second},
	}
	for _, tt := range tests {
		now := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
		w := dnstest.New(t, cacheWorld)
		cache := probe.Cached(w, probe.CacheConfig{Now: func() time.Time { return now }})
		ask := func() int {
			first, err := cache.Resolve(t.Context(), tt.q)
			again, errAgain := w.Resolve(t.Context(), tt.q)
			if diff := cmp.Diff(fmt.Sprint(again, errAgain), fmt.Sprint(first, err)); diff != "" {
				t.Errorf("%s: the cache says otherwise (-want +got):\n%s", tt.rule, diff)
			}
			return len(w.Queries())
		}
		before := ask()
		if tt.keep > 0 {
			now = now.Add(tt.keep - time.Second)
			if got := ask(); got != before+1 {
				t.Errorf("%s: asked again within %v", tt.rule, tt.keep)
			}
		}
		now = now.Add(time.Second)
		before = len(w.Queries())
		if got := ask(); got != before+2 {
			t.Errorf("%s: not asked again after %v", tt.rule, tt.keep)
		}
	}
}

func TestCacheTellsQuestionsApart(t *testing.T) {
	w := dnstest.New(t, cacheWorld)
	cache := probe.Cached(w, probe.CacheConfig{})
	for _, q := range []dns.Question{
		txt("example.com"), txt("EXAMPLE.com."), txt("example.com"),
		{Name: "example.com", Type: dns.TypeMX},
		{Name: "example.com", Type: dns.TypeTXT, WantDNSSEC: true},
		{Name: "example.com", Type: dns.TypeTXT, CheckingDisabled: true},
	} {
		if _, err := cache.Resolve(t.Context(), q); err != nil {
			t.Fatal(err)
		}
	}
	if got := len(w.Queries()); got != 4 {
		t.Errorf("asked %d times, want 4: %v", got, w.Queries())
	}
}

func TestCacheDoesNotKeepWhatACallerGaveUp(t *testing.T) {
	g := newGate(dnstest.New(t, cacheWorld))
	cache := probe.Cached(g, probe.CacheConfig{})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-g.asked
		cancel()
	}()
	if _, err := cache.Resolve(ctx, txt("example.com")); causeOf(err) != dns.CauseCanceled {
		t.Fatalf("error = %v, want cause %s", err, dns.CauseCanceled)
	}
	<-g.ended
	close(g.open)
	if _, err := cache.Resolve(t.Context(), txt("example.com")); err != nil {
		t.Errorf("another caller got %v", err)
	}
}

// A hostile zone has as many large answers as it likes.
func TestCacheIsBounded(t *testing.T) {
	w := dnstest.New(t, `*.example.com. 300 TXT "`+strings.Repeat(`" "0123456789`, 100)+`"`+"\n"+`kept.example.net. 300 TXT "kept"`+"\n")
	cache := probe.Cached(w, probe.CacheConfig{MaxBytes: 100_000})
	for i := range 1000 {
		cache.Resolve(t.Context(), txt("kept.example.net"))
		cache.Resolve(t.Context(), txt(fmt.Sprintf("n%d.example.com", i)))
	}
	if got := w.Count("kept.example.net", dns.TypeTXT); got != 1 {
		t.Errorf("what is used all the time was asked %d times, want once", got)
	}
	before := len(w.Queries())
	cache.Resolve(t.Context(), txt("n0.example.com"))
	cache.Resolve(t.Context(), txt("n999.example.com"))
	if got := len(w.Queries()) - before; got != 1 {
		t.Errorf("of the oldest and the newest answer %d were asked again, want the oldest", got)
	}
}

// gate is a resolver that waits until it is opened, or its asking is cancelled.
type gate struct {
	dns.Resolver
	asked chan struct{}
	open  chan struct{}
	ended chan error
}

func newGate(next dns.Resolver) *gate {
	return &gate{next, make(chan struct{}, 100), make(chan struct{}), make(chan error, 100)}
}

func (g *gate) Resolve(ctx context.Context, q dns.Question) (*dns.Answer, error) {
	g.asked <- struct{}{}
	select {
	case <-g.open:
	case <-ctx.Done():
	}
	answer, err := g.Resolver.Resolve(ctx, q)
	g.ended <- err
	return answer, err
}

func TestTenCallersShareOneQuestion(t *testing.T) {
	w := dnstest.New(t, cacheWorld)
	g := newGate(w)
	resolver := probe.Shared(g)
	leader, cancel := context.WithCancel(t.Context())
	var callers sync.WaitGroup
	callers.Go(func() {
		if _, err := resolver.Resolve(leader, txt("example.com")); causeOf(err) != dns.CauseCanceled {
			t.Errorf("the first caller, who gave up, got %v", err)
		}
	})
	<-g.asked
	joined := make(chan struct{})
	for i := range 9 {
		ctx := &noticed{Context: t.Context(), joined: joined}
		callers.Go(func() {
			answer, err := resolver.Resolve(ctx, txt("Example.com"))
			if err != nil || len(answer.TXTs()) != 1 {
				t.Errorf("caller %d got %+v, %v", i, answer, err)
			}
		})
	}
	for range 9 {
		<-joined
	}
	cancel()
	close(g.open)
	callers.Wait()
	if got := len(w.Queries()); got != 1 {
		t.Errorf("asked %d times, want once", got)
	}
	if _, err := resolver.Resolve(t.Context(), txt("example.com")); err != nil || len(w.Queries()) != 2 {
		t.Errorf("a later caller got %v after %d questions, want one of its own", err, len(w.Queries()))
	}
}

// noticed is a context that tells when its holder begins to wait.
type noticed struct {
	context.Context
	once   sync.Once
	joined chan<- struct{}
}

func (n *noticed) Done() <-chan struct{} {
	n.once.Do(func() { n.joined <- struct{}{} })
	return n.Context.Done()
}

func TestLastCallerToGiveUpEndsTheAsking(t *testing.T) {
	g := newGate(dnstest.New(t, cacheWorld))
	resolver := probe.Shared(g)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-g.asked
		cancel()
	}()
	if _, err := resolver.Resolve(ctx, txt("example.com")); causeOf(err) != dns.CauseCanceled {
		t.Errorf("the caller got %v", err)
	}
	if err := <-g.ended; causeOf(err) != dns.CauseCanceled {
		t.Errorf("the asking ended with %v, want it cancelled", err)
	}
}

func TestLogged(t *testing.T) {
	var lines []string
	resolver := probe.Logged(dnstest.New(t, cacheWorld), func(q dns.Question, a *dns.Answer, err error) {
		line := q.String()
		if err != nil {
			var e *dns.Error
			errors.As(err, &e)
			line += " " + e.Reason()
		} else {
			line += " " + string(a.Status())
		}
		lines = append(lines, line)
	})
	resolver.Resolve(t.Context(), txt("example.com"))
	resolver.Resolve(t.Context(), txt("example.org"))
	want := []string{"example.com. TXT NOERROR", "example.org. TXT SERVFAIL"}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Errorf("lines differ (-want +got):\n%s", diff)
	}
}

func TestFiftyChecksCostOneQuery(t *testing.T) {
	server := dnstest.Serve(t, cacheWorld)
	client := newClient(t, probe.Config{Servers: []string{server.Addr()}})
	resolver := probe.Cached(client, probe.CacheConfig{})
	var checks sync.WaitGroup
	for range 50 {
		checks.Go(func() {
			if _, err := resolver.Resolve(t.Context(), txt("example.com")); err != nil {
				t.Error(err)
			}
		})
	}
	checks.Wait()
	if got := server.Count("example.com", dns.TypeTXT); got != 1 {
		t.Errorf("the server was asked %d times, want once", got)
	}
}
