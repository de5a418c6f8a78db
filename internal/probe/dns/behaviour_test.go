package dns_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/postmuster/postmuster/internal/dns"
	probe "github.com/postmuster/postmuster/internal/probe/dns"
	"github.com/postmuster/postmuster/internal/testkit/dnstest"
)

func causeOf(err error) dns.Cause {
	var e *dns.Error
	if !errors.As(err, &e) {
		return "none"
	}
	return e.Cause
}

func txt(name string) dns.Question { return dns.Question{Name: name, Type: dns.TypeTXT} }

func TestEvidence(t *testing.T) {
	server := dnstest.Serve(t, world+"\n_secure.example.com. TXT yes\n")
	at := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	client := newClient(t, probe.Config{Servers: []string{server.Addr()}, Now: func() time.Time { return at }})
	answer, err := client.Resolve(t.Context(), txt("truncate.example.com"))
	if err != nil {
		t.Fatal(err)
	}
	if !answer.TCP || !answer.AuthenticData || answer.Server != server.Addr() || !answer.At.Equal(at) || answer.Elapsed <= 0 {
		t.Errorf("answer = %+v, want TCP, AD, server %s, time %s", answer, server.Addr(), at)
	}
	if answer, err = client.Resolve(t.Context(), txt("noedns.example.com")); err != nil || answer.TCP {
		t.Errorf("answer = %+v, %v, want one over UDP", answer, err)
	}
}

func TestBitsOfTheQuestion(t *testing.T) {
	server := dnstest.Serve(t, world)
	client := newClient(t, probe.Config{Servers: []string{server.Addr()}})
	for _, q := range []dns.Question{
		{Name: "example.com", Type: dns.TypeMX},
		{Name: "example.com", Type: dns.TypeMX, WantDNSSEC: true},
		{Name: "example.com", Type: dns.TypeMX, CheckingDisabled: true},
	} {
		if _, err := client.Resolve(t.Context(), q); err != nil {
			t.Fatal(err)
		}
		queries := server.Queries()
		if got := queries[len(queries)-1]; got != q {
			t.Errorf("the server was asked %+v, want %+v", got, q)
		}
	}
}

// A chain that is not validated throughout is not validated.
func TestAuthenticDataOfChain(t *testing.T) {
	server := dnstest.Serve(t, world+"\n_secure.example.com. TXT yes\n_secure.step3.example.com. TXT no\n")
	client := newClient(t, probe.Config{Servers: []string{server.Addr()}})
	answer, err := client.Resolve(t.Context(), dns.Question{Name: "step.example.com", Type: dns.TypeA})
	if err != nil || answer.AuthenticData {
		t.Errorf("answer = %+v, %v, want AD clear", answer, err)
	}
}

func TestNameThatCannotBeAskedCostsNothing(t *testing.T) {
	server := dnstest.Serve(t, world)
	client := newClient(t, probe.Config{Servers: []string{server.Addr()}})
	if _, err := client.Resolve(t.Context(), txt(strings.Repeat("a", 64)+".example.com")); !dns.IsBadName(err) {
		t.Errorf("error = %v, want a bad name", err)
	}
	if got := server.Queries(); len(got) != 0 {
		t.Errorf("the server was asked %v", got)
	}
}

func TestFailover(t *testing.T) {
	const good = `example.com. TXT "good"` + "\n"
	tests := []struct{ rule, first string }{
		{"SERVFAIL", `_fail.example.com. TXT "SERVFAIL"`},
		{"REFUSED", `_fail.example.com. TXT "REFUSED"`},
		{"silence", `_fail.example.com. TXT "TIMEOUT"`},
		{"garbage", `_fail.example.com. TXT "GARBAGE"`},
		{"another name", `_fail.example.com. TXT "WRONGNAME"`},
	}
	for _, tt := range tests {
		first, second := dnstest.Serve(t, good+tt.first+"\n"), dnstest.Serve(t, good)
		client := newClient(t, probe.Config{Servers: []string{first.Addr(), second.Addr()}, Timeout: brief})
		answer, err := client.Resolve(t.Context(), txt("example.com"))
		if err != nil {
			t.Errorf("%s: %v", tt.rule, err)
		} else if answer.Server != second.Addr() || first.Count("example.com", dns.TypeTXT) == 0 {
			t.Errorf("%s: %s answered, after %d questions to the first", tt.rule, answer.Server, first.Count("example.com", dns.TypeTXT))
		}
	}
}

