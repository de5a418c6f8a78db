package dnsbl

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/postmuster/postmuster/internal/testkit/dnstest"
)

func TestQueryName(t *testing.T) {
	tests := []struct{ name, subject, want string }{
		{"IPv4 is reversed (RFC 5782 §2.1)", "192.0.2.99", "99.2.0.192.bl.test"},
		{"an address literal", "[192.0.2.99]", "99.2.0.192.bl.test"},
		{"IPv4 mapped into IPv6", "::ffff:192.0.2.99", "99.2.0.192.bl.test"},
		{"IPv6 by nibbles (§2.4)", "2001:db8::1", "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.bl.test"},
		{"a domain as it is (§3)", "Example.COM.", "example.com.bl.test"},
		{"U-labels", "bücher.example.com", "xn--bcher-kva.example.com.bl.test"},
	}
	for _, tt := range tests {
		s, err := ParseSubject(tt.subject)
		if got := s.QueryName("bl.test."); err != nil || got != tt.want {
			t.Errorf("%s: %q is asked as %q, %v, want %q", tt.name, tt.subject, got, err, tt.want)
		}
	}
	for _, text := range []string{"", "192.0.2", "192.0.2.300", "a..b", "fe80::1%eth0", "-- --", strings.Repeat("a.", 500) + "com"} {
		if s, err := ParseSubject(text); err == nil {
			t.Errorf("ParseSubject(%.20q) = %+v, want an error", text, s)
		}
	}
}

func TestCheck(t *testing.T) {
	const dbl, surbl = "dbl.spamhaus.org", "multi.surbl.org"
	tests := []struct {
		name, zone, subject, world string
		state                      State
		cause                      Cause
		effect                     Effect
		meaning                    string
	}{
		{"not listed", "zen.spamhaus.org", "192.0.2.1", "", StateNotListed, "", "", ""},
		{"listed, with its meaning", "zen.spamhaus.org", "192.0.2.1", "1.2.0.192.zen.spamhaus.org. A 127.0.0.3", StateListed, "", EffectBlock, "CSS"},
		{"a public resolver is refused", "zen.spamhaus.org", "192.0.2.1", "1.2.0.192.zen.spamhaus.org. A 127.255.255.254", StateUnknown, CauseBlocked, "", ""},
		{"a listing beside a refusal is a refusal", "zen.spamhaus.org", "192.0.2.1", "1.2.0.192.zen.spamhaus.org. A 127.0.0.2\n1.2.0.192.zen.spamhaus.org. A 127.255.255.255", StateUnknown, CauseBlocked, "", ""},
		{"an answer outside of 127/8", "bl.spamcop.net", "192.0.2.1", "*.bl.spamcop.net. A 198.51.100.1", StateUnknown, CauseBroken, "", ""},
		{"SERVFAIL is not a listing and not its absence", "bl.spamcop.net", "192.0.2.1", "_fail.1.2.0.192.bl.spamcop.net. TXT \"SERVFAIL\"", StateUnknown, CauseDNS, "", ""},
		{"a code without a known meaning lists", "bl.spamcop.net", "192.0.2.1", "1.2.0.192.bl.spamcop.net. A 127.0.0.77", StateListed, "", EffectBlock, ""},
		{"127.0.0.1 lists nobody", "bl.spamcop.net", "192.0.2.1", "1.2.0.192.bl.spamcop.net. A 127.0.0.1", StateUnknown, CauseBlocked, "", ""},
		{"a list of IPv4 has no IPv6", "bl.spamcop.net", "2001:db8::1", "", StateNotAsked, "", "", ""},
		{"a domain", dbl, "example.com", "example.com.dbl.spamhaus.org. A 127.0.1.4", StateListed, "", EffectBlock, "phishing"},
		{"the list was asked for an address", dbl, "example.com", "example.com.dbl.spamhaus.org. A 127.0.1.255", StateUnknown, CauseBlocked, "", ""},
		{"bits", surbl, "example.com", "example.com.multi.surbl.org. A 127.0.0.24", StateListed, "", EffectBlock, "phishing"},
		{"the bit of a refusal", surbl, "example.com", "example.com.multi.surbl.org. A 127.0.0.1", StateUnknown, CauseBlocked, "", ""},
		{"a list that wants a key", "combined.mail.abusix.zone", "192.0.2.1", "", StateUnknown, CauseBlocked, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			zone, known := ZoneNamed(tt.zone)
			if !known {
				t.Fatalf("%s is not known", tt.zone)
			}
			subject, err := ParseSubject(tt.subject)
			if err != nil {
				t.Fatal(err)
			}
			l := Check(t.Context(), dnstest.New(t, tt.world+"\n"), zone, subject)
			if l.State != tt.state || l.Cause != tt.cause || l.Effect != tt.effect {
				t.Errorf("state %q, cause %q (%s), effect %q, want %q, %q, %q", l.State, l.Cause, l.Reason, l.Effect, tt.state, tt.cause, tt.effect)
			}
			if tt.meaning != "" && !strings.Contains(l.Matches[0].Meaning, tt.meaning) {
				t.Errorf("it means %q, want %q", l.Matches[0].Meaning, tt.meaning)
			}
			if (l.State == StateUnknown) != (l.Reason != "") {
				t.Errorf("the reason of %q is %q", l.State, l.Reason)
			}
		})
	}
}

