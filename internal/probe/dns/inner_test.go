package dns

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postmuster/postmuster/internal/dns"
)

func TestParseResolvConf(t *testing.T) {
	tests := []struct {
		rule, text string
		want       []string
	}{
		{"in their order", "search example.com\nnameserver 192.0.2.1\n nameserver\t2001:db8::1 # local\n", []string{"192.0.2.1:53", "[2001:db8::1]:53"}},
		{"a scope", "nameserver fe80::1%eth0\n", []string{"[fe80::1%eth0]:53"}},
		{"comments and what is no address", "#nameserver 192.0.2.1\n;nameserver 192.0.2.2\nnameserver example\nnameserver 192.0.2.3", []string{"192.0.2.3:53"}},
		{"none", "search example.com\n", nil},
		{"nothing", "", nil},
	}
	for _, tt := range tests {
		got, err := parseResolvConf(strings.NewReader(tt.text))
		if diff := cmp.Diff(tt.want, got); diff != "" || (err != nil) != (tt.want == nil) {
			t.Errorf("%s: parseResolvConf(%q) = %v, %v, want %v", tt.rule, tt.text, got, err, tt.want)
		}
	}
}

func TestFailingServersComeLast(t *testing.T) {
	now := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	first, second := &server{addr: "first"}, &server{addr: "second"}
	c := &Client{servers: []*server{first, second}, now: func() time.Time { return now }}
	order := func() string {
		var names []string
		for _, s := range c.order() {
			names = append(names, s.addr)
		}
		return strings.Join(names, " ")
	}
	expect := func(want, why string) {
		t.Helper()
		if got := order(); got != want {
			t.Errorf("%s: order = %s, want %s", why, got, want)
		}
	}
	expect("first second", "nobody failed")
	first.failed(now, 1)
	first.failed(now, 1)
	expect("first second", "a name or two may be slow of themselves")
	first.failed(now, 1)
	expect("second first", "three in a row")
	now = now.Add(minPenalty)
	expect("first second", "the penalty is over, for one question")
	expect("second first", "and for that one only")
	first.answered()
	expect("first second", "it answered")
	first.failed(now, failuresToPenalty)
	second.failed(now, failuresToPenalty)
	expect("first second", "all fail")
}

func TestPenaltyIsBounded(t *testing.T) {
	s := &server{}
	for range 1000 {
		s.failed(time.Time{}, failuresToPenalty)
	}
	if got := s.penalty(); got != maxPenalty {
		t.Errorf("penalty = %v, want %v", got, maxPenalty)
	}
}

func TestWindow(t *testing.T) {
	w := newWindow(100)
	if w.limit != 25 {
		t.Errorf("a window of 100 begins at %d, want a quarter", w.limit)
	}
	for range 200 {
		w.widen()
	}
	if w.limit != 100 {
		t.Errorf("after 200 answers the window is %d, want 100", w.limit)
	}
	w.narrow()
	if w.limit != 88 {
		t.Errorf("after a silence the window is %d, want 88", w.limit)
	}
	for range 100 {
		w.narrow()
	}
	if w.limit != minWindow {
		t.Errorf("after much silence the window is %d, want %d", w.limit, minWindow)
	}
	if w = newWindow(1); w.limit != 1 {
		t.Errorf("a window of 1 begins at %d", w.limit)
	}
}

func TestWindowLetsInOneForEachThatLeaves(t *testing.T) {
	w := newWindow(1)
	if err := w.enter(t.Context()); err != nil {
		t.Fatal(err)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if err := w.enter(cancelled); !errors.Is(err, context.Canceled) {
		t.Errorf("enter with a cancelled context = %v", err)
	}
	entered := make(chan error)
	go func() { entered <- w.enter(t.Context()) }()
	w.leave()
	if err := <-entered; err != nil {
		t.Error(err)
	}
	w.leave()
	if w.entered != 0 || len(w.waiting) != 0 {
		t.Errorf("%d are within, %d wait, want none", w.entered, len(w.waiting))
	}
}

func FuzzParseResponse(f *testing.F) {
	question, err := appendQuestion(nil, dns.Question{Name: "example.com", Type: dns.TypeTXT})
	if err != nil {
		f.Fatal(err)
	}
	query := appendQuery(nil, 7, question, flags{edns: true})
	query[2] |= 0x80
	f.Add(query)
	f.Add(append(append(append([]byte{0, 7, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0}, question...), 0xc0, 12), "\x00\x10\x00\x01\x00\x00\x00\x3c\x00\x03\x02ok"...))
	f.Fuzz(func(t *testing.T, message []byte) {
		if checkResponse(message, 7, question) != nil {
			return
		}
		r, err := parseResponse(message, question)
		if err != nil {
			return
		}
		if n := len(r.answer) + len(r.authority); n > maxRecords {
			t.Errorf("%d records were kept", n)
		}
		for _, record := range append(r.answer, r.authority...) {
			if record.Data == nil || record.Name == "" {
				t.Errorf("record %+v is not whole", record)
			}
			_ = record.String()
		}
	})
}
