package fault

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// run returns an injector with rules, and its clock.
func run(t *testing.T, rules string) (*Injector, *time.Time) {
	t.Helper()
	now := time.Date(2026, 11, 25, 10, 0, 0, 0, time.UTC)
	i := NewInjector(func() time.Time { return now })
	if err := i.Set(rules); err != nil {
		t.Fatal(err)
	}
	return i, &now
}

// rcpt is a recipient of a message.
func rcpt(from, to string) Occasion {
	return Occasion{Command: Rcpt, Connection: 1, Peer: "192.0.2.1", HELO: "client.example.net", From: from, To: []string{to}}
}

func TestConditions(t *testing.T) {
	o := rcpt("a@example.com", "Bob+x@Sub.Example.NET")
	body := Occasion{Command: Body, From: "", To: []string{"a@example.com", "b@example.org"}}
	tests := []struct {
		name, when string
		o          Occasion
		want       bool
	}{
		{"the command", "on: rcpt", o, true},
		{"another command", "on: [mail, data]", o, false},
		{"any command", "on: any", o, true},
		{"the recipient, case aside", "on: rcpt, to: bob+x@sub.example.net", o, true},
		{"a pattern of the recipient", `on: rcpt, to: "*+x@*.net"`, o, true},
		{"a pattern that begins alike", `on: rcpt, to: "bob@*"`, o, false},
		{"one of several", `on: rcpt, to: [a@example.com, "bob*"]`, o, true},
		{"the domain", "on: rcpt, domain: sub.example.net", o, true},
		{"the domain above", "on: rcpt, domain: example.net", o, false},
		{"the sender", `on: rcpt, from: "*@example.com"`, o, true},
		{"the empty sender", `on: body, from: "<>"`, body, true},
		{"a sender before MAIL", `on: any, from: "*"`, Occasion{Command: Noop}, false},
		{"one of the recipients at the end", "on: body, domain: example.org", body, true},
		{"none of the recipients", "on: body, domain: example.net", body, false},
		{"the name of the client", `on: rcpt, helo: "*.example.net"`, o, true},
		{"the network of the client", "on: rcpt, peer: 192.0.2.0/24", o, true},
		{"another network", "on: rcpt, peer: [198.51.100.0/24, \"2001:db8::/32\"]", o, false},
		{"both must hold", "on: rcpt, domain: sub.example.net, helo: other.example.net", o, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			i, _ := run(t, "rules:\n  - {"+tt.when+", reply: 550}\n")
			if got := i.Decide(tt.o).Reply != nil; got != tt.want {
				t.Errorf("fired: %v, want %v", got, tt.want)
			}
		})
	}
}

