package dmarc

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/postmuster/postmuster/internal/dns"
)

func TestWalk(t *testing.T) {
	tests := []struct {
		name  string
		zone  string
		start string
		asked string // the domains asked, in order
		stop  Stop
		org   string
	}{
		{"thirteen labels cost eight queries", "", "a.b.c.d.e.f.g.h.i.j.mail.example.com",
			"a.b.c.d.e.f.g.h.i.j.mail.example.com g.h.i.j.mail.example.com h.i.j.mail.example.com i.j.mail.example.com j.mail.example.com mail.example.com example.com com",
			StopNoLabels, "a.b.c.d.e.f.g.h.i.j.mail.example.com"},
		{"eight labels lose one", "", "a.b.c.d.e.f.example.com",
			"a.b.c.d.e.f.example.com b.c.d.e.f.example.com c.d.e.f.example.com d.e.f.example.com e.f.example.com f.example.com example.com com",
			StopNoLabels, "a.b.c.d.e.f.example.com"},
		{"seven labels lose one", "", "b.c.d.e.f.example.com",
			"b.c.d.e.f.example.com c.d.e.f.example.com d.e.f.example.com e.f.example.com f.example.com example.com com",
			StopNoLabels, "b.c.d.e.f.example.com"},
		{"a single label", "", "com", "com", StopNoLabels, "com"},
		{"no record: the start", "", "mail.example.com", "mail.example.com example.com com", StopNoLabels, "mail.example.com"},
		{"fewest labels win", "_dmarc.mail.example.com v=DMARC1;p=none\n_dmarc.example.com v=DMARC1;p=none", "a.mail.example.com",
			"a.mail.example.com mail.example.com example.com com", StopNoLabels, "example.com"},
		{"the start's record does not stop the walk", "_dmarc.mail.example.com v=DMARC1;p=none\n_dmarc.example.com v=DMARC1;p=none", "mail.example.com",
			"mail.example.com example.com com", StopNoLabels, "example.com"},
		{"a record at the top level without psd counts as any other", "_dmarc.example.com v=DMARC1;p=none\n_dmarc.com v=DMARC1;p=none", "example.com",
			"example.com com", StopNoLabels, "com"},
		{"psd=u is the default", "_dmarc.example.com v=DMARC1;p=none;psd=u", "a.example.com", "a.example.com example.com com", StopNoLabels, "example.com"},
		{"psd=n stops at the start", "_dmarc.a.example.com v=DMARC1;p=none;psd=n\n_dmarc.example.com v=DMARC1;p=none", "a.example.com",
			"a.example.com", StopPSDNo, "a.example.com"},
		{"psd=n stops on the way, whatever lies below", "_dmarc.b.a.example.com v=DMARC1;p=none\n_dmarc.a.example.com v=DMARC1;p=none;psd=n\n_dmarc.example.com v=DMARC1;p=none",
			"b.a.example.com", "b.a.example.com a.example.com", StopPSDNo, "a.example.com"},
		{"psd=y: one label below", "_dmarc.com v=DMARC1;p=none;psd=y", "a.mail.example.com",
			"a.mail.example.com mail.example.com example.com com", StopPSDYes, "example.com"},
		{"psd=y wins over a record between", "_dmarc.mail.example.com v=DMARC1;p=none\n_dmarc.com v=DMARC1;p=none;psd=y", "a.mail.example.com",
			"a.mail.example.com mail.example.com example.com com", StopPSDYes, "example.com"},
		{"psd=y at the start is the organization itself", "_dmarc.co.example v=DMARC1;p=none;psd=y", "co.example", "co.example", StopPSDYes, "co.example"},
		{"psd=y directly above the start", "_dmarc.example v=DMARC1;p=none;psd=y", "co.example", "co.example example", StopPSDYes, "co.example"},
		{"one label below psd=y may be a name that the walk skipped", "_dmarc.d.e.f.g.h.i.test v=DMARC1;p=none;psd=y", "a.b.c.d.e.f.g.h.i.test",
			"a.b.c.d.e.f.g.h.i.test d.e.f.g.h.i.test", StopPSDYes, "c.d.e.f.g.h.i.test"},
		{"two records are both dropped", "_dmarc.example.com v=DMARC1;p=none;psd=n\n_dmarc.example.com v=DMARC1;p=reject\n_dmarc.com v=DMARC1;p=none;psd=y", "a.example.com",
			"a.example.com example.com com", StopPSDYes, "example.com"},
		{"other texts beside a record do no harm", "_dmarc.example.com v=spf1 -all\n_dmarc.example.com v=DMARC1;p=none;psd=n", "example.com",
			"example.com", StopPSDNo, "example.com"},
		{"a text without the version is no record", "_dmarc.example.com v=dmarc1;p=none;psd=n", "example.com", "example.com com", StopNoLabels, "example.com"},
		{"an alias is followed", "_dmarc.example.com CNAME policy.example.net\npolicy.example.net v=DMARC1;p=none;psd=n", "example.com", "example.com", StopPSDNo, "example.com"},
		{"case and the final dot do not matter", "_dmarc.example.com v=DMARC1;p=none", "A.Example.COM.", "a.example.com example.com com", StopNoLabels, "example.com"},
		{"U-labels become A-labels", "_dmarc.xn--bcher-kva.example v=DMARC1;p=none", "Bücher.example", "xn--bcher-kva.example example", StopNoLabels, "xn--bcher-kva.example"},
		{"an error ends the walk", "_dmarc.example.com SERVFAIL", "a.example.com", "a.example.com example.com", StopError, ""},
		{"an error hides a record below it", "_dmarc.a.example.com v=DMARC1;p=none\n_dmarc.com TIMEOUT", "a.example.com", "a.example.com example.com com", StopError, ""},
		{"an error above psd=n is not met", "_dmarc.example.com v=DMARC1;p=none;psd=n\n_dmarc.com SERVFAIL", "a.example.com", "a.example.com example.com", StopPSDNo, "example.com"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := Walk(t.Context(), newZone(t, tt.zone), tt.start)
			var domains []string
			for _, s := range w.Steps {
				domains = append(domains, s.Domain)
			}
			if diff := cmp.Diff(tt.asked, strings.Join(domains, " ")); diff != "" {
				t.Errorf("steps (-want +got):\n%s", diff)
			}
			if got := w.Steps[len(w.Steps)-1].Stop; got != tt.stop {
				t.Errorf("stop = %q, want %q", got, tt.stop)
			}
			if w.OrgDomain != tt.org {
				t.Errorf("OrgDomain = %q, want %q", w.OrgDomain, tt.org)
			}
			if (w.Err != nil) != (tt.org == "") || (w.Error != "") != (tt.org == "") {
				t.Errorf("Err = %v, Error = %q with OrgDomain %q", w.Err, w.Error, w.OrgDomain)
			}
		})
	}
}

