package spf

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/postmuster/postmuster/internal/dns"
	probe "github.com/postmuster/postmuster/internal/probe/dns"
	"github.com/postmuster/postmuster/internal/testkit/dnstest"
)

// The suite again, asked of a name server on loopback by the client that a
// program has: with EDNS, without it so that what exceeds 512 octets comes over
// TCP, and with everything truncated.
func TestOpenSPFSuiteOverTheWire(t *testing.T) {
	scenarios := loadSuite(t)
	for name, behaviour := range map[string]string{
		"EDNS": "", "512 octets": `_fail.* TXT "NOEDNS"`, "TCP": `_fail.* TXT "TRUNCATE"`,
	} {
		failure := "TIMEOUT"
		if behaviour != "" {
			failure = "SERVFAIL" // once is enough to wait
		}
		t.Run(name, func(t *testing.T) {
			var overTCP, overUDP atomic.Int64
			t.Run("suite", func(t *testing.T) {
				for _, scenario := range scenarios {
					zone := suiteZoneText(t, scenario.Zone, failure) + behaviour
					client := wireClient(t, zone)
					for name, test := range scenario.Tests {
						t.Run(scenario.Description+"/"+name, func(t *testing.T) {
							t.Parallel()
							runSuiteTest(t, &counted{client, &overTCP, &overUDP}, test, true)
						})
					}
				}
			})
			if udp, tcp := overUDP.Load(), overTCP.Load(); udp == 0 && name != "TCP" || tcp == 0 && name == "TCP" {
				t.Errorf("%d answers over UDP, %d over TCP", udp, tcp)
			}
		})
	}
}

// A record that no response of 512 octets holds.
func TestLongRecordOverTheWire(t *testing.T) {
	var record strings.Builder
	for i := range 60 {
		fmt.Fprintf(&record, " ip4:198.51.100.%d", i)
	}
	text := dns.TXT{Strings: []string{"v=spf1" + record.String()[:240], record.String()[240:480], record.String()[480:720], record.String()[720:] + " -all"}}
	for _, behaviour := range []string{"", `_fail.* TXT "NOEDNS"`, `_fail.* TXT "TRUNCATE"`} {
		var overTCP, overUDP atomic.Int64
		r := &counted{wireClient(t, fmt.Sprintf("example.com. TXT %s\n%s", text, behaviour)), &overTCP, &overUDP}
		got := (&Checker{Resolver: r}).Check(t.Context(), Request{IP: netip.MustParseAddr("198.51.100.59"), MailFrom: "a@example.com"})
		if want := map[bool]int64{true: 1, false: 0}[behaviour != ""]; got.Result != ResultPass || overTCP.Load() != want {
			t.Errorf("%q: %s (%s) with %d answers over TCP, want pass with %d", behaviour, got.Result, got.Reason, overTCP.Load(), want)
		}
	}
}

// wireClient returns the program's client, which asks a server with this zone.
// What the suite has time out does so soon, but not before a busy machine has
// answered the rest.
func wireClient(t *testing.T, zone string) dns.Resolver {
	t.Helper()
	client, err := probe.New(probe.Config{Servers: []string{dnstest.Serve(t, zone).Addr()}, Timeout: 500 * time.Millisecond, Attempts: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

// counted counts how answers came.
type counted struct {
	dns.Resolver
	overTCP, overUDP *atomic.Int64
}

func (c *counted) Resolve(ctx context.Context, q dns.Question) (*dns.Answer, error) {
	a, err := c.Resolver.Resolve(ctx, q)
	switch {
	case err != nil:
	case a.TCP:
		c.overTCP.Add(1)
	default:
		c.overUDP.Add(1)
	}
	return a, err
}

// suiteZoneText writes a scenario's zone as text. A name that times out in the
// suite fails for the types that it has no records of.
func suiteZoneText(t *testing.T, data map[string][]any, failure string) string {
	t.Helper()
	records, timeouts := suiteZone(t, data)
	var b strings.Builder
	has := map[string]bool{}
	for _, r := range records {
		has[r.Name+" "+r.Type().String()] = true
		fmt.Fprintf(&b, "%s. 300 %s %s\n", escapeName(strings.TrimSuffix(r.Name, ".")), r.Type(), r.Data)
	}
	for _, name := range timeouts {
		for _, t := range []dns.Type{dns.TypeA, dns.TypeAAAA, dns.TypeMX, dns.TypePTR, dns.TypeTXT} {
			if !has[name+" "+t.String()] {
				fmt.Fprintf(&b, "_fail.%s. TXT \"%s %s\"\n", escapeName(name), t, failure)
			}
		}
	}
	return b.String()
}

// escapeName writes what is no letter, digit, hyphen or dot as \DDD (RFC 1035 §5.1).
func escapeName(name string) string {
	var b strings.Builder
	for i := range len(name) {
		if c := name[i]; c == '.' || c == '-' || c == '_' || '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z' {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "\\%03d", c)
		}
	}
	return b.String()
}