func TestMostTellingFailure(t *testing.T) {
	const (
		silent   = `_fail.example.com. TXT "TIMEOUT"` + "\n"
		refused  = `_fail.example.com. TXT "REFUSED"` + "\n"
		servfail = `_fail.example.com. TXT "SERVFAIL 6"` + "\n"
	)
	tests := []struct {
		rule, first, second, want string
	}{
		{"a server that failed says more than one that was silent", servfail, silent, "SERVFAIL"},
		{"in any order", silent, servfail, "SERVFAIL"},
		{"than one that refuses us", servfail, refused, "SERVFAIL"},
		{"a refusal says more than silence", refused, silent, "REFUSED"},
	}
	for _, tt := range tests {
		client := newClient(t, probe.Config{Timeout: brief, Attempts: 2,
			Servers: []string{dnstest.Serve(t, tt.first).Addr(), dnstest.Serve(t, tt.second).Addr()}})
		_, err := client.Resolve(t.Context(), txt("example.com"))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error = %v, want %s", tt.rule, err, tt.want)
		}
	}
}

// A server that answers SERVFAIL is not asked the same again: bulk audits would
// double their load on names that are broken.
func TestServfailIsAskedOnce(t *testing.T) {
	server := dnstest.Serve(t, `_fail.example.com. TXT "SERVFAIL"`+"\n")
	client := newClient(t, probe.Config{Servers: []string{server.Addr()}})
	client.Resolve(t.Context(), txt("example.com"))
	if got := server.Count("example.com", dns.TypeTXT); got != 1 {
		t.Errorf("the server was asked %d times, want once", got)
	}
}

func TestUnreachableServerIsPassedOver(t *testing.T) {
	gone := dnstest.Serve(t, world)
	gone.Close()
	server := dnstest.Serve(t, `example.com. TXT "here"`+"\n")
	now := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	client := newClient(t, probe.Config{Servers: []string{gone.Addr(), server.Addr()}, Now: func() time.Time { return now }})
	for range 5 {
		answer, err := client.Resolve(t.Context(), txt("example.com"))
		if err != nil || answer.Server != server.Addr() {
			t.Fatalf("answer = %+v, %v, want one of %s", answer, err, server.Addr())
		}
	}
}

func TestNoServerReachable(t *testing.T) {
	gone := dnstest.Serve(t, world)
	gone.Close()
	client := newClient(t, probe.Config{Servers: []string{gone.Addr()}})
	if _, err := client.Resolve(t.Context(), txt("example.com")); causeOf(err) != dns.CauseNetwork {
		t.Errorf("error = %v, want cause %s", err, dns.CauseNetwork)
	}
}

// The library would return only when its own timeout ends.
func TestCancellation(t *testing.T) {
	addr, asked := silentServer(t)
	client := newClient(t, probe.Config{Servers: []string{addr}, Timeout: never})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-asked
		cancel()
	}()
	if _, err := client.Resolve(ctx, txt("example.com")); causeOf(err) != dns.CauseCanceled || !errors.Is(err, context.Canceled) {
		t.Errorf("error = %v, want cause %s", err, dns.CauseCanceled)
	}
}

// silentServer answers nothing; the channel gets a value for every question.
func silentServer(t *testing.T) (addr string, asked <-chan struct{}) {
	t.Helper()
	heard := make(chan struct{}, 100)
	return rawServer(t, func([]byte) [][]byte {
		heard <- struct{}{}
		return nil
	}), heard
}

func TestCallersDeadline(t *testing.T) {
	server := dnstest.Serve(t, `_fail.example.com. TXT "TIMEOUT"`+"\n")
	client := newClient(t, probe.Config{Servers: []string{server.Addr()}, Timeout: never})
	ctx, cancel := context.WithTimeout(t.Context(), brief)
	defer cancel()
	_, err := client.Resolve(ctx, txt("example.com"))
	if causeOf(err) != dns.CauseTimeout || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error = %v, want cause %s", err, dns.CauseTimeout)
	}
}

func TestCancelledBeforehand(t *testing.T) {
	server := dnstest.Serve(t, world)
	client := newClient(t, probe.Config{Servers: []string{server.Addr()}})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := client.Resolve(ctx, txt("example.com")); causeOf(err) != dns.CauseCanceled {
		t.Errorf("error = %v, want cause %s", err, dns.CauseCanceled)
	}
	if got := server.Queries(); len(got) != 0 {
		t.Errorf("the server was asked %v", got)
	}
}

// What waits for a place among the exchanges under way heeds its caller, too.
func TestCancellationWhileWaiting(t *testing.T) {
	addr, asked := silentServer(t)
	client := newClient(t, probe.Config{Servers: []string{addr}, Timeout: never, MaxInFlight: 1})
	ctx, cancel := context.WithCancel(t.Context())
	var callers sync.WaitGroup
	for range 3 {
		callers.Go(func() {
			if _, err := client.Resolve(ctx, txt("example.com")); causeOf(err) != dns.CauseCanceled {
				t.Errorf("error = %v, want cause %s", err, dns.CauseCanceled)
			}
		})
	}
	<-asked
	cancel()
	callers.Wait()
}