func TestProve(t *testing.T) {
	const works = "2.0.0.127.bl.spamcop.net. A 127.0.0.2\n"
	tests := []struct {
		name, world string
		usable      bool
		cause       Cause
	}{
		{"as RFC 5782 §5 asks", works, true, ""},
		{"the test entry is missing", "bl.spamcop.net. A 192.0.2.1\n", false, CauseBroken},
		{"it lists 127.0.0.1", works + "1.0.0.127.bl.spamcop.net. A 127.0.0.2\n", false, CauseBroken},
		{"it lists the world", "*.bl.spamcop.net. A 127.0.0.2\n", false, CauseBroken},
		{"NXDOMAIN is rewritten", "*.bl.spamcop.net. A 198.51.100.1\n", false, CauseBroken},
		{"it refuses", "*.bl.spamcop.net. A 127.255.255.254\n", false, CauseBlocked},
		{"no answer", "_fail.2.0.0.127.bl.spamcop.net. TXT \"SERVFAIL\"\n", false, CauseDNS},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			zone, _ := ZoneNamed("bl.spamcop.net")
			p := Prove(t.Context(), dnstest.New(t, tt.world), zone, KindIPv4)
			if p.Usable != tt.usable || p.Cause != tt.cause || p.Usable == (p.Reason != "") {
				t.Errorf("usable %t, cause %q, reason %q, want %t, %q", p.Usable, p.Cause, p.Reason, tt.usable, tt.cause)
			}
		})
	}
}

func TestDeadZonesAreNotAsked(t *testing.T) {
	for _, z := range known {
		if d, is := IsDead(z.Name); is {
			t.Errorf("%s is asked although it is dead: %s", z.Name, d.Reason)
		}
		if z.Source == "" || len(z.Kinds) == 0 {
			t.Errorf("%s lacks its source or kinds", z.Name)
		}
	}
	world := dnstest.New(t, "")
	l := Check(t.Context(), world, Zone{Name: "dnsbl.sorbs.net", Kinds: onlyV4}, Subject{Addr: netip.MustParseAddr("192.0.2.1")})
	if l.State != StateUnknown || l.Cause != CauseDead || len(world.Queries()) != 0 {
		t.Errorf("a dead zone: state %q, cause %q, %d queries", l.State, l.Cause, len(world.Queries()))
	}
}

func TestAKeyIsNotShown(t *testing.T) {
	zone, _ := ZoneNamed("zen.spamhaus.org")
	keyed, err := zone.WithKey("s3cret")
	if err != nil {
		t.Fatal(err)
	}
	world := dnstest.New(t, "1.2.0.192.s3cret.zen.dq.spamhaus.net. A 127.0.0.2\n1.2.0.192.s3cret.zen.dq.spamhaus.net. TXT \"see s3cret\"\n")
	l := Check(t.Context(), world, keyed, Subject{Addr: netip.MustParseAddr("192.0.2.1")})
	if l.State != StateListed {
		t.Fatalf("state %q (%s)", l.State, l.Reason)
	}
	shown := append(slices.Clone(l.TXT), l.Reason, l.Zone)
	for _, q := range l.Queries {
		shown = append(append(shown, q.Name, q.Error), q.Answers...)
	}
	if strings.Contains(strings.Join(shown, " "), "s3cret") {
		t.Errorf("the key is shown: %q", shown)
	}
	if _, err := zone.WithKey("two.labels"); err == nil {
		t.Error("a key of two labels is taken")
	}
}

func FuzzParseSubject(f *testing.F) {
	for _, seed := range []string{"192.0.2.1", "2001:db8::1", "[IPv6:::1]", "example.com", "bücher.example"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := ParseSubject(text)
		if err != nil {
			return
		}
		if again, err := ParseSubject(s.String()); err != nil || again != s {
			t.Errorf("%q reads as %v, which reads as %v, %v", text, s, again, err)
		}
	})
}