func TestWalkKeepsEvidence(t *testing.T) {
	z := newZone(t, `
		_dmarc.a.example.com v=DMARC1; p=none
		_dmarc.a.example.com v=DMARC1; p=reject
		_dmarc.a.example.com v=spf1 -all
		_dmarc.example.com v=DMARC1; p=reject; rua=mailto:d@example.com`)
	w := Walk(t.Context(), z, "a.example.com")
	type step struct {
		Name    string
		Status  dns.Status
		Record  string
		Dropped []string
	}
	var got []step
	for _, s := range w.Steps {
		g := step{Name: s.Name, Status: s.Status}
		if s.Record != nil {
			g.Record = s.Record.Text
		}
		for _, d := range s.Dropped {
			g.Dropped = append(g.Dropped, d.Text+" // "+d.Why)
		}
		got = append(got, g)
	}
	want := []step{
		{"_dmarc.a.example.com", dns.StatusData, "", []string{
			"v=spf1 -all // not a DMARC record: it does not begin with v=DMARC1",
			"v=DMARC1; p=none // one of several DMARC records: none of them counts",
			"v=DMARC1; p=reject // one of several DMARC records: none of them counts"}},
		{"_dmarc.example.com", dns.StatusData, "v=DMARC1; p=reject; rua=mailto:d@example.com", nil},
		{"_dmarc.com", dns.StatusNXDomain, "", nil},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
	if w.PSLOrgDomain != "example.com" {
		t.Errorf("PSLOrgDomain = %q, want example.com", w.PSLOrgDomain)
	}
}

func TestWalkOfWhatIsNoDomain(t *testing.T) {
	for _, name := range []string{"", ".", "a..example", "[192.0.2.1]", "a b.example", strings.Repeat("a", 64) + ".example",
		strings.Repeat("a.", 130) + "example", "\x00.example", "\xff\xfe", strings.Repeat("ü", 1<<16), `a\.b.example`} {
		z := newZone(t, "")
		w := Walk(t.Context(), z, name)
		if !errors.Is(w.Err, ErrNotDomain) || len(z.asked) > 0 || w.OrgDomain != "" {
			t.Errorf("Walk(%.20q): Err = %v, asked %v; want ErrNotDomain without a question", name, w.Err, z.asked)
		}
	}
}

func TestWalkOfTheLongestName(t *testing.T) {
	// _dmarc does not fit in front of it: nothing can be published there, and
	// that is no error.
	name := strings.Repeat(strings.Repeat("a", 61)+".", 4) + "test"
	w := Walk(t.Context(), newZone(t, "_dmarc.test v=DMARC1;p=none"), name)
	if w.OrgDomain != "test" || w.Err != nil {
		t.Errorf("OrgDomain = %q, Err = %v; want test, nil", w.OrgDomain, w.Err)
	}
}

func TestWalkEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w := Walk(ctx, newZone(t, ""), "a.b.example.com")
	if len(w.Steps) != 1 || w.Steps[0].Stop != StopError || !errors.Is(w.Err, context.Canceled) {
		t.Errorf("steps = %d, Err = %v; want one step and context.Canceled", len(w.Steps), w.Err)
	}
}

func FuzzWalk(f *testing.F) {
	f.Add("a.b.example.com", "v=DMARC1; p=none; psd=y")
	f.Add("a.b.c.d.e.f.g.h.i.j.k.com", "v=DMARC1;psd=n")
	f.Fuzz(func(t *testing.T, name, record string) {
		z := &zone{t: t, lines: [][2]string{{"_dmarc.example.com", record}, {"_dmarc.com", record}}}
		w := Walk(t.Context(), z, name)
		if len(w.Steps) > 8 {
			t.Fatalf("%d steps for %q", len(w.Steps), name)
		}
		if w.Err == nil && !dns.Within(w.Start, w.OrgDomain) {
			t.Fatalf("OrgDomain %q is not above %q", w.OrgDomain, w.Start)
		}
	})
}