func TestThousandCallersAtOnce(t *testing.T) {
	const callers = 1000
	server := dnstest.Serve(t, `*.example.com. TXT "here"`+"\n")
	client := newClient(t, probe.Config{Servers: []string{server.Addr()}})
	var group sync.WaitGroup
	for i := range callers {
		group.Go(func() {
			if answer, err := client.Resolve(t.Context(), txt(fmt.Sprintf("n%d.example.com", i))); err != nil || len(answer.TXTs()) != 1 {
				t.Errorf("lookup %d = %+v, %v", i, answer, err)
			}
		})
	}
	group.Wait()
}

func TestAnswerTooLarge(t *testing.T) {
	var b strings.Builder
	for i := range 60_000 {
		fmt.Fprintf(&b, "many.example.com. A 192.0.%d.%d\n", 2+i>>8, i&255)
	}
	for i := range 700 {
		fmt.Fprintf(&b, "some.example.com. A 192.0.%d.%d\n", 2+i>>8, i&255)
	}
	client := newClient(t, probe.Config{Servers: []string{dnstest.Serve(t, b.String()).Addr()}})
	_, err := client.Resolve(t.Context(), dns.Question{Name: "many.example.com", Type: dns.TypeA})
	if causeOf(err) != dns.CauseMalformed || !strings.Contains(err.Error(), "truncated over TCP too") {
		t.Errorf("60,000 records: error = %v, want cause %s", err, dns.CauseMalformed)
	}
	answer, err := client.Resolve(t.Context(), dns.Question{Name: "some.example.com", Type: dns.TypeA})
	if err != nil || len(answer.Addrs()) != 700 || !answer.TCP {
		t.Errorf("700 records: %v, want all over TCP", err)
	}
}

// rawServer answers every query with what respond makes of it.
func rawServer(t *testing.T, respond func(query []byte) [][]byte) string {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	go func() {
		query := make([]byte, 2048)
		for {
			n, from, err := conn.ReadFrom(query)
			if err != nil {
				return
			}
			for _, datagram := range respond(query[:n]) {
				conn.WriteTo(datagram, from)
			}
		}
	}()
	return conn.LocalAddr().String()
}

// reply makes a response of a query: counts of records, then octets.
func reply(query []byte, answers, authorities uint16, records string) []byte {
	end := 12
	for query[end] != 0 {
		end += int(query[end]) + 1
	}
	b := append([]byte(nil), query[:end+5]...)
	binary.BigEndian.PutUint16(b[2:], 0x8180)
	binary.BigEndian.PutUint16(b[6:], answers)
	binary.BigEndian.PutUint16(b[8:], authorities)
	binary.BigEndian.PutUint16(b[10:], 0)
	return append(b, records...)
}

const textRecord = "\xc0\x0c\x00\x10\x00\x01\x00\x00\x00\x3c\x00\x03\x02ok"

func TestStrayDatagramsAreIgnored(t *testing.T) {
	addr := rawServer(t, func(query []byte) [][]byte {
		right := reply(query, 1, 0, textRecord)
		otherID := append([]byte(nil), right...)
		otherID[0]++
		otherName := append([]byte(nil), right...)
		otherName[13]++
		otherType := append([]byte(nil), right...)
		otherType[len(right)-len(textRecord)-3]++
		isQuery := append([]byte(nil), right...)
		isQuery[2] &= 0x7f
		return [][]byte{nil, {1}, []byte("220 mx.example.com ESMTP"), otherID, otherName, otherType, isQuery, query, right}
	})
	client := newClient(t, probe.Config{Servers: []string{addr}, Timeout: never})
	answer, err := client.Resolve(t.Context(), txt("example.com"))
	if err != nil || len(answer.TXTs()) != 1 || answer.TXTs()[0] != "ok" {
		t.Errorf("answer = %+v, %v", answer, err)
	}
}

func TestCaseOfTheAnswersName(t *testing.T) {
	addr := rawServer(t, func(query []byte) [][]byte {
		right := reply(query, 1, 0, textRecord)
		return [][]byte{[]byte(strings.Replace(string(right), "example", "EXAMPLE", 1))}
	})
	client := newClient(t, probe.Config{Servers: []string{addr}, Timeout: never})
	if answer, err := client.Resolve(t.Context(), txt("example.com")); err != nil || len(answer.TXTs()) != 1 {
		t.Errorf("answer = %+v, %v", answer, err)
	}
}