func TestCounts(t *testing.T) {
	tests := []struct{ name, when, want string }{ // of eight attempts
		{"all", "", "xxxxxxxx"},
		{"the first", "first: 2", "xx......"},
		{"all but the first", "after: 6", "......xx"},
		{"every third", "every: 3", "..x..x.."},
		{"some", "nth: [2, 5]", ".x..x..."},
		{"every second from the third to the sixth", "every: 2, after: 2, first: 6", "...x.x.."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			when := "on: rcpt, reply: 451"
			if tt.when != "" {
				when += ", " + tt.when
			}
			i, _ := run(t, "rules:\n  - {"+when+"}\n")
			if got := attempts(i, rcpt("a@example.com", "b@example.net"), 8); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// attempts makes n attempts, and returns which were refused.
func attempts(i *Injector, o Occasion, n int) string {
	var b strings.Builder
	for range n {
		if i.Decide(o).Reply != nil {
			b.WriteByte('x')
		} else {
			b.WriteByte('.')
		}
	}
	return b.String()
}

func TestCountsApart(t *testing.T) {
	a := rcpt("a@example.com", "b@example.net")
	tests := []struct {
		per   Scope
		other func(*Occasion) // has a count of its own
		same  func(*Occasion) // has not
	}{
		{PerConnection, func(o *Occasion) { o.Connection = 2 }, func(o *Occasion) { o.From = "x@example.org" }},
		{PerPeer, func(o *Occasion) { o.Peer = "192.0.2.2" }, func(o *Occasion) { o.Connection = 2 }},
		{PerSender, func(o *Occasion) { o.From = "x@example.org" }, func(o *Occasion) { o.From = "A@EXAMPLE.com" }},
		{PerRecipient, func(o *Occasion) { o.To = []string{"c@example.net"} }, func(o *Occasion) { o.Peer = "192.0.2.2" }},
		{PerDomain, func(o *Occasion) { o.To = []string{"b@example.org"} }, func(o *Occasion) { o.To = []string{"c@example.net"} }},
		{PerTriplet, func(o *Occasion) { o.Peer = "192.0.2.2" }, func(o *Occasion) { o.Connection = 2 }},
	}
	for _, tt := range tests {
		t.Run(string(tt.per), func(t *testing.T) {
			i, _ := run(t, fmt.Sprintf("rules:\n  - {on: rcpt, per: %s, first: 1, reply: 451}\n", tt.per))
			other, same := a, a
			tt.other(&other)
			tt.same(&same)
			if got := attempts(i, a, 2) + attempts(i, same, 1) + attempts(i, other, 2); got != "x..x." {
				t.Errorf("got %s, want x..x.", got)
			}
		})
	}
}

func TestGreylisting(t *testing.T) {
	i, now := run(t, "rules:\n  - greylist: 5m\n")
	o := rcpt("a@example.com", "b@example.net")
	d := i.Decide(o)
	if d.Reply == nil || d.Reply.String() != "451 4.7.1 greylisted, try again later" {
		t.Fatalf("first attempt: %v", d.Reply)
	}
	*now = now.Add(4 * time.Minute)
	if i.Decide(o).Reply == nil {
		t.Error("taken too early")
	}
	if i.Decide(rcpt("a@example.com", "c@example.net")).Reply == nil {
		t.Error("another recipient was taken")
	}
	*now = now.Add(time.Minute)
	if i.Decide(o).Reply != nil {
		t.Error("refused after the time")
	}
	*now = now.Add(time.Hour)
	if i.Decide(o).Reply != nil {
		t.Error("refused although it is known")
	}
}

// The same seed draws the same, whoever comes between.
func TestChanceIsDeterministic(t *testing.T) {
	script := func(seed int) string {
		return fmt.Sprintf("seed: %d\nrules:\n  - {on: rcpt, per: recipient, probability: 25%%, reply: 451}\n", seed)
	}
	a, b := rcpt("a@example.com", "a@example.net"), rcpt("a@example.com", "b@example.net")
	first, _ := run(t, script(1))
	alone := attempts(first, a, 400)
	second, _ := run(t, script(1))
	var mixed strings.Builder
	for range 400 {
		attempts(second, b, 2)
		mixed.WriteString(attempts(second, a, 1))
	}
	if alone != mixed.String() {
		t.Error("another recipient changed what was drawn")
	}
	if n := strings.Count(alone, "x"); n < 60 || n > 140 {
		t.Errorf("%d of 400 were refused, want about 100", n)
	}
	other, _ := run(t, script(2))
	if attempts(other, a, 400) == alone {
		t.Error("another seed draws the same")
	}
}

func TestDelaysAddUpAndTheFirstActionWins(t *testing.T) {
	i, _ := run(t, `rules:
  - {name: a, on: rcpt, delay: 1s, slow: {bytes: 10}}
  - {name: b, on: rcpt, tarpit: 2s, slow: {line: 1s}}
  - {name: c, on: rcpt, reply: 450 4.2.1 busy}
  - {name: d, on: rcpt, drop: before}
`)
	o := rcpt("a@example.com", "b@example.net")
	i.Decide(o)
	got := i.Decide(o)
	want := Decision{
		Marks: []string{"fault a: wait 1s, slow reply", "fault b: wait 4s, slow reply", "fault c: reply 450 4.2.1 busy"},
		Reply: &Reply{450, "4.2.1", "busy"}, Delay: 5 * time.Second, Line: time.Second, Bytes: 10,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Decide() (-want +got):\n%s", diff)
	}
	o.Connection = 2
	if got := i.Decide(o).Delay; got != 3*time.Second {
		t.Errorf("the tarpit begins with %s in another connection, want 3s", got)
	}
}

func TestStatusAndReplacing(t *testing.T) {
	i, _ := run(t, "# mine\nrules:\n  - {name: a, on: rcpt, first: 1, reply: 451}\n")
	attempts(i, rcpt("a@example.com", "b@example.net"), 3)
	if got := i.Get(); !strings.HasPrefix(got, "# mine\n") {
		t.Errorf("Get() = %q", got)
	}
	got, err := json.Marshal(i.Status())
	if err != nil {
		t.Fatal(err)
	}
	want := `{"script":{"rules":[{"name":"a","on":["rcpt"],"first":1,"reply":"451 4.3.0 try again later"}]},"counts":[{"rule":"a","matched":3,"fired":1}]}`
	if string(got) != want {
		t.Errorf("Status() = %s\nwant %s", got, want)
	}
	if err := i.Set("rulez: []"); err == nil || !strings.Contains(err.Error(), "did you mean rules?") {
		t.Errorf("Set() = %v", err)
	}
	if len(i.Status().Counts) != 1 {
		t.Error("a script with an error replaced the old one")
	}
	s, err := Parse("", []byte(`{"rules":[{"on":"quit","drop":"before"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	i.Replace(s)
	if got := i.Get(); got != `{"rules":[{"name":"rule 1","on":["quit"],"drop":"before"}]}` {
		t.Errorf("Get() = %s", got)
	}
	i.Replace(nil)
	if d := i.Decide(Occasion{Command: Quit}); d.Drop != "" {
		t.Error("the script was not taken away")
	}
}

func TestNoInjector(t *testing.T) {
	if d := (*Injector)(nil).Decide(Occasion{Command: Mail}); !cmp.Equal(d, Decision{}) {
		t.Errorf("Decide() = %+v", d)
	}
}

func TestConcurrentUse(t *testing.T) {
	i, _ := run(t, Example)
	var wg sync.WaitGroup
	for n := range 8 {
		wg.Go(func() {
			for range 100 {
				i.Decide(rcpt("a@example.com", fmt.Sprintf("flaky@%d.example.com", n)))
				i.Status()
			}
		})
	}
	for range 20 {
		if err := i.Set(Example); err != nil {
			t.Error(err)
		}
	}
	wg.Wait()
}

func TestCountsAreForgotten(t *testing.T) {
	var counts tracked[int]
	for n := range maxTracked + 10 {
		*counts.get(key{byte(n), byte(n >> 8), byte(n >> 16)})++
	}
	if len(counts.values) != maxTracked || len(counts.order) != maxTracked {
		t.Errorf("%d counts are kept, want %d", len(counts.values), maxTracked)
	}
	if _, ok := counts.values[key{}]; ok {
		t.Error("the oldest was kept")
	}
}

func TestGlob(t *testing.T) {
	for _, tt := range []struct {
		pattern, s string
		want       bool
	}{
		{"a", "a", true}, {"a", "ab", false}, {"a*", "a", true}, {"*", "", true}, {"", "a", false},
		{"*a*b", "xxaxxbxb", true}, {"*a*b", "xxbxxa", false}, {"a**b", "ab", true}, {"*.example.com", "example.com", false},
	} {
		if got := glob(tt.pattern, tt.s); got != tt.want {
			t.Errorf("glob(%q, %q) = %v, want %v", tt.pattern, tt.s, got, tt.want)
		}
	}
}

func TestReplyLines(t *testing.T) {
	got := (&Reply{554, "5.7.1", "a\nb"}).Lines()
	if want := []string{"554-5.7.1 a", "554 5.7.1 b"}; !slices.Equal(got, want) {
		t.Errorf("Lines() = %q, want %q", got, want)
	}
}