func TestMalformedResponses(t *testing.T) {
	tests := []struct {
		rule    string
		answers uint16
		records string
		want    string
	}{
		{"a count without records", 1, "", "the message ends before its records"},
		{"a count above the records", 2, textRecord, "the message ends before its records"},
		{"60,000 records announced", 60_000, textRecord, "60000 records, more than 2000"},
		{"data longer than the message", 1, "\xc0\x0c\x00\x10\x00\x01\x00\x00\x00\x3c\x01\x00\x02ok", "answer section"},
		{"an address of two octets", 1, "\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x02\xc0\x00", "answer section"},
		{"an address of no octets", 1, "\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x00", "a record of type A has no data"},
		{"a pointer to itself", 1, "\xc0\x1d\x00\x10\x00\x01\x00\x00\x00\x3c\x00\x03\x02ok", "compression pointers"},
	}
	for _, tt := range tests {
		addr := rawServer(t, func(query []byte) [][]byte { return [][]byte{reply(query, tt.answers, 0, tt.records)} })
		client := newClient(t, probe.Config{Servers: []string{addr}, Timeout: never, Attempts: 1})
		_, err := client.Resolve(t.Context(), txt("example.com"))
		if causeOf(err) != dns.CauseMalformed || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error = %v, want %s: %s", tt.rule, err, dns.CauseMalformed, tt.want)
		}
	}
}

// Some servers send nothing but a header when they refuse.
func TestRefusalWithoutQuestion(t *testing.T) {
	addr := rawServer(t, func(query []byte) [][]byte {
		return [][]byte{{query[0], query[1], 0x81, 0x85, 0, 0, 0, 0, 0, 0, 0, 0}}
	})
	client := newClient(t, probe.Config{Servers: []string{addr}, Timeout: never})
	if _, err := client.Resolve(t.Context(), txt("example.com")); causeOf(err) != dns.CauseRcode || !strings.Contains(err.Error(), "REFUSED") {
		t.Errorf("error = %v, want REFUSED", err)
	}
}

// A TXT record of no octets must not hide those beside it.
func TestEmptyTextBesideAnother(t *testing.T) {
	addr := rawServer(t, func(query []byte) [][]byte {
		return [][]byte{reply(query, 2, 0, "\xc0\x0c\x00\x10\x00\x01\x00\x00\x00\x3c\x00\x00"+textRecord)}
	})
	client := newClient(t, probe.Config{Servers: []string{addr}, Timeout: never})
	if answer, err := client.Resolve(t.Context(), txt("example.com")); err != nil || len(answer.TXTs()) != 2 {
		t.Errorf("answer = %+v, %v, want two texts", answer, err)
	}
}

func TestTCPThatEndsEarly(t *testing.T) {
	tests := []struct {
		rule string
		sent string
	}{
		{"at once", ""},
		{"within the length", "\x00"},
		{"within the message", "\x01\x00abc"},
	}
	for _, tt := range tests {
		addr := truncatingServer(t, func(conn net.Conn) { io.WriteString(conn, tt.sent) })
		client := newClient(t, probe.Config{Servers: []string{addr}, Timeout: never, Attempts: 1})
		if _, err := client.Resolve(t.Context(), txt("example.com")); causeOf(err) != dns.CauseMalformed {
			t.Errorf("%s: error = %v, want cause %s", tt.rule, err, dns.CauseMalformed)
		}
	}
}

func TestCancellationOverTCP(t *testing.T) {
	connected := make(chan struct{})
	addr := truncatingServer(t, func(conn net.Conn) {
		close(connected)
		io.Copy(io.Discard, conn)
	})
	client := newClient(t, probe.Config{Servers: []string{addr}, Timeout: never})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-connected
		cancel()
	}()
	if _, err := client.Resolve(ctx, txt("example.com")); causeOf(err) != dns.CauseCanceled {
		t.Errorf("error = %v, want cause %s", err, dns.CauseCanceled)
	}
}

// truncatingServer says TC over UDP and leaves TCP to the test.
func truncatingServer(t *testing.T, overTCP func(net.Conn)) string {
	t.Helper()
	addr := rawServer(t, func(query []byte) [][]byte {
		truncated := reply(query, 0, 0, "")
		truncated[2] |= 2
		return [][]byte{truncated}
	})
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			query := make([]byte, 512)
			conn.Read(query)
			overTCP(conn)
			conn.Close()
		}
	}()
	return addr
}

func TestServers(t *testing.T) {
	for _, bad := range []string{"", "localhost", "192.0.2.1:", "192.0.2.1:0", "192.0.2.1:70000", "2001:db8::1]:53", "mx.example.com:53"} {
		if _, err := probe.New(probe.Config{Servers: []string{bad}}); err == nil {
			t.Errorf("New took %q for a server", bad)
		}
	}
	for _, good := range []string{"192.0.2.1", "192.0.2.1:5353", "2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:53"} {
		if _, err := probe.New(probe.Config{Servers: []string{good}}); err != nil {
			t.Errorf("New(%q): %v", good, err)
		}
	}
	if _, err := probe.New(probe.Config{}); err == nil {
		t.Error("New made a client that has nobody to ask")
	}
}
